"""The architecture value: stem, blocks of layers, head. No tensor is allocated here."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from mnbench.architectures.blocks import KINDS, Block, Layer, Plain, check_block
from mnbench.architectures.checks import keys_of, known_keys, odd, one_of, positive, truth
from mnbench.errors import UserError

HEAD_POOLS = ("average", "flatten")
KEYS = ("name", "stem", "blocks", "head", "library")
LIBRARY = "timm:"


@dataclass(frozen=True)
class Stem:
    """What happens before the first block.

    Space to depth with factor s turns (c, h, w) into (c * s * s, h / s, w / s): it loses nothing
    and makes the first layers s * s times cheaper. Then comes a convolution, if *filters* is not 0,
    with batch norm and ReLU, unless *activated* is false: what a preactivated block needs comes
    with the block. Max pooling is over 3 x 3 pixels, as ImageNet's networks have it.
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
    """A network's structure.

    Two architectures are equal when their structures are: the name is for people. A network without
    blocks is fully connected: a "flatten" head with hidden layers. One of a *library* is known by
    name alone ("timm:resnet18").
    """

    blocks: tuple[Block, ...] = ()
    stem: Stem = Stem()
    head: Head = Head()
    library: str = ""
    name: str = field(default="network", compare=False)

    def __post_init__(self) -> None:
        _check(self)

    def __str__(self) -> str:
        if self.library:
            return f"{self.name}: {self.library}"
        hidden = "".join(f" fc{width}" for width in self.head.hidden)
        blocks = " | ".join(map(str, self.blocks))
        return f"{self.name}: {self.stem}{blocks}{hidden if blocks else hidden.lstrip()}"

    @cached_property
    def id(self) -> str:
        """A hash of the structure, the same in every process."""
        structure = asdict(self)
        del structure["name"]
        return hashlib.sha256(json.dumps(structure, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def depth(self) -> int:
        """Number of layers of its blocks."""
        return sum(len(block.layers) for block in self.blocks)

    def closes(self, position: int) -> bool:
        """Whether batch norm and ReLU stand behind the block at *position* (from 0).

        They do where a preactivated block's bare sums meet what expects activations.
        """
        following = self.blocks[position + 1 : position + 2]
        preactivated = following and following[0].preactivated
        return self.blocks[position].preactivated and not preactivated

    def to_dict(self) -> dict[str, Any]:
        """Plain values, such as :meth:`from_dict` reads."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, where: str = "") -> "Architecture":
        """Make an architecture from plain values, as YAML and JSON give them.

        A layer is ``filters`` (kernel 3) or ``{filters, kernel}``; a block is a list of layers
        (kind plain) or ``{layers, kind, ...}`` with the keys of its kind
        (:mod:`mnbench.architectures.blocks`); what has a default may be left out.

        Args:
            data: the plain values.
            where: file to name in errors.

        Raises:
            UserError: a key is unknown or a value has the wrong type or range.
        """
        name = str(data.get("name", "network")) if isinstance(data, Mapping) else "network"
        prefix = f"{where}: " if where else ""
        here = f"{prefix}network '{name}'"
        data = known_keys(data, KEYS, here)
        stem = known_keys(data.get("stem", {}), keys_of(Stem), f"{here}, stem")
        head = known_keys(data.get("head", {}), keys_of(Head), f"{here}, head")
        hidden = _list(head.get("hidden", ()), f"{here}, head: 'hidden'", "widths")
        listed = _list(data.get("blocks", ()), f"{here}: 'blocks'", "blocks")
        blocks = tuple(_block(block, f"{here}, block {i}") for i, block in enumerate(listed, 1))
        head = Head(**{**head, "hidden": tuple(hidden)})
        try:
            return cls(blocks, Stem(**stem), head, data.get("library", ""), name)
        except UserError as error:  # the value knows its name, but not its file
            raise UserError(f"{prefix}{error}") from None


def _block(data: Any, where: str) -> Block:
    if isinstance(data, list | tuple):
        data = {"layers": data}
    kind = data.get("kind", "plain") if isinstance(data, Mapping) else "plain"
    one_of(kind, tuple(KINDS), f"{where}: unknown kind")
    required = ("layers", "width") if kind == "residual" else ("layers",)
    data = known_keys(data, ("kind", *keys_of(KINDS[kind])), where, need=required)
    layers = _list(data["layers"], f"{where}: 'layers'", "layers")
    layers = tuple(_layer(layer, f"{where}, layer {i}") for i, layer in enumerate(layers, 1))
    data.pop("kind", None)
    return KINDS[kind](**{**data, "layers": layers})


def _layer(data: Any, where: str) -> Layer:
    if isinstance(data, int):
        return Layer(data)
    if not isinstance(data, Mapping):
        raise UserError(
            f"{where}: must be a whole number of filters or {{filters, kernel}}, got {data!r}"
        )
    return Layer(**known_keys(data, keys_of(Layer), where, need=("filters",)))


def _list(data: Any, what: str, of: str) -> Sequence[Any]:
    if not isinstance(data, list | tuple):
        raise UserError(f"{what} must be a list of {of}, got {data!r}")
    return data


def _check(network: Architecture) -> None:
    """Refuse what no network can be, naming the network and the position."""
    where = f"network '{network.name}'"
    if network.library:
        _check_library(network, where)
        return
    _check_stem(network, where)
    if not network.blocks and not (network.head.pool == "flatten" and network.head.hidden):
        raise UserError(
            f"{where}: has no block; give at least one, or, for a fully connected network, a "
            "'flatten' head with hidden layers"
        )
    channels = network.stem.filters
    for i, block in enumerate(network.blocks, 1):
        if not channels and not isinstance(block, Plain):
            raise UserError(
                f"{where}, block 1: a {block.kind} block needs channels to add to; give the stem "
                "filters"
            )
        check_block(block, channels, f"{where}, block {i}")
        channels = block.outputs(channels)
    one_of(network.head.pool, HEAD_POOLS, f"{where}, head: unknown pool")
    for j, width in enumerate(network.head.hidden, 1):
        positive(width, f"{where}, head: hidden width {j}")


def _check_library(network: Architecture, where: str) -> None:
    known = isinstance(network.library, str) and network.library.startswith(LIBRARY)
    if not known or network.library == LIBRARY:
        raise UserError(
            f"{where}: unknown library network {network.library!r}; write 'timm:' and the name "
            "that timm knows it by"
        )
    if network.blocks or network.stem != Stem() or network.head != Head():
        raise UserError(f"{where}: {network.library} has its own stem, blocks and head; give none")


def _check_stem(network: Architecture, where: str) -> None:
    stem, here = network.stem, f"{where}, stem"
    for key in ("space_to_depth", "stride", "pool"):
        positive(getattr(stem, key), f"{here}: {key}")
    positive(stem.filters, f"{here}: filters", least=0)
    odd(stem.kernel, here)
    truth(stem.activated, f"{here}: activated")
    if not stem.filters and stem != Stem(stem.space_to_depth):
        raise UserError(
            f"{here}: kernel, stride, pool and activated are those of a convolution; give filters"
        )
    if not stem.activated and not (network.blocks and network.blocks[0].preactivated):
        raise UserError(
            f"{here}: activated is false, but what follows expects activations; only a "
            "preactivated or dense block brings its own"
        )
