"""From a checked study to its plan, by asking every approach for its lineage.

Open it to see in what order a plan is made. The trap: every approach itself is planned before all
variants, which share its trainings.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mnbench.architectures import Architecture, load_architectures, parameter_count
from mnbench.datasets import Dataset
from mnbench.errors import UserError
from mnbench.planning.config import Study
from mnbench.planning.images import check_shift, datasets_of
from mnbench.planning.lineage import Ensemble, LeftOut, Lineage, Training
from mnbench.planning.options import (
    PLAIN,
    RECIPE_KEY,
    VARIANTS_KEY,
    Configured,
    options_by_set,
)
from mnbench.planning.plan import Plan, union
from mnbench.planning.setting import Setting
from mnbench.planning.training_id import TrainingId


@dataclass(frozen=True)
class Approach:
    """A way to train an ensemble: its options in the configuration, and its lineage."""

    name: str
    options: type  # a pydantic dataclass
    lineage: Callable[[Setting, Any], Lineage]


def make_plan(study: Study, approaches: Mapping[str, Approach], *, source: str) -> Plan:
    """Return the plan of a study: every training and every ensemble.

    Args:
        study: the checked configuration.
        approaches: every approach that the checkout has, by name.
        source: the configuration file, for errors.

    Raises:
        UserError: an approach is unknown, an option is wrong, a network does not fit a data set's
            images, or nothing would be trained; names the key.
    """
    kinds = {name: approach.options for name, approach in approaches.items()}
    options = options_by_set(study, kinds, source=source)
    datasets = datasets_of(study, source=source)
    trainings: list[Training] = []
    ensembles: list[Ensemble] = []
    left_out: dict[LeftOut, None] = {}
    varied_study = any(len(used) > 1 for of_set in options.values() for used in of_set.values())
    for setting in _settings(study, datasets.values(), source):
        planned: dict[str, Training] = {}
        for name, variant, configured in _plain_first(options[setting.architecture_set]):
            if variant != PLAIN:
                _check_variant(configured, setting, f"approaches.{name}.{VARIANTS_KEY}.{variant}")
            varied = replace(setting, recipe=configured.recipe, variant=variant, planned=planned)
            lineage = approaches[name].lineage(varied, configured.options)
            trainings += lineage.trainings
            ensembles += lineage.ensembles
            if variant == PLAIN and varied_study:
                planned |= {training.content_hash: training for training in lineage.trainings}
            if lineage.left_out:
                place = (setting.dataset.name, setting.architecture_set, name)
                left_out[LeftOut(*place, lineage.left_out, variant)] = None
    if not trainings:
        raise UserError(f"{source}: key 'approaches': {_why_nothing(left_out)}")
    _check_each_once(trainings, source)
    return Plan(
        study.study,
        union(trainings),
        tuple(ensembles),
        tuple(left_out),
        study.device,
        study.data.root,
        study.data.download,
        tuple(dataset for dataset in datasets.values() if dataset.folder is not None),
    )


def _check_variant(configured: Configured, setting: Setting, key: str) -> None:
    """Check what the study's own recipe was checked for."""
    try:
        check_shift(configured.recipe, setting.dataset, f"{key}.{RECIPE_KEY}")
    except UserError as error:
        raise UserError(f"{setting.source}: {error}") from None


def _plain_first(
    options: Mapping[str, Mapping[str, Configured]],
) -> Iterator[tuple[str, str, Configured]]:
    """Yield approach, variant and options; every approach itself before all variants."""
    for wanted in (True, False):
        for approach, variants in options.items():
            for variant, configured in variants.items():
                if (variant == PLAIN) is wanted:
                    yield approach, variant, configured


def _check_each_once(trainings: Iterable[Training], source: str) -> None:
    """Check that a name is one training, and a training has one name.

    Within an approach its own checks see to it; Full Data's networks have several approaches that
    ask for them, each at budgets of its own.

    Raises:
        UserError: names two trainings.
    """
    by_name: dict[TrainingId, str] = {}
    by_content: dict[str, TrainingId] = {}
    for training in trainings:
        if by_name.setdefault(training.id, training.recipe_hash) != training.recipe_hash:
            raise UserError(
                f"{source}: key 'approaches': two different trainings would be called "
                f"'{training.id}'; give networks other names, and budgets that differ in their "
                "first six digits"
            )
        other = by_content.setdefault(training.content_hash, training.id)
        # An untrained MotherNet is the same at every budget, and costs nothing.
        if other != training.id and training.recipe["epochs"]:
            raise UserError(
                f"{source}: key 'approaches': '{other}' and '{training.id}' would be the same "
                "training; give budgets that are equal or differ in whole epochs"
            )


def _why_nothing(left_out: Iterable[LeftOut]) -> str:
    """Return in one line why a study trains nothing."""
    reasons = dict.fromkeys(
        f"{out.name} leaves out '{out.architecture_set}', since {out.reason}" for out in left_out
    )
    return "nothing would be trained: " + "; ".join(
        [*reasons, "change their options, or add an approach or architecture set"]
    )


def _settings(study: Study, datasets: Iterable[Dataset], source: str) -> Iterator[Setting]:
    """Yield every (data set, architecture set, seed) of a study."""
    members = {
        architecture_set: load_architectures(architecture_set)
        for architecture_set in study.architecture_sets
    }
    for dataset in datasets:
        for architecture_set in study.architecture_sets:
            _check_networks(dataset, architecture_set, members[architecture_set], source)
            for seed in study.seeds:
                yield Setting(
                    study=study,
                    dataset=dataset,
                    architecture_set=architecture_set,
                    members=members[architecture_set],
                    seed=seed,
                    source=source,
                    recipe=study.recipe,
                )


def _check_networks(
    dataset: Dataset, architecture_set: str, members: Sequence[Architecture], source: str
) -> None:
    """Check that every network fits the data set's images, before anything runs."""
    for network in members:
        try:
            parameter_count(network, **dataset.image_shape)
        except UserError as error:
            raise UserError(
                f"{source}: key 'architecture_sets': '{architecture_set}' is not for "
                f"{dataset.title}: {error}"
            ) from None
