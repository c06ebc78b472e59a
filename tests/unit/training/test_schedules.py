"""The learning rate of every step, and when training ends."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mnbench.planning.recipe import Convergence, Optimiser, Recipe, Schedule
from mnbench.training.schedules import learning_rate
from mnbench.training.stopping import exhausted, finished


def recipe(name: str, *, peak: float = 0.1, **schedule) -> Recipe:
    protocol = "convergence" if name == "plateau" else "epochs"
    return Recipe(
        protocol=protocol,
        optimiser=Optimiser(learning_rate=peak),
        schedule=Schedule(name=name, **schedule),
    )


def rates(of: Recipe, steps: int) -> list[float]:
    return [learning_rate(of, step, steps) for step in range(steps)]


# Schedules


@pytest.mark.parametrize(("cycles", "steps"), [(1, 7), (5, 12), (3, 100)])
def test_cosine_is_the_snapshot_schedule_when_every_cycle_is_a_training(cycles, steps):
    alpha0, iterations = 0.2, cycles * steps
    of_cycle = rates(recipe("cosine", peak=alpha0), steps)
    length = math.ceil(iterations / cycles)
    for t in range(1, iterations + 1):
        angle = math.pi * ((t - 1) % length) / length
        expected = alpha0 / 2 * (math.cos(angle) + 1)
        assert of_cycle[(t - 1) % steps] == pytest.approx(expected, rel=1e-12)


def test_linear_falls_to_zero_in_equal_steps():
    assert rates(recipe("linear", peak=1.0), 4) == [1, 0.75, 0.5, 0.25]


@pytest.mark.parametrize("name", ["cosine", "linear"])
def test_what_is_stable_stays_at_the_peak_before_the_whole_fall(name):
    of = recipe(name, peak=1.0, warmup=0.2, stable=0.3)
    assert rates(of, 20)[4:10] == [1] * 6
    assert rates(of, 20)[10:] == rates(recipe(name, peak=1.0), 10)


@pytest.mark.parametrize("name", ["cosine", "linear"])
@pytest.mark.parametrize(
    ("steps", "warmup", "stable"),
    [(4, 0.0, 0.9), (5, 0.25, 0.74), (6, 0.25, 0.65), (47, 0.1, 0.89)],
)
def test_shares_that_round_to_all_steps_leave_one_to_fall_in(name, steps, warmup, stable):
    of = rates(recipe(name, peak=1.0, warmup=warmup, stable=stable), steps)
    assert len(of) == steps and max(of) == 1


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        (
            {"name": "constant", "stable": 0.1},
            "stable: the schedule 'constant' has none; use 'cosine' or 'linear', or leave it out",
        ),
        ({"milestones": (0.3, 0.6)}, "milestones: the schedule 'cosine' has none; use 'step', or"),
        ({"name": "step", "decays": 3}, "decays: the schedule 'step' has none; use 'plateau', or"),
        ({"name": "linear", "decay": 0.5}, "decay: the schedule 'linear' has none; use 'step' or"),
        ({"name": "cosine", "stable": 0.6, "warmup": 0.4}, "nothing is left to fall in"),
    ],
)
def test_a_schedule_is_refused_what_has_no_effect_or_leaves_none_to_fall_in(schedule, problem):
    with pytest.raises(ValidationError, match=problem):
        Schedule(**schedule)


def test_a_recipe_without_a_stable_part_is_what_it_was():
    assert "stable" not in Recipe().plain()["schedule"]
    assert Recipe(schedule=Schedule(stable=0.2)).plain()["schedule"]["stable"] == 0.2


def test_constant_stays_at_the_peak():
    assert rates(recipe("constant", peak=0.3), 3) == [0.3, 0.3, 0.3]


def test_step_decays_at_each_milestone():
    of = recipe("step", peak=1.0, milestones=(0.5, 0.75), decay=0.1)
    assert rates(of, 8) == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01])


def test_warmup_rises_in_equal_steps_to_the_peak_at_which_the_schedule_begins():
    of = recipe("linear", peak=1.0, warmup=0.3)
    rising, falling = rates(of, 10)[:3], rates(of, 10)[3:]
    assert rising == pytest.approx([0.25, 0.5, 0.75])
    assert falling == pytest.approx([1 - i / 7 for i in range(7)])


def test_plateau_decays_when_patience_runs_out():
    of = recipe("plateau", peak=1.0, decay=0.5)
    of = Recipe(
        protocol="convergence",
        optimiser=of.optimiser,
        schedule=of.schedule,
        convergence=Convergence(patience=2),
    )
    accuracies = [0.5, 0.6, 0.6, 0.6, 0.6, 0.6]
    seen = [learning_rate(of, 0, 1, accuracies[:done]) for done in range(len(accuracies) + 1)]
    assert seen == [1, 1, 1, 1, 0.5, 0.5, 0.25]


@given(
    name=st.sampled_from(["cosine", "linear", "step", "constant", "plateau"]),
    peak=st.floats(1e-6, 10),
    warmup=st.floats(0, 1, exclude_max=True),
    steps=st.integers(1, 300),
    accuracies=st.lists(st.floats(0, 1), max_size=80),
    data=st.data(),
)
def test_rate_is_above_zero_and_never_above_the_peak(name, peak, warmup, steps, accuracies, data):
    step = data.draw(st.integers(0, steps - 1))
    rate = learning_rate(recipe(name, peak=peak, warmup=warmup), step, steps, accuracies)
    assert 0 < rate <= peak * (1 + 1e-12)


@given(name=st.sampled_from(["cosine", "linear", "step"]), steps=st.integers(2, 200))
def test_without_warmup_the_rate_never_rises_and_ends_lower(name, steps):
    seen = rates(recipe(name), steps)
    assert all(later <= earlier for earlier, later in itertools.pairwise(seen))
    assert seen[0] == 0.1 and seen[-1] < 0.1


@pytest.mark.parametrize("milestones", [(0.0,), (1.0,), (-0.5,), (0.5, 2.0)])
def test_milestones_lie_inside_the_training(milestones):
    with pytest.raises(ValidationError):
        Schedule(name="step", milestones=milestones)


# Convergence: the paper's rule, patience 15 and 0.1 %, both unverified


def paper(**changes) -> Recipe:
    return Recipe(protocol="convergence", schedule=Schedule(name="constant"), **changes)


def epochs_of(of: Recipe, accuracies: list[float]) -> int | None:
    """After how many epochs a training with these accuracies ends."""
    return next((n for n in range(len(accuracies) + 1) if finished(of, accuracies[:n])), None)


def test_the_papers_rule_is_the_default():
    assert Convergence() == Convergence(patience=15, min_improvement=0.001)


def test_training_ends_15_epochs_after_the_last_improvement():
    assert epochs_of(paper(), [0.1 * n for n in range(1, 6)] + [0.5] * 30) == 5 + 15


def test_an_improvement_of_a_tenth_of_a_per_cent_or_less_is_none():
    assert epochs_of(paper(), [0.5] + [0.501] * 30) == 1 + 15
    assert epochs_of(paper(), [0.5] + [0.5011] * 30) == 2 + 15


def test_small_improvements_count_once_they_add_up():
    slow = [0.5 + 0.0004 * n for n in range(60)]  # 0.12 % in three epochs
    assert epochs_of(paper(), slow) is None


def test_one_late_improvement_starts_patience_anew():
    assert epochs_of(paper(), [0.5] + [0.4] * 14 + [0.6] + [0.5] * 30) == 16 + 15


def test_training_ends_at_max_epochs_at_the_latest():
    of = paper(convergence=Convergence(max_epochs=7))
    assert epochs_of(of, [n / 100 for n in range(20)]) == 7 == of.longest


def test_plateau_ends_when_patience_has_run_out_once_more_than_it_decays():
    of = Recipe(
        protocol="convergence",
        schedule=Schedule(name="plateau", decays=2),
        convergence=Convergence(patience=3),
    )
    assert epochs_of(of, [0.5] * 30) == 1 + 3 * 3


def test_a_fixed_number_of_epochs_ignores_accuracy():
    assert epochs_of(Recipe(epochs=20), [0.5] * 40) == 20


@given(st.lists(st.floats(0, 1), max_size=100), st.integers(1, 20))
def test_patience_runs_out_no_more_often_than_epochs_allow(accuracies, patience):
    rule = Convergence(patience=patience)
    times = [exhausted(accuracies[:n], rule) for n in range(len(accuracies) + 1)]
    assert times[0] == 0
    assert all(0 <= b - a <= 1 for a, b in itertools.pairwise(times))
    assert times[-1] <= len(accuracies) / patience


@given(st.lists(st.floats(0, 1), max_size=60), st.lists(st.floats(0, 1), max_size=20))
def test_training_that_is_over_stays_over(accuracies, more):
    of = paper(convergence=Convergence(patience=3))
    if finished(of, accuracies):
        assert finished(of, accuracies + more)


@given(st.integers(1, 30), st.integers(1, 60))
def test_a_training_that_always_improves_never_runs_out_of_patience(patience, epochs):
    rising = [0.01 * n for n in range(epochs)]
    assert exhausted(rising, Convergence(patience=patience)) == 0
