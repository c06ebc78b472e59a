"""The study: what a configuration file may say, checked in full before anything runs.

Open it to learn what a key means, or to add one. Every field's description and example become
documentation (:mod:`mnbench.report.configuration`). The trap: the options of an approach are
checked by :mod:`mnbench.planning.options`, since only ``baselines/`` knows them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Discriminator, Field, Tag, WithJsonSchema
from pydantic.dataclasses import dataclass

from mnbench.architectures import ARCHITECTURE_SETS
from mnbench.datasets import DATASETS, SAMPLE_SEED, Dataset, ImageFolder
from mnbench.errors import UserError, choices
from mnbench.files import file_name
from mnbench.planning.parsing import parse
from mnbench.planning.protocols import check_protocol
from mnbench.planning.recipe import CONFIG, Recipe
from mnbench.planning.seeds import sample_seed

T = TypeVar("T")

LARGEST_SEED = 2**32 - 1  # as numpy's; the name of a folder has all of its digits
COST_AXES = ("cpu_seconds", "device_seconds", "training_flops", "examples")
FORMER_KEYS = MappingProxyType({"ensembles": "architecture_sets"})  # still valid
TIMES = COST_AXES[:2]  # no measure of anything where a training had to share its device


def _one_of(what: str, allowed: tuple[str, ...]) -> AfterValidator:
    def check(name: str) -> str:
        if name not in allowed:
            raise ValueError(f"unknown {what} '{name}'; {choices(name, allowed)}")
        return name

    return AfterValidator(check)


def _enumeration(allowed: tuple[str, ...]) -> WithJsonSchema:
    """Return what an editor needs to complete a name."""
    return WithJsonSchema({"type": "string", "enum": list(allowed)})


def _distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    if twice := [value for value in values if values.count(value) > 1]:
        raise ValueError(f"{twice[0]!r} is given twice; give each once")
    return values


def _of_its_own(entry: ImageFolder) -> ImageFolder:
    if entry.name in DATASETS:
        raise ValueError(f"the name '{entry.name}' is of another data set; give one of your own")
    return entry


def _distinct_datasets(entries: tuple[str | ImageFolder, ...]) -> tuple[str | ImageFolder, ...]:
    _distinct(tuple(map(name_of_dataset, entries)))
    return entries


def name_of_dataset(entry: str | ImageFolder) -> str:
    """Return the name of a data set, as a study's list of them has it."""
    return entry if isinstance(entry, str) else entry.name


_DATASETS = tuple(DATASETS)
Distinct = AfterValidator(_distinct)
DatasetName = Annotated[str, _one_of("data set", _DATASETS), _enumeration(_DATASETS)]
# Tags in brackets: parsing leaves them out of a key's place.
DatasetEntry = Annotated[
    Annotated[DatasetName, Tag("[name]")]
    | Annotated[ImageFolder, AfterValidator(_of_its_own), Tag("[folder]")],
    Discriminator(lambda value: "[folder]" if isinstance(value, dict | ImageFolder) else "[name]"),
]
ArchitectureSetName = Annotated[
    str, _one_of("architecture set", ARCHITECTURE_SETS), _enumeration(ARCHITECTURE_SETS)
]
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]
Budget = Annotated[float, Field(gt=0, le=1000)]
Budgets = Annotated[
    tuple[Budget, ...],
    Field(
        min_length=1,
        description="Budgets: multiples of the epochs of every training. Each is a point of the "
        "approach's cost-error curve. Under the protocol `convergence` only 1 is allowed.",
        examples=[(0.5, 1, 2)],
    ),
    Distinct,
]
ArchitectureSetNames = Annotated[tuple[ArchitectureSetName, ...], Field(min_length=1), Distinct]
CostAxis = Annotated[str, _one_of("cost axis", COST_AXES), _enumeration(COST_AXES)]


@dataclass(frozen=True, config=CONFIG)
class Data:
    """Which images are used, and where they are."""

    root: str = Field(
        default="data",
        description="Folder of the data sets that do not come with the package. A relative path "
        "starts at the working directory.",
        examples=["/datasets"],
    )
    download: bool = Field(
        default=False,
        description="Whether missing data sets are downloaded into `root`.",
        examples=[True],
    )
    train_images: int | None = Field(
        default=None,
        gt=0,
        description="Number of training images. They are the first of each class in the files' "
        "order; every class keeps its share of the whole. `null`, the default, takes all images "
        "that are not held out.",
        examples=[12000],
    )
    sample: Literal["fixed", "per_seed"] = Field(
        default="fixed",
        description="Which training images a seed has. `fixed`, the default: all seeds have the "
        "same. `per_seed`: each seed draws `train_images` anew from all that are not held out, the "
        "same for all its approaches; every class keeps its share. Intervals then cover which of "
        "these images are drawn: given the pool of N, the variance of drawing n is 1 - n/N times "
        "that of drawing from the population. At most half of the pool can be drawn.",
        examples=["per_seed"],
    )
    validation_images: int = Field(
        default=5000,
        gt=0,
        description="Number of images held out of the official training images. They are the last "
        "of each class in the files' order; every class keeps its share.",
        examples=[2000],
    )
    development_images: int = Field(
        default=0,
        ge=0,
        description="Number of images held out beside those, on which to choose methods: `mnbench "
        "tables --on development`. The test images are then left for confirming. Nothing else uses "
        "them; they lie before the validation images.",
        examples=[5000],
    )

    @property
    def numbers(self) -> dict[str, int | None]:
        """How many images each part has, by key; a part that a study does not have has no key."""
        numbers = {
            "train_images": self.train_images,
            "validation_images": self.validation_images,
            "development_images": self.development_images,
        }
        return {key: n for key, n in numbers.items() if key != "development_images" or n}

    def of_seed(self, dataset: Dataset, seed: int) -> dict[str, Any]:
        """Return all that decides the images of a seed's trainings: plain values for a plan."""
        data: dict[str, Any] = {**dataset.identity, **self.numbers}
        return data | {SAMPLE_SEED: sample_seed(seed)} if self.sample == "per_seed" else data


@dataclass(frozen=True, config=CONFIG)
class Study:
    """A study: which approaches train which architecture sets, on which images, by which recipe."""

    study: Annotated[str, AfterValidator(file_name)] = Field(
        description="Name of the study. Results are written to `results/<study>/`.",
        examples=["my-study"],
    )
    datasets: Annotated[
        tuple[DatasetEntry, ...], Field(min_length=1), AfterValidator(_distinct_datasets)
    ] = Field(
        description="Data sets. `fashion_mnist` comes with the package; the other names are read "
        "from `data.root`. An entry that is a mapping is a folder of images of your own.",
        examples=[
            ("fashion_mnist",),
            ({"name": "flowers", "folder": "../flowers", "image_size": 32, "test": 0.2},),
        ],
    )
    architecture_sets: ArchitectureSetNames = Field(
        description="Architecture sets: named lists of networks. Each becomes an ensemble of "
        "every approach. Names that end in `-small` suit a CPU.",
        examples=[("v5-small",)],
    )
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1), Distinct] = Field(
        description="Seeds. The whole study is repeated for each. Intervals over seeds need "
        "at least two, p-values at least three.",
        examples=[(0, 1, 2)],
    )
    approaches: Annotated[dict[str, dict[str, Any] | None], Field(min_length=1)] = Field(
        description="Approaches to compare, each with its options. An approach without options, "
        "`full_data:`, has all of them at their defaults.",
        examples=[{"full_data": None, "mothernets": {"g": [1, 2, 5]}}],
    )
    data: Data = Data()
    recipe: Recipe = Recipe()
    costs: Annotated[tuple[CostAxis, ...], Field(min_length=1), Distinct] = Field(
        default=("training_flops", "cpu_seconds"),
        description="Cost axes of figures and comparisons. Claims are judged on the first. "
        "`training_flops` (floating-point operations by formula) and `examples` (training images "
        "seen) are exact. `cpu_seconds` (CPU time) and `device_seconds` (wall time on the "
        "device) are measured.",
        examples=[("training_flops", "device_seconds")],
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto",
        description="Where networks are trained. `auto`, the default, is a GPU if torch can use "
        "one.",
        examples=["cpu"],
    )

    @property
    def dataset_names(self) -> tuple[str, ...]:
        """The names of the data sets."""
        return tuple(map(name_of_dataset, self.datasets))


def read_study(config: Mapping[str, Any], *, source: str) -> Study:
    """Check a configuration and return it as a value.

    Args:
        config: plain values, as YAML gives them.
        source: the file's name, for errors.

    Raises:
        UserError: names the file, the key, what is wrong and what is allowed.
    """
    config = _in_todays_words(config, source)
    study = parse(Study, config, source=source)
    check_protocol(config.get("recipe"), study.recipe, source=source, key="recipe")
    return study


def _in_todays_words(config: Mapping[str, Any], source: str) -> Mapping[str, Any]:
    """Return a configuration with the keys of :data:`FORMER_KEYS` called as they are now.

    Raises:
        UserError: a mapping has a key by its former and by its present name.
    """

    def renamed(values: Any, key: str) -> Any:
        if not isinstance(values, Mapping):
            return values
        for former, present in FORMER_KEYS.items():
            if former in values and present in values:
                raise UserError(
                    f"{source}: key '{key}{former}' is the former name of '{key}{present}', which "
                    "is given as well; give one of them"
                )
        return {FORMER_KEYS.get(name, name): value for name, value in values.items()}

    config = renamed(config, "")
    if isinstance(config, Mapping) and isinstance(config.get("approaches"), Mapping):
        approaches = {
            name: renamed(options, f"approaches.{name}.")
            for name, options in config["approaches"].items()
        }
        config = {**config, "approaches": approaches}
    return config
