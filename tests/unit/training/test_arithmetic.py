"""Arithmetic: TF32 in a training's steps on a GPU, and full float32 everywhere else."""

import pytest
import torch
from support.small_training import needs_gpu, outcome, train, training_set
from torch.nn import functional

from mnbench.planning.recipe import Recipe
from mnbench.training import loop
from mnbench.training.arithmetic import arithmetic, arithmetic_of

CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)


def in_use():
    """Return the formats that a GPU would multiply matrices and convolutions in."""
    return (torch.backends.cuda.matmul.fp32_precision, torch.backends.cudnn.conv.fp32_precision)


@pytest.fixture(autouse=True)
def exact(monkeypatch):
    """Set full float32, as a job does before anything else."""
    monkeypatch.setattr(torch.backends, "fp32_precision", "ieee")


@pytest.mark.parametrize(
    ("precision", "device", "capability", "kind"),
    [
        ("float32", CPU, None, "ieee"),
        ("float32", GPU, (8, 0), "tf32"),
        ("float32", GPU, (7, 5), "ieee"),  # has no TF32
        ("ieee", GPU, (9, 0), "ieee"),
        ("bfloat16", CPU, None, "bfloat16"),
        ("bfloat16", GPU, (9, 0), "bfloat16"),
    ],
)
def test_a_recipes_precision_by_device(monkeypatch, precision, device, capability, kind):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda where: capability)
    assert arithmetic_of(precision, device) == kind


def test_tf32_ends_with_the_block_whatever_ends_it():
    with pytest.raises(KeyError), arithmetic("tf32"):
        assert in_use() == ("tf32", "tf32")
        raise KeyError
    assert in_use() == ("ieee", "ieee")
    with arithmetic("ieee"):
        assert in_use() == ("ieee", "ieee")


def test_steps_are_in_tf32_and_evaluation_is_not(prepared, monkeypatch):
    """On a CPU the setting changes nothing but itself."""
    monkeypatch.setattr(loop, "arithmetic_of", lambda precision, device: "tf32")
    seen = {"steps": set(), "evaluation": set()}
    evaluate = loop.evaluate

    def loss(logits, batch):
        seen["steps"].add(in_use())
        return functional.cross_entropy(logits, batch.labels)

    def watched(*arguments):
        seen["evaluation"].add(in_use())
        return evaluate(*arguments)

    monkeypatch.setattr(loop, "evaluate", watched)
    train(training_set(prepared), Recipe(epochs=2), loss=loss)
    assert seen == {"steps": {("tf32", "tf32")}, "evaluation": {("ieee", "ieee")}}


def test_on_a_cpu_float32_is_full_float32(prepared):
    data = training_set(prepared)
    exact = outcome(train(data, Recipe(epochs=1, precision="ieee")))
    assert outcome(train(data, Recipe(epochs=1))) == exact


@pytest.mark.gpu
@needs_gpu
def test_tf32_rounds_on_a_gpu_and_ieee_does_not():
    torch.manual_seed(0)
    images = torch.randn(32, 64, 16, 16, device="cuda")
    conv = torch.nn.Conv2d(64, 64, 3, device="cuda")
    exact = functional.conv2d(images.double(), conv.weight.double(), conv.bias.double())
    error = {}
    for kind in ("ieee", "tf32"):
        with arithmetic(kind):
            error[kind] = float((conv(images) - exact).abs().max() / exact.abs().max())
    assert error["ieee"] < 1e-5
    if arithmetic_of("float32", GPU) == "tf32":
        assert error["tf32"] > 1e-4
