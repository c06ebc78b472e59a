"""Figures: one module each, whose ``draw`` turns tidy tables into a figure. No torch here."""

from collections.abc import Sequence

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
FORMATS = ("png", "pdf")
# Drawn once on every cost axis of a study.
ON_COST_AXIS = ("pareto", "attainment", "size", "speed_up", "cost_breakdown")
TABLES = (
    "summary",
    "estimates",
    "networks",
    "histories",
    "convergence",
    "equal_error",
    "reliability_bins",
    "missing",
)


def stems(name: str, costs: Sequence[str]) -> dict[str, str]:
    """Name the files of a figure, without suffix, by the cost axis that each is drawn on.

    Args:
        name: one of :data:`FIGURES`.
        costs: the study's axes. A figure without a cost axis has one file, by the first.
    """
    if name in ON_COST_AXIS:
        return {cost: f"{name}_{cost}" for cost in costs}
    return {costs[0]: name}
