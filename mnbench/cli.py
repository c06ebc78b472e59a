"""``python -m mnbench``: the steps of the pipeline that are not training.

Training has a program for each approach: ``python -m baselines.<approach> PLAN ID``.
"""

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from mnbench.datasets import DATASETS, prepare
from mnbench.errors import UserError
from mnbench.figures import FIGURES, FORMATS
from mnbench.planning.config import COST_AXES
from mnbench.planning.plan import read_plan

LEAST, ALL = "least", "all"  # numbers of clusters, as a configuration says them


def main() -> None:
    """Run one step; a user's mistake is one line on the terminal and exit status 2."""
    arguments = _parser().parse_args()
    try:
        arguments.step(arguments)
        sys.stdout.flush()
    except UserError as error:
        sys.exit(_failed(f"mnbench: {error}"))
    except BrokenPipeError:  # whoever read the output, head say, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failed(message: str) -> int:
    print(message, file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mnbench", description=__doc__)
    steps = parser.add_subparsers(required=True, metavar="STEP")

    dataset = steps.add_parser("dataset", help="check, split and store a data set")
    dataset.set_defaults(step=_dataset)
    dataset.add_argument("name", choices=tuple(DATASETS))
    dataset.add_argument("plan", type=Path, help="plan.json: says where the data sets are")
    dataset.add_argument("--train-images", type=_count, help="a number, or 'all'", required=True)
    dataset.add_argument("--validation-images", type=_positive, required=True)
    dataset.add_argument("--out", type=Path, required=True, help="folder for train and test.npz")

    mothernet = steps.add_parser("mothernet", help="show an ensemble's MotherNets and their cost")
    mothernet.set_defaults(step=_mothernet)
    mothernet.add_argument("--architecture-set", required=True, help="its name")
    mothernet.add_argument(
        "--g", type=_clusters, default=LEAST, help=f"number of clusters, '{LEAST}' or '{ALL}'"
    )
    mothernet.add_argument(
        "--tau", type=_fraction, default=0.0, help="least share of a member from its MotherNet"
    )
    mothernet.add_argument(
        "--dataset", choices=tuple(DATASETS), help="the first that suits the networks if left out"
    )
    mothernet.add_argument("--images", type=_positive, default=12000, help="training images")
    mothernet.add_argument("--epochs", type=_positive, default=10, help="of a MotherNet")
    mothernet.add_argument(
        "--hatched-epochs", type=_positive, default=4, help="of a hatched network"
    )
    mothernet.add_argument("--json", action="store_true", help="for programs")

    tables = steps.add_parser("tables", help="evaluate a study's records")
    tables.set_defaults(step=_tables)
    tables.add_argument("plan", type=Path, help="plan.json of the study")
    tables.add_argument(
        "--costs", nargs="+", choices=COST_AXES, required=True, help="the axes; the claims' first"
    )
    tables.add_argument("--processes", type=_positive, default=1, help="to share the work among")
    tables.add_argument("--out", type=Path, required=True, help="folder for the tables")

    compare = steps.add_parser("compare", help="two studies side by side, with intervals")
    compare.set_defaults(step=_compare)
    compare.add_argument("first", metavar="STUDY_A", help="its name, or its folder")
    compare.add_argument("second", metavar="STUDY_B", help="its name, or its folder")
    compare.add_argument("--cost", choices=COST_AXES, default="training_flops", help="cost axis")

    figure = steps.add_parser("figure", help="draw one figure of one data set and ensemble")
    figure.set_defaults(step=_figure)
    figure.add_argument("name", choices=FIGURES)
    figure.add_argument("plan", type=Path, help="plan.json of the study")
    figure.add_argument("tables", type=Path, help="folder of the tables")
    figure.add_argument("--dataset", choices=tuple(DATASETS), required=True)
    figure.add_argument("--architecture-set", required=True)
    figure.add_argument("--costs", nargs="+", choices=COST_AXES, required=True, help="the axes")
    figure.add_argument("--out", type=Path, required=True, help="folder for PNG and PDF")

    readme = steps.add_parser("readme", help="write the README's numbers from committed tables")
    readme.set_defaults(step=_readme)
    readme.add_argument("readme", type=Path, help="the file")
    readme.add_argument("template", type=Path, help="a Jinja template with a block a passage")
    readme.add_argument(
        "results",
        nargs="+",
        type=_named_folder,
        metavar="NAME=FOLDER",
        help="what the template calls a study's tables",
    )

    pages = steps.add_parser("pages", help="make a study's pages: claims, tables, explorer")
    pages.set_defaults(step=_pages)
    pages.add_argument("plan", type=Path, help="plan.json of the study")
    pages.add_argument("tables", type=Path, help="folder of the tables")
    pages.add_argument("--costs", nargs="+", choices=COST_AXES, required=True, help="the axes")
    pages.add_argument("--out", type=Path, required=True, help="folder for the pages")
    pages.add_argument("--explorer", type=Path, required=True, help="file for the explorer")
    return parser


def _count(text: str) -> int | None:
    return None if text == "all" else _positive(text)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, got {text}")
    return number


def _clusters(text: str) -> int | str:
    if text in (LEAST, ALL):
        return text
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(
            f"must be a whole number, '{LEAST}' or '{ALL}', got {text}"
        )
    return int(text)


def _named_folder(text: str) -> tuple[str, Path]:
    name, equals, folder = text.partition("=")
    if not (name and equals and folder):
        raise argparse.ArgumentTypeError(f"must be NAME=FOLDER, got {text}")
    return name, Path(folder)


def _fraction(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 1, got {text}")
    return number


def _dataset(arguments: argparse.Namespace) -> None:
    plan = read_plan(arguments.plan)
    prepare(
        arguments.name,
        root=Path(plan.data_root),
        download=plan.download,
        train_images=arguments.train_images,
        validation_images=arguments.validation_images,
        out=arguments.out,
    )


def _mothernet(arguments: argparse.Namespace) -> None:
    from mnbench.architectures import load_architectures
    from mnbench.mothernets.preview import as_text, first_fitting, preview

    members = load_architectures(arguments.architecture_set)
    g = {LEAST: None, ALL: len(members)}.get(arguments.g, arguments.g)
    dataset = DATASETS[arguments.dataset] if arguments.dataset else first_fitting(members)
    found = preview(
        members,
        g,
        dataset,
        images=arguments.images,
        epochs=arguments.epochs,
        hatched_epochs=arguments.hatched_epochs,
        tau=arguments.tau,
    )
    print(json.dumps(asdict(found), indent=2) if arguments.json else as_text(found))


def _tables(arguments: argparse.Namespace) -> None:
    from mnbench.evaluation.tables.writing import write_tables
    from mnbench.records.paths import StudyPaths
    from mnbench.records.store import RecordStore

    store = RecordStore(read_plan(arguments.plan), StudyPaths(arguments.plan.parent).records)
    for reason in write_tables(
        store, arguments.out, arguments.costs, processes=arguments.processes
    ):
        _failed(f"mnbench: missing from the tables: {reason}")


def _compare(arguments: argparse.Namespace) -> None:
    from mnbench.evaluation import comparison as comparing
    from mnbench.evaluation.bootstrap import REPLICATES
    from mnbench.evaluation.ensembles import evaluate
    from mnbench.records.paths import StudyPaths
    from mnbench.records.store import RecordStore

    found = []
    for name in (arguments.first, arguments.second):
        paths = StudyPaths(Path(name) if Path(name).is_dir() else Path("results", name))
        if not paths.plan.is_file():
            if paths.root.is_dir():
                raise UserError(
                    f"{paths.plan}: is missing, and records with it: run the study "
                    f"(snakemake --configfile config/{Path(name).name}.yaml), then compare"
                )
            known = sorted(file.parent.name for file in Path("results").glob("*/plan.json"))
            raise UserError(
                f"{paths.plan}: no study '{name}'; "
                + (f"there are: {', '.join(known)}" if known else "results/ has none yet")
            )
        evaluation = evaluate(RecordStore(read_plan(paths.plan), paths.records), REPLICATES)
        for one in dict.fromkeys(missing.reason for missing in evaluation.missing):
            _failed(f"mnbench: missing from the comparison: {one}")
        found.append(evaluation)
    names = (Path(arguments.first).name, Path(arguments.second).name)
    table = comparing.compare(*found, arguments.cost)
    print(comparing.as_markdown(table, *names, arguments.cost))


def _figure(arguments: argparse.Namespace) -> None:
    from mnbench.evaluation.tables.tables import read_table, select
    from mnbench.figures import catalogue, style
    from mnbench.figures.data import Data

    entry = FIGURES[arguments.name]
    tables = {
        name: select(
            read_table(arguments.tables / f"{name}.csv"),
            arguments.dataset,
            arguments.architecture_set,
        )
        for name in entry.tables
    }
    title = f"{DATASETS[arguments.dataset].title}, {arguments.architecture_set}"
    plan = read_plan(arguments.plan)
    for cost, stem in entry.stems(arguments.costs).items():
        data = Data(plan, tables, arguments.dataset, arguments.architecture_set, cost, title)
        figure = catalogue.draw(arguments.name, data)
        style.save(figure, *(arguments.out / f"{stem}.{suffix}" for suffix in FORMATS))


def _pages(arguments: argparse.Namespace) -> None:
    from mnbench.evaluation.tables.tables import read_table
    from mnbench.report import DOCUMENTS, TABLES
    from mnbench.report.documents import document, table_page
    from mnbench.report.explorer import NEEDED, explorer

    tables = {
        name: read_table(arguments.tables / f"{name}.csv")
        for name in dict.fromkeys([*TABLES, *NEEDED])
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in DOCUMENTS:
        text = (arguments.tables / f"{name}.md").read_text(encoding="utf-8")
        (arguments.out / f"{name}.html").write_text(document(text), encoding="utf-8")
    for name, title in TABLES.items():
        page = table_page(tables[name], title)
        (arguments.out / f"{name}_table.html").write_text(page, encoding="utf-8")
    page = explorer(read_plan(arguments.plan), tables, arguments.costs)
    arguments.explorer.write_text(page, encoding="utf-8")


def _readme(arguments: argparse.Namespace) -> None:
    from mnbench.report.numbers import Results, fill, read_text

    results = {name: Results(folder) for name, folder in arguments.results}
    text, template = (read_text(path) for path in (arguments.readme, arguments.template))
    arguments.readme.write_text(fill(text, template, results), encoding="utf-8")
