"""Pages of a study: self-contained HTML that opens anywhere and asks the network for nothing.

The claims and tables for reading, and the explorer, an interactive plot of every ensemble. All are
made from the tables and the plan; no torch here.
"""

# Snakemake reads the names each time it parses the workflow: nothing heavy is imported for them.
DOCUMENTS = {  # written as Markdown by the tables' step
    "claims": "The paper's claims, and the four marks",
    "summary": "Full-size ensembles in order of cost",
}
TABLES = {
    "claims": "Every claim's tests, and the records that they rest on",
    "summary": "Every ensemble and seed",
    "estimates": "Every ensemble and rule of combining: mean over the seeds (95 % interval)",
    "differences": "Test errors of every two full-size ensembles: the first's less the second's",
    "fronts": "Hypervolume of each approach; how often each point is on the front",
    "equal_error": "Speed-up at equal error, and error gained at equal cost",
    "cost_to_reach": "What each approach costs where it is as good as Full Data with m networks",
    "reliability": "Confidence and accuracy by bins of confidence",
    "convergence": "What one network gains from longer training",
    "networks": "Every training: its own cost, its cost with ancestors, its networks' own error",
    "missing": "What could not be evaluated, and why",
}
