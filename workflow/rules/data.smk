"""Data: each data set checked, split and stored once."""


rule dataset:
    input:
        data_files,
    output:
        note=PATHS.data_note("{dataset}"),
    log:
        LOGS / "data/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(STUDY.dataset_names),
    priority: priority_of_dataset
    params:
        plan=PATHS.plan,
        # Where each seed draws its own sample, the whole pool is stored, once for all of them.
        train_images=(
            "all" if STUDY.data.sample == "per_seed" else STUDY.data.train_images or "all"
        ),
        validation_images=STUDY.data.validation_images,
        development_images=STUDY.data.development_images,
        out=str(PATHS.data("{dataset}")),  # only in text does Snakemake fill wildcards in
    shell:
        "python -m mnbench dataset {wildcards.dataset:q} {params.plan:q}"
        " --train-images {params.train_images:q} --validation-images {params.validation_images:q}"
        " --development-images {params.development_images:q} --out {params.out:q} 2>&1 | tee {log:q}"
