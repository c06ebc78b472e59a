"""Check a plan that was read from a file, before anything relies on it.

Open it when a key of ``plan.json`` is added. The trap: every job reads the whole plan, so that a
check must cost far less than reading does; a recipe that many trainings share is checked once.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mnbench.datasets import Dataset, ImageFolder
from mnbench.datasets.folders.description import CHANNELS
from mnbench.planning.parsing import parse
from mnbench.planning.recipe import TrainingRecipe

if TYPE_CHECKING:
    from mnbench.planning.lineage import Ensemble, Training
    from mnbench.planning.plan import Plan


def check_plan(plan: "Plan", source: str) -> None:
    """Check the types of a plan's values, and that trainings are of the plan's images.

    Args:
        plan: as read; its ids and networks are values already.
        source: the file's name, for errors.

    Raises:
        ValueError: a value has another type, or an id is of no training of the plan; in one line.
        UserError: a recipe is wrong.
    """
    _check_types(plan, "plan", study=str, device=str, data_root=str, download=bool)
    for dataset in plan.own_datasets:
        _check_dataset(dataset)
    contents = {dataset.name: dataset.content for dataset in plan.own_datasets}
    if len(contents) < len(plan.own_datasets):
        raise ValueError("own_datasets has a name twice")
    recipes: set[int] = set()
    for training in plan.trainings.values():
        _check_training(training)
        if training.data.get("content", "") != contents.get(training.id.dataset, ""):
            raise ValueError(f"{training.id}: data is of other images than own_datasets")
        if id(training.recipe) not in recipes:
            recipes.add(id(training.recipe))
            parse(TrainingRecipe, training.recipe, source=source, key="recipes")
    for ensemble in plan.ensembles:
        _check_ensemble(ensemble)
    for out in plan.left_out:
        texts = dict.fromkeys(("dataset", "architecture_set", "approach", "reason", "variant"), str)
        _check_types(out, "left_out", **texts)


def _check_dataset(dataset: Dataset) -> None:
    """Check a data set of a study's own: its numbers, and that they are its folder's."""
    place, folder = f"own_datasets: {dataset.name}", dataset.folder
    counts = ("image_size", "in_channels", "num_classes", "train_images", "test_images")
    _check_types(dataset, place, **dict.fromkeys(counts, int), folder=ImageFolder)
    for name in counts:
        if getattr(dataset, name) < 1:
            raise ValueError(f"{place}: {name} is no number of anything")
    if dataset.num_classes > dataset.train_images:
        raise ValueError(f"{place}: has more classes than images")
    assert folder is not None
    own = (dataset.name, dataset.image_size, dataset.in_channels)
    if own != (folder.name, folder.image_size, CHANNELS[folder.channels]):
        raise ValueError(f"{place}: is another data set than its folder's")


def _check_training(training: "Training") -> None:
    place = str(training.id)
    _check_types(training, place, role=str, recipe=dict, seed=int, data=dict, options=dict)
    _check_each(training.parent_hashes, str, f"{place}: parent_hashes")
    if training.data.get("dataset") != training.id.dataset:
        raise ValueError(f"{place}: data is of another data set")
    if not training.networks:
        raise ValueError(f"{place}: has no network")


def _check_ensemble(ensemble: "Ensemble") -> None:
    _check_types(ensemble, "ensembles", dataset=str, architecture_set=str, seed=int, approach=str)
    _check_types(ensemble, "ensembles", size=int, budget=(int, float), g=(int, type(None)))
    _check_types(ensemble, "ensembles", variant=str)
    if not ensemble.members:
        raise ValueError("an ensemble has no member")


def _check_types(value: Any, place: str, **kinds: Any) -> None:
    for key, kind in kinds.items():
        _check_each([getattr(value, key)], kind, f"{place}: {key}")


def _check_each(values: Iterable[Any], kind: Any, what: str) -> None:
    for value in values:
        # To Python true is a number.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f"{what} must be another type than {type(value).__name__}")
