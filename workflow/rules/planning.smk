"""The plan: made whenever the workflow is read, and written to a file when jobs start.

It is no rule's output: a changed plan must not rerun jobs that the change does not concern. On a
cluster each job reads the workflow again, and takes the plan from that file.
"""

import atexit
from contextlib import suppress

from snakemake.logging import logger

from mnbench.architectures import fetch_weights
from mnbench.planning.disk import check_disk, check_temporary_folder, disk_line, needed_bytes
from mnbench.planning.forecast import overview
from mnbench.handlers import handlers_of, StudyHandlers
from mnbench.planning.plan import read_plan
from mnbench.locks import holder, release, try_lock
from mnbench.records.run_log import COMPLETE, INCOMPLETE, RunLog
from mnbench.training.attempts import tell_attempts
from mnbench.training.gpus import device_line

try:
    if workflow.is_main_process:
        PLAN = make_plan(STUDY, APPROACHES, source=SOURCE)
    else:
        PLAN = read_plan(PATHS.plan)
    # Deterministic, and so not trained again; known before anything runs. Every record is looked
    # at here, so that one that cannot be read now ends the run before Snakemake removes anything.
    DIVERGED = (
        [id for id in PLAN.trainings if before(id).lost and not to_train(id)]
        if workflow.is_main_process
        else []
    )
except UserError as error:
    sys.exit(f"mnbench: {error}")


def jobs_of_study() -> list:
    """Return the jobs that this run has of this study: a workflow of several may leave one out."""
    folder = f"{PATHS.root}/"
    jobs = workflow.dag.needrun_jobs(exclude_finished=False)
    return [job for job in jobs if any(str(file).startswith(folder) for file in job.output)]


def trainings_of_run() -> list[TrainingId]:
    """Return the trainings that this run has jobs for."""
    files = {str(file) for job in jobs_of_study() for file in job.output}
    return [id for id in PLAN.trainings if str(PATHS.record(id) / RECORD) in files]


# What this run takes, in results/<study>/runs.csv; a run that trains nothing leaves no row.
RUN: list[RunLog] = []


def begin_log(to_do) -> None:
    """Begin the row of this run; what a cluster gives to each job is not known here."""
    local = workflow.local_exec
    RUN.append(
        RunLog(
            PATHS.runs,
            study=STUDY.study,
            to_train=map(PATHS.record, to_do),
            cores=workflow.cores if local else None,
            gpus=slots_of_run() if local else None,
        )
    )


def start() -> bool:
    """Check what jobs need, lock the study and write its plan; return whether any job trains.

    Raises:
        UserError: something is missing, or another process runs the study.
    """
    logger.info(f"\nThe whole study:\n{overview(PLAN)}\n{disk_line(PLAN)}\n")
    to_do = trainings_of_run()
    try:
        fetch_weights(network for id in to_do for network in PLAN.trainings[id].networks)
        if to_do:
            together = workflow.cores if workflow.local_exec else workflow.nodes
            check_disk(PATHS.root, needed_bytes(PLAN, to_do, together=together))
        if workflow.local_exec and to_do:
            logger.info(device_line(STUDY.device, GPUS, gpu_profile=FOR_GPUS, gpu_jobs=gpu_jobs()))
    except UserError as error:
        raise UserError(f"{SOURCE}: {error}") from error
    check_temporary_folder()
    # Snakemake's own lock outlives a killed run; this one ends with the process.
    lock = try_lock(PATHS.lock_of_study)
    if lock is None:
        other = holder(PATHS.lock_of_study)
        raise UserError(f"study '{STUDY.study}' is being run by process {other}; wait for it")
    atexit.register(release, PATHS.lock_of_study, lock)
    # On a cluster a killed training is tried again, with more memory.
    tell_attempts(1 if workflow.local_exec else workflow.execution_settings.retries + 1)
    PLAN.write(PATHS.plan)
    VERIFIED.save()
    if to_do:
        begin_log(to_do)
    return bool(to_do)


def end(succeeded: bool) -> str | None:
    """End the row of this run; return which trainings of it left no network, or why that is unknown."""
    try:
        lines = shortfall() if succeeded else None
    except UserError as error:  # a record that cannot be read now
        lines = f"mnbench: {error}"
    for log in RUN:
        log.end(COMPLETE if succeeded and not lines else INCOMPLETE)
    with suppress(UserError):  # without it the next run reads more, and no less is known
        VERIFIED.save()
    return lines


# A dry run has no start, and its long list of jobs would hide what is printed before: so at exit.
# Processes that Snakemake itself starts read the workflow again, and print nothing.
def print_forecast() -> None:
    """Print the whole study's forecast; a reader that has ended, or a full disk, is no matter."""
    with suppress(OSError):
        print(f"\nThe whole study:\n{overview(PLAN)}\n{disk_line(PLAN)}\n", flush=True)


# Not by Snakemake's own `onstart:`, which it leaves out in a module.
try:
    handlers = StudyHandlers(MODULE, lambda: bool(jobs_of_study()), start, end)
    is_new = handlers_of(workflow).add(PATHS.root, handlers)
except UserError as error:
    sys.exit(f"mnbench: {error}")

if is_new and workflow.is_main_process and workflow.output_settings.dryrun:
    atexit.register(print_forecast)
