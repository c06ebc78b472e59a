"""Three hundred preemptions of a thousand trainings, each at a place that a seed decides.

The trainings are real ones of a network with a few hundred weights on a few images, by the code
that runs every training. A process works through them until it is killed, or told to end, in the
midst of a step, of an evaluation, of a checkpoint or of a record; then another one goes on.
"""

import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.tiny import MODULES, change_test_set, plan_of
from support.tiny import config as tiny_config

from mnbench.architectures import Architecture, Layer, Plain, Stem
from mnbench.datasets import prepare
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId
from mnbench.records.paths import StudyPaths
from mnbench.records.record import PREDICTIONS, WEIGHTS, read_record
from mnbench.records.validity import standing
from mnbench.training import checkpoint, loop
from mnbench.training import run as run_module
from mnbench.training.preemption import SIGNALS
from mnbench.training.progress import Progress
from mnbench.training.run import run

pytestmark = pytest.mark.long

TRAININGS, PREEMPTIONS = 1000, 300
IMAGES, BATCH, EPOCHS = 40, 10, 3
KINDS = (signal.SIGKILL, *SIGNALS)
PLACES = (  # where a process may be when it is preempted, each time before it goes on
    (loop, "forward_pass"),
    (loop, "evaluate"),
    (checkpoint, "save_tensors"),
    (run_module, "save_tensors"),
    (run_module, "checksums"),
    (checkpoint, "discard"),
)
STEPS_A_TRAINING = EPOCHS * (IMAGES // BATCH + 2) + 3  # of the places above
SMALLEST = Architecture(blocks=(Plain((Layer(2),)),), stem=Stem(space_to_depth=4), name="smallest")


def lay_out(root: Path) -> tuple[StudyPaths, Plan]:
    """Write the plan and the images of a thousand small trainings."""
    values = tiny_config() | {
        "seeds": list(range(TRAININGS // 5)),
        "recipe": {
            "epochs": EPOCHS,
            "batch_size": BATCH,
            "augmentation": {"shift": 1, "flip": True},
        },
        "data": {"train_images": IMAGES, "validation_images": 20},
        "approaches": {"full_data": None},
    }
    planned = plan_of(values)
    networks = {
        id: replace(training, networks=(replace(SMALLEST, name=training.networks[0].name),))
        for id, training in planned.trainings.items()
    }
    plan = replace(planned, trainings=networks)
    assert len(plan.trainings) == TRAININGS
    paths = StudyPaths(root)
    plan.write(paths.plan)
    out = paths.train_data("fashion_mnist").parent
    prepare(
        "fashion_mnist",
        root=root / "nowhere",
        download=False,
        train_images=IMAGES,
        validation_images=20,
        out=out,
    )
    change_test_set(paths, lambda images: images[:20])
    return paths, plan


def train(paths: StudyPaths, id: TrainingId) -> None:
    run(MODULES[id.approach].train, paths.plan, id, Progress(None, None))


def preempt(step: int, kind: signal.Signals) -> None:
    """Make this process get a signal when it comes to one of the places the *step*-th time."""
    left = iter(range(step - 1))

    def preempted_at(function):
        def preempted(*arguments, **options):
            if next(left, None) is None:
                os.kill(os.getpid(), kind)
            return function(*arguments, **options)

        return preempted

    for module, name in PLACES:
        setattr(module, name, preempted_at(getattr(module, name)))


def work(
    paths: StudyPaths, waiting: Iterator[TrainingId], step: int, kind: signal.Signals
) -> TrainingId | None:
    """Train in a process of its own until it is preempted; return what it was at, if anything."""
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        status = 1
        try:
            preempt(step, kind)
            for id in waiting:
                os.write(writer, f"{id}\n".encode())
                train(paths, id)
            status = 0
        except SystemExit as end:
            status = end.code
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as begun:
        *_, last = begun.read().splitlines() or [""]
    _, status = os.waitpid(process, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == kind
    elif not os.WEXITSTATUS(status):
        return None
    else:
        assert os.WEXITSTATUS(status) == 128 + signal.SIGTERM and kind in SIGNALS
    return TrainingId.parse(last)


def test_none_is_lost_and_each_repeats_an_epoch_at_the_most(tmp_path, monkeypatch, injected):
    paths, plan = lay_out(tmp_path / "study")
    # Each job reads the plan; a thousand times is no part of what is tried here.
    monkeypatch.setattr(run_module, "read_plan", lambda file: plan)
    undisturbed = StudyPaths(tmp_path / "undisturbed")
    undisturbed.root.mkdir()
    for name in ("plan.json", "data"):
        (undisturbed.root / name).symlink_to(paths.root / name)
    train(undisturbed, next(iter(plan.trainings)))  # or each process would import so much anew
    generator, waiting = random.Random(0), list(plan.trainings)
    preemptions: dict[TrainingId, Counter[signal.Signals]] = {}
    mean = TRAININGS * STEPS_A_TRAINING // PREEMPTIONS
    while waiting:
        done = sum(map(Counter.total, preemptions.values()))
        step = generator.randint(1, 2 * mean - 10) if done < PREEMPTIONS else 10**9
        kind = generator.choice(KINDS)
        at = work(paths, iter(waiting), step, kind)
        if at is None:
            break
        preemptions.setdefault(at, Counter())[kind] += 1
        injected(f"{kind.name} of a training", "at a random step")
        waiting = waiting[waiting.index(at) :]
    kinds = sum(preemptions.values(), Counter())
    assert kinds.total() == PREEMPTIONS and min(kinds.values()) > PREEMPTIONS / 5

    repeated = 0
    for id, training in plan.trainings.items():
        assert standing(paths.record(id), training).fault is None
        cost = read_record(paths.record(id)).cost
        assert cost.examples == EPOCHS * IMAGES
        killed = preemptions.get(id, Counter())[signal.SIGKILL]
        assert cost.repeated_examples <= killed * IMAGES
        repeated += cost.repeated_examples
        if id in preemptions:
            train(undisturbed, id)
            for file in (WEIGHTS, PREDICTIONS):
                theirs = (undisturbed.record(id) / file).read_bytes()
                assert (paths.record(id) / file).read_bytes() == theirs
    assert repeated > 0  # or the kills came where nothing is repeated
    assert [path for path in paths.root.rglob("*.safetensors") if path.name != WEIGHTS] == []
    assert list(paths.root.rglob("*.partial")) == list(paths.root.rglob("*.begun")) == []
