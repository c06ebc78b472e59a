"""The error barrier on the straight line between the weights of two networks.

Networks without a barrier lie in one basin of the loss: they share what they learned before they
parted. Open this module to change how a barrier is measured. The trap: the moments of batch norm
are no weights. Those of two networks, averaged, are not those of the averaged network, whose
activations vary less; its error would be far too high. So they are measured anew at every place on
the line, on training images, and at both ends likewise.

Sources: Frankle et al. 2020, "Linear Mode Connectivity and the Lottery Ticket Hypothesis"; Izmailov
et al. 2018, "Averaging Weights Leads to Wider Optima", for the moments.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mnbench.errors import UserError
from mnbench.planning.recipe import batch_sizes
from mnbench.training.data import TrainingSet
from mnbench.training.loop import evaluate

PLACES = (0.25, 0.5, 0.75)  # on the line, between the first network and the second
MOMENT_IMAGES = 2000  # enough for means and variances
MOMENT_BATCH = 500


@dataclass(frozen=True)
class Barrier:
    """Errors on a line, fractions.

    Attributes:
        first: of the first network.
        second: of the second.
        highest: the highest of those between them.
        place: where that is, as a fraction of the way to the second.
    """

    first: float
    second: float
    highest: float
    place: float

    @property
    def height(self) -> float:
        """The barrier: by how much the highest error exceeds both ends'; below 0 without one."""
        return self.highest - max(self.first, self.second)


def line_barrier(
    first: nn.Module,
    second: nn.Module,
    error_of: Callable[[nn.Module], float],
    places: Sequence[float] = PLACES,
) -> Barrier:
    """Return the error barrier between two networks of equal architecture.

    Args:
        first: left unchanged.
        second: likewise.
        error_of: a network's error; it may change the network that it is given.
        places: where to look, fractions of the way.

    Raises:
        UserError: the two cannot be averaged.
    """
    errors = {place: error_of(between(first, second, place)) for place in places}
    place = max(errors, key=errors.__getitem__)
    start, end = (error_of(copy.deepcopy(network)) for network in (first, second))
    return Barrier(start, end, errors[place], place)


def between(first: nn.Module, second: nn.Module, place: float) -> nn.Module:
    """Return the network at a place on the line; its moments of batch norm are the first's.

    Raises:
        UserError: the networks have other weights, or their shortcuts read other channels.
    """
    middle = copy.deepcopy(first)
    theirs = second.state_dict()
    if _shapes(middle.state_dict()) != _shapes(theirs):
        raise UserError("the two networks have different architectures, and no line between them")
    for name, value in middle.named_buffers():
        is_wiring = not value.is_floating_point() and value.ndim
        if is_wiring and not torch.equal(value, theirs[name]):
            raise UserError("the shortcuts of the two networks read different channels")
    with torch.no_grad():
        for name, own in middle.named_parameters():
            own.lerp_(theirs[name], place)
    return middle


def _shapes(state: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in state.items()}


def error_with_own_moments(network: nn.Module, data: TrainingSet) -> float:
    """Return a network's validation error, its batch norm measured anew on training images.

    Args:
        network: its moments are replaced; left in eval mode.
        data: on the network's device.
    """
    measure_moments(network, data)
    _, accuracy = evaluate(network, data)
    return 1 - accuracy


@torch.no_grad()
def measure_moments(network: nn.Module, data: TrainingSet) -> None:
    """Replace a network's moments of batch norm by those of the first training images, in place.

    They are means over batches of equal weight. Nothing else of the network is in training mode.
    """
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all batches
        norm.train()
    images = data.train.images[:MOMENT_IMAGES]
    for batch in images.split(batch_sizes(len(images), MOMENT_BATCH)):
        network(data.normalise(batch))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()
