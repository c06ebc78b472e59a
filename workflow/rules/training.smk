"""The frame of a training job: one job, one record. Every approach's rule inherits it."""

from mnbench.training.gpus import usable_gpus
from mnbench.training.slots import GPU_JOBS, checked_gpu_jobs, gpu_jobs

# Whether the user speaks of GPUs: --resources gpu=N, or gpu_jobs=K, here or in a profile.
FOR_GPUS = bool({"gpu", "gpu_jobs"} & set(workflow.global_resources))


def limit_trainings_to_slots() -> None:
    """Let no more trainings run on this machine than its GPUs have slots, unless the user says so.

    A local run ignores `gpu=1` without a limit: a training a core would start, and most would wait.
    """
    limits = workflow.global_resources
    if "gpu_jobs" in limits:
        given = limits["gpu_jobs"]  # in older versions of Snakemake a number
        number = checked_gpu_jobs(getattr(given, "value", given), "--resources gpu_jobs")
        os.environ[GPU_JOBS] = str(number)
    slots = gpu_jobs() * len(usable_gpus(STUDY.device))
    if slots and "gpu" not in limits:
        workflow.register_resource("gpu", slots)


if workflow.is_main_process and workflow.local_exec:
    try:
        limit_trainings_to_slots()
    except UserError as error:
        sys.exit(f"mnbench: {error}")


rule training:
    input:
        training_files,
    output:
        record=PATHS.record(TRAINING) / RECORD,  # written last: with it the other files are there
    log:
        LOGS / f"{TRAINING}.log",
    wildcard_constraints:
        approach="(?!)",  # nothing: each approach sets its own name
    resources:
        gpu=int(STUDY.device != "cpu"),
    params:
        plan=PATHS.plan,
        id=TRAINING,
    shell:
        "python -m mnbench.training.supervise {params.plan:q} {params.id:q} --log {log:q}"
