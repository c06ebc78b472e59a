"""Report: the claims, the tables and the explorer, each one HTML file that needs nothing else."""

PAGE = PATHS.root / "pages"
DOCUMENTS = [PATHS.root / f"{name}.md" for name in DOCUMENT_TITLES]


rule pages:
    input:
        tables=TABLES,
    output:
        documents=DOCUMENTS,
        pages=[
            page_in_report(PAGE / f"{name}.html", name, title)
            for name, title in DOCUMENT_TITLES.items()
        ],
        tables=[
            page_in_report(PAGE / f"{name}_table.html", name, title)
            for name, title in TABLE_TITLES.items()
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
        "python -m mnbench report {params.plan:q} {params.tables:q} --costs {params.costs:q}"
        " --out {params.out:q} --explorer {output.explorer:q} 2>&1 | tee {log:q}"


PAGES = rules.pages.output
