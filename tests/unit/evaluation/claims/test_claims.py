"""Claims and marks: verdicts on made-up studies whose outcome is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.evaluations import evaluation, wrong

from mnbench.architectures import Architecture, Dense, Layer, Plain, Stem
from mnbench.evaluation.claims import claim as claim_module
from mnbench.evaluation.claims.claim import (
    COMPARISONS,
    NOT_REPRODUCED,
    NOT_TESTED,
    REPRODUCED,
    SET,
    SHOWN,
    UNDECIDED,
    judge,
    read_claims,
    verdict_of,
)
from mnbench.evaluation.claims.evidence import Evidence, Measurement, Untested
from mnbench.evaluation.claims.four_marks import MARKS, best_marks, marks
from mnbench.evaluation.claims.quantities import QUANTITIES
from mnbench.evaluation.points import points
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables import table
from mnbench.planning.plan import LeftOut, Plan, Training
from mnbench.report import claims_page as claims_page_module
from mnbench.report.claims_page import claims_page, verdict_words

CLAIMS = {claim.id: claim for claim in read_claims()}
SEEDS = range(3)
FULL, KD = ("full_data", None, 1.0, 5), ("knowledge_distillation", None, 1.0, 5)
HALF, HALF_KD = ("full_data", None, 0.5, 5), ("knowledge_distillation", None, 0.5, 5)
G1, G2, G5 = (("mothernets", g, 1.0, 5) for g in (1, 2, 5))
TREE, HALF_TREE = ("treenets", None, 1.0, 5), ("treenets", None, 0.5, 5)
SNAPSHOTS = ("snapshot_ensembles", None, 1.0, 5)
ALONE = ("single_network", None, 4.0, 1)
FIXED = {"protocol": "epochs"}


def with_sizes(name, sizes, error, cost) -> tuple[dict, dict]:
    """An approach at several sizes: *error* and *cost* are functions of the size."""
    runs = {(*name[:3], m): [wrong(error(m), seed) for seed in SEEDS] for m in sizes}
    return runs, {(*name[:3], m): cost(m) for m in sizes}


def evidence_of(
    runs,
    costs=None,
    *,
    seeds=SEEDS,
    recipe=None,
    left_out=(),
    networks=None,
    hatching=None,
    kinds=None,
    converged=True,
):
    """Evidence of points with these errors; of every seed another order of images is wrong."""
    made = evaluation(
        {k: [wrong(v, s) for s in seeds] if np.isscalar(v) else v for k, v in runs.items()},
        costs,
    )
    ((dataset, architecture_set), of_set) = next(iter(points(made).items()))
    trainings = {}
    for point in of_set:
        for run in point.runs:
            for place, id in enumerate(run.ensemble.members):
                network = (kinds or {}).get(point.id.approach, chain)(place)
                trainings[id] = Training(id, "member", (network,), recipe or {}, 0, {})
    plan = Plan("made-up", trainings, (), tuple(left_out))
    columns = ["record", "approach", "role", "networks", "epochs", "seed", "ended"]
    columns += ["error_before_noise", "error_after_noise"]
    rows = pd.DataFrame(columns=columns) if networks is None else networks
    gains = {True: (0.0, -0.001, 0.001), False: (0.02, 0.015, 0.03), None: (0.0, -0.02, 0.02)}
    gain = pd.DataFrame(
        [(2.0, 3, *gains[converged])], columns=["budget", "seeds", "gain", "gain_low", "gain_high"]
    )
    return Evidence(
        dataset,
        architecture_set,
        tuple(of_set),
        plan,
        rows,
        hatching or {},
        gain,
        "cpu_seconds",
    )


def chain(place: int) -> Architecture:
    return Architecture((Plain((Layer(8 + place),)),), name=f"n{place}")


def findings(id: str, *evidence: Evidence):
    return judge([CLAIMS[id]], evidence)


def verdicts(id: str, *evidence: Evidence) -> tuple[str, str]:
    """Return a claim's verdicts as the page compares, and against budget curves."""
    found = findings(id, *evidence)
    page, curves = (verdict_of(CLAIMS[id], found, name)[0] for name in COMPARISONS)
    return page, curves


def both(verdict: str) -> tuple[str, str]:
    return verdict, verdict


# How verdicts are reached


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


def mixed_protocols(snapshots: int, hatched: int) -> Evidence:
    """MotherNets to convergence, of 46 epochs at least, and snapshots of a fixed number."""
    made = evidence_of({SNAPSHOTS: 0.2, G1: 0.1}, {SNAPSHOTS: snapshots, G1: hatched})
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


# Claim by claim


@pytest.mark.parametrize(
    ("runs", "costs", "expected"),
    [
        ({KD: 0.20, G1: 0.10}, {KD: 30, G1: 10}, REPRODUCED),
        ({KD: 0.20, G1: 0.10}, {KD: 15, G1: 10}, NOT_REPRODUCED),  # not fast enough
        ({KD: 0.10, G1: 0.20}, {KD: 30, G1: 10}, NOT_REPRODUCED),  # worse
        ({KD: 0.15, G1: 0.15}, {KD: 30, G1: 10}, UNDECIDED),
        ({FULL: 0.10, G1: 0.20}, {FULL: 30, G1: 10}, NOT_TESTED),  # no distillation
        ({KD: 0.10, G5: 0.20}, {KD: 30, G1: 10}, NOT_TESTED),  # g = size is Full Data
        ({KD: 0.20, (*G1[:3], 4): 0.1}, {KD: 30}, NOT_TESTED),  # sizes that cannot be compared
    ],
)
def test_mothernets_must_be_faster_than_distillation_and_no_worse(runs, costs, expected):
    # Of other images each: the two are unlike, as approaches are.
    runs = {k: [wrong(v, 10 * i + s) for s in SEEDS] for i, (k, v) in enumerate(runs.items())}
    assert verdicts("vs-kd", evidence_of(runs, costs))[0] == expected


def test_against_its_curve_distillation_may_be_cheaper_with_fewer_epochs():
    runs, costs = {KD: 0.10, HALF_KD: 0.2, G1: 0.15}, {KD: 40, HALF_KD: 20, G1: 10}
    assert verdicts("vs-kd", evidence_of(runs, costs)) == (NOT_REPRODUCED, REPRODUCED)
    (speed_up, gain) = findings("vs-kd", evidence_of(runs, costs))[2:]
    assert speed_up.measured.value == pytest.approx(np.sqrt(20 * 40) / 10)
    # Nothing is known of distillation at so low a cost, but that it does not err less.
    assert np.isnan(gain.measured.value) and gain.measured.low > 0
    cheap = evidence_of(runs, costs | {HALF_KD: 5, KD: 12})
    assert verdicts("vs-kd", cheap)[1] == NOT_REPRODUCED


def test_where_a_curve_never_reaches_its_end_is_a_bound():
    never = evidence_of({KD: 0.2, HALF_KD: 0.3, G1: 0.1}, {KD: 40, HALF_KD: 20, G1: 10})
    measured = next(f.measured for f in findings("vs-kd", never) if f.test.quantity == "speed_up")
    assert np.isnan(measured.value) and measured.high == np.inf
    assert measured.low == pytest.approx(4)
    assert verdicts("vs-kd", never)[1] == REPRODUCED
    # Its cheapest, at thrice the cost, is better already: it may need less than twice.
    better = evidence_of({KD: 0.1, HALF_KD: 0.12, G1: 0.2}, {KD: 60, HALF_KD: 30, G1: 10})
    assert verdicts("vs-kd", better)[1] == UNDECIDED


def test_distillation_is_taken_where_it_costs_what_the_page_says():
    runs, costs = {FULL: 0.1, KD: 0.12, HALF_KD: 0.2}, {FULL: 10, KD: 13, HALF_KD: 7}
    assert verdicts("kd-cost", evidence_of(runs, costs, recipe=FIXED)) == both(REPRODUCED)
    found = findings("kd-cost", evidence_of(runs, costs, recipe=FIXED))
    assert found[2].measured.points[0].budget == 0.5
    assert found[2].measured.value == pytest.approx(0.1)
    better = evidence_of(runs | {HALF_KD: 0.05, KD: 0.04}, costs, recipe=FIXED)
    assert verdicts("kd-cost", better) == both(NOT_REPRODUCED)
    # Of one budget: under fixed epochs nobody tried, trained to convergence it costs too much.
    dear = {FULL: 0.1, KD: 0.12}
    assert verdicts("kd-cost", evidence_of(dear, costs, recipe=FIXED))[0] == NOT_TESTED
    assert verdicts("kd-cost", evidence_of(dear, costs))[0] == NOT_REPRODUCED
    # Nor is a tenth of the cost about 70 %: an undertrained student errs more by itself.
    cheap = {KD: 1, HALF_KD: 0.5, FULL: 10}
    assert verdicts("kd-cost", evidence_of(runs, cheap, recipe=FIXED))[0] == NOT_TESTED
    assert verdicts("kd-cost", evidence_of(runs, cheap))[0] == NOT_REPRODUCED


LONGER = ("snapshot_ensembles", None, 4.0, 5)
GOOD = {G1: 0.2, G2: 0.15, G5: 0.1, FULL: 0.1, KD: 0.3, SNAPSHOTS: 0.34, LONGER: 0.32, HALF: 0.3}
COSTS = {G1: 4, G2: 7, G5: 10, FULL: 10, KD: 11, SNAPSHOTS: 3, LONGER: 12, HALF: 5}


def test_the_frontier_is_lost_to_cheaper_better_approaches_only():
    assert verdicts("frontier", evidence_of(GOOD, COSTS))[0] == REPRODUCED
    beaten = evidence_of(GOOD | {KD: 0.12}, COSTS | {KD: 3})
    assert verdicts("frontier", beaten) == both(NOT_REPRODUCED)
    assert verdicts("frontier", evidence_of({G1: 0.2, G2: 0.1}, COSTS)) == both(NOT_TESTED)
    assert verdicts("frontier", evidence_of({FULL: 0.2})) == both(NOT_TESTED)
    assert verdicts("frontier", evidence_of({FULL: 0.2, G5: 0.2})) == both(NOT_TESTED)


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


def test_full_data_must_err_less_than_the_fewest_clusters():
    assert verdicts("g-range", evidence_of(GOOD, COSTS)) == both(REPRODUCED)
    assert verdicts("g-range", evidence_of(GOOD | {FULL: 0.25}, COSTS)) == both(NOT_REPRODUCED)
    (finding,) = findings("g-range", evidence_of(GOOD, COSTS))
    assert [point.g for point in finding.measured.points] == [1, None]
    assert verdicts("g-range", evidence_of({FULL: 0.2, G5: 0.1}, COSTS)) == both(NOT_TESTED)


def test_treenets_must_cost_more_at_comparable_error():
    runs, costs = {TREE: 0.15, HALF_TREE: 0.2, G1: 0.155}, {TREE: 20, HALF_TREE: 10, G1: 8}
    assert verdicts("vs-treenets", evidence_of(runs, costs)) == both(REPRODUCED)
    worse = evidence_of(runs | {G1: 0.2}, costs | {HALF_TREE: 4})
    assert verdicts("vs-treenets", worse) == both(NOT_REPRODUCED)
    (ratio, *_) = findings("vs-treenets", evidence_of(runs, costs))
    assert ratio.test.quoted == "up to 3.8 times"


def test_treenets_with_skip_connections_refute_the_claim_where_they_trained():
    out = LeftOut("fashion_mnist", "v5-small", "treenets", "the stems differ")
    assert verdicts("treenets-skip", evidence_of({FULL: 0.1}, left_out=[out])) == both(NOT_TESTED)
    assert verdicts("treenets-skip", evidence_of({FULL: 0.1, TREE: 0.1})) == both(NOT_TESTED)

    def dense(place):
        return Architecture((Dense((Layer(8),)),), Stem(filters=8), name=f"n{place}")

    taken = evidence_of({FULL: 0.1, TREE: 0.1}, kinds={"treenets": dense})
    assert verdicts("treenets-skip", taken) == both(NOT_REPRODUCED)


def test_snapshots_get_worse_and_mothernets_do_not():
    sizes = (1, 6, 12)
    snapshots = with_sizes(SNAPSHOTS, sizes, {1: 0.3, 6: 0.2, 12: 0.25}.get, float)
    mothernets = with_sizes(G1, sizes, {1: 0.3, 6: 0.2, 12: 0.1}.get, float)
    made = evidence_of(snapshots[0] | mothernets[0])
    assert verdicts("snapshot-saturates", made) == both(REPRODUCED)
    flat = with_sizes(SNAPSHOTS, sizes, lambda m: 0.2, float)[0]
    flat[(*SNAPSHOTS[:3], 12)] = [wrong(0.2, seed + 10) for seed in SEEDS]
    assert verdicts("snapshot-saturates", evidence_of(flat | mothernets[0])) == both(UNDECIDED)
    small = [{k: v for k, v in runs.items() if k[3] < 12} for runs in (snapshots[0], mothernets[0])]
    assert verdicts("snapshot-saturates", evidence_of(small[0] | small[1])) == both(NOT_TESTED)


def test_a_hundred_mothernets_must_save_ten_hours_against_snapshots():
    name, mine = (*SNAPSHOTS[:3], 100), ("mothernets", 1, 1.0, 100)
    # Device-seconds are twice the CPU-seconds: 20 hours against 8.
    made = evidence_of({name: 0.2, mine: 0.1}, {name: 36_000, mine: 14_400})
    assert verdicts("vs-snapshot", made)[0] == REPRODUCED
    made = evidence_of({name: 0.2, mine: 0.1}, {name: 36_000, mine: 34_000})
    assert verdicts("vs-snapshot", made)[0] == NOT_REPRODUCED
    assert verdicts("vs-snapshot-relative", made) == both(REPRODUCED)
    near = evidence_of({name: 0.11, mine: 0.1}, {name: 36_000, mine: 34_000})
    assert verdicts("vs-snapshot-relative", near)[0] == NOT_REPRODUCED


def epochs_to_convergence(hatched, scratch, capped=()):
    """Evidence of trainings whose rule, or in *capped* approaches max_epochs, ended them."""
    made = evidence_of({FULL: 0.1, G1: 0.1}, recipe={"protocol": "convergence"})
    ids = list(made.plan.trainings)
    rows = pd.DataFrame(
        {
            "record": list(map(str, ids)),
            "approach": [id.approach for id in ids],
            "role": "member",
            "networks": [f"n{id.name[-1]}" for id in ids],
            "seed": [id.seed for id in ids],
            "epochs": [
                (scratch if id.approach == "full_data" else hatched) + id.seed % 2 for id in ids
            ],
            "ended": ["cap" if id.approach in capped else "rule" for id in ids],
        }
    )
    return replace(made, networks=rows)


def test_many_networks_of_uneven_length_are_judged_together():
    made = epochs_to_convergence(40, 100)
    rng = np.random.default_rng(0)
    uneven = made.networks.assign(
        epochs=lambda rows: rows["epochs"] * rng.normal(1, 0.2, len(rows))
    )
    assert verdicts("hatched-epochs", replace(made, networks=uneven)) == both(REPRODUCED)


@pytest.mark.parametrize(
    ("hatched", "scratch", "capped", "expected"),
    [
        (30, 100, (), REPRODUCED),
        (60, 100, (), NOT_REPRODUCED),
        (49.9, 100, (), UNDECIDED),
        (30, 100, ("full_data",), REPRODUCED),  # from scratch it would have taken longer still
        (60, 100, ("full_data",), UNDECIDED),
        (30, 100, ("mothernets",), UNDECIDED),
        (60, 100, ("mothernets",), NOT_REPRODUCED),
        (30, 100, ("full_data", "mothernets"), UNDECIDED),  # the caps alone: nothing is known
    ],
)
def test_hatched_epochs_count_where_the_rule_ends_training(hatched, scratch, capped, expected):
    made = epochs_to_convergence(hatched, scratch, capped)
    assert verdicts("hatched-epochs", made) == both(expected)


def test_a_fixed_number_of_epochs_says_nothing_of_convergence():
    made = epochs_to_convergence(30, 100)
    fixed = replace(made, networks=made.networks.assign(ended="epochs"))
    assert verdicts("hatched-epochs", fixed) == both(NOT_TESTED)


def test_the_largest_change_by_hatching_decides_whether_functions_are_preserved():
    assert verdicts("preserved", evidence_of({G1: 0.1})) == both(NOT_TESTED)
    made = evidence_of({G1: 0.1}, hatching={"a": 1e-7, "b": 3e-6})
    finding, noise = findings("preserved", made)
    assert (finding.measured.value, finding.measured.records) == (3e-6, ("a", "b"))
    assert finding.verdict == REPRODUCED
    assert noise.measured is None and noise.verdict == SHOWN
    rows = pd.DataFrame(
        {"record": ["a", "b", "c"], "error_before_noise": [0.12, 0.12, np.nan]}
    ).assign(error_after_noise=[0.128, 0.134, np.nan])
    _, noise = findings("preserved", replace(made, networks=rows))
    ends = noise.measured.value, noise.measured.low, noise.measured.high
    assert ends == pytest.approx((0.011, 0.008, 0.014))
    assert noise.measured.records == ("a", "b") and noise.verdict == SHOWN
    broken = evidence_of({G1: 0.1}, hatching={"a": 1e-7, "b": 3e-3})
    assert verdicts("preserved", broken) == both(NOT_REPRODUCED)


def test_the_gain_of_combining_is_judged_by_the_best_ensemble():
    assert verdicts("ensemble-gain", evidence_of({FULL: 0.1})) == both(REPRODUCED)
    (finding,) = findings("ensemble-gain", evidence_of({FULL: 0.1}))
    assert finding.measured.value == pytest.approx(1 / 3)
    assert len(finding.measured.records) == 15
    alone = ("single_network", None, 1.0, 1)
    assert verdicts("ensemble-gain", evidence_of({alone: 0.1})) == both(NOT_TESTED)


# The four marks


def study_of_marks(runs=None, costs=None, **changes):
    """All six approaches of sizes 3 and 5; MotherNets earn every mark."""
    parts = [
        with_sizes(FULL, (3, 5), {3: 0.12, 5: 0.1}.get, lambda m: 2.0 * m),
        with_sizes(("bagging", *FULL[1:]), (3, 5), {3: 0.16, 5: 0.14}.get, lambda m: 2.0 * m),
        with_sizes(KD, (3, 5), {3: 0.14, 5: 0.12}.get, lambda m: 2.0 * m + 2),
        with_sizes(TREE, (3, 5), {3: 0.14, 5: 0.12}.get, lambda m: 1.9 * m),
        with_sizes(G1, (3, 5), {3: 0.14, 5: 0.1}.get, lambda m: 2 + 0.6 * m),
        with_sizes(SNAPSHOTS, (3, 5), {3: 0.14, 5: 0.12}.get, lambda m: 0.8 * m),
    ]
    all_runs, all_costs = {}, {}
    for some_runs, some_costs in parts:
        all_runs |= some_runs
        all_costs |= some_costs
    kinds = {"snapshot_ensembles": lambda place: chain(0)}
    return evidence_of(all_runs | (runs or {}), all_costs | (costs or {}), kinds=kinds, **changes)


def grades_of(evidence, page=True):
    return {row.point.approach: row.grades for row in best_marks(marks(evidence, page=page))}


def test_marks_follow_their_rules():
    grades = {
        approach: tuple(of_approach[mark] for mark in MARKS)
        for approach, of_approach in grades_of(study_of_marks()).items()
    }
    assert grades == {
        "full_data": ("no", "yes", "yes", "no"),
        "bagging": ("no", "no", "yes", "no"),
        "knowledge_distillation": ("no", "no", "yes", "no"),
        "treenets": ("no", "no", "yes", "no"),
        "snapshot_ensembles": ("yes", "no", "no", "yes"),
        "mothernets": ("yes", "yes", "yes", "yes"),
    }
    assert verdicts("four-marks", study_of_marks()) == both(REPRODUCED)


def test_under_fixed_epochs_marks_need_budget_curves():
    fixed = study_of_marks(recipe=FIXED)
    assert verdicts("four-marks", fixed) == (NOT_TESTED, REPRODUCED)
    # At half the epochs Full Data are as fast, and not worse: they have the marks as well.
    runs, costs = {}, {}
    for m, error in ((3, 0.12), (5, 0.1)):
        runs[(*HALF[:3], m)], costs[(*HALF[:3], m)] = error, m * 1.0
    also = study_of_marks(runs, costs, recipe=FIXED)
    assert verdicts("four-marks", also) == (NOT_TESTED, NOT_REPRODUCED)


def test_a_mark_whose_interval_holds_a_limit_is_undecided():
    near = {G1: [wrong(0.105, seed + 20) for seed in SEEDS]}
    evidence = study_of_marks(near)
    assert grades_of(evidence)["mothernets"]["high accuracy"] == "undecided"
    assert verdicts("four-marks", evidence) == both(UNDECIDED)
    (finding, _) = findings("four-marks", evidence)
    assert (finding.measured.low, finding.measured.high) == (0, 1)


def test_an_approach_that_cannot_take_an_architecture_set_is_partly_diverse():
    out = LeftOut("fashion_mnist", "r5-small", "knowledge_distillation", "of some reason")
    found = grades_of(study_of_marks(left_out=[out]))
    assert found["knowledge_distillation"]["diverse architectures"] == "partly"


def test_mothernets_that_err_more_do_not_earn_all_marks():
    worse = study_of_marks({G1: [wrong(0.13, seed) for seed in SEEDS]})
    assert verdicts("four-marks", worse) == both(NOT_REPRODUCED)


def test_snapshots_of_one_run_cost_a_cycle_each():
    """Every size is billed the whole run: its cost does not grow, and is not free."""
    run = {(*SNAPSHOTS[:3], m): 0.12 for m in (3, 5)}
    made = study_of_marks(run, dict.fromkeys(run, 9.0))
    assert grades_of(made)["snapshot_ensembles"]["large size"] == "yes"  # for want of a plan
    cycles = {id: one for id, one in made.plan.trainings.items() if "snapshot" in id.approach}
    last = {id.seed: id for id in cycles}
    trainings = made.plan.trainings | {
        id: replace(one, parents=() if id == last[id.seed] else (last[id.seed],))
        for id, one in cycles.items()
    }
    assert len(last) == 3 and len(trainings) == len(made.plan.trainings)
    of_one_run = replace(made, plan=replace(made.plan, trainings=trainings))
    sizes = of_one_run.sized(of_one_run.full("snapshot_ensembles")[0])
    assert len({of_one_run.lineage(point) for point in sizes}) == 2  # of other members here
    with_all = replace(
        of_one_run.points[0], id=sizes[0].id, runs=sizes[1].runs, bootstrap=sizes[1].bootstrap
    )
    points = tuple(with_all if p is sizes[0] else p for p in of_one_run.points)
    one_run = replace(of_one_run, points=points)
    assert grades_of(one_run)["snapshot_ensembles"]["large size"] == "no"


def test_no_marks_are_given_where_nothing_was_learnt():
    for evidence, why in (
        (study_of_marks(converged=False), "No marks: not converged."),
        (study_of_marks(recipe=FIXED), "| set by the configuration |"),
    ):
        text, tables = page_of(evidence)
        assert why in text
        if "No marks" in why:
            assert tables["marks"]["grade"].isna().all()
            assert "| yes | yes |" not in text


def test_marks_need_full_data_and_sizes():
    assert marks(evidence_of({KD: 0.1, G1: 0.1}), page=True) == []
    of_one_size = marks(evidence_of({FULL: 0.1, KD: 0.1, G1: 0.1}), page=True)
    assert {row.grades["large size"] for row in of_one_size} == {None}
    of_one_size = evidence_of({FULL: 0.1, KD: 0.1, G1: 0.1})
    assert QUANTITIES["alone_with_all_marks"](of_one_size, "mothernets", True) == Untested(
        "a mark could not be measured: fewer than two sizes, or no common seeds"
    )


# For people


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


def page_of(evidence: Evidence) -> tuple[str, dict[str, pd.DataFrame]]:
    results = StudyResults(None, evaluation({FULL: [wrong(0.1)]}), ("cpu_seconds",))
    vars(results)["evidence"] = [evidence]  # as if it had been gathered
    gains = ("fashion_mnist", "v5-small", 2.0, 3, 0.02, 0.015, 0.03)
    columns = ["dataset", "architecture_set", "budget", "seeds", "gain", "gain_low", "gain_high"]
    tables = {name: table(results, name) for name in ("claims", "verdicts", "marks")}
    tables["networks"] = pd.DataFrame(
        {"dataset": ["fashion_mnist"], "architecture_set": "v5-small", "ended": "epochs"}
    )
    tables |= {"convergence": pd.DataFrame([gains], columns=columns), "missing": pd.DataFrame()}
    return claims_page("made-up", "cpu_seconds", tables), tables


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
