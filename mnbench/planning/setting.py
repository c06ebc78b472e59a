"""A setting: one data set, architecture set and seed of a study, in which an approach plans.

Open it to write an approach: :class:`Setting` is what its ``lineage`` is a function of. The trap:
the seed of a training is derived from its name without the budget, so that trainings of several
budgets begin with the same weights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from mnbench.architectures import Architecture
from mnbench.datasets import Dataset
from mnbench.errors import UserError
from mnbench.planning.config import Study
from mnbench.planning.lineage import Ensemble, Training
from mnbench.planning.options import PLAIN, VARIANTS_KEY, place_of
from mnbench.planning.recipe import Recipe
from mnbench.planning.seeds import derive_seed
from mnbench.planning.training_id import TrainingId

CONTENT_DIGITS = 8  # of a recipe hash, in the name of a variant's training


@dataclass(frozen=True)
class Setting:
    """One (data set, architecture set, seed) of a study: what a lineage is a function of."""

    study: Study
    dataset: Dataset
    architecture_set: str
    members: tuple[Architecture, ...]
    seed: int
    source: str  # the configuration file, for errors
    recipe: Recipe  # from which approaches derive theirs: the study's, or a variant's
    variant: str = PLAIN
    planned: Mapping[str, Training] = field(default_factory=dict)  # to share, by content

    def training(
        self,
        approach: str,
        name: str,
        *networks: Architecture,
        recipe: Recipe,
        role: str = "member",
        parents: Sequence[Training] = (),
        options: Mapping[str, Any] | None = None,
        budget: float = 1.0,
        epochs: int | None = None,
        variant: str = "",
    ) -> Training:
        """Return a training of this setting, its id and seed made from *approach* and *name*.

        A training of another budget or variant has the same seed and hence the same initial
        weights. In a variant of the approach, a training that the approach has without it, at
        whatever budget, is that training. Another one is named by what decides it, not by the
        variant's name, so that it is shared between variants and found again when one is renamed.

        Args:
            approach: whose module trains it.
            name: unique among the trainings of this approach, setting and budget.
            networks: the networks to train; several are trained jointly.
            recipe: how to train them, at budget 1.
            role: "member" or "mothernet".
            parents: the trainings whose records it starts from.
            options: what the approach's ``train`` needs to know.
            budget: multiple of the recipe's epochs.
            epochs: how many there are instead; None is what recipe and budget give.
            variant: tells it from another training of this name, as a part of the id.
        """
        suffix = (f"_{variant}" if variant else "") + ("" if budget == 1 else f"@{budget:g}")
        place = (self.dataset.name, self.architecture_set, self.seed, approach)
        training = Training(
            id=TrainingId(*place, f"{name}{suffix}"),
            role=role,
            networks=networks,
            recipe=_plain(recipe.with_budget(budget)) | ({"epochs": epochs} if epochs else {}),
            seed=derive_seed(self.seed, approach, name),
            data=self.study.data.of_seed(self.dataset, self.seed),
            parents=tuple(parent.id for parent in parents),
            parent_hashes=tuple(parent.recipe_hash for parent in parents),
            options=dict(options or {}),
        )
        if not self.variant:
            return training
        content = training.content_hash
        if content in self.planned:
            return self.planned[content]
        return replace(training, id=TrainingId(*place, f"{name}_{content[:CONTENT_DIGITS]}"))

    def ensembles(
        self,
        approach: str,
        members: Sequence[Training],
        *,
        sizes: Sequence[int] | None = None,
        g: int | None = None,
        budget: float = 1.0,
        variant: str = "",
    ) -> tuple[Ensemble, ...]:
        """Return the ensembles of sizes 1 to k: the first m of *members* each.

        Args:
            approach: whose ensembles they are.
            members: trainings, in the order in which sizes count them.
            sizes: the sizes m; 1 to k unless given.
            g: number of clusters.
            budget: multiple of the recipe's epochs.
            variant: what else tells these from the approach's others, in words, two at least: one
                word would be a variant's name in the configuration. "" is the approach as the study
                sets it: what claims are judged by and figures label.
        """
        if variant and " " not in variant:
            raise ValueError(f"{approach}: the variant {variant!r} is one word; use more")
        ids = tuple(member.id for member in members)
        return tuple(
            Ensemble(
                dataset=self.dataset.name,
                architecture_set=self.architecture_set,
                seed=self.seed,
                approach=approach,
                size=size,
                members=ids[:size],
                g=g,
                budget=budget,
                variant=", ".join(filter(None, [self.variant, variant])),
            )
            for size in sizes or range(1, len(members) + 1)
        )

    def refuse(self, approach: str, option: str, problem: str) -> UserError:
        """Return the error for an option of an approach that this setting does not allow."""
        place = place_of(self.study, self.architecture_set, approach, option, self.variant)
        hidden = self.variant and f".{VARIANTS_KEY}.{self.variant}." not in place
        where = f" (in its variant '{self.variant}')" if hidden else ""
        return UserError(f"{self.source}: key '{place}'{where}: {problem}")

    def left_out(self, reasons: Mapping[int, str | None]) -> str | None:
        """Return in one line why an approach leaves out sizes, or None where it leaves out none.

        Sizes are named where the approach takes others, or has another reason for others.

        Args:
            reasons: for each size that the study asks for, why its networks cannot be trained, or
                None if they can.
        """
        sizes: dict[str | None, list[int]] = {}
        for size, reason in reasons.items():
            sizes.setdefault(reason, []).append(size)
        if len(sizes) == 1:
            return next(iter(sizes))
        return "; ".join(
            f"size{'s' * (len(out) > 1)} {', '.join(map(str, out))}: {reason}"
            for reason, out in sizes.items()
            if reason
        )

    def check_budgets(
        self,
        approach: str,
        budgets: Sequence[float],
        recipe: Recipe,
        option: str = "budgets",
        *,
        then: float = 1.0,
    ) -> None:
        """Check that every budget makes a training of its own.

        Args:
            approach: whose they are.
            budgets: multiples of the epochs of *recipe*.
            recipe: of the trainings.
            option: the key of *budgets*.
            then: another multiple that the trainings have, taken of whole epochs afterwards.

        Raises:
            UserError: two budgets give the same number of epochs, or a budget is not 1 under the
                protocol "convergence", where a training ends by itself.
        """
        epochs = [recipe.with_budget(budget).with_budget(then).epochs for budget in budgets]
        if recipe.protocol == "epochs" and len(set(epochs)) < len(epochs):
            raise self.refuse(
                approach,
                option,
                f"{list(budgets)} of {recipe.epochs} epochs give {epochs} epochs"
                f"{'' if then == 1 else f' at budget {then:g}'}; "
                "give budgets that differ in whole epochs",
            )
        if recipe.protocol == "convergence" and tuple(budgets) != (1,):
            raise self.refuse(
                approach,
                option,
                "under recipe.protocol 'convergence' a training ends by itself; allowed: [1]",
            )


@cache
def _plain(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe as plain values; trainings share them and nobody changes them."""
    return recipe.plain()
