"""Claims for people: evidence gathered once, words for every quantity, the page."""

import pandas as pd
from support.claim_evidence import (
    CLAIMS,
    FULL,
    G1,
    KD,
    evidence_of,
    page_of,
    study_of_marks,
)
from support.evaluations import evaluation, wrong

from mnbench.evaluation.claims.claim import (
    COMPARISONS,
    REPRODUCED,
)
from mnbench.evaluation.claims.quantities import QUANTITIES
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables import table
from mnbench.report import claims_page as claims_page_module
from mnbench.report.claims_page import verdict_words


def test_the_evidence_of_a_study_is_gathered_and_judged_once(monkeypatch):
    gathered = []

    def gather(*arguments):
        gathered.append(arguments)
        return [study_of_marks(hatching={"record": 1e-7})]

    monkeypatch.setattr("mnbench.evaluation.results.evidence_of", gather)
    ready = {"networks": pd.DataFrame(), "convergence": pd.DataFrame()}
    results = StudyResults(None, evaluation({FULL: [wrong(0.1)]}), ("cpu_seconds",), ready)
    for name in ("claims", "verdicts", "marks"):
        assert len(table(results, name))
    ((of_points, networks, gains, _, cost),) = gathered
    assert of_points == results.points and networks is ready["networks"]
    assert gains is ready["convergence"] and cost == "cpu_seconds"


def test_every_quantity_has_words_and_a_unit_for_people():
    assert set(claims_page_module.QUANTITY_WORDS) == set(QUANTITIES)


def test_the_page_shows_titles_and_percentage_points_instead_of_ids_and_fractions():
    text, _ = page_of(evidence_of({KD: 0.20, G1: 0.10}, {KD: 30, G1: 10}))
    assert "Costs are CPU-seconds." in text
    assert (
        "| as the page compares | cost of Knowledge Distillation, as a multiple of MotherNets "
        "(Knowledge Distillation, 5 networks; MotherNets, g = 1, 5 networks) | "
        "at least 2 times | 2 to 4.2 times | 3 times | reproduced |" in text
    )
    assert "| more than 0 pp | up to 2 pp | 10.00 pp (" in text
    assert "| beyond the curve (at least 3) |" in text
    assert "knowledge_distillation" not in text and "vs-kd" not in text


def test_the_page_says_every_verdict_its_reading_and_what_it_would_take():
    text, tables = page_of(study_of_marks(hatching={"record": 1e-7}))
    assert "not converged: one network gains 2.0 points (1.5 to 3.0) from twice the epochs" in text
    for row in tables["verdicts"].to_dict("records"):
        claim = CLAIMS[row["claim"]]
        assert f"## {claim.title}\n\n*{claim.claim}.* {claim.reading}." in text
        assert f"It needs {claim.needs}." in text
        for name, words in COMPARISONS.items():
            assert f"- {words}: **{verdict_words(row, name)}**" in text
    assert "not tested: no Snapshot Ensembles of 100 networks" in text
    assert text.count("| MotherNets, g = 1 | yes | yes | yes | yes |") == 2
    rows = tables["claims"]
    assert len(rows) == sum(len(tests) for c in CLAIMS.values() for tests in c.tests.values())
    for claim in tables["verdicts"].to_dict("records"):
        own = rows.loc[rows["claim"] == claim["claim"], "records"]
        assert claim["records"] == len({id for ids in own for id in ids.split()})
    row, _ = rows[rows["claim"] == "preserved"].to_dict("records")
    assert (row["measured"], row["records"], row["verdict"]) == (1e-7, "record", REPRODUCED)
    assert "MotherNets, g = 1, 5 networks" in rows.loc[rows["claim"] == "vs-kd", "points"].iloc[0]
