"""Figures: a rule and a function each, from the tables to one data set and ensemble's PNG and PDF."""

FIGURE = PATHS.root / "figures/{dataset}_{ensemble}"
DRAW = (
    "python -m mnbench figure {params.figure} {params.plan:q} {params.tables:q}"
    " --dataset {wildcards.dataset} --ensemble {wildcards.ensemble}"
    " --cost {params.cost} --out {output.png:q} {output.pdf:q} 2>&1 | tee {log:q}"
)


rule pareto:
    input:
        tables=DRAWN,
    output:
        png=in_report(FIGURE / "pareto.png", "Error against training cost", "pareto"),
        pdf=FIGURE / "pareto.pdf",
    log:
        LOGS / "figures/{dataset}_{ensemble}_pareto.log",
    params:
        plan=PATHS.plan,
        figure="pareto",
        tables=PATHS.root,
        cost=STUDY.cost,
    shell:
        DRAW


rule size:
    input:
        tables=DRAWN,
    output:
        png=in_report(FIGURE / "size.png", "Ensemble size", "size"),
        pdf=FIGURE / "size.pdf",
    log:
        LOGS / "figures/{dataset}_{ensemble}_size.log",
    params:
        plan=PATHS.plan,
        figure="size",
        tables=PATHS.root,
        cost=STUDY.cost,
    shell:
        DRAW


rule cost_breakdown:
    input:
        tables=DRAWN,
    output:
        png=in_report(FIGURE / "cost_breakdown.png", "Training cost by network", "cost_breakdown"),
        pdf=FIGURE / "cost_breakdown.pdf",
    log:
        LOGS / "figures/{dataset}_{ensemble}_cost_breakdown.log",
    params:
        plan=PATHS.plan,
        figure="cost_breakdown",
        tables=PATHS.root,
        cost=STUDY.cost,
    shell:
        DRAW


rule training_curves:
    input:
        tables=DRAWN,
    output:
        png=in_report(FIGURE / "training_curves.png", "Training curves", "training_curves"),
        pdf=FIGURE / "training_curves.pdf",
    log:
        LOGS / "figures/{dataset}_{ensemble}_training_curves.log",
    params:
        plan=PATHS.plan,
        figure="training_curves",
        tables=PATHS.root,
        cost=STUDY.cost,
    shell:
        DRAW


FIGURES = expand(
    str(FIGURE / "{figure}.{format}"),
    dataset=STUDY.datasets,
    ensemble=STUDY.ensembles,
    figure=["pareto", "size", "cost_breakdown", "training_curves"],
    format=["png", "pdf"],
)
