"""Evaluation: the tables of a study, from its records alone."""

from mnbench.records import FILES

TABLES = [str(PATHS.root / f"{name}.csv") for name in ("summary", "networks", "histories")]


def files_to_ask(id: str) -> list[str]:
    """The file that stands for a record, since it is written last, and what has gone missing since.

    To ask for all four files of ten thousand records would take Snakemake seconds.
    """
    record = f"{PATHS.records}/{id}/{RECORD}"
    if not Path(record).exists():
        return [record]
    files = [f"{PATHS.records}/{id}/{file}" for file in FILES if file != RECORD]
    return [record, *(file for file in files if not Path(file).exists())]


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
