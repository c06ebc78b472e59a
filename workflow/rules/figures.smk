"""Figures: a rule each, from the tables to one data set and ensemble's PNG and PDF on every axis."""

FIGURE = PATHS.root / "figures/{dataset}_{architecture_set}"

for figure, title in FIGURE_TITLES.items():

    rule:
        name:
            figure
        input:
            tables=[str(PATHS.root / f"{name}.csv") for name in FIGURE_TABLES],
        output:
            png=[
                in_report(FIGURE / f"{stem}.png", figure, **labels)
                for stem, labels in figure_labels(figure, title).items()
            ],
            pdf=[FIGURE / f"{stem}.pdf" for stem in figure_labels(figure, title)],
        log:
            LOGS / f"figures/{{dataset}}_{{architecture_set}}_{figure}.log",
        params:
            plan=PATHS.plan,
            figure=figure,
            tables=PATHS.root,
            costs=STUDY.costs,
            out=str(FIGURE),  # only in text does Snakemake fill wildcards in
        shell:
            "python -m mnbench figure {params.figure} {params.plan:q} {params.tables:q}"
            " --dataset {wildcards.dataset} --architecture-set {wildcards.architecture_set}"
            " --costs {params.costs} --out {params.out:q} 2>&1 | tee {log:q}"


FIGURES = expand(
    str(FIGURE / "{stem}.{format}"),
    dataset=STUDY.datasets,
    architecture_set=STUDY.architecture_sets,
    stem=[stem for figure in FIGURE_TITLES for stem in stems(figure, STUDY.costs).values()],
    format=FORMATS,
)
