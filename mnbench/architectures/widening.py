"""Widen a network until it has a number of parameters.

Open this module to make one network as large as several. The trap: a width is a whole number of
filters, so the number of parameters is met nearly, not exactly.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from math import inf
from typing import Any

from mnbench.architectures.blocks import Block, Dense, Residual
from mnbench.architectures.counts import parameter_count
from mnbench.architectures.value import Architecture
from mnbench.errors import UserError

_MISSING = 0.1  # of the parameters at most, so that a network is as large as was asked
_HALVINGS = 50  # of the interval that holds the factor: to the last digits of a float


def widened(network: Architecture, parameters: int, **image_shape: Any) -> Architecture:
    """Return a network with all widths multiplied by one factor and about *parameters* parameters.

    Widths are the filters of stem and layers, the streams of residual blocks, the transitions of
    dense ones, and hidden layers. Depth and kernels stay. The factor is the largest that does not
    exceed *parameters*, each width rounded down. Then places get one more, those with the most
    parameters a filter first, and again until none fits. What is missing in the end is less than
    any place takes that may be widened alone, and under 1 % for all but the smallest networks.

    Args:
        network: of any family, but no library's.
        parameters: how many the result is to have, at least the network's own.
        image_shape: ``in_channels``, ``num_classes`` and ``image_size``.

    Raises:
        ValueError: a library's network, or one that has more parameters already.
        UserError: no factor comes near: a width would be too large, or residual blocks share a
            stream whose widths only some factors keep equal.

    >>> from mnbench.architectures import load_architectures, widened
    >>> first, *_ = load_architectures("v5-small")
    >>> print(widened(first, 4 * 18698, in_channels=1))
    v13: 17-16 | 32-32 | 65-65
    """
    if network.library:
        raise ValueError(f"{network.name}: the layers of a library's network cannot be widened")
    # Networks are equal whatever they are called.
    return replace(_widened(network, parameters, **image_shape), name=network.name)


@lru_cache(maxsize=1000)  # every seed of a study asks for the same network
def _widened(network: Architecture, parameters: int, **image_shape: Any) -> Architecture:
    widths = _widths(network)

    def count(widths: Sequence[int]) -> float:
        try:
            return parameter_count(_with_widths(network, widths), **image_shape)
        except UserError:  # no network: a shared stream without projections, or too wide a layer
            return inf

    if count(widths) > parameters:
        raise ValueError(f"{network.name} has more than {parameters:,} parameters already")
    fitting = _multiplied(widths, lambda widths: count(widths) <= parameters)
    filled = _filled(fitting, count, parameters)
    if count(filled) < (1 - _MISSING) * parameters:
        raise UserError(
            f"network '{network.name}' cannot be widened to {parameters:,} parameters: the nearest "
            f"below that it can have are {count(filled):,}"
        )
    return _with_widths(network, filled)


def _multiplied(widths: Sequence[int], fits: Callable[[Sequence[int]], bool]) -> list[int]:
    """Return the widths times the largest factor that fits, rounded down."""

    def times(factor: float) -> list[int]:
        return [int(factor * width) for width in widths]

    low, high = 1.0, 2.0
    while fits(times(high)):
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if fits(times(middle)) else (low, middle)
    return times(low)


def _filled(
    widths: list[int], count: Callable[[Sequence[int]], float], parameters: int
) -> Sequence[int]:
    """Return widths with one more at places, the same ones again, until *parameters* are spent."""

    def with_one_more(widths: Sequence[int], place: int) -> list[int]:
        return [width + (i == place) for i, width in enumerate(widths)]

    def counted(place: int) -> float:
        return count(with_one_more(widths, place))

    places = [place for place, width in enumerate(widths) if width]
    while True:
        before = widths
        for place in sorted(places, key=counted, reverse=True):
            if counted(place) <= parameters:
                widths = with_one_more(widths, place)
        if widths == before:
            return widths


def _widths(network: Architecture) -> list[int]:
    """Return every width of a network, in the order in which it is given back."""
    widths: list[int] = []

    def note(width: int) -> int:
        widths.append(width)
        return width

    _mapped(network, note)
    return widths


def _with_widths(network: Architecture, widths: Sequence[int]) -> Architecture:
    """Return the network with other widths, in the order of :func:`_widths`."""
    remaining = iter(widths)
    return _mapped(network, lambda _: next(remaining))


def _mapped(network: Architecture, change: Callable[[int], int]) -> Architecture:
    """Return a network whose widths are *change* of what they were; 0 is none of a kind."""

    def block(of: Block) -> Block:
        layers = tuple(replace(layer, filters=change(layer.filters)) for layer in of.layers)
        if isinstance(of, Residual):
            return replace(of, layers=layers, width=change(of.width))
        if isinstance(of, Dense):
            return replace(of, layers=layers, transition=change(of.transition))
        return replace(of, layers=layers)

    return replace(
        network,
        stem=replace(network.stem, filters=change(network.stem.filters)),
        blocks=tuple(map(block, network.blocks)),
        head=replace(network.head, hidden=tuple(map(change, network.head.hidden))),
    )
