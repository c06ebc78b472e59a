"""Convergence: what a longer run of one network tells, and the rule that ended trainings."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.evaluations import evaluation, same_for, table

from mnbench.evaluation.convergence import convergence_of

GAINS = (
    "dataset",
    "architecture_set",
    "budget",
    "networks",
    "seeds",
    "gain",
    "gain_low",
    "gain_high",
)
# Of trainings for a fixed number of epochs, which tell nothing by themselves.
FIXED = pd.DataFrame({"approach": ["full_data"], "ended": ["epochs"]})
ALONE, LONGER = ("single_network", None, 1.0, 1), ("single_network", None, 4.0, 1)


@pytest.mark.parametrize(
    ("longer", "converged", "said"),
    [
        (0.10, False, "not converged: one network gains 5.0 points ("),
        (
            0.15,
            True,
            "converged: one network gains 0.0 points (0.0 to 0.0) from 4 times the epochs",
        ),
        (0.20, True, "converged: one network gains -5.0 points ("),
    ],
)
def test_a_longer_run_tells_whether_networks_have_converged(longer, converged, said):
    made = evaluation({ALONE: same_for(3, 0.15), LONGER: same_for(3, longer)})
    gains = table("convergence", made)
    assert gains["gain"][0] == pytest.approx(0.15 - longer)
    found = convergence_of(gains, FIXED)
    assert found.converged is converged and found.sentence.startswith(said)


def test_a_variant_of_the_single_network_tells_nothing_of_convergence():
    made = evaluation({ALONE: same_for(3, 0.15), LONGER: same_for(3, 0.15)})
    better = [
        replace(run, ensemble=replace(run.ensemble, variant="other"), values=run.values)
        for run in made.evaluated
    ]
    varied = table("convergence", replace(made, evaluated=(*better, *made.evaluated)))
    pd.testing.assert_frame_equal(varied, table("convergence", made))


def test_longer_trainings_of_full_data_count_before_a_single_network():
    full, fewer = ("full_data", None, 1.0, 5), ("full_data", None, 1.0, 3)
    longer, smaller = ("full_data", None, 2.0, 3), ("full_data", None, 2.0, 2)
    runs = {full: same_for(3, 0.3), fewer: same_for(3, 0.12), smaller: same_for(3, 0.2)}
    runs |= {longer: same_for(3, 0.1), ALONE: same_for(3, 0.15), LONGER: same_for(3, 0.11)}
    gains = table("convergence", evaluation(runs))
    assert list(gains["budget"]) == [2] and list(gains["networks"]) == [3]
    assert list(gains["gain"]) == pytest.approx([1.5 * 0.02])  # the networks' own mean error
    sentence = convergence_of(gains, FIXED).sentence
    assert sentence.startswith("not converged: one network gains 3.0 points")
    assert sentence.endswith("from twice the epochs, in the mean of 3")
    of_one = table("convergence", evaluation({n: r for n, r in runs.items() if n != fewer}))
    assert list(of_one["networks"]) == [1]  # without the same networks at budget 1


@pytest.mark.parametrize(
    ("seeds", "low", "high", "converged"),
    [
        (3, 0.0002, 0.0018, True),  # surely a gain, and surely a small one
        (3, 0.0002, 0.012, None),
        (3, 0.012, 0.02, False),
        (2, 0.012, 0.02, None),
        (1, -0.001, 0.001, None),
    ],
)
def test_what_a_longer_run_gains_is_judged_by_the_margin(seeds, low, high, converged):
    row = ("fashion_mnist", "v5-small", 2.0, 1, seeds, (low + high) / 2, low, high)
    assert convergence_of(pd.DataFrame([row], columns=list(GAINS)), FIXED).converged is converged


@pytest.mark.parametrize(
    ("ended", "converged", "sentence"),
    [
        (["rule", "epochs"], True, "converged: the rule of convergence ended the trainings"),
        (["rule", "cap"], False, "not converged: max_epochs ended trainings of MotherNets"),
    ],
)
def test_the_rule_of_convergence_tells_without_a_longer_run(ended, converged, sentence):
    networks = pd.DataFrame({"approach": ["full_data", "mothernets"], "ended": ended})
    found = convergence_of(pd.DataFrame(columns=list(GAINS)), networks)
    assert (found.converged, found.sentence) == (converged, sentence)


def test_a_gain_within_the_noise_settles_nothing():
    gains = pd.DataFrame(
        [("fashion_mnist", "v5-small", 2.0, 1, 3, 0.002, -0.01, 0.014)], columns=list(GAINS)
    )
    found = convergence_of(gains, FIXED)
    assert found.converged is None
    assert found.sentence.startswith("not settled whether converged: one network gains 0.2 points")
    assert convergence_of(gains.assign(gain_low=np.nan), FIXED).converged is None
    assert convergence_of(gains.assign(gain_high=0.004), FIXED).converged is True


def test_without_a_longer_run_nothing_is_said_of_convergence():
    full = ("full_data", None, 1.0, 5)
    gains = table("convergence", evaluation({full: same_for(3, 0.1)}))
    assert gains.empty and convergence_of(gains, FIXED).converged is None
    alone = table("convergence", evaluation({LONGER: same_for(1, 0.1)}))
    assert convergence_of(alone, FIXED).converged is None
