"""The architecture value: stem, blocks of layers, head. No tensor is allocated here."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from mnbench.errors import UserError, choices

BLOCK_KINDS = ("plain",)
HEAD_POOLS = ("average", "flatten")
KEYS = ("name", "stem", "blocks", "head")


@dataclass(frozen=True, order=True)
class Layer:
    """A convolution: *filters* of *kernel* x *kernel*, "same" padding."""

    filters: int
    kernel: int = 3

    def __str__(self) -> str:
        return str(self.filters) if self.kernel == 3 else f"{self.filters}({self.kernel}x)"


@dataclass(frozen=True)
class Block:
    """The layers between two down-samplings.

    A plain block (VGG) is a chain of convolution, batch norm and ReLU, then max pooling.
    """

    layers: tuple[Layer, ...]
    kind: str = "plain"
    pool: int = 2  # side and stride of the max pooling at the block's end; 1 is none

    def __str__(self) -> str:
        kind = "" if self.kind == "plain" else f"{self.kind}:"
        return kind + "-".join(map(str, self.layers))


@dataclass(frozen=True)
class Stem:
    """What happens before the first block.

    Space to depth with factor s turns (c, h, w) into (c * s * s, h / s, w / s): it loses nothing
    and makes the first layers s * s times cheaper.
    """

    space_to_depth: int = 1


@dataclass(frozen=True)
class Head:
    """What happens after the last block, up to the linear classifier."""

    pool: str = "average"  # global average pooling, or "flatten"
    hidden: tuple[int, ...] = ()  # widths of fully connected ReLU layers before the classifier


@dataclass(frozen=True)
class Architecture:
    """A network's structure.

    Two architectures are equal when their structures are: the name is for people.
    """

    blocks: tuple[Block, ...]
    stem: Stem = Stem()
    head: Head = Head()
    name: str = field(default="network", compare=False)

    def __post_init__(self) -> None:
        _check(self)

    def __str__(self) -> str:
        hidden = "".join(f" fc{width}" for width in self.head.hidden)
        return f"{self.name}: " + " | ".join(map(str, self.blocks)) + hidden

    @cached_property
    def id(self) -> str:
        """A hash of the structure, the same in every process."""
        structure = asdict(self)
        del structure["name"]
        return hashlib.sha256(json.dumps(structure, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def depth(self) -> int:
        """Number of convolutional layers."""
        return sum(len(block.layers) for block in self.blocks)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, such as :meth:`from_dict` reads."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, where: str = "") -> "Architecture":
        """Make an architecture from plain values, as YAML and JSON give them.

        A layer is ``filters`` (kernel 3) or ``{filters, kernel}``; a block is a list of layers or
        ``{layers, kind, pool}``; stem, head and name may be left out.

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
        stem = known_keys(data.get("stem", {}), ("space_to_depth",), f"{here}, stem")
        head = known_keys(data.get("head", {}), ("pool", "hidden"), f"{here}, head")
        hidden = _list(head.get("hidden", ()), f"{here}, head: 'hidden'", "widths")
        listed = _list(data.get("blocks"), f"{here}: 'blocks'", "blocks")
        blocks = tuple(_block(block, f"{here}, block {i}") for i, block in enumerate(listed, 1))
        head = Head(**{**head, "hidden": tuple(hidden)})
        try:
            return cls(blocks, Stem(**stem), head, name)
        except UserError as error:  # the value knows its name, but not its file
            raise UserError(f"{prefix}{error}") from None


def _block(data: Any, where: str) -> Block:
    if isinstance(data, list | tuple):
        data = {"layers": data}
    data = known_keys(data, ("layers", "kind", "pool"), where)
    layers = _list(data.get("layers"), f"{where}: 'layers'", "layers")
    layers = tuple(_layer(layer, f"{where}, layer {i}") for i, layer in enumerate(layers, 1))
    return Block(**{**data, "layers": layers})


def _layer(data: Any, where: str) -> Layer:
    if isinstance(data, int):
        return Layer(data)
    return Layer(**known_keys(data, ("filters", "kernel"), where, need=1))


def _list(data: Any, what: str, of: str) -> Sequence[Any]:
    if not isinstance(data, list | tuple):
        raise UserError(f"{what} must be a list of {of}, got {data!r}")
    return data


def known_keys(data: Any, keys: tuple[str, ...], where: str, need: int = 0) -> dict[str, Any]:
    """Return *data* as a dict of *keys*, of which the first *need* must be there.

    Raises:
        UserError: *data* is no mapping, has another key, or lacks one.
    """
    if not isinstance(data, Mapping):
        raise UserError(f"{where}: expected keys {', '.join(keys)}, got {data!r}")
    for key in data:
        if key not in keys:
            raise UserError(f"{where}: unknown key '{key}'; {choices(str(key), keys)}")
    for key in keys[:need]:
        if key not in data:
            raise UserError(f"{where}: key '{key}' is missing")
    return dict(data)


def _check(network: Architecture) -> None:
    """Refuse what no network can be, naming the network and the position."""
    where = f"network '{network.name}'"
    _positive(network.stem.space_to_depth, f"{where}, stem: space_to_depth")
    if not network.blocks:
        raise UserError(f"{where}: has no block; give at least one")
    for i, block in enumerate(network.blocks, 1):
        here = f"{where}, block {i}"
        if block.kind not in BLOCK_KINDS:
            raise UserError(
                f"{here}: unknown kind '{block.kind}'; {choices(str(block.kind), BLOCK_KINDS)}"
            )
        if not block.layers:
            raise UserError(f"{here}: has no layer; give at least one")
        _positive(block.pool, f"{here}: pool")
        for j, layer in enumerate(block.layers, 1):
            _positive(layer.filters, f"{here}, layer {j}: filters")
            _positive(layer.kernel, f"{here}, layer {j}: kernel")
            if layer.kernel % 2 == 0:
                raise UserError(
                    f"{here}, layer {j}: kernel {layer.kernel} is even; use an odd one, which has "
                    "a centre and keeps the image size"
                )
    if network.head.pool not in HEAD_POOLS:
        raise UserError(
            f"{where}, head: unknown pool '{network.head.pool}'; "
            f"{choices(str(network.head.pool), HEAD_POOLS)}"
        )
    for j, width in enumerate(network.head.hidden, 1):
        _positive(width, f"{where}, head: hidden width {j}")


def _positive(value: Any, what: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise UserError(f"{what} must be a whole number from 1, got {value!r}")
