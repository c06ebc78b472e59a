"""``mnbench data``: the classes, numbers and images of a study's data sets.

Open this to look at images before anything is trained on them. The trap: the numbers are of the
whole training part, not of the images that a study takes of it.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from mnbench.commands.arguments import folder_to_write, path_to_read
from mnbench.commands.command import Command


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "configuration", type=path_to_read, metavar="CONFIGURATION", help="a study's YAML file"
    )
    parser.add_argument(
        "--out",
        type=folder_to_write,
        metavar="FOLDER",
        help="where the sheets of images go, a PNG file for each data set "
        "(default: results/STUDY/data)",
    )


def _run(arguments: Namespace) -> None:
    from mnbench.datasets import load_train
    from mnbench.datasets.folders.cache import look_at
    from mnbench.planning.config import read_study
    from mnbench.planning.images import datasets_of
    from mnbench.report.image_sets import class_names, described, write_sheet
    from mnbench.yaml_files import read_yaml

    source = str(arguments.configuration)
    study = read_study(read_yaml(arguments.configuration), source=source)
    out = arguments.out or Path("results", study.study, "data")
    for dataset in datasets_of(study, source=source).values():
        train = load_train(dataset, root=Path(study.data.root), download=study.data.download)
        note = look_at(dataset.folder) if dataset.folder is not None else None
        print(described(dataset, train, note))
        names = class_names(dataset, note)
        print(f"  {'sheet':<9}  {write_sheet(dataset, train, names, out)}")


COMMAND = Command(
    name="data",
    summary="show the classes, numbers and images of a study's data sets",
    description="Read the data sets of a study's configuration, and refuse damaged, empty or "
    "mislabelled files by name. Print the classes with their numbers of images, the shape, mean "
    "and deviation, and draw a sheet of training images. Nothing is trained.",
    example="mnbench data config/default.yaml --out sheets",
    add_arguments=_add_arguments,
    run=_run,
)
