"""The training loop: same seed, same bits; interrupted and resumed; what is billed."""

import math
import time
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file
from support.tiny import DATASET, TRAIN
from torch.nn import functional

from mnbench.architectures import Architecture, Layer, Plain, Stem, build
from mnbench.datasets import read_train
from mnbench.errors import UserError
from mnbench.planning.recipe import Augmentation, Convergence, Optimiser, Recipe, Schedule
from mnbench.planning.seeds import derive_seed
from mnbench.records.record import HISTORY_COLUMNS, Cost
from mnbench.training import checkpoint, device, loop
from mnbench.training.data import DeviceImages, Normalisation
from mnbench.training.device import Reading, Stopwatch
from mnbench.training.loop import TrainingSet, Work, bill, evaluate, fit, predict

SMALL = Architecture(
    blocks=(Plain((Layer(8), Layer(8))), Plain((Layer(16),))), stem=Stem(4), name="small"
)
QUICK = Recipe(epochs=3, batch_size=64, augmentation=Augmentation(shift=1, flip=True))
MEASURED = ("device_seconds", "cpu_seconds", "device_share")


def training_set(prepared, device: str = "cpu") -> TrainingSet:
    data, where = read_train(prepared.train_data(DATASET)), torch.device(device)
    return TrainingSet(
        DeviceImages.of(data.train, where),
        DeviceImages.of(data.validation, where),
        Normalisation.of(data, where),
    )


@pytest.fixture(scope="module")
def data(prepared) -> TrainingSet:
    return training_set(prepared)


def new_network(seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    return build(SMALL, in_channels=1, num_classes=10)


def train(data: TrainingSet, recipe: Recipe = QUICK, **options):
    """Train a new small network; return it, its history and its cost."""
    network = new_network().to(data.train.labels.device)
    options = {"seed": 0, "work": Work(1), "phase": "scratch"} | options
    history, cost = fit(network, data, recipe, **options)
    return network, history, cost


def outcome(result) -> tuple:
    """All of a training that its seed decides, comparable with ==."""
    network, history, _ = result
    weights = {key: value.tolist() for key, value in network.state_dict().items()}
    return weights, [{k: v for k, v in row.items() if k not in MEASURED} for row in history]


# Learning


def test_a_network_learns(data):
    recipe = Recipe(epochs=6, batch_size=32)
    network, history, _ = train(data, recipe)
    assert [row["epoch"] for row in history] == [1, 2, 3, 4, 5, 6]
    assert set(history[0]) == set(HISTORY_COLUMNS)
    assert history[-1]["train_loss"] < history[0]["train_loss"]
    assert history[-1]["train_accuracy"] > 0.5  # chance is 0.1
    assert history[-1]["validation_accuracy"] > 0.5
    assert evaluate(network, data) == (
        history[-1]["validation_loss"],
        history[-1]["validation_accuracy"],
    )


def test_the_learning_rate_follows_the_schedule(data):
    recipe = Recipe(epochs=4, schedule=Schedule(name="step", milestones=(0.5,)))
    _, history, _ = train(data, recipe)
    assert [row["learning_rate"] for row in history] == pytest.approx([0.1, 0.1, 0.01, 0.01])


def test_training_to_convergence_ends_when_patience_runs_out(data):
    recipe = Recipe(
        protocol="convergence",
        schedule=Schedule(name="constant"),
        convergence=Convergence(patience=2, min_improvement=1.0),  # no accuracy improves by that
    )
    _, history, cost = train(data, recipe)
    assert len(history) == 1 + 2 == cost.epochs


def test_plateau_decays_before_it_ends(data):
    recipe = Recipe(
        protocol="convergence",
        schedule=Schedule(name="plateau", decays=1),
        convergence=Convergence(patience=1, min_improvement=1.0),
    )
    _, history, _ = train(data, recipe)
    assert [row["learning_rate"] for row in history] == pytest.approx([0.1, 0.1, 0.01])


@pytest.mark.parametrize("optimiser", [Optimiser(momentum=0.0), Optimiser(nesterov=False)])
def test_plain_gradient_descent_and_plain_momentum(data, optimiser):
    changed = outcome(train(data, Recipe(epochs=1, optimiser=optimiser)))
    assert math.isfinite(changed[1][0]["train_loss"])
    assert changed != outcome(train(data, Recipe(epochs=1)))


def test_one_step_is_torch_sgd_written_by_hand(data):
    """Nesterov's first step: weights - rate * (1 + momentum) * (gradient + decay * weights)."""
    recipe = Recipe(epochs=1, batch_size=TRAIN)  # one step, at the peak
    network, _, _ = train(data, recipe)
    expected = new_network().train().to(memory_format=torch.channels_last)
    # In the same order, which decides how sums are rounded.
    generator = torch.Generator().manual_seed(derive_seed(0, "epoch", 1))
    order = torch.randperm(TRAIN, generator=generator)
    logits = expected(data.normalise(data.train.images[order]))
    functional.cross_entropy(logits, data.train.labels[order]).backward()
    for before, after in zip(expected.parameters(), network.parameters(), strict=True):
        step = 0.1 * 1.9 * (before.grad + 5e-4 * before.detach())
        torch.testing.assert_close(after, before - step, rtol=1e-4, atol=1e-6)


def test_lower_precision_trains_float32_weights(data):
    network, history, _ = train(data, Recipe(epochs=1, batch_size=64, precision="bfloat16"))
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
    assert math.isfinite(history[0]["train_loss"])
    exact = train(data, Recipe(epochs=1, batch_size=64))[1][0]
    assert history[0]["train_loss"] != exact["train_loss"]
    assert history[0]["train_loss"] == pytest.approx(exact["train_loss"], rel=0.1)


@pytest.mark.long
def test_a_compiled_network_learns_the_same(data):
    compiled = train(data, Recipe(epochs=2, compile=True))
    plain = train(data, Recipe(epochs=2))
    assert list(compiled[0].state_dict()) == list(plain[0].state_dict())
    assert compiled[1][-1]["train_loss"] == pytest.approx(plain[1][-1]["train_loss"], rel=0.05)


# The seed


def test_the_same_seed_gives_the_same_bits(data):
    torch.manual_seed(1)
    first = outcome(train(data))
    torch.manual_seed(2)  # the global generator has no say
    assert outcome(train(data)) == first


def test_another_seed_gives_other_bits(data):
    (weights, history), (others, other_history) = outcome(train(data)), outcome(train(data, seed=1))
    assert weights != others
    assert history != other_history


def test_every_epoch_shows_each_image_once_in_another_order(data):
    seen = []

    def loss(logits, batch):
        seen.extend(batch.indices.tolist())
        return functional.cross_entropy(logits, batch.labels)

    train(data, loss=loss)
    epochs = [seen[start : start + TRAIN] for start in range(0, 3 * TRAIN, TRAIN)]
    assert all(sorted(epoch) == list(range(TRAIN)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2] != list(range(TRAIN))


def test_a_sample_is_all_that_is_trained_on(data):
    sample, seen = torch.tensor([3, 3, 5, 8] * 20), []

    def loss(logits, batch):
        seen.extend(batch.indices.tolist())
        return functional.cross_entropy(logits, batch.labels)

    train(data, Recipe(epochs=1), sample=sample, loss=loss)
    assert sorted(seen) == sorted(sample.tolist())


# Interruptions


class Interruption(Exception):
    pass


def interrupt_at(epoch):
    def report(row, seconds_left):
        if row["epoch"] == epoch:
            raise Interruption

    return report


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
    saving = {"checkpoint_file": file, "identity": "this", "checkpoint_seconds": 0.0}
    with pytest.raises(Interruption):
        train(data, recipe, report=interrupt_at(epoch), **saving)
    assert file.exists() == (epoch > 1)
    trained = []
    resumed = train(data, recipe, report=lambda row, left: trained.append(row["epoch"]), **saving)
    assert trained == list(range(epoch, 4))  # what was done before is not done again
    assert outcome(resumed) == outcome(train(data, recipe))


def test_a_finished_training_is_only_restored(data, tmp_path):
    saving = {"checkpoint_file": tmp_path / "c.safetensors", "checkpoint_seconds": 0.0}
    first = train(data, **saving)
    again = train(data, report=interrupt_at(1), **saving)
    assert outcome(again) == outcome(first)
    assert again[1] == first[1]  # its seconds too: the work is billed once
    assert again[2].cpu_seconds == first[2].cpu_seconds


def test_a_checkpoint_of_another_training_is_not_used(data, tmp_path):
    saving = {"checkpoint_file": tmp_path / "c.safetensors", "checkpoint_seconds": 0.0}
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
    elif how == "no identity":
        save_file({"weight": torch.zeros(2)}, file)
    elif how == "another network":
        metadata = {"identity": "this", "history": "[]"}
        save_file({"network/weight": torch.zeros(2)}, file, metadata)
    elif how == "no history":
        save_file({"network/weight": torch.zeros(2)}, file, {"identity": "this", "history": "["})


@pytest.mark.parametrize(
    "how",
    ["empty", "truncated", "no safetensors", "no identity", "another network", "no history"],
)
def test_a_damaged_checkpoint_is_one_line_with_its_name(data, tmp_path, how):
    file = tmp_path / "c.safetensors"
    saving = {"checkpoint_file": file, "identity": "this", "checkpoint_seconds": 0.0}
    train(data, Recipe(epochs=1), **saving)
    damage(file, how)
    with pytest.raises(UserError) as caught:
        train(data, Recipe(epochs=1), **saving)
    text = str(caught.value)
    assert text.startswith(f"{file}: damaged checkpoint (")
    assert "delete it" in text
    assert "\n" not in text


def test_a_checkpoint_is_written_whole_or_not_at_all(data, tmp_path, monkeypatch):
    file = tmp_path / "c.safetensors"
    saving = {"checkpoint_file": file, "checkpoint_seconds": 0.0}
    train(data, Recipe(epochs=1), **saving)
    before = file.read_bytes()

    def full_disk(tensors, path, metadata):
        path.write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full_disk)
    with pytest.raises(OSError, match="no space"):
        train(data, Recipe(epochs=1, batch_size=32), identity="another", **saving)
    assert file.read_bytes() == before


# The bill


def test_the_bill_of_three_epochs(data):
    _, history, cost = train(data, work=Work(an_example=7))
    assert [row["examples"] for row in history] == [300, 300, 300]
    assert [row["flops"] for row in history] == [2100, 2100, 2100]
    assert (cost.epochs, cost.examples, cost.flops) == (3.0, 900, 6300)
    assert cost.peak_memory_bytes > 0


def test_what_a_teacher_answered_beforehand_is_billed_once(data):
    _, history, cost = train(data, work=Work(an_example=7, beforehand=1000))
    assert [row["flops"] for row in history] == [3100, 2100, 2100]
    assert cost.flops == 7300


def test_an_epoch_is_measured_by_the_training_set(data):
    _, _, cost = train(data, sample=torch.zeros(150, dtype=torch.int64), work=Work(7))
    assert (cost.epochs, cost.examples, cost.flops) == (1.5, 450, 3150)


def test_seconds_add_up(data):
    _, history, cost = train(data)
    assert cost.device_seconds == sum(row["device_seconds"] for row in history)
    assert cost.cpu_seconds == sum(row["cpu_seconds"] for row in history)
    assert all(row["device_seconds"] > 0 and row["cpu_seconds"] > 0 for row in history)


def test_a_bill_by_hand():
    seconds = {"device_seconds": 0.5, "cpu_seconds": 0.25, "device_share": 0.5}
    row = {"examples": 10, "flops": 100} | seconds
    assert bill([row, row], train_images=40, peak_memory_bytes=7) == Cost(
        epochs=0.5,
        examples=20,
        flops=200,
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
    row = {"examples": 10, "flops": 100, "device_seconds": 0.5, "cpu_seconds": 0.25}
    history = [row | {"device_share": share} for share in shares]
    assert bill(history, train_images=40).shared_device is shared


def test_a_process_that_waits_for_its_core_sees_it():
    """Sleep stands for what another process takes of the core."""
    stopwatch = Stopwatch(torch.device("cpu"))
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    busy = stopwatch.read()
    assert 0 < busy.device_share <= 1
    assert busy.device_share == pytest.approx(min(1, busy.cpu_seconds / busy.device_seconds))
    stopwatch.start()
    time.sleep(0.05)
    assert stopwatch.read().device_share < 0.5


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
        return lambda *args: (events.append(name), function(*args))[1]

    monkeypatch.setattr(loop, "Stopwatch", Clock)
    monkeypatch.setattr(loop, "augment", noted("step", loop.augment))
    monkeypatch.setattr(loop, "evaluate", noted("evaluate", loop.evaluate))
    monkeypatch.setattr(checkpoint, "save", noted("save", checkpoint.save))
    file = tmp_path / "c.safetensors"
    train(data, Recipe(epochs=2, batch_size=150), checkpoint_file=file, checkpoint_seconds=0.0)
    assert events == ["start", "step", "step", "stop", "evaluate", "save"] * 2


def test_time_left_is_estimated_from_the_epochs_done(data, monkeypatch):
    monkeypatch.setattr(loop.Stopwatch, "read", lambda self: Reading(2.0, 1.0, 1.0))
    left = []
    train(data, report=lambda row, seconds_left: left.append(seconds_left))
    assert left == [4.0, 2.0, 0.0]


# Evaluation


class Two(torch.nn.Module):
    """Networks that answer together, as a tree's do."""

    def __init__(self):
        super().__init__()
        self.networks = torch.nn.ModuleList([new_network(1), new_network(2)])

    def forward(self, images):
        return torch.stack([network(images) for network in self.networks])


def test_predictions_do_not_depend_on_how_they_are_batched(data, monkeypatch):
    network, images = Two(), data.validation.images
    whole = predict(network, images, data.normalise)
    monkeypatch.setattr(loop, "EVALUATION_BATCH", 7)
    torch.testing.assert_close(predict(network, images, data.normalise), whole)
    assert whole.shape == (2, 100, 10)
    assert predict(network.networks[0], images, data.normalise).shape == (1, 100, 10)
    assert not network.training


def test_evaluation_is_the_mean_over_networks(data):
    network = Two().eval()
    seen = data.normalise(data.validation.images)
    with torch.no_grad():
        logits = [one(seen) for one in network.networks]
    labels = data.validation.labels
    loss = sum(float(functional.cross_entropy(one, labels)) for one in logits) / 2
    accuracy = sum(float((one.argmax(1) == labels).float().mean()) for one in logits) / 2
    assert evaluate(network, data) == pytest.approx((loss, accuracy), rel=1e-5)


# Devices


def test_a_job_on_a_cpu_is_one_thread():
    with device.acquire("cpu") as held:
        assert held == torch.device("cpu")
        assert torch.get_num_threads() == 1
    assert 5e-324 + torch.zeros((), dtype=torch.float64).item() > 0  # floats are whole again


def test_cuda_without_a_gpu_is_one_line(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(UserError, match="key 'device': cuda is wanted but torch sees no GPU"):
        device.acquire("cuda").__enter__()
    with device.acquire("auto") as held:
        assert held.type == "cpu"


def test_each_job_holds_a_gpu_of_its_own_and_the_next_one_waits(tmp_path, monkeypatch):
    class Waits(Exception):
        pass

    def wait(seconds):
        raise Waits

    monkeypatch.setattr(device.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(device.time, "sleep", wait)
    gpus = [SimpleNamespace(uuid=f"GPU-{number}") for number in range(2)]
    monkeypatch.setattr(torch.cuda, "get_device_properties", gpus.__getitem__)
    with device._free_gpu(2) as first:
        with device._free_gpu(2) as second:
            assert {first.index, second.index} == {0, 1}
            with pytest.raises(Waits):
                device._free_gpu(2).__enter__()
        with device._free_gpu(2) as again:  # free again
            assert again == second


needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_network_learns_on_a_gpu(prepared, precision):
    data = training_set(prepared, "cuda")
    recipe = Recipe(epochs=6, batch_size=32, precision=precision)
    network, history, cost = train(data, recipe)
    assert next(network.parameters()).is_cuda
    assert history[-1]["validation_accuracy"] > 0.5
    assert cost.peak_memory_bytes > 0
    assert cost.device_seconds > 0


@pytest.mark.gpu
@needs_gpu
def test_a_gpu_draws_the_same_images_as_a_cpu(prepared):
    orders = []
    for where in ("cpu", "cuda"):
        seen = []

        def loss(logits, batch, seen=seen):
            seen.append((batch.indices.cpu(), batch.images.cpu()))
            return functional.cross_entropy(logits, batch.labels)

        train(training_set(prepared, where), loss=loss)
        # A GPU's kernels are warmed up without the loss, so that the batches are the same.
        orders.append(seen)
    for (indices, images), (on_gpu, images_on_gpu) in zip(*orders, strict=True):
        assert torch.equal(indices, on_gpu)
        torch.testing.assert_close(images, images_on_gpu)


@pytest.mark.gpu
@needs_gpu
def test_a_training_resumes_on_a_gpu(prepared, tmp_path):
    data = training_set(prepared, "cuda")
    saving = {"checkpoint_file": tmp_path / "c.safetensors", "checkpoint_seconds": 0.0}
    with pytest.raises(Interruption):
        train(data, report=interrupt_at(2), **saving)
    trained = []
    network, _, _ = train(data, report=lambda row, left: trained.append(row["epoch"]), **saving)
    assert trained == [2, 3]
    assert next(network.parameters()).is_cuda


@pytest.mark.gpu
@needs_gpu
def test_a_job_on_a_gpu_holds_its_lock(tmp_path, monkeypatch):
    monkeypatch.setattr(device.tempfile, "gettempdir", lambda: str(tmp_path))
    with device.acquire("cuda") as held:
        assert held.type == "cuda"
        uuid = str(torch.cuda.get_device_properties(held).uuid)
        assert (tmp_path / f"mnbench-gpus-{device.os.getuid()}" / uuid).exists()
