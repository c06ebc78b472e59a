"""Data: each data set checked, split and stored once."""


rule dataset:
    output:
        train=PATHS.train_data("{dataset}"),
        test=PATHS.test_data("{dataset}"),
    log:
        LOGS / "data/{dataset}.log",
    params:
        plan=PATHS.plan,
        train_images=STUDY.data.train_images or "all",
        validation_images=STUDY.data.validation_images,
        out=lambda wildcards, output: Path(output.train).parent,
    shell:
        "python -m mnbench dataset {wildcards.dataset} {params.plan:q}"
        " --train-images {params.train_images} --validation-images {params.validation_images}"
        " --out {params.out:q} 2>&1 | tee {log:q}"
