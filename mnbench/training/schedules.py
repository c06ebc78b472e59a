"""Learning-rate schedules: pure functions of the step, and of the epochs already done.

Open it to add a schedule; its name goes into :class:`mnbench.planning.recipe.Schedule` as well. The
trap: the plateau schedule and the end of training count patience by one rule, in
:mod:`mnbench.training.stopping`.
"""

import math
from collections.abc import Sequence

from mnbench.planning.recipe import Recipe
from mnbench.training.stopping import exhausted


def learning_rate(
    recipe: Recipe, step: int, steps: int, train_accuracies: Sequence[float] = ()
) -> float:
    """Return the learning rate of one step.

    "cosine" without warm-up over the steps of one cycle is the Snapshot Ensembles schedule
    (Huang et al. 2017, equation 2): rate / 2 * (cos(pi * step / steps) + 1). With ``stable`` the
    rate stays at its peak first: warm-up, stable, decay (Hu et al. 2024, "MiniCPM", section 4.3).

    Args:
        recipe: names the schedule and its peak rate.
        step: 0-based.
        steps: the training's maximum number of steps.
        train_accuracies: of the epochs done, for "plateau".
    """
    schedule, peak = recipe.schedule, recipe.optimiser.learning_rate
    warmup = round(schedule.warmup * steps)
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    # Each share is rounded by itself: in few steps they may leave none to decay in.
    stable = min(round(schedule.stable * steps), steps - warmup - 1)
    progress = max(0, step - warmup - stable) / (steps - warmup - stable)
    match schedule.name:
        case "cosine":
            return peak / 2 * (math.cos(math.pi * progress) + 1)
        case "linear":
            return peak * (1 - progress)
        case "step":
            return peak * schedule.decay ** sum(progress >= m for m in schedule.milestones)
        case "plateau":
            return peak * schedule.decay ** exhausted(train_accuracies, recipe.convergence)
        case "constant":
            return peak


def epoch_rates(
    recipe: Recipe, epoch: int, steps: int, train_accuracies: Sequence[float]
) -> list[float]:
    """Return the learning rates of one epoch's steps.

    Args:
        recipe: the training's.
        epoch: 1-based.
        steps: of each epoch.
        train_accuracies: of the epochs done.
    """
    first, longest = (epoch - 1) * steps, steps * recipe.longest
    return [
        learning_rate(recipe, step, longest, train_accuracies)
        for step in range(first, first + steps)
    ]
