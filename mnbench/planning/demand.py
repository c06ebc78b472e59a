"""What a training asks of a cluster: run time, memory and GPUs, from its predicted cost.

A bound, not an estimate: the speed is that of a slow machine, and the next attempt asks for more. A
training that runs out of time is not lost: the next attempt resumes its checkpoint.

Open it when a cluster kills trainings, or lets them wait for too long. The trap: nobody knows the
machine here, nor what ended the attempt before; a profile says what it knows better
(``set-resources``, ``longest_minutes``).
"""

import math
from dataclasses import dataclass

from mnbench.architectures import activation_count, parameter_count
from mnbench.errors import UserError
from mnbench.planning.forecast import counted, predicted_training_flops, training_images
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId

FLOPS_PER_SECOND = {"cpu": 2e9, "cuda": 2e11}  # of small networks on a slow core, a slow GPU
MINUTES_TO_START = 10  # to import torch from a busy disk, read images, and predict in the end
LONGEST_MINUTES = 24 * 60  # what most partitions allow, unless a profile knows better
MORE_MEMORY = 0.5  # of the first attempt's, for each further one: it may have failed for any reason
SHORT_MINUTES = 5  # of training: less than what a cluster takes to start and end a job
MEGABYTES = {"cpu": 1000, "cuda": 4000}  # of a process with torch, and CUDA's libraries
COPIES_OF_IMAGES = 3  # the file's, the array's, the tensor's
COPIES_OF_WEIGHTS = 10  # itself, gradients, momentum, a checkpoint's six, a parent's
COPIES_OF_ACTIVATIONS = 4  # behind a convolution, its batch norm and its ReLU; their gradients
EVALUATED_TOGETHER = 250  # images, without gradients
FLOAT = 4  # bytes


@dataclass(frozen=True)
class Demand:
    """What a training asks of a cluster."""

    minutes: int
    megabytes: int
    gpus: int


@dataclass(frozen=True)
class Jobs:
    """What a cluster's jobs are like."""

    longest_minutes: int = LONGEST_MINUTES
    together: int = 1  # short trainings of a group that make one job, at the most


ANY_JOBS = Jobs()  # of a cluster that nothing is known of


def demand(plan: Plan, id: TrainingId, *, attempt: int = 1, jobs: Jobs = ANY_JOBS) -> Demand:
    """Return what a training asks for.

    On a GPU the trainings of a group take turns, and their job asks for the sum of their times. So
    each asks for its share of the time to start, and of the longest time. On a CPU they run side by
    side.

    Args:
        plan: the study's plan; its device "auto" asks for a GPU.
        id: of the training.
        attempt: 1-based; each one asks for twice the time of the one before, and for half of the
            first one's memory more.
        jobs: what the cluster's jobs are like.
    """
    device, turns = _device(plan), _turns(plan, id, jobs)
    minutes = _first_minutes(plan, id, turns)
    return Demand(
        minutes=min(minutes * 2 ** (attempt - 1), jobs.longest_minutes // turns),
        megabytes=math.ceil(_megabytes(plan, id, device) * (1 + MORE_MEMORY * (attempt - 1))),
        gpus=int(device == "cuda"),
    )


def checked_longest_minutes(given: object, key: str) -> int:
    """Return the longest time of a job in minutes.

    Args:
        given: the number, or its text.
        key: where it comes from, for the error.

    Raises:
        UserError: it is no whole number, or leaves no time to train.
    """
    text = str(given)
    if text.isdecimal() and int(text) > MINUTES_TO_START:
        return int(text)
    raise UserError(
        f"{key}={text}: must be a whole number above {MINUTES_TO_START}, the longest time of a "
        "cluster's job in minutes"
    )


def group_of(plan: Plan, id: TrainingId, generation: int, jobs: Jobs = ANY_JOBS) -> str | None:
    """Return the group of a short training, or None: a cluster runs those of a group in one job.

    A training is short if it takes less than five predicted minutes, and if as many such trainings
    as make one job fit into the longest time of a job.

    No training of a group is another one's ancestor, so that whatever part of a group makes one
    job, the jobs never wait for each other in a circle.

    Args:
        plan: the study's plan.
        id: of the training.
        generation: the training's, of :func:`generations`.
        jobs: what the cluster's jobs are like.
    """
    return f"short_trainings_{generation}" if _is_short(plan, id, jobs) else None


def generations(plan: Plan) -> dict[TrainingId, int]:
    """Return the length of the longest path to each training from one that has no parents."""
    lengths: dict[TrainingId, int] = {}
    for id, training in plan.trainings.items():  # parents before children
        lengths[id] = max((lengths[parent] + 1 for parent in training.parents), default=0)
    return lengths


def _device(plan: Plan) -> str:
    """Return the device that is asked for: "auto" may find a GPU."""
    return "cpu" if plan.device == "cpu" else "cuda"


def _is_short(plan: Plan, id: TrainingId, jobs: Jobs) -> bool:
    device = _device(plan)
    if _minutes(plan, id, device) > SHORT_MINUTES:
        return False
    turns = jobs.together if device == "cuda" else 1
    return turns * _first_minutes(plan, id, turns) <= jobs.longest_minutes


def _turns(plan: Plan, id: TrainingId, jobs: Jobs) -> int:
    """Return how many trainings of a job run one after the other."""
    takes_turns = jobs.together > 1 and _device(plan) == "cuda" and _is_short(plan, id, jobs)
    return jobs.together if takes_turns else 1


def _first_minutes(plan: Plan, id: TrainingId, turns: int) -> int:
    """Return what the first attempt asks for."""
    return math.ceil(MINUTES_TO_START / turns) + math.ceil(_minutes(plan, id, _device(plan)))


def _minutes(plan: Plan, id: TrainingId, device: str) -> float:
    return predicted_training_flops(plan.trainings[id], plan) / FLOPS_PER_SECOND[device] / 60


def _megabytes(plan: Plan, id: TrainingId, device: str) -> int:
    training, dataset = plan.trainings[id], plan.dataset(id.dataset)
    images = dataset.train_images + dataset.test_images
    needed = COPIES_OF_IMAGES * images * dataset.in_channels * dataset.image_size**2
    parameters = sum(counted(n, dataset, parameter_count) for n in training.networks)
    needed += COPIES_OF_WEIGHTS * FLOAT * parameters
    if device == "cpu":  # on a GPU they are in its own memory
        batch = min(training.recipe["batch_size"], training_images(plan, training))
        images = max(COPIES_OF_ACTIVATIONS * batch, EVALUATED_TOGETHER)
        activations = sum(counted(n, dataset, activation_count) for n in training.networks)
        needed += FLOAT * images * activations
    return MEGABYTES[device] + math.ceil(needed / 1e6)
