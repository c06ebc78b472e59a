"""``mnbench preview``: the clusters, MotherNets and predicted cost of an architecture set.

Open this when you choose g for a study. The trap: its defaults are those of ``config/default.yaml``
and a test compares them; change both.
"""

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import asdict

from mnbench.commands.arguments import add_architecture_set, add_dataset, fraction, positive
from mnbench.commands.command import Command
from mnbench.datasets import DATASETS

MINIMUM, ALL = "minimum", "all"  # numbers of clusters, as a configuration says them
FORMER_MINIMUM = "least"  # still valid


def _clusters(text: str) -> int | str:
    if text in (MINIMUM, FORMER_MINIMUM):
        return MINIMUM
    if text == ALL:
        return ALL
    if not text.isdecimal():
        raise ArgumentTypeError(f"must be a whole number, '{MINIMUM}' or '{ALL}', got {text}")
    return int(text)


def _add_arguments(parser: ArgumentParser) -> None:
    add_architecture_set(parser, "--ensemble")
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
    add_dataset(
        parser, "sets the size of the images (default: the first that suits)", required=False
    )
    parser.add_argument(
        "--images",
        type=positive,
        metavar="NUMBER",
        default=12000,
        help="training images (default: 12000)",
    )
    parser.add_argument(
        "--epochs",
        type=positive,
        metavar="NUMBER",
        default=10,
        help="epochs of a MotherNet (default: 10)",
    )
    parser.add_argument(
        "--hatched-epochs",
        type=positive,
        metavar="NUMBER",
        default=4,
        help="epochs of a hatched network (default: 4)",
    )
    parser.add_argument("--json", action="store_true", help="write JSON, for programs")


def _run(arguments: Namespace) -> None:
    from mnbench.architectures import load_architectures
    from mnbench.mothernets.preview import as_text, first_fitting, preview

    members = load_architectures(arguments.architecture_set)
    g = {MINIMUM: None, ALL: len(members)}.get(arguments.g, arguments.g)
    dataset = DATASETS[arguments.dataset] if arguments.dataset else first_fitting(members)
    shown = preview(
        members,
        g,
        dataset,
        images=arguments.images,
        epochs=arguments.epochs,
        hatched_epochs=arguments.hatched_epochs,
        tau=arguments.tau,
    )
    print(json.dumps(asdict(shown), indent=2) if arguments.json else as_text(shown))


COMMAND = Command(
    name="preview",
    former_names=("mothernet",),
    summary="show the MotherNets of an architecture set and what they would cost",
    description="Cluster the networks of an architecture set, construct the MotherNet of each "
    "cluster, and predict the training FLOPs for every number of clusters g. Nothing is trained.",
    example="mnbench preview --architecture-set v100 --g 4",
    add_arguments=_add_arguments,
    run=_run,
)
