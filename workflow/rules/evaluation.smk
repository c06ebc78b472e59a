"""Evaluation: the tables of a study, from its records alone."""

TABLES = [str(PATHS.root / f"{name}.csv") for name in TABLE_TITLES]

# Where tables are there, Snakemake would not ask for a record that is gone again.
LOST = [file for id in PLAN.trainings for file in files_to_ask(id) if not Path(file).exists()]


rule tables:
    input:
        records=[file for id in PLAN.trainings for file in files_to_ask(id)],
    output:
        tables=TABLES,
    log:
        LOGS / "tables.log",
    threads: 8  # no more than there are: Snakemake scales it down
    params:
        plan=PATHS.plan,
        ensembles=PLAN.ensembles_hash,
        costs=STUDY.costs,
        out=PATHS.root,
    shell:
        "python -m mnbench tables {params.plan:q} --costs {params.costs} --processes {threads}"
        " --out {params.out:q} 2>&1 | tee {log:q}"
