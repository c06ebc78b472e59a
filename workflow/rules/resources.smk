"""What a training asks of its machine: a place on a GPU, and of a cluster time and memory."""

from mnbench.planning.demand import (
    checked_longest_minutes,
    Demand,
    demand,
    generations,
    group_of,
    Jobs,
    LONGEST_MINUTES,
)
from mnbench.training.gpus import usable_gpus
from mnbench.training.slots import GPU_JOBS, checked_gpu_jobs, gpu_jobs

# Whether the user speaks of GPUs: --resources gpu=N, or gpu_jobs=K, here or in a profile.
FOR_GPUS = bool({"gpu", "gpu_jobs"} & set(workflow.global_resources))


def limit_of(resource: str):
    """Return what the user limits a resource to, here or in a profile, or None."""
    limit = workflow.global_resources.get(resource)
    return getattr(limit, "value", limit)  # in older versions of Snakemake a number


def share_gpus() -> None:
    """Let as many trainings share a GPU as the user says, here and in every job."""
    given = limit_of("gpu_jobs")
    if given is not None:
        os.environ[GPU_JOBS] = str(checked_gpu_jobs(given, "--resources gpu_jobs"))


def longest_minutes() -> int:
    """Return the longest time of a cluster's job, as a profile or the user says it."""
    given = limit_of("longest_minutes")
    if given is None:
        return LONGEST_MINUTES
    return checked_longest_minutes(given, "--resources longest_minutes")


SHORT_TRAININGS = "short_trainings"  # the group's name in --group-components
GPUS, SLOTS = [], 0  # of this machine, asked for once: a cluster's job asks by itself
try:
    LONGEST = longest_minutes()
    if workflow.is_main_process and workflow.local_exec:
        share_gpus()
        GPUS = usable_gpus(STUDY.device)
        SLOTS = gpu_jobs() * len(GPUS)
except UserError as error:
    sys.exit(f"mnbench: {error}")
# A local run ignores `gpu=1` without a limit: a training a core would start, and most would wait.
# The user's own limit stays.
if SLOTS and "gpu" not in workflow.global_resources:
    workflow.register_resource("gpu", SLOTS)


def slots_of_run() -> int | None:
    """Return how many trainings may run on this machine's GPUs at a time; None without any."""
    limit = limit_of("gpu")
    return min(SLOTS, SLOTS if limit is None else limit) or None


@cache
def jobs_of_cluster() -> Jobs:
    """Return what a cluster's jobs are like; Snakemake knows the groups once all rules are read."""
    return Jobs(LONGEST, workflow.group_settings.group_components.get(SHORT_TRAININGS, 1))


@cache
def demand_of(id: TrainingId, attempt: int) -> Demand:
    """Return what a training asks of a cluster, by its predicted cost."""
    return demand(PLAN, id, attempt=attempt, jobs=jobs_of_cluster())


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
    group = group_of(PLAN, id, generations_of_plan()[id], jobs_of_cluster())
    if group:
        workflow.parent_groupids[group] = SHORT_TRAININGS
    return group


def attempt_of(wildcards, attempt):
    """Return which attempt of its job a training is in, from 1."""
    return attempt


def attempt_said(wildcards, resources):
    """Return the attempt for the shell; nothing where another workflow's rule has own resources.

    What follows from resources is no reason for Snakemake to run a job again.
    """
    return resources.get("attempt", "")


if not workflow.is_main_process:
    workflow.register_resource("gpu", 1)  # a cluster's job has one: those of a group take turns
