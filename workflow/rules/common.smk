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


def put_first(variable: str, folder: str) -> None:
    """Put a folder before all others of a search path of this process and its jobs."""
    others = filter(None, [os.environ.get(variable)])
    os.environ[variable] = os.pathsep.join(dict.fromkeys([folder, *others]))


put_first("PYTHONPATH", CHECKOUT)
# Jobs start `python`: the one that runs this, with its environment active or not.
put_first("PATH", str(Path(sys.executable).parent))

from mnbench.errors import UserError
from mnbench.files import why_no_folder
from mnbench.figures import Entry, FIGURES as FIGURE_ENTRIES, FORMATS
from mnbench.planning.demand import demand, group_of
from mnbench.planning.planner import Approach, make_plan
from mnbench.evaluation.tables import TITLES as TABLE_TITLES
from mnbench.planning.training_id import TrainingId
from mnbench.report import DOCUMENTS as DOCUMENT_TITLES
from mnbench.records.paths import StudyPaths
from mnbench.records.record import RECORD
from mnbench.planning.config import read_study
from mnbench.yaml_files import read_yaml

SOURCE = ", ".join(map(os.path.relpath, workflow.configfiles)) or "--config"

# A plan of ten thousand trainings is a graph that only grows: not to be searched for garbage often.
gc.set_threshold(100_000)

try:
    for file in workflow.configfiles:
        read_yaml(Path(file))  # Snakemake does not say what YAML has misread
    STUDY = read_study(config, source=SOURCE)
except UserError as error:
    sys.exit(f"mnbench: {error}")

PATHS = StudyPaths(Path("results", STUDY.study))
LOGS = Path("logs", STUDY.study)
# Snakemake looks at what is there before any job starts, and a file in a folder's place ends it.
for folder in (PATHS.root, LOGS):
    if why := why_no_folder(folder):
        sys.exit(f"mnbench: {why}; mend that, or run snakemake in another folder")
# The text of a TrainingId, which is also the path of its record.
TRAINING = "{dataset}/{architecture_set}/{seed}/{approach}/{name}"
APPROACHES: dict[str, Approach] = {}

# Jobs report their progress to the terminal themselves, and so need to know of --quiet.
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


def asks_for(what: str):
    """Return a function that says what a training asks of a cluster, by its predicted cost."""

    def value(wildcards, attempt):
        return getattr(demand(PLAN, training_of(wildcards).id, attempt=attempt), what)

    return value


def group_of_training(wildcards):
    """Return the group of a short training: a cluster runs several of them in one job."""
    group = group_of(PLAN, training_of(wildcards).id)
    if group:
        workflow.parent_groupids[group] = "short_trainings"  # the name in --group-components
    return group


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
