"""Measure what steps cost on this machine: the study's own networks, by the code that trains them.

Processes train side by side, as many as the study will have, each the same kinds in the same order:
what they take from each other is in the numbers. Open it to change what is measured, or for how
long. The trap: on a CPU it is CPU time that counts, since a core that others use as well would
make every prediction too long; on a GPU it is wall time, as in records.
"""

import importlib
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from mnbench.datasets import stored
from mnbench.datasets.npz import write_arrays
from mnbench.datasets.prepared import write_note
from mnbench.errors import UserError
from mnbench.lifeline import end_with, name_of
from mnbench.planning.forecast import training_images
from mnbench.planning.plan import Plan
from mnbench.records.paths import StudyPaths
from mnbench.timing.calibration import Calibration, Machine, MeasuredKind
from mnbench.timing.cost_model import CostModel
from mnbench.timing.kinds import StepKind, Works
from mnbench.timing.probing import Effort, Probe, Probed, brief, measure_kind, noise_images
from mnbench.training.device import Stopwatch, acquire
from mnbench.training.job import Job, Trained
from mnbench.training.prefork import PRELOADED
from mnbench.training.progress import Progress
from mnbench.training.run import run
from mnbench.training.slots import GPU_JOBS

SECONDS = 40.0
SMALLEST = Effort(batch_size=8, steps=1)


@dataclass(frozen=True)
class _Run:
    """What one process measured."""

    measured: tuple[MeasuredKind, ...]
    device_seconds: float  # of beginning to use the device
    device_share: float


def calibrate(plan: Plan, machine: Machine, seconds: float = SECONDS) -> Calibration:
    """Return a calibration of this machine for a plan's networks; it takes at most a minute.

    Args:
        plan: whose kinds of steps are measured, the most work first, until the time is over.
        machine: this one, with the number of trainings side by side.
        seconds: for all kinds together; starting processes and a job come on top.

    Raises:
        UserError: nothing could be measured.
    """
    probes = probes_of(plan)
    owner = name_of(os.getpid())
    context = get_context("spawn")
    try:
        with ProcessPoolExecutor(
            machine.devices, context, initializer=end_with, initargs=(owner,)
        ) as pool:
            wanted = [
                pool.submit(_measure_all, probes, plan.device, seconds)
                for _ in range(machine.devices)
            ]
            runs = [future.result() for future in wanted]
            first = Calibration(machine, _medians(runs), 0.0, min(one.device_share for one in runs))
        # In a fresh process, as a job's is: what is done for the first time takes longer.
        with ProcessPoolExecutor(1, context, initializer=end_with, initargs=(owner,)) as pool:
            frame = pool.submit(_job_seconds, plan, probes[0], CostModel(first)).result()
    except BrokenProcessPool as error:
        raise UserError(
            f"one of {machine.devices} processes that measure side by side was killed, for want of "
            "memory perhaps; give fewer cores (taskset), or let fewer trainings share a GPU "
            f"({GPU_JOBS})"
        ) from error
    started = statistics.median(one.device_seconds for one in runs)
    return replace(first, job_seconds=frame + started + _start_seconds())


def probes_of(plan: Plan) -> list[Probe]:
    """Return what to measure of a plan: the smallest kind, the largest, then those with most work.

    Kinds of networks that are trained jointly from others' records are left out: they need them.
    """
    works = Works(plan)
    flops: dict[StepKind, float] = {}
    examples: dict[StepKind, Probe] = {}
    for training in plan.trainings.values():
        work = works.of(training)
        kind = work.kind
        if kind.jointly and training.parents:
            continue
        steps = work.steps * kind.batch_size * kind.sizes.training_flops
        flops[kind] = flops.get(kind, 0.0) + steps
        if kind not in examples:
            examples[kind] = Probe(kind, training, plan.dataset(training.id.dataset))
    if not examples:
        raise UserError(f"study '{plan.study}': no training of it can be measured without parents")
    by_size = sorted(examples, key=lambda kind: kind.sizes.training_flops * (not kind.jointly))
    plain = [kind for kind in by_size if not kind.jointly] or by_size
    ends = dict.fromkeys([plain[0], plain[-1]])
    rest = sorted(flops.keys() - ends.keys(), key=lambda kind: (-flops[kind], kind.key))
    return [examples[kind] for kind in [*ends, *rest]]


def _measure_all(probes: Sequence[Probe], wanted: str, seconds: float) -> _Run:
    """Measure one kind after the other until so many seconds are over."""
    with acquire(wanted) as device, tempfile.TemporaryDirectory(prefix="mnbench-") as folder:
        watch = Stopwatch(device)
        torch.zeros(1, device=device)
        started = watch.seconds()
        began = time.monotonic()
        # The first answer is thrown away: it says how fast this machine is at all.
        last = measure_kind(probes[0], SMALLEST, device, Path(folder))
        done: list[Probed] = []
        for probe in probes:
            left = began + seconds - time.monotonic()
            effort = affordable(probe, left / 2, last.seconds_of_flop)
            if effort is None and done:
                continue
            last = measure_kind(probe, effort or SMALLEST, device, Path(folder))
            done.append(last)
    shares = statistics.median(one.device_share for one in done)
    return _Run(tuple(one.measured for one in done), started, shares)


def affordable(probe: Probe, seconds: float, seconds_of_flop: float) -> Effort | None:
    """Return how to measure a kind, or None if there is no time for it.

    Fewer steps come before smaller batches: what a step takes is not in proportion to its images.

    Args:
        probe: what is to be measured.
        seconds: that it may take.
        seconds_of_flop: as far as it is known.
    """
    whole = probe.kind.batch_size
    efforts = [Effort(whole, steps) for steps in (5, 2, 1)]
    while (half := math.ceil(efforts[-1].batch_size / 2)) >= SMALLEST.batch_size:
        efforts.append(Effort(half, 1))
    flops = probe.kind.sizes.training_flops
    return next((one for one in efforts if one.images * flops * seconds_of_flop <= seconds), None)


def _medians(runs: Iterable[_Run]) -> tuple[MeasuredKind, ...]:
    """Return each kind once, with the median of what the processes measured."""
    of_kind: dict[str, list[MeasuredKind]] = {}
    for one in (measured for own in runs for measured in own.measured):
        same = of_kind.setdefault(one.key, [])
        if not same or one.batch_size == same[0].batch_size:
            same.append(one)
    times = ("step_seconds", "forward_seconds", "epoch_seconds")
    return tuple(
        replace(
            same[0],
            **{name: statistics.median(getattr(one, name) for one in same) for name in times},
        )
        for same in of_kind.values()
    )


def _start_seconds() -> float:
    """Return the CPU-seconds of starting the program that sees to a training."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", "import mnbench.training.supervise"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _job_seconds(plan: Plan, probe: Probe, model: CostModel) -> float:
    """Return the seconds of a whole job, without its steps, validation and predictions.

    The job is a real one of an epoch of one batch: it reads the study's plan, and as many images as
    the study will store.
    """
    for module in PRELOADED:  # as in the warm process that jobs are forked from
        importlib.import_module(module)
    kind, dataset, rng = probe.kind, probe.dataset, np.random.default_rng(0)
    training = replace(
        probe.training,
        networks=probe.training.networks[:1],
        recipe=brief(probe.training, kind.batch_size) | {"epochs": 1},
        parents=(),
        parent_hashes=(),
    )
    plan = replace(plan, trainings=plan.trainings | {training.id: training})
    data = stored(training.data)
    numbers = {
        "train": training_images(plan, replace(training, data=data)),
        "validation": data["validation_images"],
        "test": dataset.test_images,
        "development": data.get("development_images", 0),
    }
    with tempfile.TemporaryDirectory(prefix="mnbench-") as folder:
        paths = StudyPaths(Path(folder))
        plan.write(paths.plan)
        images = {name: noise_images(dataset, number, rng) for name, number in numbers.items()}
        arrays = {
            f"{name}_{key}": getattr(own, key)
            for name, own in images.items()
            for key in ("images", "labels")
        }
        ones = np.ones(dataset.in_channels, np.float32)
        files = {paths.train_data: ("train", "validation"), paths.test_data: ("test",)}
        if numbers["development"]:
            files[paths.development_data] = ("development",)
        for file, names in files.items():
            own = {key: value for key, value in arrays.items() if key.split("_")[0] in names}
            more = {"mean": ones / 2, "std": ones / 4} if "train" in names else {}
            write_arrays(file(dataset.name), **own, **more)
        write_note(paths.data(dataset.name), data)
        watch = Stopwatch(torch.device(model.calibration.machine.device))
        run(_trained_briefly, paths.plan, training.id, Progress(None, None))
        seconds = watch.seconds()
    predicted = sum(numbers.values()) - numbers["train"] + numbers["validation"]
    alone = kind.alone(training.networks[0])
    known = model.step_seconds(alone) + model.epoch_seconds(alone)
    return max(0.0, seconds - known - predicted * model.forward_seconds(alone))


def _trained_briefly(job: Job) -> Trained:
    """Train a network for one batch."""
    batch = torch.arange(min(len(job.data.train), job.recipe.batch_size))
    return job.fit(job.new_network(), phase="calibration", sample=batch)
