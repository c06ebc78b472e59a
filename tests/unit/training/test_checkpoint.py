"""Checkpoints: an interrupted training resumes, and ends as if never interrupted."""

import errno
import resource
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from support.small_training import (
    QUICK,
    Interruption,
    interrupt_at,
    needs_gpu,
    outcome,
    train,
    train_with_dropout,
    training_set,
)

from mnbench.errors import UserError
from mnbench.planning.recipe import Convergence, Optimiser, Recipe, Schedule
from mnbench.training import checkpoint
from mnbench.training.begun import BEGUN


@pytest.mark.parametrize("epoch", [1, 2, 3])
@pytest.mark.parametrize(
    "recipe",
    [
        QUICK,
        Recipe(epochs=3, batch_size=64, optimiser=Optimiser(momentum=0.0)),
        Recipe(
            protocol="convergence",
            batch_size=64,
            schedule=Schedule(name="plateau", decays=1),
            convergence=Convergence(patience=1, min_improvement=1.0),
        ),
    ],
    ids=["momentum", "no momentum", "plateau"],
)
def test_interrupted_and_resumed_is_uninterrupted(data, tmp_path, recipe, epoch):
    file = tmp_path / "folder" / "checkpoint.safetensors"
    saving = {"checkpoint_file": file, "identity": "this"}
    with pytest.raises(Interruption):
        train(data, recipe, report=interrupt_at(epoch), **saving)
    assert file.exists() == (epoch > 1)
    trained = []
    resumed = train(data, recipe, report=lambda row, left: trained.append(row["epoch"]), **saving)
    assert trained == list(range(epoch, 4))  # what was done before is not done again
    assert outcome(resumed) == outcome(train(data, recipe))


def test_what_a_network_draws_itself_is_the_same_after_an_interruption(data, tmp_path):
    saving = {"checkpoint_file": tmp_path / "c.safetensors", "identity": "this"}
    with pytest.raises(Interruption):
        train_with_dropout(data, report=interrupt_at(3), **saving)
    assert torch.equal(train_with_dropout(data, **saving)[0], train_with_dropout(data)[0])


def test_a_finished_training_is_only_restored(data, tmp_path):
    saving = {"checkpoint_file": tmp_path / "c.safetensors"}
    first = train(data, **saving)
    again = train(data, report=interrupt_at(1), **saving)
    assert outcome(again) == outcome(first)
    assert again[1] == first[1]  # its seconds too: the work is billed once
    assert again[2].cpu_seconds == first[2].cpu_seconds


def test_a_checkpoint_of_another_training_is_not_used(data, tmp_path):
    saving = {"checkpoint_file": tmp_path / "c.safetensors"}
    train(data, identity="another", **saving)
    trained = []
    train(data, identity="this", report=lambda row, left: trained.append(row["epoch"]), **saving)
    assert trained == [1, 2, 3]


def damage(file, how):
    content = file.read_bytes()
    if how == "empty":
        file.write_bytes(b"")
    elif how == "truncated":
        file.write_bytes(content[: len(content) // 2])
    elif how == "no safetensors":
        file.write_bytes(b"not what it should be" * 10)
    elif how == "one bit flipped":
        file.write_bytes(content[:-1000] + bytes([content[-1000] ^ 4]) + content[-999:])
    elif how == "no identity":
        save_file({"weight": torch.zeros(2)}, file)
    elif how == "another network":
        metadata = {"identity": "this", "history": "[]"}
        save_file({"network/weight": torch.zeros(2)}, file, metadata)
    elif how == "no history":
        save_file({"network/weight": torch.zeros(2)}, file, {"identity": "this", "history": "["})


@pytest.mark.parametrize(
    "how",
    [
        "empty",
        "truncated",
        "one bit flipped",
        "no safetensors",
        "no identity",
        "another network",
        "no history",
    ],
)
def test_a_damaged_checkpoint_is_reported_and_not_used(data, tmp_path, capsys, how):
    file = tmp_path / "c.safetensors"
    saving = {"checkpoint_file": file, "identity": "this"}
    undamaged, _, _ = train(data, Recipe(epochs=1), **saving)
    damage(file, how)
    trained = []
    network, _, _ = train(
        data, Recipe(epochs=1), report=lambda row, left: trained.append(row["epoch"]), **saving
    )
    assert trained == [1]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"mnbench: {file}: damaged checkpoint (")
    assert line.endswith("this training begins anew")
    assert all(map(torch.equal, network.state_dict().values(), undamaged.state_dict().values()))


@contextmanager
def no_descriptors():
    """Let this process open no file: for others there may be room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_checkpoint_that_cannot_be_read_now_is_kept(data, tmp_path):
    file = tmp_path / "c.safetensors"
    network, _, _ = train(data, Recipe(epochs=1), checkpoint_file=file, identity="this")
    before, optimiser = file.read_bytes(), torch.optim.SGD(network.parameters())
    with pytest.raises(UserError) as caught, no_descriptors():
        checkpoint.restore(file, "this", network, optimiser)
    assert str(caught.value).startswith(f"{file}: this training's checkpoint cannot be read (Too ")
    assert "run the same command again, or delete it" in str(caught.value)
    assert file.read_bytes() == before
    assert len(checkpoint.restore(file, "this", network, optimiser)[0]) == 1


def test_a_checkpoint_is_kept_for_which_there_is_no_memory(tmp_path, monkeypatch):
    file, network = tmp_path / "c.safetensors", torch.nn.Linear(3, 3)
    optimiser = torch.optim.SGD(network.parameters())
    checkpoint.save(file, "this", network, optimiser, [])

    def no_memory(self, weights):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch.nn.Module, "load_state_dict", no_memory)
    with pytest.raises(torch.OutOfMemoryError):
        checkpoint.restore(file, "this", network, optimiser)
    assert file.exists()


def layers(**sizes):
    return torch.nn.ModuleDict({name: torch.nn.Linear(n, n) for name, n in sizes.items()})


@pytest.mark.parametrize("changed", [{"a": 3}, {"a": 3, "c": 3}, {"a": 3, "b": 4}, "momentum"])
def test_of_a_checkpoint_that_does_not_fit_nothing_is_taken_over(tmp_path, capsys, changed):
    file, former = tmp_path / "c.safetensors", layers(a=3, b=3)
    optimiser = torch.optim.SGD(former.parameters(), momentum=0.9)
    sum(value.sum() for value in former.parameters()).backward()
    optimiser.step()
    checkpoint.save(file, "this", former, optimiser, [{"epoch": 1}])
    if changed == "momentum":  # of which another parameter is the first
        network = layers(a=3, b=3)
        optimiser = torch.optim.SGD(reversed(list(network.parameters())), momentum=0.9)
    else:
        network = layers(**changed)
        optimiser = torch.optim.SGD(network.parameters(), momentum=0.9)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert checkpoint.restore(file, "this", network, optimiser) == ([], None)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not optimiser.state and not file.exists()
    assert "damaged checkpoint (it is another network's); this" in capsys.readouterr().err


def test_a_checkpoint_is_written_whole_or_not_at_all(data, tmp_path, monkeypatch):
    file = tmp_path / "c.safetensors"
    saving = {"checkpoint_file": file}
    train(data, Recipe(epochs=1), **saving)
    before = file.read_bytes()

    def full_disk(path, content):
        path.touch()
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(UserError, match=r"c\.safetensors: cannot be written .no space.*free space"):
        train(data, Recipe(epochs=1, batch_size=32), identity="another", **saving)
    assert file.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {file.name, f"c{BEGUN}"}


@pytest.mark.gpu
@needs_gpu
def test_a_training_resumes_on_a_gpu(prepared, tmp_path):
    data = training_set(prepared, "cuda")
    saving = {"checkpoint_file": tmp_path / "c.safetensors"}
    with pytest.raises(Interruption):
        train(data, report=interrupt_at(2), **saving)
    trained = []
    network, _, _ = train(data, report=lambda row, left: trained.append(row["epoch"]), **saving)
    assert trained == [2, 3]
    assert next(network.parameters()).is_cuda


@pytest.mark.parametrize("suffix", [".safetensors", BEGUN])
@pytest.mark.parametrize("planted", ["a folder", "a link"])
def test_what_stands_in_a_checkpoints_place_is_removed(data, tmp_path, suffix, planted):
    folder, elsewhere = tmp_path / "checkpoints", tmp_path / "elsewhere"
    place = (folder / "c.safetensors").with_suffix(suffix)
    folder.mkdir()
    if planted == "a folder":
        (place / "inside").mkdir(parents=True)
    else:
        place.symlink_to(elsewhere)
    train(data, checkpoint_file=folder / "c.safetensors")
    assert place.is_file() and not place.is_symlink()
    assert not elsewhere.exists()


def test_what_is_discarded_leaves_nothing_of_its_own_and_everything_of_others(tmp_path):
    own = ["v13@0.3.safetensors", "v13@0.3.begun", ".v13@0.3.77.unfinished.safetensors"]
    others = ["v13.safetensors", "v13.begun", ".v13.77.unfinished.safetensors"]
    others += ["v13@0.35.safetensors", ".v13@0.3.5.77.unfinished.safetensors"]
    for name in own + others:
        (tmp_path / name).touch()
    checkpoint.discard(tmp_path / own[0])
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(others)
