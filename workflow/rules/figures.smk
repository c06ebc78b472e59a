"""Figures: a rule each, from the tables to a data set and architecture set's PNG and PDF files."""

FIGURE = PATHS.root / "figures/{dataset}_{architecture_set}"

for figure in FIGURE_ENTRIES.values():

    rule:
        name:
            figure.name
        input:
            tables=[PATHS.root / f"{table}.csv" for table in figure.tables],
        output:
            png=[
                in_report(FIGURE / f"{stem}.png", **labels)
                for stem, labels in figure_labels(figure).items()
            ],
            pdf=[FIGURE / f"{stem}.pdf" for stem in figure_labels(figure)],
        log:
            LOGS / f"figures/{{dataset}}_{{architecture_set}}_{figure.name}.log",
        wildcard_constraints:
            dataset=one_of(STUDY.dataset_names),  # either may have the "_" that is between them
            architecture_set=one_of(STUDY.architecture_sets),
        group:
            # Only where jobs are submitted: one draws as many as --group-components says.
            "figures" if workflow.nodes else None
        resources:
            figure=1,  # limited in a group: else its job asks for a core and memory for each
            runtime=lambda wildcards, attempt: 5 * attempt,
            mem_mb=lambda wildcards, attempt: 2000 * attempt,
        params:
            plan=PATHS.plan,
            figure=figure.name,
            caption=figure.caption,  # the report's, and a rerun trigger: they are few and fast
            tables=PATHS.root,
            costs=STUDY.costs,
            out=str(FIGURE),  # only in text does Snakemake fill wildcards in
        shell:
            "python -m mnbench figure {params.figure:q} {params.plan:q} {params.tables:q}"
            " --dataset {wildcards.dataset:q} --architecture-set {wildcards.architecture_set:q}"
            " --costs {params.costs:q} --out {params.out:q} 2>&1 | tee {log:q}"


FIGURES = expand(
    str(FIGURE / "{stem}.{format}"),
    dataset=STUDY.dataset_names,
    architecture_set=STUDY.architecture_sets,
    stem=[
        stem for figure in FIGURE_ENTRIES.values() for stem in figure.stems(STUDY.costs).values()
    ],
    format=FORMATS,
)
