"""The architecture value: stem, blocks of layers, head. No tensor is allocated here.

Open this module to see what a network may consist of and how plain values become one. The trap: the
name is for people; equality and the id ignore it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from mnbench.architectures.blocks import KINDS, Block, Layer, Plain, check_block
from mnbench.architectures.checks import (
    MAXIMUM_LAYERS,
    check_boolean,
    check_choice,
    check_integer,
    check_kernel,
    keys_of,
    known_keys,
)
from mnbench.errors import UserError

HEAD_POOLS = ("average", "flatten")
KEYS = ("name", "stem", "blocks", "head", "library")
LIBRARY = "timm:"


@dataclass(frozen=True)
class Stem:
    """What happens before the first block.

    Space to depth with factor s turns (c, h, w) into (c * s * s, h / s, w / s). It loses nothing
    and makes the first layers s * s times cheaper. A convolution follows if *filters* is not 0.
    Batch norm and ReLU follow it unless *activated* is false; a preactivated block brings its own.
    Max pooling is over 3 x 3 pixels, as in ImageNet's networks.
    """

    space_to_depth: int = 1
    filters: int = 0
    kernel: int = 3
    stride: int = 1
    pool: int = 1  # stride of the max pooling; 1 is none
    activated: bool = True

    def __str__(self) -> str:
        return f"[{Layer(self.filters, self.kernel)}] " if self.filters else ""


@dataclass(frozen=True)
class Head:
    """What happens after the last block, up to the linear classifier."""

    pool: str = "average"  # global average pooling, or "flatten"
    hidden: tuple[int, ...] = ()  # widths of fully connected ReLU layers before the classifier


@dataclass(frozen=True)
class Architecture:
    """A network's structure, as a frozen value.

    Two architectures are equal when their structures are: the name is for people. A network without
    blocks is fully connected: it has a "flatten" head with hidden layers. A *library*'s network is
    known by name alone ("timm:resnet18").
    """

    blocks: tuple[Block, ...] = ()
    stem: Stem = Stem()
    head: Head = Head()
    library: str = ""
    name: str = field(default="network", compare=False)

    def __post_init__(self) -> None:
        _check(self)

    def __str__(self) -> str:
        return f"{self.name}: {self.structure}"

    @property
    def structure(self) -> str:
        """The layers in words, without the name."""
        if self.library:
            return self.library
        hidden = "".join(f" fc{width}" for width in self.head.hidden)
        blocks = " | ".join(map(str, self.blocks))
        return f"{self.stem}{blocks}{hidden if blocks else hidden.lstrip()}"

    @cached_property
    def id(self) -> str:
        """Hash of the structure: 12 hexadecimal digits, the same in every process."""
        structure = asdict(self)
        del structure["name"]
        return hashlib.sha256(json.dumps(structure, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def depth(self) -> int:
        """Number of layers of its blocks."""
        return sum(len(block.layers) for block in self.blocks)

    @cached_property
    def unrolled(self) -> "Architecture":
        """The same network with a block for each layer: it computes and counts the same."""
        parts = (block.part(at) for block in self.blocks for at in range(len(block.layers)))
        return replace(self, blocks=tuple(parts))

    def closes(self, position: int) -> bool:
        """Tell whether batch norm and ReLU stand behind the block at *position* (from 0).

        They do where a preactivated block's bare sums meet a part that expects activations.
        """
        following = self.blocks[position + 1 : position + 2]
        preactivated = following and following[0].preactivated
        return self.blocks[position].preactivated and not preactivated

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; :meth:`from_dict` reads them back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, file: str = "") -> "Architecture":
        """Make an architecture from plain values, as YAML and JSON give them.

        A layer is ``filters`` (kernel 3) or ``{filters, kernel}``. A block is a list of layers
        (kind plain) or ``{layers, kind, ...}`` with the keys of its kind
        (:mod:`mnbench.architectures.blocks`). A key with a default may be left out.

        Args:
            data: the plain values.
            file: the file to name in errors.

        Raises:
            UserError: a key is unknown or a value has the wrong type or range.
        """
        name = str(data.get("name", "network")) if isinstance(data, Mapping) else "network"
        prefix = f"{file}: " if file else ""
        place = f"{prefix}network '{name}'"
        data = known_keys(data, KEYS, place)
        stem = known_keys(data.get("stem", {}), keys_of(Stem), f"{place}, stem")
        head = known_keys(data.get("head", {}), keys_of(Head), f"{place}, head")
        head["hidden"] = tuple(_list(head.get("hidden", ()), f"{place}, head: 'hidden'", "widths"))
        listed = _list(data.get("blocks", ()), f"{place}: 'blocks'", "blocks")
        blocks = tuple(_block(block, f"{place}, block {i}") for i, block in enumerate(listed, 1))
        try:
            return cls(blocks, Stem(**stem), Head(**head), data.get("library", ""), name)
        except UserError as error:  # the value knows its name, but not its file
            raise UserError(f"{prefix}{error}") from None


def _block(data: Any, place: str) -> Block:
    if isinstance(data, list | tuple):
        data = {"layers": data}
    kind = data.get("kind", "plain") if isinstance(data, Mapping) else "plain"
    check_choice(kind, tuple(KINDS), f"{place}: unknown kind")
    required = ("layers", "width") if kind == "residual" else ("layers",)
    data = known_keys(data, ("kind", *keys_of(KINDS[kind])), place, required=required)
    layers = _list(data["layers"], f"{place}: 'layers'", "layers")
    layers = tuple(_layer(layer, f"{place}, layer {i}") for i, layer in enumerate(layers, 1))
    data.pop("kind", None)
    return KINDS[kind](**{**data, "layers": layers})


def _layer(data: Any, place: str) -> Layer:
    if isinstance(data, int):
        return Layer(data)
    if not isinstance(data, Mapping):
        raise UserError(
            f"{place}: must be a whole number of filters or {{filters, kernel}}, got {data!r}"
        )
    return Layer(**known_keys(data, keys_of(Layer), place, required=("filters",)))


def _list(data: Any, what: str, items: str) -> Sequence[Any]:
    if not isinstance(data, list | tuple):
        raise UserError(f"{what} must be a list of {items}, got {data!r}")
    return data


def _check(network: Architecture) -> None:
    """Refuse an impossible network, naming it and the position."""
    place = f"network '{network.name}'"
    if network.library:
        _check_library(network, place)
        return
    _check_stem(network, place)
    if not network.blocks and not (network.head.pool == "flatten" and network.head.hidden):
        raise UserError(
            f"{place}: has no block; give at least one, or, for a fully connected network, a "
            "'flatten' head with hidden layers"
        )
    if (layers := network.depth + len(network.head.hidden)) > MAXIMUM_LAYERS:
        raise UserError(f"{place}: has {layers:,} layers; give at most {MAXIMUM_LAYERS:,}")
    channels = network.stem.filters
    for i, block in enumerate(network.blocks, 1):
        if not channels and not isinstance(block, Plain):
            raise UserError(
                f"{place}, block 1: a {block.kind} block needs channels to add to; give the stem "
                "filters"
            )
        check_block(block, channels, f"{place}, block {i}")
        channels = block.outputs(channels)
    check_choice(network.head.pool, HEAD_POOLS, f"{place}, head: unknown pool")
    for j, width in enumerate(network.head.hidden, 1):
        check_integer(width, f"{place}, head: hidden width {j}")


def _check_library(network: Architecture, place: str) -> None:
    known = isinstance(network.library, str) and network.library.startswith(LIBRARY)
    if not known or network.library == LIBRARY:
        raise UserError(
            f"{place}: unknown library network {network.library!r}; write 'timm:' and the name "
            "that timm knows it by"
        )
    if network.blocks or network.stem != Stem() or network.head != Head():
        raise UserError(f"{place}: {network.library} has its own stem, blocks and head; give none")


def _check_stem(network: Architecture, place: str) -> None:
    stem, place = network.stem, f"{place}, stem"
    for key in ("space_to_depth", "stride", "pool"):
        check_integer(getattr(stem, key), f"{place}: {key}")
    check_integer(stem.filters, f"{place}: filters", minimum=0)
    check_kernel(stem.kernel, place)
    check_boolean(stem.activated, f"{place}: activated")
    if not stem.filters and stem != Stem(stem.space_to_depth):
        raise UserError(
            f"{place}: kernel, stride, pool and activated are those of a convolution; give filters"
        )
    if not stem.activated and not (network.blocks and network.blocks[0].preactivated):
        raise UserError(
            f"{place}: activated is false, but what follows expects activations; only a "
            "preactivated or dense block brings its own"
        )
