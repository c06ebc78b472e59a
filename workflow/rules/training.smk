"""The frame of a training job: one job, one record. Every approach's rule inherits it."""


rule training:
    input:
        training_files,
    output:
        record=PATHS.record(TRAINING) / RECORD,  # written last: with it the other files are there
    log:
        LOGS / f"{TRAINING}.log",
    wildcard_constraints:
        approach="(?!)",  # nothing: each approach sets its own name
    # What others wait for starts first, and what is long: at the end no core waits for a long job.
    priority: priority_of_training
    resources:
        gpu=1,
    params:
        plan=PATHS.plan,
        id=TRAINING,
    shell:
        "python -m mnbench.training.supervise {params.plan:q} {params.id:q} --log {log:q}"
