"""The entrance for plain `snakemake`: the workflow itself is workflow/Snakefile."""


include: "workflow/Snakefile"


workflow.default_target = "all"  # Snakemake forgets the one of an included file
