"""The plan: made whenever the workflow is read, and written to a file when jobs start.

It is no rule's output: a changed plan must not rerun jobs that the change does not concern.
"""

import atexit

from contextlib import suppress

from snakemake.logging import logger

from mnbench.architectures import fetch_weights
from mnbench.planning.disk import check_disk, check_temporary_folder, disk_line, needed_bytes
from mnbench.planning.forecast import overview
from mnbench.locks import holder, release, try_lock
from mnbench.lifeline import OWNER, name_of
from mnbench.training.gpus import device_line
from mnbench.training.prefork import ADDRESS, WarmProcess

try:
    PLAN = make_plan(STUDY, APPROACHES, source=SOURCE)
except UserError as error:
    sys.exit(f"mnbench: {error}")


# Deterministic, and so not trained again; known before anything runs.
DIVERGED = [id for id in PLAN.trainings if before(id).lost and not to_train(id)]


# A dry run has no start, and its long list of jobs would hide what is printed before: so at exit.
# Processes that Snakemake itself starts read the workflow again, and print nothing.
def print_forecast() -> None:
    """Print the whole study's forecast; a reader that has ended, or a full disk, is no matter."""
    with suppress(OSError):
        print(f"\nThe whole study:\n{overview(PLAN)}\n{disk_line(PLAN)}\n", flush=True)


if workflow.is_main_process and workflow.output_settings.dryrun:
    atexit.register(print_forecast)


# Trainings on this machine are forked from one process that has imported torch, see
# mnbench/training/prefork.py. A cluster's jobs must not be, since they belong to the cluster.
WARM: list[WarmProcess] = []


onstart:
    logger.info(f"\nThe whole study:\n{overview(PLAN)}\n{disk_line(PLAN)}\n")
    trains = any(job.rule.name in APPROACHES for job in workflow.dag.needrun_jobs())
    to_do = [id for id in PLAN.trainings if to_train(id)] if trains else []
    if trains:
        try:
            fetch_weights(network for id in to_do for network in PLAN.trainings[id].networks)
        except UserError as error:
            sys.exit(f"mnbench: {SOURCE}: {error}")
    try:
        check_temporary_folder()
    except UserError as error:
        sys.exit(f"mnbench: {error}")
    if workflow.local_exec and trains:
        try:
            check_disk(PATHS.root, needed_bytes(PLAN, to_do, together=workflow.cores))
            logger.info(
                device_line(STUDY.device, gpu_profile=FOR_GPUS, gpu_jobs=gpu_jobs())
            )
        except UserError as error:
            sys.exit(f"mnbench: {SOURCE}: {error}")
    # Snakemake's own lock outlives a killed run; this one ends with the process.
    try:
        lock = try_lock(PATHS.lock_of_study)
        if lock is not None:
            atexit.register(release, PATHS.lock_of_study, lock)
            PLAN.write(PATHS.plan)
    except UserError as error:
        sys.exit(f"mnbench: {error}")
    if lock is None:
        other = holder(PATHS.lock_of_study)
        sys.exit(f"mnbench: study '{STUDY.study}' is being run by process {other}; wait for it")
    VERIFIED.save()
    if workflow.local_exec:
        os.environ[OWNER] = name_of(os.getpid())  # whatever it starts ends with this process
    if workflow.local_exec and trains:
        try:
            WARM.append(WarmProcess())
            os.environ[ADDRESS] = WARM[0].address
        except OSError as error:
            logger.info(f"mnbench: trainings start cold, a few seconds slower each: {error}")


onsuccess:
    for process in WARM:
        process.close()
    if lines := shortfall():
        sys.exit(lines)


onerror:
    for process in WARM:
        process.close()
