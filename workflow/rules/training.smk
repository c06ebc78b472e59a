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
    group:
        # Only where jobs are submitted, which takes a bound on their number (--jobs).
        group_of_training if workflow.nodes else None
    resources:
        gpu=asks_for("gpus"),
        runtime=asks_for("minutes"),
        mem_mb=asks_for("megabytes"),
        attempt=attempt_of,  # nobody is asked for it: the shell says it to the training
    params:
        plan=PATHS.plan,
        id=TRAINING,
        attempt=attempt_said,
    # Not below the shell: a signal that announces the end must not end what waits for the training.
    shell:
        "MNBENCH_ATTEMPT={params.attempt} "
        "exec python -m mnbench.training.supervise {params.plan:q} {params.id:q} --log {log:q}"
