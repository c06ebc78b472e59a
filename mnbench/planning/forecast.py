"""The forecast: how many networks each approach of a plan trains, and what that will cost.

Open it to change what a dry run prints. The trap: a training that several approaches share counts
for the approach that trains it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from mnbench.architectures import Architecture, forward_flops, training_flops
from mnbench.datasets import Dataset
from mnbench.planning.lineage import Training
from mnbench.planning.parsing import parse
from mnbench.planning.plan import Plan
from mnbench.planning.recipe import Augmentation, TrainingRecipe


@dataclass(frozen=True)
class Forecast:
    """One approach's part of a plan; a shared training counts for the approach that trains it."""

    approach: str
    trainings: int = 0
    networks: int = 0  # more than trainings where networks are trained jointly
    training_flops: int = 0  # at most
    open_end: bool = False  # some training ends when it has converged, and may cost less


def forecast(plan: Plan) -> tuple[Forecast, ...]:
    """Return what each approach will train, in the plan's order of approaches.

    Training FLOPs are those of one image by formula, times the images, times the recipe's epochs.
    A teacher (a parent of another approach) predicts each image once, or in every epoch where
    images are augmented. Layers that jointly trained networks share are counted for each network.
    """
    approaches = dict.fromkeys(row.approach for row in plan.ensembles)
    approaches |= dict.fromkeys(training.approach for training in plan.trainings.values())
    parts: Mapping[str, list[Training]] = {approach: [] for approach in approaches}
    for training in plan.trainings.values():
        parts[training.approach].append(training)
    return tuple(_part(approach, trainings, plan) for approach, trainings in parts.items())


def overview(plan: Plan) -> str:
    """Return a plan's forecast as a text table, with a line for each approach left out."""
    lines = [_table(forecast(plan))]
    reasons: dict[tuple[str, str, str], list[str]] = {}
    for out in plan.left_out:
        reasons.setdefault((out.name, out.architecture_set, out.reason), []).append(out.dataset)
    lines += [
        f"{approach} leaves out {architecture_set} ({', '.join(datasets)}): {reason}"
        for (approach, architecture_set, reason), datasets in reasons.items()
    ]
    return "\n".join(lines)


def _table(rows: tuple[Forecast, ...]) -> str:
    """Return a line for each approach and one for their total."""
    total = Forecast(
        "total",
        sum(row.trainings for row in rows),
        sum(row.networks for row in rows),
        sum(row.training_flops for row in rows),
        any(row.open_end for row in rows),
    )
    width = max(len(row.approach) for row in (*rows, total))
    head = f"{'approach':<{width}}  {'trainings':>9}  {'networks':>8}  predicted training TFLOPs"
    return "\n".join([head, *(_line(row, width) for row in (*rows, total))])


def _line(row: Forecast, width: int) -> str:
    if row.trainings == 0:
        return f"{row.approach:<{width}}  {0:>9}  {0:>8}  trained by others"
    cost = f"{'at most ' if row.open_end else ''}{_teraflops(row.training_flops)}"
    return f"{row.approach:<{width}}  {row.trainings:>9,}  {row.networks:>8,}  {cost}"


def _teraflops(flops: int) -> str:
    """Return FLOPs as figures and tables say them: in TFLOPs, with three digits at least."""
    value = flops / 1e12
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _part(approach: str, trainings: list[Training], plan: Plan) -> Forecast:
    return Forecast(
        approach,
        len(trainings),
        sum(len(training.networks) for training in trainings),
        sum(predicted_training_flops(training, plan) for training in trainings),
        any(training.recipe["protocol"] == "convergence" for training in trainings),
    )


def predicted_training_flops(training: Training, plan: Plan) -> int:
    """Return the maximum FLOPs of a training, its teachers' predictions included."""
    dataset = plan.dataset(training.id.dataset)
    teachers = [plan.trainings[teacher] for teacher in plan.teachers(training.id)]
    trained = recipe_of(training).longest * _per_image(training, dataset, training_flops)
    taught = sum(_per_image(teacher, dataset, forward_flops) for teacher in teachers)
    return training_images(plan, training) * trained + taught_images(plan, training) * taught


def training_images(plan: Plan, training: Training) -> int:
    """Return the number of images in an epoch of a training."""
    held_out = training.data["validation_images"] + training.data.get("development_images", 0)
    rest = plan.dataset(training.id.dataset).train_images - held_out
    return int(training.data["train_images"] or rest)


def taught_images(plan: Plan, training: Training) -> int:
    """Return the images that each teacher of a training predicts: an epoch's, or all epochs'."""
    recipe = recipe_of(training)
    # Images that look the same in each epoch are predicted once.
    epochs = 1 if recipe.augmentation == Augmentation() else recipe.longest
    return epochs * training_images(plan, training)


def recipe_of(training: Training) -> TrainingRecipe:
    """Return a training's recipe as a value; a plan has each recipe many times."""
    return _recipe(json.dumps(training.recipe))


@cache
def _recipe(text: str) -> TrainingRecipe:
    return parse(TrainingRecipe, json.loads(text), source="plan", key="recipe")


def _per_image(training: Training, dataset: Dataset, count: Callable[..., int]) -> int:
    return sum(counted(network, dataset, count) for network in training.networks)


@cache
def counted(network: Architecture, dataset: Dataset, count: Callable[..., int]) -> int:
    """Return a count of a network for a data set's images; a plan has each network many times."""
    return count(network, **dataset.image_shape)
