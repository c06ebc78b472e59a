"""Claims and marks: verdicts on made-up studies whose outcome is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.evaluations import evaluation, wrong

from mnbench.architectures import Architecture, Dense, Layer, Plain, Stem
from mnbench.evaluation.bootstrap import Bootstrap
from mnbench.evaluation.claims import claim as claim_module
from mnbench.evaluation.claims.claim import (
    NOT_REPRODUCED,
    NOT_TESTED,
    REPRODUCED,
    judge,
    read_claims,
    verdict_of,
)
from mnbench.evaluation.claims.evidence import Evidence, Measurement
from mnbench.evaluation.claims.four_marks import MARKS, marks
from mnbench.evaluation.claims.quantities import QUANTITIES
from mnbench.evaluation.points import points
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables import table
from mnbench.planning.plan import LeftOut, Plan, Training
from mnbench.report import claims_page as claims_page_module
from mnbench.report.claims_page import claims_page

CLAIMS = {claim.id: claim for claim in read_claims()}
FULL, KD = ("full_data", None, 1.0, 5), ("knowledge_distillation", None, 1.0, 5)
G1, G2, G5 = (("mothernets", g, 1.0, 5) for g in (1, 2, 5))
TREE = ("treenets", None, 1.0, 5)


def with_sizes(name, sizes, error, cost) -> tuple[dict, dict]:
    """An approach at several sizes: *error* and *cost* are functions of the size."""
    runs = {(*name[:3], m): [wrong(error(m), seed) for seed in range(3)] for m in sizes}
    return runs, {(*name[:3], m): cost(m) for m in sizes}


def evidence_of(runs, costs=None, *, left_out=(), networks=None, hatching=None, kinds=None):
    made = evaluation(
        {k: [wrong(v, s) for s in range(3)] if np.isscalar(v) else v for k, v in runs.items()},
        costs,
    )
    ((dataset, architecture_set), of_set) = next(iter(points(made).items()))
    trainings = {}
    for point in of_set:
        for run in point.runs:
            for place, id in enumerate(run.ensemble.members):
                network = (kinds or {}).get(point.id.approach, chain)(place)
                trainings[id] = Training(id, "member", (network,), {}, 0, {})
    plan = Plan("made-up", trainings, (), tuple(left_out))
    columns = ["record", "approach", "role", "networks", "epochs"]
    rows = pd.DataFrame(columns=columns) if networks is None else networks
    return Evidence(
        dataset, architecture_set, tuple(of_set), plan, rows, hatching or {}, "cpu_seconds"
    )


def chain(place: int) -> Architecture:
    return Architecture((Plain((Layer(8 + place),)),), name=f"n{place}")


def verdict(id: str, evidence: Evidence) -> str:
    return verdict_of(CLAIMS[id], judge([CLAIMS[id]], [evidence]))


def test_every_claim_of_the_paper_is_there():
    assert list(CLAIMS) == [
        "frontier",
        "vs-kd",
        "kd-cost",
        "vs-treenets",
        "treenets-skip",
        "vs-snapshot",
        "snapshot-saturates",
        "hatched-epochs",
        "preserved",
        "ensemble-gain",
        "four-marks",
    ]
    used = {test.quantity for claim in CLAIMS.values() for test in claim.tests}
    assert used == set(QUANTITIES)


def test_the_former_name_of_a_source_is_still_read(tmp_path, monkeypatch):
    text = claim_module.FILE.read_text(encoding="utf-8")
    former = tmp_path / "claims.yaml"
    former.write_text(text.replace("source: page", "source: recalled"), encoding="utf-8")
    monkeypatch.setattr(claim_module, "FILE", former)
    assert {claim.source for claim in read_claims()} == {"unverified"}


def test_a_test_is_passed_by_the_whole_interval():
    (faster, _) = CLAIMS["vs-kd"].tests
    for low, high, passed, undecided in ((2.1, 3, True, False), (1.9, 3, False, True)):
        measured = Measurement(2.5, low, high, ())
        assert faster.passed(measured) is passed and faster.undecided(measured) is undecided
    (preserved,) = CLAIMS["preserved"].tests
    assert preserved.passed(Measurement.exact(1e-4, ()))
    assert not preserved.passed(Measurement.exact(2e-4, ()))


@pytest.mark.parametrize(
    ("runs", "costs", "expected"),
    [
        ({KD: 0.20, G1: 0.10}, {KD: 30, G1: 10}, REPRODUCED),
        ({KD: 0.20, G1: 0.10}, {KD: 15, G1: 10}, NOT_REPRODUCED),  # not fast enough
        ({KD: 0.10, G1: 0.20}, {KD: 30, G1: 10}, NOT_REPRODUCED),  # worse
        ({FULL: 0.10, G1: 0.20}, {FULL: 30, G1: 10}, NOT_TESTED),  # no distillation
        ({KD: 0.20, (*G1[:3], 4): 0.1}, {KD: 30}, NOT_TESTED),  # sizes that cannot be compared
    ],
)
def test_mothernets_must_be_faster_than_distillation_and_no_worse(runs, costs, expected):
    assert verdict("vs-kd", evidence_of(runs, costs)) == expected


@pytest.mark.parametrize(
    ("kd", "cost", "expected"),
    [(0.2, 7, REPRODUCED), (0.2, 9, NOT_REPRODUCED), (0.05, 7, NOT_REPRODUCED)],
)
def test_distillation_must_cost_less_than_full_data_and_err_more(kd, cost, expected):
    assert verdict("kd-cost", evidence_of({FULL: 0.1, KD: kd}, {KD: cost})) == expected


def test_the_frontier_is_lost_to_a_cheaper_better_approach_or_to_a_g_out_of_order():
    costs = {G1: 4, G2: 7, G5: 10, FULL: 10, KD: 11}
    good = {G1: 0.2, G2: 0.15, G5: 0.1, FULL: 0.1, KD: 0.3}
    assert verdict("frontier", evidence_of(good, costs)) == REPRODUCED
    beaten = evidence_of(good, costs | {KD: 3}) and evidence_of(good | {KD: 0.12}, costs | {KD: 3})
    assert verdict("frontier", beaten) == NOT_REPRODUCED
    unordered = evidence_of(good | {G2: 0.25}, costs)
    assert verdict("frontier", unordered) == NOT_REPRODUCED
    assert verdict("frontier", evidence_of({G1: 0.2, G2: 0.1}, costs)) == NOT_TESTED  # alone
    assert verdict("frontier", evidence_of({FULL: 0.2})) == NOT_TESTED


def test_what_is_up_to_something_need_hold_only_somewhere():
    good = evidence_of({TREE: 0.2, G1: 0.2}, {TREE: 40, G1: 10})
    bad = replace(evidence_of({TREE: 0.2, G1: 0.2}, {TREE: 20, G1: 10}), architecture_set="other")
    claim = CLAIMS["vs-treenets"]
    assert verdict_of(claim, judge([claim], [good, bad])) == REPRODUCED
    everywhere = replace(claim, holds="everywhere")
    assert verdict_of(everywhere, judge([everywhere], [good, bad])) == NOT_REPRODUCED


def test_treenets_must_refuse_skip_connections():
    out = LeftOut("fashion_mnist", "v5-small", "treenets", "block 1 of r6 has skip connections")
    refused = evidence_of({FULL: 0.1}, left_out=[out])
    assert verdict("treenets-skip", refused) == REPRODUCED
    plain = evidence_of({FULL: 0.1, TREE: 0.1})
    assert verdict("treenets-skip", plain) == NOT_TESTED

    def dense(place):
        return Architecture((Dense((Layer(8),)),), Stem(filters=8), name=f"n{place}")

    taken = evidence_of({FULL: 0.1, TREE: 0.1}, kinds={"treenets": dense})
    assert verdict("treenets-skip", taken) == NOT_REPRODUCED


def test_snapshots_get_worse_and_mothernets_do_not():
    sizes = (1, 6, 12)
    snapshots = with_sizes(
        ("snapshot_ensembles", None, 1.0), sizes, {1: 0.3, 6: 0.2, 12: 0.25}.get, float
    )
    mothernets = with_sizes(G1, sizes, {1: 0.3, 6: 0.2, 12: 0.1}.get, float)
    both = evidence_of(snapshots[0] | mothernets[0])
    assert verdict("snapshot-saturates", both) == REPRODUCED
    small = [{k: v for k, v in runs.items() if k[3] < 12} for runs in (snapshots[0], mothernets[0])]
    assert verdict("snapshot-saturates", evidence_of(small[0] | small[1])) == NOT_TESTED


def test_a_hundred_mothernets_must_save_ten_hours_against_snapshots():
    name = ("snapshot_ensembles", None, 1.0, 100)
    mine = ("mothernets", 1, 1.0, 100)
    # Device-seconds are twice the CPU-seconds: 20 hours against 8.
    made = evidence_of({name: 0.2, mine: 0.1}, {name: 36_000, mine: 14_400})
    assert verdict("vs-snapshot", made) == REPRODUCED
    made = evidence_of({name: 0.2, mine: 0.1}, {name: 36_000, mine: 34_000})
    assert verdict("vs-snapshot", made) == NOT_REPRODUCED


def test_hatched_epochs_count_where_training_ends_by_itself():
    runs = {FULL: 0.1, G1: 0.1}
    made = evidence_of(runs)
    ids = list(made.plan.trainings)
    rows = pd.DataFrame(
        {
            "record": list(map(str, ids)),
            "approach": [id.approach for id in ids],
            "role": "member",
            "networks": [f"n{id.name[-1]}" for id in ids],
            "epochs": [100.0 if id.approach == "full_data" else 30.0 for id in ids],
        }
    )
    assert verdict("hatched-epochs", replace(made, networks=rows)) == NOT_TESTED
    trainings = {
        id: replace(training, recipe={"protocol": "convergence"})
        for id, training in made.plan.trainings.items()
    }
    converged = replace(made, networks=rows, plan=replace(made.plan, trainings=trainings))
    assert verdict("hatched-epochs", converged) == REPRODUCED
    slow = rows.assign(epochs=np.where(rows["approach"] == "mothernets", 60.0, 100.0))
    assert verdict("hatched-epochs", replace(converged, networks=slow)) == NOT_REPRODUCED


def test_the_largest_change_by_hatching_decides_whether_functions_are_preserved():
    assert verdict("preserved", evidence_of({G1: 0.1})) == NOT_TESTED
    made = evidence_of({G1: 0.1}, hatching={"a": 1e-7, "b": 3e-6})
    (finding,) = judge([CLAIMS["preserved"]], [made])
    assert (finding.measured.value, finding.measured.records) == (3e-6, ("a", "b"))
    assert finding.verdict == REPRODUCED


# The four marks


def study_of_marks(**changes):
    """Full Data and KD of sizes 3 and 5, MotherNets that earn every mark, Snapshots of one kind."""
    parts = [
        with_sizes(FULL, (3, 5), {3: 0.12, 5: 0.1}.get, lambda m: 2.0 * m),
        with_sizes(KD, (3, 5), {3: 0.14, 5: 0.12}.get, lambda m: 2.0 * m + 2),
        with_sizes(G1, (3, 5), {3: 0.14, 5: 0.1}.get, lambda m: 2 + 0.6 * m),
        with_sizes(
            ("snapshot_ensembles", None, 1.0),
            (3, 5),
            {3: 0.14, 5: 0.12}.get,
            lambda m: 0.8 * m,
        ),
    ]
    runs, costs = {}, {}
    for some_runs, some_costs in parts:
        runs |= some_runs
        costs |= some_costs
    kinds = {"snapshot_ensembles": lambda place: chain(0)}
    return evidence_of(runs | changes.pop("runs", {}), costs, kinds=kinds, **changes)


def test_marks_follow_their_rules():
    grades = {
        row.point.approach: tuple(row.grades[mark] for mark in MARKS)
        for row in marks(study_of_marks())
    }
    assert grades == {
        "full_data": ("no", "yes", "yes", "no"),
        "knowledge_distillation": ("no", "no", "yes", "no"),
        "snapshot_ensembles": ("yes", "no", "no", "yes"),
        "mothernets": ("yes", "yes", "yes", "yes"),
    }
    assert verdict("four-marks", study_of_marks()) == REPRODUCED


def test_an_approach_that_cannot_take_an_architecture_set_is_partly_diverse():
    out = LeftOut("fashion_mnist", "r5-small", "knowledge_distillation", "of some reason")
    found = {row.point.approach: row.grades for row in marks(study_of_marks(left_out=[out]))}
    assert found["knowledge_distillation"]["diverse architectures"] == "partly"


def test_mothernets_that_err_more_do_not_earn_all_marks():
    worse = {G1: [wrong(0.13, seed) for seed in range(3)]}
    assert verdict("four-marks", study_of_marks(runs=worse)) == NOT_REPRODUCED


def test_marks_need_full_data_and_sizes():
    assert marks(evidence_of({KD: 0.1, G1: 0.1})) == []
    of_one_size = marks(evidence_of({FULL: 0.1, KD: 0.1, G1: 0.1}))
    assert {row.grades["large size"] for row in of_one_size} == {None}
    assert verdict("four-marks", evidence_of({FULL: 0.1, KD: 0.1, G1: 0.1})) == NOT_TESTED


def test_the_gain_of_combining_is_judged_by_the_best_ensemble():
    assert verdict("ensemble-gain", evidence_of({FULL: 0.1})) == REPRODUCED
    (finding,) = judge([CLAIMS["ensemble-gain"]], [evidence_of({FULL: 0.1})])
    assert finding.measured.value == pytest.approx(1 / 3)
    assert len(finding.measured.records) == 15
    alone = ("single_network", None, 1.0, 1)
    assert verdict("ensemble-gain", evidence_of({alone: 0.1})) == NOT_TESTED


# For people


def test_the_evidence_of_a_study_is_gathered_and_judged_once(monkeypatch):
    gathered = []

    def gather(*arguments):
        gathered.append(arguments)
        return [study_of_marks(hatching={"record": 1e-7})]

    monkeypatch.setattr("mnbench.evaluation.results.evidence_of", gather)
    ready = {"networks": pd.DataFrame()}
    results = StudyResults(None, evaluation({FULL: [wrong(0.1)]}), ("cpu_seconds",), ready)
    for name in ("claims", "verdicts", "marks"):
        assert len(table(results, name))
    ((of_points, networks, _, cost),) = gathered
    assert of_points == results.points and networks is ready["networks"]
    assert cost == "cpu_seconds"


def test_every_quantity_has_words_and_a_unit_for_people():
    assert set(claims_page_module.QUANTITY_WORDS) == set(QUANTITIES)


def test_the_report_shows_titles_and_percentage_points_instead_of_ids_and_fractions():
    results = StudyResults(None, evaluation({FULL: [wrong(0.1)]}), ("cpu_seconds",))
    vars(results)["evidence"] = [evidence_of({KD: 0.20, G1: 0.10}, {KD: 30, G1: 10})]
    tables = {name: table(results, name) for name in ("claims", "verdicts", "marks")}
    gains = pd.DataFrame(columns=["dataset", "architecture_set", "gain", "gain_low", "gain_high"])
    text = claims_page(
        "made-up", "cpu_seconds", tables | {"convergence": gains, "missing": pd.DataFrame()}
    )
    assert "Costs are CPU-seconds." in text
    assert (
        "| cost of Knowledge Distillation, as a multiple of MotherNets | at least 2 times |" in text
    )
    assert (
        "| test error of Knowledge Distillation less that of MotherNets | at least 0 pp |" in text
    )
    assert "| 10.00 pp (" in text
    assert "knowledge_distillation" not in text and "vs-kd" not in text


def test_the_report_says_every_verdict_and_what_it_would_take():
    evidence = study_of_marks(hatching={"record": 1e-7})
    everything = read_claims()
    findings = judge(everything, [evidence])
    results = StudyResults(None, evaluation({FULL: [wrong(0.1)]}), ("cpu_seconds",))
    vars(results)["evidence"] = [evidence]  # as if it had been gathered
    gains = ("fashion_mnist", "v5-small", 2.0, 3, 0.02, 0.01, 0.03)
    columns = ["dataset", "architecture_set", "budget", "seeds", "gain", "gain_low", "gain_high"]
    tables = {name: table(results, name) for name in ("claims", "verdicts", "marks")}
    tables |= {"convergence": pd.DataFrame([gains], columns=columns), "missing": pd.DataFrame()}
    text = claims_page("made-up", "cpu_seconds", tables)
    for claim in everything:
        assert f"| {claim.title} | {verdict_of(claim, findings)} |" in text
        assert f"## {claim.title}: {verdict_of(claim, findings)}" in text
        assert claim.claim in text
    assert "It would need: MotherNets and Snapshot Ensembles of 100 networks." in text
    assert "not converged: one network gains 2.0 points (1.0 to 3.0) from twice the epochs" in text
    assert "| MotherNets, g = 1 | yes | yes | yes | yes |" in text
    rows = tables["claims"]
    assert len(rows) == sum(len(claim.tests) for claim in everything)
    for claim in tables["verdicts"].to_dict("records"):
        own = rows.loc[rows["claim"] == claim["claim"], "records"]
        assert claim["records"] == len({id for ids in own for id in ids.split()})
        if claim["verdict"] != NOT_TESTED:
            assert f"Rests on {claim['records']} records" in text
    (row,) = rows[rows["claim"] == "preserved"].to_dict("records")
    assert (row["measured"], row["records"], row["verdict"]) == (1e-7, "record", REPRODUCED)
    assert isinstance(evidence.points[0].bootstrap, Bootstrap)
