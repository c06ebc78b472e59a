"""Evaluation: the tables of a study, from its records alone."""

TABLES = [str(PATHS.root / f"{name}.csv") for name in ("summary", "networks", "histories")]


rule tables:
    input:
        records=[file for id in PLAN.trainings for file in files_to_ask(id)],
    output:
        summary=report(
            PATHS.root / "summary.csv",
            caption="../report/summary.rst",
            category="Tables",
            labels={"table": "summary, a row an ensemble"},
        ),
        networks=report(
            PATHS.root / "networks.csv",
            caption="../report/networks.rst",
            category="Tables",
            labels={"table": "networks, a row a record"},
        ),
        histories=PATHS.root / "histories.csv",
        overview=PATHS.root / "summary.md",
    log:
        LOGS / "tables.log",
    params:
        plan=PATHS.plan,
        ensembles=PLAN.ensembles_hash,
        out=PATHS.root,
    shell:
        "python -m mnbench tables {params.plan:q} --out {params.out:q} 2>&1 | tee {log:q}"
