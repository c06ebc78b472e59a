"""The checked configuration, paths, and the functions that several rules take values from."""

import gc
import re

from functools import cache

from snakemake.exceptions import WorkflowError
from snakemake.path_modifier import PathModifier
from snakemake.settings.enums import Quietness

try:
    from mnbench.errors import UserError
    from mnbench.evaluation.tables import TITLES as TABLE_TITLES
    from mnbench.figures import Entry, FIGURES as FIGURE_ENTRIES, FORMATS
    from mnbench.files import why_no_folder
    from mnbench.planning.config import read_study
    from mnbench.planning.critical_path import critical_paths
    from mnbench.planning.planner import Approach, make_plan
    from mnbench.planning.training_id import TrainingId
    from mnbench.records.paths import StudyPaths
    from mnbench.records.record import RECORD
    from mnbench.report import DOCUMENTS as DOCUMENT_TITLES
    from mnbench.yaml_files import read_yaml
except ModuleNotFoundError as error:
    sys.exit(
        f"mnbench: package '{error.name}' is missing where Snakemake is installed; install all of "
        f"them: {sys.executable} -m pip install -r {CHECKOUT / 'requirements.lock'}"
    )

MODULE = __name__  # that this is of another workflow; None of the main workflow
# The whole of Snakemake's configuration is the study, or a part of it that the workflow chose.
IS_WHOLE = config is workflow.modifier_stack[0].globals["config"]
FILES = workflow.configfiles if IS_WHOLE else []
SOURCE = ", ".join(map(os.path.relpath, FILES)) or (
    f"config of module '{MODULE}'" if MODULE else "--config"
)

# A plan of ten thousand trainings is a graph that only grows: not to be searched for garbage often.
gc.set_threshold(100_000)

try:
    for file in FILES:
        read_yaml(Path(file))  # Snakemake does not say what YAML has misread
    STUDY = read_study(config, source=SOURCE)
except UserError as error:
    sys.exit(f"mnbench: {error}")


def below_prefix(folder: str) -> Path:
    """Return where a module's `prefix:` puts a folder; without one that is the folder itself."""
    return Path(workflow.modifier.path_modifier.replace_prefix(folder))


PATHS = StudyPaths(below_prefix(f"results/{STUDY.study}"))
LOGS = below_prefix(f"logs/{STUDY.study}")
# Paths go into parameters and functions as well, and there Snakemake adds no prefix. So they have
# it from the start, and nothing is added to inputs and outputs.
workflow.modifier.path_modifier = PathModifier(None, None, workflow)

# Snakemake looks at what is there before any job starts, and a file in a folder's place ends it.
for folder in (PATHS.root, LOGS):
    if why := why_no_folder(folder):
        sys.exit(f"mnbench: {why}; mend that, or run snakemake in another folder")
# The text of a TrainingId, which is also the path of its record.
TRAINING = "{dataset}/{architecture_set}/{seed}/{approach}/{name}"
APPROACHES: dict[str, Approach] = {}

# Planning needs the packages that jobs need, and so they are there before Snakemake could install
# any. As a module this says nothing: rules of others may have environments of their own.
methods = workflow.deployment_settings and workflow.deployment_settings.deployment_method
if methods and not MODULE:
    sys.exit(
        f"mnbench: --sdm {' '.join(sorted(map(str, methods)))}: there is one environment for all "
        "rules, which Snakemake runs in as well; leave the option out (conda makes the environment "
        "with `conda env create -f environment.yml`)"
    )

# Of a record one file is an output that storage would copy, and checkpoints and locks are none.
if provider := workflow.storage_settings.default_storage_provider:
    sys.exit(
        f"mnbench: --default-storage-provider {provider}: jobs need a working folder that all of them "
        "share, and no copies of single files; leave the option out (docs/machines.md)"
    )

# Jobs report their progress to the terminal themselves, and so need to know of --quiet.
if {Quietness.PROGRESS, Quietness.ALL} & set(workflow.output_settings.quiet or ()):
    os.environ.update(MNBENCH_QUIET="1")


wildcard_constraints:
    dataset="[^/]+",
    architecture_set="[^/]+",
    seed=r"seed\d+",
    approach="[^/]+",
    name="[^/]+",


def one_of(names) -> str:
    """Return a pattern that a wildcard has if it is one of some names."""
    return "|".join(map(re.escape, names))


def training_of(wildcards):
    """Return the planned training that a job runs."""
    id = TRAINING.format_map(dict(wildcards.items()))
    try:
        return PLAN.trainings[TrainingId.parse(id)]
    except (ValueError, KeyError):
        raise WorkflowError(f"the plan of study '{STUDY.study}' has no training '{id}'") from None


@cache
def priorities() -> dict[TrainingId, float]:
    """Return each training's critical path in TFLOPs: small numbers suit every scheduler."""
    return {id: flops / 1e12 for id, flops in critical_paths(PLAN).items()}


def priority_of_training(wildcards) -> float:
    """Return the priority of a training's job: the work that begins with it."""
    if not workflow.is_main_process:
        return 0  # a cluster's job ranks nothing, and needs no costs of the whole plan
    return priorities()[training_of(wildcards).id]


def priority_of_dataset(wildcards) -> float:
    """Return the priority of storing a data set: that of the first training that waits for it."""
    if not workflow.is_main_process:
        return 0
    return max(work for id, work in priorities().items() if id.dataset == wildcards.dataset)


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
