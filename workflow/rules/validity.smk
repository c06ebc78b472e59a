"""What has to run, decided by what the files are, never by when they were written.

What is there and valid is a source to Snakemake, as if it had come with the checkout: time stamps
and its own notes cannot make it run a training again. What is there and invalid is forced. Both are
said by the input functions of the rules that would make a file. A cluster's jobs decide nothing:
they were submitted because something has to run.
"""

from functools import cache

from mnbench.datasets import stored
from mnbench.datasets.prepared import check_prepared
from mnbench.evaluation.sources import read_sources, sources, with_tables
from mnbench.records.validity import Standing, standing, standing_of
from mnbench.records.verified import Verified

VERIFIED = Verified(PATHS.verified)
A_SOURCE = str(PATHS.root / "this is valid, and so no rule makes it")  # an input that cannot be had


@cache
def before(id: TrainingId) -> Standing:
    """Return what a training had come to when this run began."""
    return standing_of(id, PLAN, PATHS, VERIFIED)


def to_train(id: TrainingId) -> str | None:
    """Return why a training has to run, or None."""
    return before(id).fault


@cache
def to_prepare(dataset: str) -> str | None:
    """Return why a data set's images have to be stored, or None."""
    try:
        # Of any seed: they differ in the sample, which is not stored.
        wanted = STUDY.data.of_seed(PLAN.dataset(dataset), STUDY.seeds[0])
        check_prepared(PATHS.data(dataset), stored(wanted))
    except UserError as error:
        return str(error)
    return None


def is_stale() -> bool:
    """Return whether the tables are of other records than those that are there, or altered."""
    if any(map(to_train, PLAN.trainings)):
        return True
    now = with_tables(sources(PLAN, PATHS.record, STUDY.costs), map(Path, TABLES))
    return read_sources(PATHS.evaluated) != now


def force(*files) -> None:
    """Make Snakemake run the job that makes these files, whatever it thinks of them."""
    workflow.dag.forcefiles.update(map(str, files))


def training_files(wildcards) -> list[str]:
    """Return what has to be there before a training begins: its images and parents."""
    training = training_of(wildcards)
    if workflow.is_main_process:
        if to_train(training.id) is None:
            return [A_SOURCE]
        force(PATHS.record(training.id) / RECORD)
    data = PATHS.data_note(training.id.dataset)
    return [str(data), *(str(PATHS.record(id) / RECORD) for id in training.parents)]


def data_files(wildcards) -> list[str]:
    """Return what storing a data set's images needs: nothing that Snakemake has."""
    if workflow.is_main_process:
        if to_prepare(wildcards.dataset) is None:
            return [A_SOURCE]
        force(PATHS.data_note(wildcards.dataset))
    return []


def record_files(wildcards) -> list[str]:
    """Return the file that stands for each record, since it is written last."""
    files = [f"{PATHS.records}/{id}/{RECORD}" for id in PLAN.trainings]
    if not workflow.is_main_process:
        return files
    if is_stale():
        # Not ancient: behind an ancient input that is made anew Snakemake (9.27) runs no job, even
        # if the job is forced.
        force(*TABLES)
        return files
    return [ancient(file) for file in files]


def shortfall() -> str | None:
    """Return which of the trainings that were asked for left no network, in a line each."""
    ran = set(trainings_of_run())
    lines = []
    for id, training in PLAN.trainings.items():
        now = standing(PATHS.record(id), training, VERIFIED) if id in ran else before(id)
        if now.lost and (id in ran or not now.fault):
            lines.append(f"{id}: {now.lost}")
    if not lines:
        return None
    told = [*lines[:10], *([f"and {len(lines) - 10} more"] if len(lines) > 10 else [])]
    return "\n".join(
        [
            f"mnbench: {len(lines)} of {len(PLAN.trainings)} trainings left no network, and tables "
            "and figures do without what needs them (missing.csv):",
            *(f"  {line}" for line in told),
        ]
    )
