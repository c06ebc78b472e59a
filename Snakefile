"""The entrance for plain `snakemake`: the workflow itself is workflow/Snakefile."""


include: "workflow/Snakefile"
