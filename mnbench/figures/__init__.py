"""Figures: one module each, whose ``draw`` turns tidy tables into a figure. No torch here."""

# Snakemake reads the names each time it parses the workflow: nothing heavy is imported for them.
TITLES = {
    "pareto": "Error against training cost",
    "attainment": "Error attained at a cost",
    "size": "Ensemble size",
    "speed_up": "Speed-up at equal error",
    "combining": "Rules of combining",
    "diversity": "Diversity and members' error",
    "reliability": "Reliability diagrams",
    "clusters": "Clusters and their MotherNets",
    "cost_breakdown": "Training cost by network",
    "training_curves": "Training curves",
}
FIGURES = tuple(TITLES)
TABLES = (
    "summary",
    "estimates",
    "networks",
    "histories",
    "convergence",
    "equal_error",
    "reliability",
)
