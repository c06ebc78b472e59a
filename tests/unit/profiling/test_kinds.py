"""Kinds of work: what torch's operators are counted as."""

import pytest

from mnbench.profiling.kinds import BACKWARD, OTHER, kind_of


@pytest.mark.parametrize(
    ("name", "callers", "kind"),
    [
        ("aten::mkldnn_convolution", ["aten::conv2d"], "convolution, forward"),
        ("aten::cudnn_convolution", [], "convolution, forward"),
        ("aten::convolution_backward", [f"{BACKWARD}: Conv"], "convolution, backward"),
        ("aten::native_batch_norm", [], "batch norm, forward"),
        ("aten::native_batch_norm_backward", [f"{BACKWARD}: Norm"], "batch norm, backward"),
        ("aten::clamp_min_", ["aten::relu_"], "activation"),
        ("aten::max_pool2d_with_indices", [], "pooling"),
        ("aten::mm", [f"{BACKWARD}: AddmmBackward0"], "fully connected"),
        ("aten::_log_softmax", ["aten::cross_entropy_loss"], "loss"),
        ("aten::_fused_sgd_", ["Optimizer.step#SGD.step"], "optimiser"),
        ("Optimizer.zero_grad#SGD.zero_grad", [], "optimiser"),
        ("aten::index", [], "batches: drawn, augmented, normalised"),
        ("aten::copy_", [f"{BACKWARD}: PixelUnshuffle"], OTHER),
        ("aten::argmax", [], OTHER),
    ],
)
def test_an_operator_has_its_kind(name, callers, kind):
    assert kind_of(name, callers) == kind
