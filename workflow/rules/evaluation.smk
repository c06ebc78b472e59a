"""Evaluation: the tables of a study, from its records alone."""

TABLES = [str(PATHS.root / f"{name}.csv") for name in TABLE_TITLES]


rule tables:
    input:
        records=record_files,
    output:
        tables=TABLES,
        evaluated=PATHS.evaluated,
    log:
        LOGS / "tables.log",
    threads: 8  # no more than there are: Snakemake scales it down
    params:
        plan=PATHS.plan,
        costs=STUDY.costs,
        out=PATHS.root,
    shell:
        "python -m mnbench tables {params.plan:q} --costs {params.costs:q} --processes {threads}"
        " --out {params.out:q} 2>&1 | tee {log:q}"


rule diverged:
    # A run that finds everything as it was is none to Snakemake, and could not end by saying that
    # some training has diverged: so there is this to do.
    output:
        temp(touch(PATHS.root / "diverged")),
