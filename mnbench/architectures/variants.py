"""Variants of one network by the paper's rule (recalled): vary one layer at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, islice
from typing import Any

from mnbench.architectures.blocks import Layer
from mnbench.architectures.checks import keys_of, known_keys, positive
from mnbench.architectures.value import Architecture
from mnbench.errors import UserError

MOST_NETWORKS = 1000  # what is clustered in seconds


@dataclass(frozen=True)
class Rule:
    """How many networks, and how large a step is."""

    networks: int  # with the base
    more_filters: float = 0.5  # fraction of the layer's own
    larger_kernel: int = 2  # pixels


def read_rule(data: Any, where: str) -> Rule:
    """Make a rule from plain values.

    Raises:
        UserError: a key is unknown or missing, or a value has the wrong type or range.
    """
    rule = Rule(**known_keys(data, keys_of(Rule), where, need=("networks",)))
    positive(rule.networks, f"{where}: networks", least=2, most=MOST_NETWORKS)
    more = rule.more_filters
    if not isinstance(more, int | float) or isinstance(more, bool) or not 0 < more <= 10:
        raise UserError(f"{where}: more_filters must be a number over 0 and up to 10, got {more!r}")
    positive(rule.larger_kernel, f"{where}: larger_kernel")
    if rule.larger_kernel % 2:
        raise UserError(
            f"{where}: larger_kernel {rule.larger_kernel} makes even kernels; use an even one"
        )
    return rule


def variants(base: Architecture, rule: Rule) -> tuple[Architecture, ...]:
    """Return the base and networks that differ from it in one layer each.

    For each layer in order: one network with more filters, one with a larger kernel, one with both.
    When every layer was varied the next round begins, with steps of twice the size, then three
    times, until there are enough.

    Args:
        base: a network with blocks; a layer is one of a block of any kind.
        rule: how many, and the size of a step.

    Raises:
        UserError: the base has no layers to vary, or a variant is no network; names it.
    """
    if not base.depth:
        raise UserError(f"network '{base.name}' has no blocks whose layers could vary")
    return (base, *islice(_endless(base, rule), rule.networks - 1))


def _endless(base: Architecture, rule: Rule) -> Iterator[Architecture]:
    for steps in count(1):
        suffix = str(steps) if steps > 1 else ""
        number = 0
        for position, block in enumerate(base.blocks):
            for index, layer in enumerate(block.layers):
                number += 1
                for change, varied in _larger(layer, rule, steps):
                    layers = (*block.layers[:index], varied, *block.layers[index + 1 :])
                    blocks = (
                        *base.blocks[:position],
                        replace(block, layers=layers),
                        *base.blocks[position + 1 :],
                    )
                    name = f"{base.name}_l{number}_{change}{suffix}"
                    yield replace(base, blocks=blocks, name=name)


def _larger(layer: Layer, rule: Rule, steps: int) -> tuple[tuple[str, Layer], ...]:
    # At least one more a step, where a small layer's fraction rounds to nothing.
    filters = max(round(layer.filters * (1 + steps * rule.more_filters)), layer.filters + steps)
    kernel = layer.kernel + steps * rule.larger_kernel
    return (
        ("filters", replace(layer, filters=filters)),
        ("kernel", replace(layer, kernel=kernel)),
        ("both", Layer(filters, kernel)),
    )
