"""Splits: how a budget is divided between MotherNets and hatched networks, and what that costs.

Open it to change which configurations `mnbench plan --budget` can propose. The trap: a network that
is its own MotherNet has the recipe's epochs, whatever ``mothernet.epochs`` says; only ``budgets``
changes both.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mnbench.errors import UserError
from mnbench.planning.config import Study, name_of_dataset
from mnbench.planning.forecast import forecast
from mnbench.planning.lineage import Ensemble, Training
from mnbench.planning.options import SETS_KEY, VARIANTS_KEY, overridden
from mnbench.planning.plan import Plan
from mnbench.planning.planner import Approach, make_plan

HATCHING = "mothernets"  # the approach whose budgets are split


@dataclass(frozen=True, order=True)
class BudgetSplit:
    """What an ensemble of MotherNets trains: clusters, and epochs before and after hatching."""

    g: int
    scratch: int  # epochs of a MotherNet, and of a network that is its own MotherNet
    hatched: int  # epochs of a hatched network; 0 where g is the ensemble size


@dataclass(frozen=True)
class Candidate:
    """A split as options of MotherNets, with the forecast of its cost."""

    split: BudgetSplit
    options: dict[str, Any]  # all that the configuration says of MotherNets
    training_flops: int  # of one seed's ensemble of all networks


def _factors(split: BudgetSplit, usual: int) -> list[tuple[float, int]]:
    """Return factors of epochs that plan a split, with the epochs that hatched networks then have.

    Both kinds of training are rounded to whole epochs, so that several factors may do, or none.

    >>> _factors(BudgetSplit(2, 14, 5), usual=10)
    [(1.363, 4)]
    """
    least, most = ((split.scratch + half) / usual for half in (-0.5, 0.5))
    found = []
    for epochs in range(1, round((split.hatched + 0.5) / least) + 1):
        low = max(least, (split.hatched - 0.5) / epochs)
        high = min(most, (split.hatched + 0.5) / epochs)
        exact = split.scratch / usual
        if low < high:
            within = exact if low < exact < high else (low + high) / 2
            found.append((float(f"{within:.4g}"), epochs))
    return sorted(found, key=lambda one: abs(one[0] - split.scratch / usual))


def split_of(plan: Plan, ensemble: Ensemble) -> BudgetSplit | None:
    """Return how the training of an ensemble is split.

    Returns:
        None where it is no split: networks of a kind have different epochs, a MotherNet has none,
        or a hatched network is trained in several cycles.
    """
    lineage = [plan.trainings[id] for id in plan.lineage(ensemble.members)]
    hatched = [one for one in lineage if one.parents and one.role == "member"]
    if any(plan.trainings[id].parents for one in hatched for id in one.parents):
        return None  # of a tree, or of MotherNets that are hatched themselves
    before = {_epochs(one) for one in lineage if not one.parents}
    after = {_epochs(one) for one in hatched} or {0}
    if len(before) > 1 or len(after) > 1 or any("cycle" in one.options for one in hatched):
        return None
    if 0 in before:
        return None  # all goes to hatched networks; the error is modelled over log epochs
    return BudgetSplit(ensemble.g or ensemble.size, *before, *after)


def _epochs(training: Training) -> int:
    return int(training.recipe["epochs"])


@dataclass(frozen=True)
class SplitPlanner:
    """Plans splits for one data set and architecture set of a study."""

    study: Study
    approaches: Mapping[str, Approach]
    source: str  # the configuration file, for errors
    dataset: str
    architecture_set: str

    def candidate(self, split: BudgetSplit) -> Candidate | None:
        """Return a split with its options and cost; None where no options plan it."""
        for options in self._spellings(split):
            plan = self._plan(options)
            ensembles = plan.ensembles if plan else ()
            if plan and split_of(plan, max(ensembles, key=lambda one: one.size)) == split:
                cost = sum(part.training_flops for part in forecast(plan))
                return Candidate(split, options, cost)
        return None

    def _plan(self, options: dict[str, Any]) -> Plan | None:
        """Return the plan of one seed with these options, or None where they are refused."""
        study = replace(
            self.study,
            datasets=tuple(
                one for one in self.study.datasets if name_of_dataset(one) == self.dataset
            ),
            architecture_sets=(self.architecture_set,),
            seeds=self.study.seeds[:1],
            approaches={HATCHING: options},
        )
        try:
            return make_plan(study, self.approaches, source=self.source)
        except UserError:  # the study itself was planned: so this split does not suit its options
            return None

    def _spellings(self, split: BudgetSplit) -> Iterator[dict[str, Any]]:
        """Yield options that may plan a split, the plainest first."""
        usual = self.study.recipe.epochs
        factor = float(f"{split.scratch / usual:.6g}")
        if not split.hatched:
            yield self._options({"g": [split.g], "budgets": [factor]})
            return
        own = {"mothernet": {"epochs": split.scratch}, "hatched": {"epochs": split.hatched}}
        yield self._options({"g": [split.g]} | own)
        # Networks that are their own MotherNet follow `budgets` alone.
        for factor, longer in _factors(split, usual):
            own = {"mothernet": {"epochs": usual}, "hatched": {"epochs": longer}}
            yield self._options({"g": [split.g], "budgets": [factor]} | own)

    def _options(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Return the study's options of MotherNets with *changes*, and without other budgets."""
        own = dict(self.study.approaches.get(HATCHING) or {})
        sets = own.pop(SETS_KEY, None)
        of_set = sets.get(self.architecture_set) if isinstance(sets, Mapping) else None
        options = overridden(own, of_set or {})
        hatched = {
            key: value for key, value in options.get("hatched", {}).items() if key != "budgets"
        }
        options = {
            key: value
            for key, value in (options | {"hatched": hatched}).items()
            if key not in ("g", "budgets", VARIANTS_KEY) and value != {}
        }
        if changes.get("budgets") == [1]:
            changes = {key: value for key, value in changes.items() if key != "budgets"}
        return dict(overridden({"g": changes["g"]} | options, changes))
