"""The plan: made whenever the workflow is read, and written down for the jobs when they start.

It is no rule's output: a changed plan must not rerun what the change does not concern, and for a
job behind an outdated ancient() input Snakemake (9.27) does not even look at the job's own params.
"""

from snakemake.logging import logger

try:
    PLAN = make_plan(STUDY, APPROACHES, source=SOURCE)
except UserError as error:
    sys.exit(f"mnbench: {error}")

for out in PLAN.left_out:
    logger.warning(f"{out.approach} is left out for {out.dataset}, {out.ensemble}: {out.reason}")


onstart:
    PLAN.write(PATHS.plan)
