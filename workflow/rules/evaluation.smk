"""Evaluation: the tables of a study, from its records alone."""

DRAWN = [str(PATHS.root / f"{name}.csv") for name in FIGURE_TABLES]
TABLES = [
    *DRAWN,
    *(
        str(PATHS.root / f"{name}.csv")
        for name in (
            "differences",
            "fronts",
            "cost_to_reach",
            "missing",
            "claims",
        )
    ),
]

# Where tables are there, Snakemake would not ask for a record that is gone again.
LOST = [file for id in PLAN.trainings for file in files_to_ask(id) if not Path(file).exists()]


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
        estimates=report(
            PATHS.root / "estimates.csv",
            caption="../report/estimates.rst",
            category="Tables",
            labels={"table": "estimates, every figure with its interval"},
        ),
        differences=report(
            PATHS.root / "differences.csv",
            caption="../report/differences.rst",
            category="Tables",
            labels={"table": "differences, every two ensembles"},
        ),
        fronts=report(
            PATHS.root / "fronts.csv",
            caption="../report/fronts.rst",
            category="Tables",
            labels={"table": "fronts, hypervolume and share of being on it"},
        ),
        equal_error=report(
            PATHS.root / "equal_error.csv",
            caption="../report/equal_error.rst",
            category="Tables",
            labels={"table": "speed-up at equal error, gain at equal cost"},
        ),
        cost_to_reach=PATHS.root / "cost_to_reach.csv",
        convergence=PATHS.root / "convergence.csv",
        reliability=PATHS.root / "reliability.csv",
        missing=PATHS.root / "missing.csv",
        claims=report(
            PATHS.root / "claims.csv",
            caption="../report/claims.rst",
            category="Claims",
            labels={"table": "every claim, its tests and what they rest on"},
        ),
        verdicts=PATHS.root / "claims.md",
        overview=PATHS.root / "summary.md",
    log:
        LOGS / "tables.log",
    threads: 8  # no more than there are: Snakemake scales it down
    params:
        plan=PATHS.plan,
        ensembles=PLAN.ensembles_hash,
        cost=STUDY.cost,
        out=PATHS.root,
    shell:
        "python -m mnbench tables {params.plan:q} --cost {params.cost} --processes {threads}"
        " --out {params.out:q} 2>&1 | tee {log:q}"
