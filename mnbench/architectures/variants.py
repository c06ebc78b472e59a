"""Make variants of one network: each varies one layer or two (authors' demo, 2018).

Open this module to see how a set of a hundred networks is made from one. The trap: a smaller set is
the beginning of a larger one, so the order of the variants must stay.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, islice
from typing import Any

from mnbench.architectures.blocks import Block, Layer
from mnbench.architectures.checks import check_integer, keys_of, known_keys
from mnbench.architectures.value import Architecture
from mnbench.errors import UserError

MAXIMUM_NETWORKS = 5000  # what is clustered and planned in about a minute
_CHANGES = ("filters", "kernel", "both")


@dataclass(frozen=True)
class Rule:
    """How many networks to make, and how large a step is."""

    networks: int  # with the base
    more_filters: float = 0.5  # fraction of the layer's own
    larger_kernel: int = 2  # pixels
    layers: int = 1  # at most this many vary together: 1 or 2


def read_rule(data: Any, place: str) -> Rule:
    """Make a rule from plain values.

    Raises:
        UserError: a key is unknown or missing, or a value has the wrong type or range.
    """
    rule = Rule(**known_keys(data, keys_of(Rule), place, required=("networks",)))
    check_integer(rule.networks, f"{place}: networks", minimum=2, maximum=MAXIMUM_NETWORKS)
    more = rule.more_filters
    if not isinstance(more, int | float) or isinstance(more, bool) or not 0 < more <= 10:
        raise UserError(f"{place}: more_filters must be a number over 0 and up to 10, got {more!r}")
    check_integer(rule.layers, f"{place}: layers", maximum=2)
    check_integer(rule.larger_kernel, f"{place}: larger_kernel")
    if rule.larger_kernel % 2:
        raise UserError(
            f"{place}: larger_kernel {rule.larger_kernel} makes even kernels; use an even one"
        )
    return rule


def variants(base: Architecture, rule: Rule) -> tuple[Architecture, ...]:
    """Return the base and networks that differ from it in one layer each, or in up to two.

    For each layer in order: a network with more filters, a network with a larger kernel, a network
    with both. If the rule allows two layers, pairs follow, varied in the same three ways: first
    neighbours from the first layer to the last, then layers with one layer between them, and so on.
    When all were varied the next round begins. Its steps are twice as large, then three times,
    until the number is reached.

    Args:
        base: a network with blocks of any kind.
        rule: the number of networks, the size of a step, and how many layers vary together.

    Raises:
        UserError: the base has no layers to vary, or a variant is an impossible network.
    """
    if not base.depth:
        raise UserError(f"network '{base.name}' has no blocks whose layers could vary")
    return (base, *islice(_endless(base, rule), rule.networks - 1))


def _endless(base: Architecture, rule: Rule) -> Iterator[Architecture]:
    for steps in count(1):
        suffix = str(steps) if steps > 1 else ""
        for chosen in _choices(base.depth, rule.layers):
            names = "_".join(f"l{number + 1}" for number in chosen)
            for change in _CHANGES:
                yield replace(
                    base,
                    blocks=_varied(base.blocks, chosen, change, rule, steps),
                    name=f"{base.name}_{names}_{change}{suffix}",
                )


def _choices(depth: int, layers: int) -> Iterator[tuple[int, ...]]:
    """Yield the layers that vary together: each alone, then pairs, the nearest first."""
    yield from ((number,) for number in range(depth))
    if layers == 2:
        for distance in range(1, depth):
            yield from ((number, number + distance) for number in range(depth - distance))


def _varied(
    blocks: tuple[Block, ...], chosen: tuple[int, ...], change: str, rule: Rule, steps: int
) -> tuple[Block, ...]:
    """Return blocks whose *chosen* layers, counted from 0 through all blocks, are larger."""
    numbers = count()
    return tuple(
        replace(
            block,
            layers=tuple(
                _larger(layer, change, rule, steps) if next(numbers) in chosen else layer
                for layer in block.layers
            ),
        )
        for block in blocks
    )


def _larger(layer: Layer, change: str, rule: Rule, steps: int) -> Layer:
    # A small layer's fraction may round to nothing: add a filter a step at least.
    filters = max(round(layer.filters * (1 + steps * rule.more_filters)), layer.filters + steps)
    kernel = layer.kernel + steps * rule.larger_kernel
    return {
        "filters": replace(layer, filters=filters),
        "kernel": replace(layer, kernel=kernel),
        "both": Layer(filters, kernel),
    }[change]
