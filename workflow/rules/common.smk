"""The checked configuration, paths, and the functions that several rules take values from."""

import gc
import os
import sys

from snakemake.exceptions import WorkflowError
from snakemake.settings.enums import Quietness

# Found from this file, whichever Snakefile is the root: Snakefile or workflow/Snakefile.
RULES = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).resolve()

# The approaches are the checkout's own: not installed, and so found here before any other package
# of that name, in this process and in every job.
CHECKOUT = str(RULES.parents[1])
sys.path.insert(0, CHECKOUT)
os.environ.update(
    PYTHONPATH=os.pathsep.join(
        dict.fromkeys([CHECKOUT, *filter(None, [os.environ.get("PYTHONPATH")])])
    )
)

from mnbench.errors import UserError
from mnbench.figures import Entry, FIGURES as FIGURE_ENTRIES, FORMATS
from mnbench.planning.planner import Approach, make_plan
from mnbench.evaluation.tables import TITLES as TABLE_TITLES
from mnbench.planning.training_id import TrainingId
from mnbench.report import DOCUMENTS as DOCUMENT_TITLES
from mnbench.records.paths import StudyPaths
from mnbench.records.record import FILES, HISTORY, PREDICTIONS, RECORD, WEIGHTS
from mnbench.planning.config import read_study

SOURCE = ", ".join(map(os.path.relpath, workflow.configfiles)) or "--config"

# A plan of ten thousand trainings is a graph that only grows: not to be searched for garbage often.
gc.set_threshold(100_000)

try:
    STUDY = read_study(config, source=SOURCE)
except UserError as error:
    sys.exit(f"mnbench: {error}")

PATHS = StudyPaths(Path("results", STUDY.study))
LOGS = Path("logs", STUDY.study)
# The text of a TrainingId, which is also the path of its record.
TRAINING = "{dataset}/{architecture_set}/{seed}/{approach}/{name}"
APPROACHES: dict[str, Approach] = {}

# Jobs report their progress to the terminal themselves, and so must be told to be quiet.
if {Quietness.PROGRESS, Quietness.ALL} & set(workflow.output_settings.quiet or ()):
    os.environ.update(MNBENCH_QUIET="1")


wildcard_constraints:
    dataset="[^/]+",
    architecture_set="[^/]+",
    seed=r"seed\d+",
    approach="[^/]+",
    name="[^/]+",


def training_of(wildcards):
    """Return the planned training that a job runs."""
    id = TRAINING.format_map(dict(wildcards.items()))
    try:
        return PLAN.trainings[TrainingId.parse(id)]
    except (ValueError, KeyError):
        raise WorkflowError(f"the plan of study '{STUDY.study}' has no training '{id}'") from None


def parent_files(wildcards) -> list[str]:
    """Return the files that a job reads of the records that its training starts from."""
    parents = training_of(wildcards).parents
    return [str(PATHS.record(id) / file) for id in parents for file in (RECORD, WEIGHTS)]


def files_to_ask(id: TrainingId) -> list[str]:
    """Return the file that stands for a record, since it is written last, and any gone since.

    To ask for all four files of ten thousand records would take Snakemake seconds.
    """
    record = f"{PATHS.records}/{id}/{RECORD}"
    if not Path(record).exists():
        return [record]
    files = [f"{PATHS.records}/{id}/{file}" for file in FILES if file != RECORD]
    return [record, *(file for file in files if not Path(file).exists())]


def recipe_hash(wildcards) -> str:
    """Return the hash whose change makes Snakemake run a training again."""
    return training_of(wildcards).recipe_hash


def figure_labels(figure: Entry) -> dict[str, dict]:
    """Return what tells a figure's files apart in the report, by stem.

    Snakemake makes a switch of a label that halves a category: so figures on a cost axis have one
    for it, and a page of their own for each architecture set; the others a switch of that set.
    """
    if figure.cost_axis:
        place = {"category": "Figures of cost", "subcategory": "{dataset}, {architecture_set}"}
        return {
            stem: place | {"labels": {"figure": figure.title, "cost axis": cost.replace("_", " ")}}
            for cost, stem in figure.stems(STUDY.costs).items()
        }
    place = {"category": "Figures of networks", "subcategory": "{dataset}"}
    labels = {"figure": figure.title, "architecture set": "{architecture_set}"}
    return {stem: place | {"labels": labels} for stem in figure.stems(STUDY.costs).values()}


def in_report(path, **place):
    """Show a figure in the report, with the caption that its module states."""
    return report(path, caption="../report/figure.rst", **place)


def page_in_report(path, name: str, title: str):
    """Return a page's path, marked for the report: claims and verdicts come first."""
    return report(
        path,
        caption="../report/page.rst",
        category="Claims" if name in ("claims", "verdicts", "marks") else "Tables",
        labels={"table": title},
    )
