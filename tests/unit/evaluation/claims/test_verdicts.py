"""How a verdict is reached: by whole intervals, and never by too little evidence."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.claim_evidence import (
    CLAIMS,
    COSTS,
    FIXED,
    FULL,
    G1,
    G2,
    GOOD,
    KD,
    SNAPSHOTS,
    TREE,
    both,
    evidence_of,
    findings,
    verdicts,
)
from support.evaluations import wrong

from mnbench.evaluation.claims import claim as claim_module
from mnbench.evaluation.claims.claim import (
    COMPARISONS,
    NOT_REPRODUCED,
    NOT_TESTED,
    REPRODUCED,
    SET,
    UNDECIDED,
    judge,
    read_claims,
    verdict_of,
)
from mnbench.evaluation.claims.evidence import Evidence, Measurement
from mnbench.evaluation.claims.fronts import undominated_share
from mnbench.evaluation.claims.quantities import QUANTITIES


def test_every_claim_of_the_paper_is_there():
    assert list(CLAIMS) == [
        "frontier",
        "g-range",
        "vs-kd",
        "kd-cost",
        "vs-treenets",
        "treenets-skip",
        "vs-snapshot",
        "vs-snapshot-relative",
        "snapshot-saturates",
        "hatched-epochs",
        "preserved",
        "ensemble-gain",
        "four-marks",
    ]
    tests = [test for claim in CLAIMS.values() for tests in claim.tests.values() for test in tests]
    assert {test.quantity for test in tests} == set(QUANTITIES)
    for claim in CLAIMS.values():
        assert claim.reading and (set(claim.tests) == {"both"} or len(claim.tests) == 2)


def test_the_former_name_of_a_source_is_still_read(tmp_path, monkeypatch):
    text = claim_module.FILE.read_text(encoding="utf-8")
    former = tmp_path / "claims.yaml"
    former.write_text(text.replace("source: page", "source: recalled"), encoding="utf-8")
    monkeypatch.setattr(claim_module, "FILE", former)
    assert {claim.source for claim in read_claims()} == {"unverified", "abstract"}


@pytest.mark.parametrize(
    ("bound", "interval", "verdict"),
    [
        ("at_least", (2.1, 3), REPRODUCED),
        ("at_least", (1.9, 3), UNDECIDED),
        ("at_least", (1.2, 1.9), NOT_REPRODUCED),
        ("at_most", (1, 2), REPRODUCED),
        ("at_most", (1, 2.1), UNDECIDED),
        ("at_most", (2.1, 3), NOT_REPRODUCED),
        ("more_than", (2, 3), UNDECIDED),
        ("more_than", (2.01, np.inf), REPRODUCED),
        ("more_than", (1, 2), NOT_REPRODUCED),
        ("less_than", (1, 1.9), REPRODUCED),
        ("less_than", (1, 2.1), UNDECIDED),
        ("less_than", (2, 3), NOT_REPRODUCED),
    ],
)
def test_the_whole_interval_decides(bound, interval, verdict):
    (test, *_) = CLAIMS["vs-kd"].tests["page"]
    measured = Measurement(2.5, *interval, ())
    assert replace(test, bound=bound, threshold=2).verdict(measured) == verdict


@pytest.mark.parametrize(
    ("share", "verdict"), [(0.995, REPRODUCED), (0.97, UNDECIDED), (0.005, NOT_REPRODUCED)]
)
def test_a_share_of_replicates_is_a_confidence_itself(share, verdict):
    (test, *_) = CLAIMS["frontier"].tests["page"]
    assert test.bound == "in_replicates"
    assert test.verdict(Measurement(share, share, share, ())) == verdict


def test_what_is_up_to_something_need_hold_only_somewhere():
    good = evidence_of({TREE: 0.2, G1: 0.2}, {TREE: 40, G1: 10})
    bad = replace(evidence_of({TREE: 0.1, G1: 0.3}, {TREE: 5, G1: 10}), architecture_set="other")
    assert verdicts("vs-treenets", good, bad)[0] == REPRODUCED
    claim = replace(CLAIMS["vs-treenets"], holds="everywhere")
    assert verdict_of(claim, judge([claim], [good, bad]), "page")[0] == NOT_REPRODUCED
    assert verdict_of(claim, judge([claim], [good]), "page")[0] == REPRODUCED


# Nothing learnt, nothing claimed


def test_few_seeds_networks_stopped_early_and_missing_approaches_decide_nothing():
    runs, costs = {KD: 0.20, G1: 0.10}, {KD: 30, G1: 10}
    assert verdicts("vs-kd", evidence_of(runs, costs))[0] == REPRODUCED
    for evidence, why in (
        (evidence_of(runs, costs, seeds=range(2)), "fewer than 3 common seeds"),
        (evidence_of(runs, costs, converged=False), "not converged"),
        (evidence_of(runs, costs, converged=None), "not settled whether converged"),
        (evidence_of({G1: 0.1, FULL: 0.2}), "no Knowledge Distillation"),
    ):
        found = findings("vs-kd", evidence)
        for comparison in COMPARISONS:
            verdict, reason = verdict_of(CLAIMS["vs-kd"], found, comparison)
            assert verdict == NOT_TESTED and reason.startswith(why)
    assert verdicts("ensemble-gain", evidence_of({FULL: 0.6}, converged=False)) == both(NOT_TESTED)
    # Hatching is right or wrong whatever was learnt.
    hatched = evidence_of({G1: 0.1}, hatching={"a": 1e-7}, seeds=range(1), converged=None)
    assert verdicts("preserved", hatched) == both(REPRODUCED)


def test_a_cost_that_the_configuration_sets_allows_a_verdict_but_decides_none():
    runs = {KD: 0.2, G1: 0.1}
    for recipe, cost, page in (
        ({}, 30, REPRODUCED),
        ({}, 15, NOT_REPRODUCED),  # measured: it took too long
        (FIXED, 30, REPRODUCED),  # by the error, at a cost that was chosen
        (FIXED, 15, NOT_TESTED),  # another choice might have shown it
    ):
        evidence = evidence_of(runs, {KD: cost, G1: 10}, recipe=recipe)
        assert verdicts("vs-kd", evidence)[0] == page
        (ratio, *_) = findings("vs-kd", evidence)
        assert ratio.measured.value == pytest.approx(cost / 10)
        if recipe:
            assert (ratio.verdict, ratio.why) in ((SET, ""), (NOT_TESTED, SET))
    hours = {("snapshot_ensembles", None, 1.0, 100): 0.2, ("mothernets", 1, 1.0, 100): 0.1}
    costs = dict.fromkeys(hours, 10.0)
    found = findings("vs-snapshot", evidence_of(hours, costs, recipe=FIXED))
    assert verdict_of(CLAIMS["vs-snapshot"], found, "page") == (NOT_TESTED, SET)


def mixed_protocols(snapshots: int, hatched: int, error: float = 0.1) -> Evidence:
    """MotherNets to convergence, of 46 epochs at least, and snapshots of a fixed number."""
    made = evidence_of({SNAPSHOTS: 0.2, G1: error}, {SNAPSHOTS: snapshots, G1: hatched})
    rule = {"patience": 15, "max_epochs": 100}
    open_end = {
        "protocol": "convergence",
        "convergence": rule,
        "schedule": {"name": "plateau", "decays": 2},
    }
    trainings = {
        id: replace(one, recipe=open_end if id.approach == "mothernets" else FIXED)
        for id, one in made.plan.trainings.items()
    }
    rows = pd.DataFrame(
        [
            {
                "record": str(id),
                "approach": id.approach,
                "ended": "rule" if id.approach == "mothernets" else "epochs",
                "epochs": (hatched if id.approach == "mothernets" else snapshots) / 5,
                "cpu_seconds": (hatched if id.approach == "mothernets" else snapshots) / 5,
            }
            for id in trainings
        ]
    )
    return replace(made, networks=rows, plan=replace(made.plan, trainings=trainings))


@pytest.mark.parametrize(
    ("snapshots", "verdict"),
    [
        (200, NOT_TESTED),  # 40 epochs a cycle: no hatched network can be cheaper by the rule
        (300, REPRODUCED),  # 60: the rule decides
        (600, REPRODUCED),  # 120: none can be dearer, so the error decides
    ],
)
def test_bounds_of_the_rule_of_convergence_decide_nothing_either(snapshots, verdict):
    evidence = mixed_protocols(snapshots, hatched=250)
    assert evidence.possible_costs(evidence.fastest("mothernets"), "cpu_seconds") == (230, 500)
    assert verdicts("vs-snapshot-relative", evidence)[0] == verdict
    (ratio, *_) = findings("vs-snapshot-relative", evidence)
    expected = {200: (NOT_TESTED, SET), 300: (REPRODUCED, ""), 600: (SET, "")}
    assert (ratio.verdict, ratio.why) == expected[snapshots]


@pytest.mark.parametrize(("snapshots", "alone"), [(300, False), (600, True)])
def test_what_may_take_longer_is_not_on_the_front_by_its_recipe_alone(snapshots, alone):
    evidence = mixed_protocols(snapshots, hatched=250, error=0.3)  # the cheaper, of 500 at most
    share = undominated_share(evidence, "mothernets", page=True)
    assert share.value == 1 and (share.possible is not None) == alone
    # Nor is what may take shorter beside it: the snapshots end after 46 epochs at the earliest.
    rivals = replace(evidence, plan=replace(evidence.plan, trainings=exchanged(evidence)))
    assert undominated_share(rivals, "mothernets", page=True).possible is None


def exchanged(evidence: Evidence) -> dict:
    """The trainings, with each of the two approaches' recipe given to the other."""
    trainings = evidence.plan.trainings
    recipes = {id.approach: one.recipe for id, one in trainings.items()}
    first, second = recipes
    other = {first: recipes[second], second: recipes[first]}
    return {id: replace(one, recipe=other[id.approach]) for id, one in trainings.items()}


def test_only_seeds_that_both_have_are_compared():
    first, second = ([wrong(error, s) for s in range(6)] for error in (0.2, 0.1))
    apart = {KD: [*first[:3], None, None, None], G1: [None, None, None, *second[3:]]}
    found = findings("vs-kd", evidence_of(apart, {KD: 30, G1: 10}))
    for comparison in COMPARISONS:
        verdict, why = verdict_of(CLAIMS["vs-kd"], found, comparison)
        assert verdict == NOT_TESTED and "no common seeds" in why
    two = {KD: [*first[:4], None, None], G1: [None, None, *second[2:]]}
    found = findings("vs-kd", evidence_of(two, {KD: 30, G1: 10}))
    assert verdict_of(CLAIMS["vs-kd"], found, "page")[1] == "fewer than 3 common seeds"


def test_a_rival_of_other_seeds_is_named_and_nothing_is_claimed_against_it():
    runs = {name: [wrong(error, s) for s in range(6)] for name, error in GOOD.items()}
    runs[KD] = [None, None, None, *runs[KD][3:]]
    runs |= {name: [*runs[name][:3], None, None, None] for name in (G1, G2)}
    found = findings("frontier", evidence_of(runs, COSTS))
    verdict, why = verdict_of(CLAIMS["frontier"], found, "page")
    assert (verdict, why) == (NOT_TESTED, "no common seeds with Knowledge Distillation")


def test_networks_without_an_error_are_no_crash():
    perfect = {name: [np.zeros(400, dtype=bool)] * 3 for name in GOOD}
    assert verdicts("ensemble-gain", evidence_of(perfect, COSTS)) == both(NOT_TESTED)
    for id in CLAIMS:
        assert REPRODUCED not in verdicts(id, evidence_of(perfect, COSTS))
