"""A training that gets a signal to end saves its progress; resumed, it has the undisturbed bits."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch
from support.small_training import (
    QUICK,
    needs_gpu,
    outcome,
    train,
    train_with_dropout,
    training_set,
)

from mnbench.planning.recipe import Optimiser, Recipe
from mnbench.training import loop
from mnbench.training.device import NO_TIME, Reading
from mnbench.training.epoch import Epoch, SavedEpoch
from mnbench.training.loop import Work
from mnbench.training.preemption import SIGNALS, STATUSES, Notice, Preempted, handed_on

BATCHES = 5  # of an epoch: 300 images, 64 at a time


@pytest.fixture
def told_at(monkeypatch):
    """Return a function that makes the process get a signal in its n-th batch from now on."""
    forward_pass = loop.forward_pass

    def tell(batch, number=signal.SIGTERM):
        left = iter(range(batch - 1))

        def forward_pass_told(*arguments):
            if next(left, None) is None:
                os.kill(os.getpid(), number)
            return forward_pass(*arguments)

        monkeypatch.setattr(loop, "forward_pass", forward_pass_told)

    yield tell
    monkeypatch.setattr(loop, "forward_pass", forward_pass)


@pytest.mark.parametrize(
    "recipe",
    [QUICK, Recipe(epochs=3, batch_size=64, optimiser=Optimiser(momentum=0.0))],
    ids=["momentum and augmentation", "neither"],
)
@pytest.mark.parametrize("batch", [1, 4, BATCHES, BATCHES + 1, 2 * BATCHES + 3])
def test_told_to_end_and_resumed_is_undisturbed(data, tmp_path, told_at, recipe, batch):
    saving = {"checkpoint_file": tmp_path / "c.safetensors", "identity": "this"}
    told_at(batch)
    with pytest.raises(Preempted) as end:
        train(data, recipe, **saving)
    epoch, batches = (batch // BATCHES + 1, batch % BATCHES)
    assert f"SIGTERM in epoch {epoch}, behind batch {batches} of {BATCHES}" in end.value.message
    told_at(10**6)
    resumed = train(data, recipe, **saving)
    assert outcome(resumed) == outcome(train(data, recipe))
    assert (resumed[2].examples, resumed[2].repeated_examples) == (900, 0)


def test_told_to_end_in_every_batch_it_gets_there_all_the_same(data, tmp_path, told_at):
    recipe, ends = Recipe(epochs=2, batch_size=100), 0
    saving = {"checkpoint_file": tmp_path / "c.safetensors", "identity": "this"}
    saving |= {"work": Work(per_example=7, beforehand=1000)}
    while True:
        told_at(1, SIGNALS[ends % 2])
        try:
            done = train(data, recipe, **saving)
            break
        except Preempted:
            ends += 1
    told_at(10**6)
    assert ends == 5  # behind each of the six batches but the last
    assert outcome(done) == outcome(train(data, recipe, work=saving["work"]))
    assert (done[2].examples, done[2].training_flops) == (600, 600 * 7 + 1000)
    assert done[2].repeated_examples == 0
    assert done[2].repeated_training_flops == ends * 1000  # a teacher is asked anew each time


def preempted_and_resumed(data, folder, told_at):
    saving = {"checkpoint_file": folder / "c.safetensors", "identity": "this"}
    told_at(BATCHES + 2)
    with pytest.raises(Preempted):
        train_with_dropout(data, **saving)
    told_at(10**6)
    torch.manual_seed(77)
    return train_with_dropout(data, **saving)


def test_what_a_network_draws_itself_goes_on_in_the_middle_of_an_epoch(data, tmp_path, told_at):
    weight, _ = preempted_and_resumed(data, tmp_path, told_at)
    assert torch.equal(weight, train_with_dropout(data)[0])


def test_the_seconds_of_an_interrupted_epoch_are_billed_once_all_of_them(
    data, tmp_path, told_at, monkeypatch
):
    monkeypatch.setattr(loop.Stopwatch, "read", lambda self: Reading(2.0, 1.0, 0.5))
    saving = {"checkpoint_file": tmp_path / "c.safetensors", "identity": "this"}
    told_at(2)
    with pytest.raises(Preempted):
        train(data, **saving)
    told_at(10**6)
    _, history, cost = train(data, **saving)
    assert [row["device_seconds"] for row in history] == [4.0, 2.0, 2.0]
    assert (cost.device_seconds, cost.cpu_seconds, cost.held_seconds) == (8.0, 4.0, 4.0)


def test_readings_add_up():
    first, second = Reading(1.0, 1.0, 1.0), Reading(3.0, 0.5, 0.2)
    assert NO_TIME + second == second
    total = first + second
    assert (total.device_seconds, total.cpu_seconds) == (4.0, 1.5)
    assert total.device_share == pytest.approx((1 + 0.6) / 4)
    assert (replace(first, device_share=0.0) + second).device_share == 0


@pytest.mark.parametrize("batch", [2, BATCHES, BATCHES + 2])
@pytest.mark.parametrize("again", [False, True])
def test_what_goes_on_on_another_device_has_no_timing(
    data, tmp_path, told_at, monkeypatch, batch, again
):
    """However short it was there, and also if it ends on a device that it had before."""
    monkeypatch.setattr(loop.Stopwatch, "read", lambda self: Reading(2.0, 1.0, 1.0))
    saving = {"checkpoint_file": tmp_path / "c.safetensors", "identity": "this"}
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(loop, "model_of", lambda device: "another")
        told_at(batch)
        with pytest.raises(Preempted):
            train(data, **saving)
    if again:
        told_at(1)
        with pytest.raises(Preempted):
            train(data, **saving)
    told_at(10**6)
    done = train(data, **saving)
    assert (done[2].held_seconds, done[2].shared_device) == (0, True)
    assert done[2].is_of_two_devices and done[2].device_seconds >= 6
    assert outcome(done) == outcome(train(data))


def test_a_damaged_epoch_is_not_resumed(data, tmp_path, told_at, capsys):
    file = tmp_path / "c.safetensors"
    told_at(3)
    with pytest.raises(Preempted):
        train(data, checkpoint_file=file, identity="this")
    content = file.read_bytes()
    file.write_bytes(content.replace(b'\\"cpu_seconds\\": 0', b'\\"cpu_seconds\\": 7'))
    assert file.read_bytes() != content
    told_at(10**6)
    resumed = train(data, checkpoint_file=file, identity="this")
    assert "damaged checkpoint (its content does not match" in capsys.readouterr().err
    assert outcome(resumed) == outcome(train(data))
    assert resumed[2].repeated_examples == 3 * 64


@pytest.mark.parametrize("is_readable", [True, False])
def test_an_epoch_of_an_earlier_version_is_resumed_or_begun_anew(
    data, tmp_path, told_at, monkeypatch, capsys, is_readable
):
    """Versions wrote the number of batches beside the losses, and before that only totals."""
    saving = {"checkpoint_file": tmp_path / "c.safetensors", "identity": "this"}
    told_at(3)
    with monkeypatch.context() as earlier, pytest.raises(Preempted):
        to_json, saved = SavedEpoch.to_json, Epoch.saved
        earlier.setattr(
            SavedEpoch, "to_json", lambda self: json.dumps({"steps": 3} | json.loads(to_json(self)))
        )
        if not is_readable:
            earlier.setattr(Epoch, "saved", lambda self, device: with_totals(saved(self, device)))
        train(data, **saving)
    told_at(10**6)
    resumed = train(data, **saving)
    assert outcome(resumed) == outcome(train(data))
    assert resumed[2].repeated_examples == (0 if is_readable else 3 * 64)
    said = capsys.readouterr().err
    assert said == "" if is_readable else "without ['accuracies', 'losses']" in said


def with_totals(saved: SavedEpoch) -> SavedEpoch:
    states = {name: saved.states[name] for name in ("generator", "layers")}
    return replace(saved, states=states | {"totals": torch.zeros(2)})


def test_signals_mean_what_they_meant_before_when_a_training_is_over(data, tmp_path):
    before = [signal.getsignal(number) for number in SIGNALS]
    train(data, Recipe(epochs=1), checkpoint_file=tmp_path / "c.safetensors")
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_training_without_a_checkpoint_is_ended_by_signals_as_ever(data, monkeypatch):
    seen, forward_pass = [], loop.forward_pass

    def look(*arguments):
        seen.append(signal.getsignal(signal.SIGTERM))
        return forward_pass(*arguments)

    monkeypatch.setattr(loop, "forward_pass", look)
    before = signal.getsignal(signal.SIGTERM)
    train(data, Recipe(epochs=1, batch_size=150))
    assert seen == [before, before]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_notice_knows_its_signal(number):
    with Notice.awaited() as notice:
        assert notice.signal is None
        os.kill(os.getpid(), number)
        assert notice.signal == number


def test_what_is_told_to_end_hands_it_on_and_waits():
    program = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), sys.exit(7)))\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as worker:
        worker.stdout.readline()
        with handed_on(worker.terminate):
            os.kill(os.getpid(), signal.SIGUSR1)
            began = time.monotonic()
            assert worker.wait() == 7
    assert time.monotonic() - began < 30


def test_the_statuses_are_those_of_a_shell():
    assert STATUSES == (143, 138)


@pytest.mark.gpu
@needs_gpu
def test_an_epoch_is_resumed_on_a_gpu(prepared, tmp_path, told_at):
    data = training_set(prepared, "cuda")
    weight, cost = preempted_and_resumed(data, tmp_path, told_at)
    assert torch.allclose(weight, train_with_dropout(data)[0], atol=1e-4)
    assert cost.repeated_examples == 0
