"""The entrance for plain `snakemake`: the workflow itself is workflow/Snakefile."""

# Not by `include:`, which forgets the default target.
workflow.include("workflow/Snakefile", overwrite_default_target=True)
