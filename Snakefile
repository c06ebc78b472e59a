"""mnbench: train ensembles by every approach, and compare their error with their training cost."""

from pathlib import Path

from snakemake.utils import min_version

min_version("9.10")


# A study given by --configfile stands alone: Snakemake would merge it into the default one.
if not workflow.overwrite_configfiles:

    configfile: "config/default.yaml"


report: "workflow/report/study.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/training.smk"


for approach_file in sorted(Path(workflow.basedir, "workflow/rules/approaches").glob("*.smk")):

    include: str(approach_file)


include: "workflow/rules/planning.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        tables=TABLES,
        figures=FIGURES,
        pages=PAGES,
        records=LOST,
