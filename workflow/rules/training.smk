"""The frame of a training job: one job, one record. Every approach's rule inherits it."""


rule training:
    input:
        data=PATHS.train_data("{dataset}"),
        test=PATHS.test_data("{dataset}"),
        parents=parent_files,
    output:
        record=PATHS.record(TRAINING) / RECORD,
        history=PATHS.record(TRAINING) / HISTORY,
        predictions=PATHS.record(TRAINING) / PREDICTIONS,
        weights=PATHS.record(TRAINING) / WEIGHTS,
    log:
        LOGS / f"{TRAINING}.log",
    wildcard_constraints:
        approach="(?!)",  # nothing: each approach sets its own name
    resources:
        gpu=1,
    params:
        plan=PATHS.plan,
        id=TRAINING,
        recipe_hash=recipe_hash,
    shell:
        "python -m mnbench.training.prefork mnbench train {params.plan:q} {params.id:q} --log {log:q}"
