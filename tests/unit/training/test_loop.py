"""The training loop: networks learn; the same seed gives the same bits; evaluation."""

import math

import pytest
import torch
from support.small_training import (
    needs_gpu,
    new_network,
    outcome,
    train,
    training_set,
)
from support.tiny import TRAIN
from torch.nn import functional

from mnbench.planning.recipe import Convergence, Optimiser, Recipe, Schedule
from mnbench.planning.seeds import derive_seed
from mnbench.records.record import HISTORY_COLUMNS
from mnbench.training import loop
from mnbench.training.epoch import epoch_mean
from mnbench.training.loop import evaluate, predict, together

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


def test_the_mean_of_an_epoch_has_the_bits_of_a_running_sum_in_float32():
    means, sizes = torch.rand(500, generator=torch.Generator().manual_seed(0)), [128] * 499 + [37]
    total = torch.zeros(())
    for mean, size in zip(means, sizes, strict=True):
        total += mean * size
    assert epoch_mean(means.tolist(), sizes) == (total / sum(sizes)).item()


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
    monkeypatch.setattr(loop, "CPU_TOGETHER", 7)
    torch.testing.assert_close(predict(network, images, data.normalise), whole)
    assert whole.shape == (2, 100, 10)
    assert predict(network.networks[0], images, data.normalise).shape == (1, 100, 10)
    assert not network.training


@pytest.mark.parametrize(
    ("device", "height", "width", "size"),
    [
        ("cpu", 224, 224, 250),
        ("cpu", 8, 8, 250),
        ("meta", 8, 8, 1000),
        ("meta", 32, 32, 1000),
        ("meta", 64, 32, 500),
        ("meta", 224, 224, 20),
        ("meta", 2000, 2000, 1),
    ],
)
def test_on_a_gpu_larger_images_are_predicted_fewer_at_a_time(device, height, width, size):
    """torch's device without memory stands for a GPU."""
    images = torch.empty(1, 3, height, width, dtype=torch.uint8, device=device)
    parts = together(images.expand(1100, -1, -1, -1))
    assert len(parts[0]) == size and sum(map(len, parts)) == 1100


def test_evaluation_is_the_mean_over_networks(data):
    network = Two().eval()
    seen = data.normalise(data.validation.images)
    with torch.no_grad():
        logits = [one(seen) for one in network.networks]
    labels = data.validation.labels
    loss = sum(float(functional.cross_entropy(one, labels)) for one in logits) / 2
    accuracy = sum(float((one.argmax(1) == labels).float().mean()) for one in logits) / 2
    assert evaluate(network, data) == pytest.approx((loss, accuracy), rel=1e-5)


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
