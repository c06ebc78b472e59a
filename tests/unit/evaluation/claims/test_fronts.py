"""The frontier: what an approach adds to the Pareto front of all the others."""

import numpy as np
import pytest
from support.claim_evidence import (
    ALONE,
    CLAIMS,
    COSTS,
    FIXED,
    FULL,
    G1,
    G2,
    G5,
    GOOD,
    HALF,
    KD,
    SNAPSHOTS,
    TREE,
    both,
    evidence_of,
    findings,
    verdicts,
)
from support.evaluations import wrong

from mnbench.evaluation.claims.claim import (
    NOT_REPRODUCED,
    NOT_TESTED,
    REPRODUCED,
    SET,
    UNDECIDED,
    verdict_of,
)
from mnbench.evaluation.claims.fronts import ahead_share, exclusive_area, undominated_share


def test_the_frontier_is_lost_to_cheaper_better_approaches_only():
    assert verdicts("frontier", evidence_of(GOOD, COSTS))[0] == REPRODUCED
    beaten = evidence_of(GOOD | {KD: 0.12}, COSTS | {KD: 3})
    assert verdicts("frontier", beaten) == both(NOT_REPRODUCED)
    assert verdicts("frontier", evidence_of({G1: 0.2, G2: 0.1}, COSTS)) == both(NOT_TESTED)
    assert verdicts("frontier", evidence_of({FULL: 0.2})) == both(NOT_TESTED)
    assert verdicts("frontier", evidence_of({FULL: 0.2, G5: 0.2})) == both(NOT_TESTED)


@pytest.mark.parametrize("approach", ["full_data", "treenets", "mothernets"])
def test_the_frontier_is_one_of_ensembles_of_the_same_size(approach):
    names = {name: (*name[:3], 3) if name[0] == approach else name for name in GOOD | {TREE: 0.3}}
    runs, costs = (
        {names[name]: value for name, value in values.items() if name in names}
        for values in (GOOD | {TREE: 0.3}, COSTS | {TREE: 9})
    )
    found = findings("frontier", evidence_of(runs, costs))
    judged = [finding for finding in found if finding.test.bound != "shown"]
    assert {finding.verdict for finding in judged} == {NOT_TESTED}
    assert all(finding.why.endswith(" have no common size") for finding in judged)
    assert not any(finding.measured for finding in found)


def test_controls_have_no_part_in_the_common_size_of_the_frontier():
    wider = ("wider_network", None, 1.0, 7)
    controls = evidence_of(GOOD | {ALONE: 0.4, wider: 0.4}, COSTS | {ALONE: 5, wider: 12})
    assert verdicts("frontier", controls) == both(REPRODUCED)


def test_more_points_of_its_own_never_make_the_frontier_worse():
    g3 = ("mothernets", 3, 1.0, 5)
    before = evidence_of(GOOD, COSTS)
    assert verdicts("frontier", before) == both(REPRODUCED)
    for error in (0.4, 0.12):
        more = evidence_of(GOOD | {g3: error}, COSTS | {g3: 9})
        assert verdicts("frontier", more) == both(REPRODUCED)
        for old, new in zip(findings("frontier", before), findings("frontier", more), strict=True):
            if old.test.quantity != "gain_on_every_curve":  # of another point
                assert new.measured.value >= old.measured.value - 1e-9
    # Nor one that is not finished.
    half = evidence_of(GOOD | {g3: [wrong(0.1), None, None]}, COSTS | {g3: 9})
    assert verdicts("frontier", half) == both(REPRODUCED)


def test_a_point_that_only_its_chosen_cost_puts_on_the_front_decides_nothing():
    worst = GOOD | {G1: 0.4, G2: 0.4}
    dear = evidence_of(worst, COSTS, recipe=FIXED)
    assert verdicts("frontier", dear) == both(NOT_REPRODUCED)
    cheapest = evidence_of(worst, COSTS | {G1: 1, G2: 1}, recipe=FIXED)
    found = findings("frontier", cheapest)
    assert verdict_of(CLAIMS["frontier"], found, "page") == (NOT_TESTED, SET)
    # Trained until they had converged, they are that cheap.
    assert verdicts("frontier", evidence_of(worst, COSTS | {G1: 1, G2: 1}))[0] == REPRODUCED


def test_what_costs_least_and_errs_less_than_another_is_a_front_whatever_else_there_is():
    runs, costs = {FULL: 0.3, KD: 0.3, G1: 0.1}, {FULL: 10, KD: 11, G1: 4}
    assert verdicts("frontier", evidence_of(runs, costs, recipe=FIXED)) == both(REPRODUCED)
    more = evidence_of(runs | {G2: 0.4}, costs | {G2: 10.5}, recipe=FIXED)
    assert verdicts("frontier", more) == both(REPRODUCED)
    # As good as one of them, give or take: where it errs more, its cost alone puts it there.
    image = np.arange(400)
    close = {FULL: [image < 80] * 3, G1: [(image >= 20) & (image < 98)] * 3}
    found = undominated_share(evidence_of(close, costs, recipe=FIXED), "mothernets", page=True)
    assert found.low < found.high == 1 and found.possible is None


def test_the_bound_of_one_of_its_points_is_not_lost_to_another():
    costs = {FULL: 10, SNAPSHOTS: 5, G2: 8, G1: 5}
    runs = {FULL: 0.3, SNAPSHOTS: 0.28, G2: 0.2}
    alone = ahead_share(evidence_of(runs, costs), "mothernets")
    assert (alone.low, alone.high) == (0, 1)  # above its cheapest budget nothing is known
    rng = np.random.default_rng(1)
    noisy = rng.random((3, 400)) < 0.31
    assert ahead_share(evidence_of(runs | {G1: list(noisy)}, costs), "mothernets").high == 1


def test_points_with_seeds_enough_count_though_another_has_more():
    five = range(5)
    runs = {FULL: 0.3, G1: 0.4, G2: [*(wrong(0.1, seed) for seed in range(4)), None]}
    made = evidence_of(runs, {FULL: 10, G1: 10, G2: 10}, seeds=five)
    assert verdicts("frontier", made) == both(REPRODUCED)
    assert ahead_share(made, "mothernets").seeds == 4


def test_a_curve_is_compared_on_the_seeds_that_all_of_its_points_have():
    error = [wrong(0.3, seed) for seed in range(5)]
    runs = {FULL: [*error[:3], None, None], HALF: [None, None, *error[2:]], G1: 0.1}
    made = evidence_of(runs, {FULL: 10, HALF: 5, G1: 10}, seeds=range(5))
    assert ahead_share(made, "mothernets").seeds == 1
    assert verdicts("frontier", made)[1] == NOT_TESTED


def test_the_added_area_is_of_the_seeds_that_all_have():
    hard, easy = (np.r_[np.ones(n, bool), np.zeros(100 - n, bool)] for n in (30, 10))
    worse = [np.r_[np.ones(n, bool), np.zeros(100 - n, bool)] for n in (12, 12, 32, 32, 32)]
    all_five = [easy, easy, hard, hard, hard]
    for rival in (all_five, [None, None, hard, hard, hard]):
        made = evidence_of({FULL: rival, G1: worse}, {FULL: 10, G1: 10}, seeds=range(5))
        assert exclusive_area(made, "mothernets", page=True).value == 0


@pytest.mark.parametrize("points", [1, 4, 12])
def test_many_noisy_points_seldom_look_like_a_new_front(points):
    """All are as good as a cheaper rival: the front has nothing to gain from them."""
    rng, passed = np.random.default_rng(0), 0
    for _ in range(20):
        names = [("mothernets", 1 + i, 1.0, 20) for i in range(points)]
        rival = ("full_data", None, 1.0, 20)
        made = {name: list(rng.random((5, 400)) < 0.1) for name in [rival, *names]}
        costs = {name: 10.0 + i for i, name in enumerate([rival, *names])}
        page, _ = verdicts("frontier", evidence_of(made, costs))
        passed += page == REPRODUCED
    assert passed <= 2


def test_the_area_that_is_added_is_the_exclusive_one():
    one = evidence_of({G1: 0.2, FULL: 0.1}, {G1: 5, FULL: 10})
    measured = findings("frontier", one)[1].measured
    assert measured.value == 0  # worse than one of Full Data's networks
    # The corner is 1.1 times Full Data's cost, 10, and their members' mean error, 0.15.
    one = evidence_of({G1: 0.1, FULL: 0.1}, {G1: 5, FULL: 10})
    measured = findings("frontier", one)[1].measured
    assert measured.value == pytest.approx((10 - 5) * (0.165 - 0.1) / (11 * 0.165))


def test_between_two_budgets_of_another_approach_a_point_is_ahead_of_nothing():
    # On Full Data's own curve: no point dominates it, and Full Data would be there as well.
    runs = {FULL: 0.2, HALF: 0.3, G1: 0.25}
    costs = {FULL: 20, HALF: 10, G1: np.sqrt(200)}
    page, curves = verdicts("frontier", evidence_of(runs, costs))
    assert (page, curves) == (REPRODUCED, UNDECIDED)
    assert verdicts("frontier", evidence_of(runs | {G1: 0.29}, costs))[1] == NOT_REPRODUCED
    assert verdicts("frontier", evidence_of(runs | {G1: 0.205}, costs))[1] == REPRODUCED
    # One network alone counts against budget curves, and not as the page compares.
    alone = evidence_of(runs | {G1: 0.22, ALONE: 0.19}, costs | {ALONE: 9})
    assert verdicts("frontier", alone) == (REPRODUCED, NOT_REPRODUCED)
