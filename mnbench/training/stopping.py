"""When training ends: after a number of epochs, or by the paper's convergence rule.

Open it to change the rule. The trap: it reads training accuracies, never validation or test ones.
"""

from collections.abc import Sequence

from mnbench.planning.recipe import Convergence, Recipe


def finished(recipe: Recipe, train_accuracies: Sequence[float]) -> bool:
    """Return whether a training with these epochs behind it is over.

    Under the protocol "convergence" it ends when the training accuracy has not improved by more
    than ``min_improvement`` for ``patience`` epochs (unverified). With the schedule "plateau" the
    learning rate decays instead the first ``decays`` times.

    Args:
        recipe: the protocol.
        train_accuracies: one fraction for every epoch done.
    """
    if len(train_accuracies) >= recipe.longest:
        return True
    if recipe.protocol == "epochs":
        return False
    return ended_by(recipe, train_accuracies) == "rule"


def ended_by(recipe: Recipe, train_accuracies: Sequence[float]) -> str:
    """Return what ended a training: *epochs* (a fixed number), the *rule*, or a *cap* (max_epochs).

    Args:
        recipe: the protocol.
        train_accuracies: one fraction for every epoch.
    """
    if recipe.protocol == "epochs":
        return "epochs"
    allowed = recipe.schedule.decays if recipe.schedule.name == "plateau" else 0
    return "rule" if exhausted(train_accuracies, recipe.convergence) > allowed else "cap"


def exhausted(train_accuracies: Sequence[float], rule: Convergence) -> int:
    """Return how many times patience has run out; it starts anew each time."""
    best, waited, times = float("-inf"), 0, 0
    for accuracy in train_accuracies:
        if accuracy > best + rule.min_improvement:
            best, waited = accuracy, 0
        else:
            waited += 1
        if waited == rule.patience:
            waited, times = 0, times + 1
    return times
