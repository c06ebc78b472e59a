"""Figures: a rule each, from the tables to one data set and ensemble's PNG and PDF."""

FIGURE = PATHS.root / "figures/{dataset}_{ensemble}"

for figure, title in FIGURE_TITLES.items():

    rule:
        name:
            figure
        input:
            tables=DRAWN,
        output:
            png=in_report(FIGURE / f"{figure}.png", title, figure),
            pdf=FIGURE / f"{figure}.pdf",
        log:
            LOGS / f"figures/{{dataset}}_{{ensemble}}_{figure}.log",
        params:
            plan=PATHS.plan,
            figure=figure,
            tables=PATHS.root,
            cost=STUDY.cost,
        shell:
            "python -m mnbench figure {params.figure} {params.plan:q} {params.tables:q}"
            " --dataset {wildcards.dataset} --ensemble {wildcards.ensemble}"
            " --cost {params.cost} --out {output.png:q} {output.pdf:q} 2>&1 | tee {log:q}"


FIGURES = expand(
    str(FIGURE / "{figure}.{format}"),
    dataset=STUDY.datasets,
    ensemble=STUDY.ensembles,
    figure=FIGURE_TITLES,
    format=["png", "pdf"],
)
