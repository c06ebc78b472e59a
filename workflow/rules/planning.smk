"""The plan: made whenever the workflow is read, and written to a file when jobs start.

It is no rule's output, for two reasons. A changed plan must not rerun jobs that the change does not
concern. And behind an outdated ancient() input Snakemake (9.27) ignores a job's own changed params.
"""

import atexit

from snakemake.logging import logger

from mnbench.planning.forecast import overview
from mnbench.training.prefork import ADDRESS, WarmProcess

try:
    PLAN = make_plan(STUDY, APPROACHES, source=SOURCE)
except UserError as error:
    sys.exit(f"mnbench: {error}")


# A dry run has no start, and its long list of jobs would hide what is printed before: so at exit.
# Processes that Snakemake itself starts read the workflow again, and print nothing.
if workflow.is_main_process and workflow.output_settings.dryrun:
    atexit.register(print, f"\nThe whole study:\n{overview(PLAN)}\n")


# Trainings on this machine are forked from one process that has imported torch, see
# mnbench/training/prefork.py. A cluster's jobs must not be, since they belong to the cluster.
WARM: list[WarmProcess] = []


onstart:
    logger.info(f"\nThe whole study:\n{overview(PLAN)}\n")
    PLAN.write(PATHS.plan)
    trains = any(job.rule.name in APPROACHES for job in workflow.dag.needrun_jobs())
    if workflow.local_exec and trains:
        WARM.append(WarmProcess())
        os.environ[ADDRESS] = WARM[0].address


onsuccess:
    for process in WARM:
        process.close()


onerror:
    for process in WARM:
        process.close()
