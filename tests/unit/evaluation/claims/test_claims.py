"""Each claim on made-up studies whose verdict is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.claim_evidence import (
    COSTS,
    FIXED,
    FULL,
    G1,
    G5,
    GOOD,
    HALF_KD,
    HALF_TREE,
    KD,
    SEEDS,
    SNAPSHOTS,
    TREE,
    both,
    evidence_of,
    findings,
    verdicts,
    with_sizes,
)
from support.evaluations import wrong

from mnbench.architectures import Architecture, Dense, Layer, Stem
from mnbench.evaluation.claims.claim import (
    NOT_REPRODUCED,
    NOT_TESTED,
    REPRODUCED,
    SHOWN,
    UNDECIDED,
)
from mnbench.evaluation.claims.quantities import best_relative_gain
from mnbench.planning.lineage import LeftOut


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


def test_full_data_must_cost_more_and_err_less_than_the_fewest_clusters():
    assert verdicts("g-range", evidence_of(GOOD, COSTS)) == both(REPRODUCED)
    assert verdicts("g-range", evidence_of(GOOD | {FULL: 0.25}, COSTS)) == both(NOT_REPRODUCED)
    cost, error = findings("g-range", evidence_of(GOOD, COSTS))
    assert [point.g for point in error.measured.points] == [1, None]
    assert cost.measured.value == COSTS[FULL] / COSTS[G1]
    dear = evidence_of(GOOD, COSTS | {G1: 2 * COSTS[FULL]})
    assert verdicts("g-range", dear) == both(NOT_REPRODUCED)
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


def test_the_gain_of_combining_is_judged_by_an_ensemble_with_seeds_enough():
    made = evidence_of({FULL: 0.3, TREE: [wrong(0.3), None, None]})
    assert best_relative_gain(made).seeds == 3


def test_the_gain_of_combining_is_judged_by_the_best_ensemble():
    assert verdicts("ensemble-gain", evidence_of({FULL: 0.1})) == both(REPRODUCED)
    (finding,) = findings("ensemble-gain", evidence_of({FULL: 0.1}))
    assert finding.measured.value == pytest.approx(1 / 3)
    assert len(finding.measured.records) == 15
    alone = ("single_network", None, 1.0, 1)
    assert verdicts("ensemble-gain", evidence_of({alone: 0.1})) == both(NOT_TESTED)
