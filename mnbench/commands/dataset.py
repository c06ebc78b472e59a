"""``mnbench dataset``: a data set checked, split and stored, before anything is trained.

Open this to prepare images without Snakemake. The trap: which images are held out follows from the
numbers alone, so two studies with the same numbers have the same split.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from mnbench.commands.arguments import (
    add_plan,
    count,
    folder_to_write,
    positive,
    text_that_names,
    whole,
)
from mnbench.commands.command import Command
from mnbench.datasets import DATASETS, prepare
from mnbench.planning.plan import read_plan


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "name",
        type=text_that_names,
        metavar="DATASET",
        help=f"one of {', '.join(DATASETS)}, or a data set of the study's own",
    )
    add_plan(parser)
    parser.add_argument(
        "--train-images",
        type=count,
        metavar="NUMBER",
        required=True,
        help="images to train on: the first of each class, or 'all'; with data.sample: per_seed, "
        "'all', from which each seed draws",
    )
    parser.add_argument(
        "--validation-images",
        type=positive,
        metavar="NUMBER",
        required=True,
        help="images held out of the training images",
    )
    parser.add_argument(
        "--development-images",
        type=whole,
        metavar="NUMBER",
        default=0,
        help="images held out beside those, for the choice of methods (default: 0)",
    )
    parser.add_argument(
        "--out",
        type=folder_to_write,
        metavar="FOLDER",
        required=True,
        help="where train.npz, test.npz and development.npz go",
    )


def _run(arguments: Namespace) -> None:
    plan = read_plan(arguments.plan)
    prepare(
        plan.dataset(arguments.name),
        root=Path(plan.data_root),
        download=plan.download,
        train_images=arguments.train_images,
        validation_images=arguments.validation_images,
        development_images=arguments.development_images,
        out=arguments.out,
    )


COMMAND = Command(
    name="dataset",
    summary="check, split and store a data set",
    description="Read a data set from the package, from the plan's data folder or from a folder "
    "of images that the plan names, check it, hold "
    "the validation and development images out, and write a file of each part. Training reads the "
    "first file, train.npz, only.",
    example="mnbench dataset fashion_mnist results/default/plan.json --train-images 12000 "
    "--validation-images 2000 --out data",
    add_arguments=_add_arguments,
    run=_run,
)
