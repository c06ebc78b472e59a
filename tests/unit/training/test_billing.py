"""The bill of a training: its epochs, its work, and the seconds of its steps."""

import signal
from contextlib import contextmanager

import pytest
import torch
from support.small_training import Interruption, interrupt_at, new_network, outcome, train
from torch.nn import functional

from mnbench.planning.recipe import Augmentation, Recipe, TrainingRecipe
from mnbench.records.record import Cost
from mnbench.training import checkpoint, loop
from mnbench.training import teacher as teacher_module
from mnbench.training.begun import BEGUN
from mnbench.training.device import Reading
from mnbench.training.loop import Work, bill
from mnbench.training.preemption import Notice, Preempted
from mnbench.training.teacher import Teacher


def test_the_bill_of_three_epochs(data):
    _, history, cost = train(data, work=Work(per_example=7))
    assert [row["examples"] for row in history] == [300, 300, 300]
    assert [row["training_flops"] for row in history] == [2100, 2100, 2100]
    assert (cost.epochs, cost.examples, cost.training_flops) == (3.0, 900, 6300)
    assert cost.peak_memory_bytes > 0


def test_predictions_that_a_teacher_keeps_are_billed_once(data):
    _, history, cost = train(data, work=Work(per_example=7, beforehand=1000))
    assert [row["training_flops"] for row in history] == [3100, 2100, 2100]
    assert cost.training_flops == 7300


def test_a_training_without_epochs_does_and_bills_nothing(data):
    recipe, before = TrainingRecipe(epochs=0), new_network().state_dict()
    network, history, cost = train(data, recipe, work=Work(per_example=7, beforehand=1000))
    assert history == []
    assert cost == Cost(peak_memory_bytes=cost.peak_memory_bytes)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_an_epoch_is_measured_by_the_training_set(data):
    _, _, cost = train(data, sample=torch.zeros(150, dtype=torch.int64), work=Work(7))
    assert (cost.epochs, cost.examples, cost.training_flops) == (1.5, 450, 3150)


def test_work_that_an_interruption_repeats_has_an_entry_of_its_own(data, tmp_path, monkeypatch):
    """Two of three batches of the second epoch are done, and of the first one.

    What is made beforehand, a teacher's predictions, each of the three processes makes anew.
    """
    file, recipe = tmp_path / "c.safetensors", Recipe(epochs=2, batch_size=100)
    how = {"checkpoint_file": file, "identity": "this"}
    how |= {"work": Work(per_example=7, beforehand=1000)}

    def killed_in_step(number, forward_pass=loop.forward_pass):
        steps = iter(range(1, number))
        return lambda *arguments: (next(steps), forward_pass(*arguments))[1]

    for step in (2, 5):
        with monkeypatch.context() as broken, pytest.raises(StopIteration):
            broken.setattr(loop, "forward_pass", killed_in_step(step))
            train(data, recipe, **how)
    _, _, cost = train(data, recipe, **how)
    assert (cost.examples, cost.training_flops) == (600, 600 * 7 + 1000)
    assert cost.repeated_examples == 200 + 200
    assert cost.repeated_training_flops == 400 * 7 + 2 * 1000
    _, _, undisturbed = train(data, recipe, work=how["work"])
    assert (undisturbed.repeated_examples, undisturbed.repeated_training_flops) == (0, 0)


def teacher_of(data, monkeypatch, events, precision="float32"):
    """Return how to train against a teacher; it notes where it predicts the training set."""
    teacher = Teacher(new_network(1), data, Augmentation())
    monkeypatch.setattr(
        teacher_module,
        "together",
        lambda images: (events.append("predict"), loop.together(images))[1],
    )

    def loss(logits, batch):
        return functional.mse_loss(logits, teacher(batch))

    recipe = Recipe(epochs=2, batch_size=150, precision=precision)
    return {"recipe": recipe, "loss": loss, "beforehand": teacher.predict_beforehand}


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_teachers_predictions_are_on_the_clock_once(data, tmp_path, monkeypatch, precision):
    """At the first batch; a process that goes on behind it makes them before the clock runs."""
    events = []
    monkeypatch.setattr(loop.Stopwatch, "start", lambda clock: events.append("start"))
    monkeypatch.setattr(
        loop.Stopwatch, "read", lambda clock: (events.append("stop"), Reading(1.0, 1.0, 1.0))[1]
    )
    how = {"checkpoint_file": tmp_path / "c.safetensors", "work": Work(7, beforehand=1000)}

    def new_process():
        events.clear()
        return teacher_of(data, monkeypatch, events, precision) | how

    with pytest.raises(Interruption):
        train(data, report=interrupt_at(2), **new_process())
    assert events == ["start", "start", "predict", "stop", "start", "stop"]
    resumed = train(data, **new_process())
    assert events == ["start", "predict", "start", "stop"]
    assert resumed[2].repeated_training_flops == 300 * 7 + 1000
    train(data, **new_process())  # there is nothing to train any more
    assert events == ["start"]
    undisturbed = train(data, **(new_process() | {"checkpoint_file": None}))
    assert outcome(resumed) == outcome(undisturbed)


def test_a_process_that_ends_before_its_first_batch_repeats_nothing(data, tmp_path, monkeypatch):
    events = []
    how = {"checkpoint_file": tmp_path / "c.safetensors", "work": Work(7, beforehand=1000)}
    for epochs_before in (0, 1):
        with monkeypatch.context() as told, pytest.raises(Preempted):
            told.setattr(loop, "Notice", Told)
            train(data, **teacher_of(data, monkeypatch, events), **how)
        assert events == []
        if not epochs_before:
            with pytest.raises(Interruption):
                first = interrupt_at(2)
                train(data, report=first, **teacher_of(data, monkeypatch, events), **how)
            events.clear()
    _, _, cost = train(data, **teacher_of(data, monkeypatch, events), **how)
    assert cost.repeated_training_flops == 300 * 7 + 1000  # of the process that was interrupted


class Told(Notice):
    """A notice that comes at once."""

    @classmethod
    @contextmanager
    def awaited(cls):
        notice = cls()
        notice.signal = signal.SIGTERM
        yield notice


@pytest.mark.parametrize("content", [b"", b"short", bytes(100), b"\xff" * 52])
def test_damaged_counts_of_what_was_begun_are_not_used(data, tmp_path, content):
    file = tmp_path / "c.safetensors"
    file.with_suffix(BEGUN).write_bytes(content)
    _, _, cost = train(data, checkpoint_file=file, identity="this")
    assert cost.repeated_examples == 0


def test_seconds_add_up(data):
    _, history, cost = train(data)
    assert cost.device_seconds == sum(row["device_seconds"] for row in history)
    assert cost.cpu_seconds == sum(row["cpu_seconds"] for row in history)
    assert all(row["device_seconds"] > 0 and row["cpu_seconds"] > 0 for row in history)


def test_a_bill_by_hand():
    seconds = {"device_seconds": 0.5, "cpu_seconds": 0.25, "device_share": 0.5}
    row = {"examples": 10, "training_flops": 100} | seconds
    assert bill([row, row], train_images=40, peak_memory_bytes=7) == Cost(
        epochs=0.5,
        examples=20,
        training_flops=200,
        device_seconds=1.0,
        cpu_seconds=0.5,
        peak_memory_bytes=7,
        held_seconds=0.5,
    )


@pytest.mark.parametrize(
    ("shares", "shared"),
    [((1.0, 1.0), False), ((0.9, 0.8), False), ((1.0, 0.4), True), ((0.67, 0.67), True)],
)
def test_a_training_that_had_to_share_its_device_is_flagged(shares, shared):
    row = {"examples": 10, "training_flops": 100, "device_seconds": 0.5, "cpu_seconds": 0.25}
    history = [row | {"device_share": share} for share in shares]
    assert bill(history, train_images=40).shared_device is shared


def test_the_clock_runs_for_the_steps_and_for_nothing_else(data, tmp_path, monkeypatch):
    events = []

    class Clock:
        def __init__(self, device):
            pass

        def start(self):
            events.append("start")

        def read(self):
            events.append("stop")
            return Reading(1.0, 1.0, 1.0)

    def noted(name, function):
        return lambda *args, **options: (events.append(name), function(*args, **options))[1]

    monkeypatch.setattr(loop, "Stopwatch", Clock)
    monkeypatch.setattr(loop, "forward_pass", noted("step", loop.forward_pass))
    monkeypatch.setattr(loop, "evaluate", noted("evaluate", loop.evaluate))
    monkeypatch.setattr(checkpoint, "save", noted("save", checkpoint.save))
    file = tmp_path / "c.safetensors"
    train(data, Recipe(epochs=2, batch_size=150), checkpoint_file=file)
    assert events == ["start", "step", "step", "stop", "evaluate", "save"] * 2


def test_time_left_is_estimated_from_the_epochs_done(data, monkeypatch):
    monkeypatch.setattr(loop.Stopwatch, "read", lambda self: Reading(2.0, 1.0, 1.0))
    left = []
    train(data, report=lambda row, seconds_left: left.append(seconds_left))
    assert left == [4.0, 2.0, 0.0]
