"""Figures: one module each, whose ``draw`` turns tidy tables into a figure. No torch here."""

# Snakemake reads the names each time it parses the workflow: nothing heavy is imported for them.
FIGURES = ("pareto", "size", "cost_breakdown", "training_curves")
