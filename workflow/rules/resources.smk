"""What a training asks of its machine: a place on a GPU, and of a cluster time and memory."""

from mnbench.planning.demand import Demand, demand, generations, group_of
from mnbench.training.gpus import usable_gpus
from mnbench.training.slots import GPU_JOBS, checked_gpu_jobs, gpu_jobs

# Whether the user speaks of GPUs: --resources gpu=N, or gpu_jobs=K, here or in a profile.
FOR_GPUS = bool({"gpu", "gpu_jobs"} & set(workflow.global_resources))


def share_gpus() -> None:
    """Let as many trainings share a GPU as the user says, here and in every job."""
    if "gpu_jobs" in workflow.global_resources:
        given = workflow.global_resources["gpu_jobs"]
        given = getattr(given, "value", given)  # in older versions of Snakemake a number
        os.environ[GPU_JOBS] = str(checked_gpu_jobs(given, "--resources gpu_jobs"))


GPUS, SLOTS = [], 0  # of this machine, asked for once: a cluster's job asks by itself
if workflow.is_main_process and workflow.local_exec:
    try:
        share_gpus()
        GPUS = usable_gpus(STUDY.device)
        SLOTS = gpu_jobs() * len(GPUS)
    except UserError as error:
        sys.exit(f"mnbench: {error}")
    # A local run ignores `gpu=1` without a limit: a training a core would start, and most would
    # wait. The user's own limit stays.
    if SLOTS and "gpu" not in workflow.global_resources:
        workflow.register_resource("gpu", SLOTS)


def slots_of_run() -> int | None:
    """Return how many trainings may run on this machine's GPUs at a time; None without any."""
    limit = workflow.global_resources.get("gpu")
    limit = getattr(limit, "value", limit)  # in older versions of Snakemake a number
    return min(SLOTS, SLOTS if limit is None else limit) or None


@cache
def demand_of(id: TrainingId, attempt: int) -> Demand:
    """Return what a training asks of a cluster, by its predicted cost."""
    return demand(PLAN, id, attempt=attempt)


def asks_for(what: str):
    """Return a function that says one thing that a training asks of a cluster."""

    def value(wildcards, attempt):
        return getattr(demand_of(training_of(wildcards).id, attempt), what)

    return value


@cache
def generations_of_plan() -> dict[TrainingId, int]:
    """Return each training's generation, which decides its group."""
    return generations(PLAN)


def group_of_training(wildcards):
    """Return the group of a short training: a cluster runs several of them in one job."""
    id = training_of(wildcards).id
    group = group_of(PLAN, id, generations_of_plan()[id])
    if group:
        workflow.parent_groupids[group] = "short_trainings"  # the name in --group-components
    return group


if not workflow.is_main_process:
    workflow.register_resource("gpu", 1)  # a cluster's job has one: those of a group take turns
