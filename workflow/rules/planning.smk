"""The plan: made whenever the workflow is read, written down once for the jobs to read."""

try:
    PLAN = make_plan(STUDY, APPROACHES, source=SOURCE)
except UserError as error:
    sys.exit(f"mnbench: {error}")


localrules:
    plan,


rule plan:
    output:
        plan=str(PATHS.plan),
    log:
        LOGS / "plan.log",
    params:
        plan=PLAN.to_json(),
    run:
        Path(output.plan).write_text(params.plan)
