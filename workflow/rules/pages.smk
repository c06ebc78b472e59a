"""Pages: the claims, the tables and the explorer, each one HTML file that needs nothing else."""

PAGE = PATHS.root / "pages"


rule pages:
    input:
        tables=TABLES,
        documents=DOCUMENTS,
    output:
        documents=[
            report(
                PAGE / f"{name}.html",
                caption=f"../report/{name}.rst",
                category="Claims" if name == "claims" else "Tables",
                labels={"table": title},
            )
            for name, title in PAGE_DOCUMENTS.items()
        ],
        tables=[
            report(
                PAGE / f"{name}_table.html",
                caption=f"../report/{name}_table.rst",
                category="Claims" if name == "claims" else "Tables",
                labels={"table": title},
            )
            for name, title in PAGE_TABLES.items()
        ],
        # Not in the report: browsers show no page of more than 2 MB inside another one.
        explorer=PATHS.root / "explorer.html",
    log:
        LOGS / "pages.log",
    params:
        plan=PATHS.plan,
        tables=PATHS.root,
        costs=STUDY.costs,
        out=PAGE,
    shell:
        "python -m mnbench report {params.plan:q} {params.tables:q} --costs {params.costs}"
        " --out {params.out:q} --explorer {output.explorer:q} 2>&1 | tee {log:q}"


PAGES = rules.pages.output
