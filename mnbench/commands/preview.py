"""``mnbench preview``: the clusters, MotherNets and predicted cost of an architecture set.

Open this when you choose g for a study. The trap: numbers that are not typed are those of the
checkout's ``config/default.yaml``, whatever your own study says.
"""

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import asdict

from mnbench.checkout import find_checkout
from mnbench.commands.arguments import (
    add_architecture_set,
    fraction,
    positive,
    whole_number,
)
from mnbench.commands.command import Command
from mnbench.datasets import DATASETS
from mnbench.errors import UserError

DEFAULT_STUDY = "config/default.yaml"
MINIMUM, ALL = "minimum", "all"  # numbers of clusters, as a configuration says them
FORMER_MINIMUM = "least"  # still valid


def _clusters(text: str) -> int | str:
    if text in (MINIMUM, FORMER_MINIMUM):
        return MINIMUM
    if text == ALL:
        return ALL
    if (number := whole_number(text)) is None:
        raise ArgumentTypeError(f"must be a whole number, '{MINIMUM}' or '{ALL}', got '{text}'")
    return number


def _add_arguments(parser: ArgumentParser) -> None:
    add_architecture_set(parser)
    parser.add_argument(
        "--g",
        type=_clusters,
        metavar="CLUSTERS",
        default=MINIMUM,
        help=f"a number of clusters, '{MINIMUM}' or '{ALL}' (default: {MINIMUM})",
    )
    parser.add_argument(
        "--tau",
        type=fraction,
        metavar="FRACTION",
        default=0.0,
        help="minimum fraction of a member's parameters that come from its MotherNet (default: 0)",
    )
    parser.add_argument(
        "--cluster-by",
        choices=("parameters", "training_flops"),
        metavar="MEASURE",
        default="parameters",
        help="what a cluster shall share most: parameters or training_flops (default: parameters)",
    )
    parser.add_argument(
        "--dataset",
        choices=tuple(DATASETS),
        metavar="NAME",
        help="sets the size of the images (default: the first that suits)",
    )
    parser.add_argument(
        "--images",
        type=positive,
        metavar="NUMBER",
        help="training images (default: as in the default study)",
    )
    parser.add_argument(
        "--epochs",
        type=positive,
        metavar="NUMBER",
        help="epochs of a MotherNet (default: as in the default study)",
    )
    parser.add_argument(
        "--hatched-epochs",
        type=positive,
        metavar="NUMBER",
        help="epochs of a hatched network (default: as in the default study)",
    )
    parser.add_argument("--json", action="store_true", help="write JSON, for programs")


def _numbers(arguments: Namespace) -> dict[str, int]:
    """Return the numbers that were typed, and for the others those of the default study."""
    from mnbench.yaml_files import read_yaml

    keys = {
        "images": "data.train_images",
        "epochs": "recipe.epochs",
        "hatched_epochs": "approaches.mothernets.hatched.epochs",
    }
    numbers = {name: getattr(arguments, name) for name in keys}
    if None not in numbers.values():
        return numbers
    file = find_checkout() / DEFAULT_STUDY
    study = read_yaml(file)
    for name in [name for name, number in numbers.items() if number is None]:
        value = study
        for key in keys[name].split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if not isinstance(value, int) or value < 1:  # somebody has made it another study
            raise UserError(
                f"{file}: key '{keys[name]}' gives no number; "
                f"give --{name.replace('_', '-')} NUMBER instead"
            )
        numbers[name] = value
    return numbers


def _run(arguments: Namespace) -> None:
    from mnbench.architectures import load_architectures, set_title
    from mnbench.mothernets.preview import as_text, first_fitting, preview

    members = load_architectures(arguments.architecture_set)
    g = {MINIMUM: None, ALL: len(members)}.get(arguments.g, arguments.g)
    dataset = DATASETS[arguments.dataset] if arguments.dataset else first_fitting(members)
    shown = preview(
        members,
        g,
        dataset,
        tau=arguments.tau,
        cluster_by=arguments.cluster_by,
        **_numbers(arguments),
    )
    if arguments.json:
        print(json.dumps(asdict(shown), indent=2))
    else:
        print(f"{arguments.architecture_set}: {set_title(arguments.architecture_set)}")
        print(as_text(shown))


COMMAND = Command(
    name="preview",
    former_names=("mothernet",),
    former_options={"--ensemble": "--architecture-set"},
    summary="show the MotherNets of an architecture set and what they would cost",
    description="Cluster the networks of an architecture set, construct the MotherNet of each "
    "cluster, and predict the training FLOPs for every number of clusters g. Nothing is trained.",
    example="mnbench preview --architecture-set v100 --g 4",
    add_arguments=_add_arguments,
    run=_run,
)
