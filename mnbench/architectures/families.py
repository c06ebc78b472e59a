"""The published families: from a few numbers to an architecture.

Open this module to see a family's arguments, or to add a family. The trap: each function returns
the published network with three differences. Batch norm stands behind every convolution of a VGG,
so a convolution has no bias; dropout is left out; and a bottleneck strides in its 3x3 convolution,
as torchvision's do (ResNet v1.5), which is 2 to 6 % more FLOPs than He et al. count. Tests compare
the counts with torchvision's and timm's models, and with the papers.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from mnbench.architectures.blocks import Block, Dense, Layer, Plain, Residual
from mnbench.architectures.checks import MAXIMUM_LAYERS, check_choice, check_integer
from mnbench.architectures.value import Architecture, Head, Stem
from mnbench.errors import UserError

_VGG = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
_RESNET = {
    18: ("basic", (2, 2, 2, 2)),
    34: ("basic", (3, 4, 6, 3)),
    50: ("bottleneck", (3, 4, 6, 3)),
    101: ("bottleneck", (3, 4, 23, 3)),
    152: ("bottleneck", (3, 8, 36, 3)),
}
_DENSENET = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}


def vgg(depth: int, width: int = 64, classifier: Sequence[int] = ()) -> Architecture:
    """Return VGG-11, 13, 16 or 19 (Simonyan, Zisserman 2015, table 1).

    Args:
        depth: number of convolutions and of the classifier's three layers.
        width: filters of the first block.
        classifier: widths of the hidden layers behind the flattened last block, published as
            (4096, 4096). None is global average pooling, as is usual for small images.

    Raises:
        UserError: an argument is out of range.
    """
    _known(depth, _VGG, "vgg: depth")
    check_integer(width, "vgg: width")
    for number, features in enumerate(classifier, 1):
        check_integer(features, f"vgg: classifier width {number}")
    blocks = tuple(
        Plain((Layer(width * min(2**position, 8)),) * layers)
        for position, layers in enumerate(_VGG[depth])
    )
    return Architecture(
        blocks, head=Head("flatten" if classifier else "average", tuple(classifier))
    )


def resnet(
    depth: int,
    width: int | None = None,
    shortcut: str | None = None,
    imagenet: bool = False,
    filters: Sequence[int] | None = None,
) -> Architecture:
    """Return a ResNet (He et al. 2016).

    Args:
        depth: 6 n + 2 for small images (20, 32, 44, 56, 110; section 4.2); 18, 34, 50, 101 or 152
            for *imagenet* (table 1).
        width: filters of the first stage; published as 16 for small images and 64 for *imagenet*.
            Each further stage has twice those of the one before.
        shortcut: of stages that change the shape: "padding" (option A, as published for small
            images) or "projection" (option B, as published for *imagenet*).
        imagenet: a stem for images of 224 pixels, four stages, bottlenecks from depth 50 on.
        filters: of every stage, instead of *width*. The stem has the first stage's, so that its
            shortcut stays the published one.

    Raises:
        UserError: an argument is out of range.
    """
    stages: tuple[int, ...]
    if imagenet:
        _known(depth, _RESNET, "resnet: depth, with imagenet,")
        unit, stages = _RESNET[depth]
    else:
        unit, stages = "basic", (_units(depth, 6, 2, "resnet"),) * 3
    if shortcut is None:
        shortcut = "projection" if imagenet else "padding"
    check_choice(shortcut, ("padding", "projection"), "resnet: unknown shortcut")
    widths = _filters_of_stages(len(stages), width, filters, published=64 if imagenet else 16)
    blocks = tuple(
        Residual(
            (Layer(widths[stage]),) * units,
            width=widths[stage] * (4 if unit == "bottleneck" else 1),
            stride=2 if stage else 1,
            unit=unit,
            shortcut=shortcut if stage or unit == "bottleneck" else "identity",
        )
        for stage, units in enumerate(stages)
    )
    stem = (
        Stem(filters=widths[0], kernel=7, stride=2, pool=2) if imagenet else Stem(filters=widths[0])
    )
    return Architecture(blocks, stem)


def _filters_of_stages(
    stages: int, width: int | None, filters: Sequence[int] | None, *, published: int
) -> tuple[int, ...]:
    """Return the filters of each stage of a ResNet."""
    if filters is None:
        width = published if width is None else width
        check_integer(width, "resnet: width")
        return tuple(width * 2**stage for stage in range(stages))
    if width is not None:
        raise UserError("resnet: give either width or filters")
    if len(filters) != stages:
        raise UserError(
            f"resnet: filters must be one number for each of the {stages} stages, "
            f"got {len(filters)}"
        )
    for stage, number in enumerate(filters, 1):
        check_integer(number, f"resnet: filters of stage {stage}")
    return tuple(filters)


def wide_resnet(depth: int, widen: int, width: int = 16) -> Architecture:
    """Return WRN-depth-widen (Zagoruyko, Komodakis 2016, table 1): wide preactivated units.

    Args:
        depth: 6 n + 4.
        widen: the published k.
        width: of the stem, and of the first stage before widening.

    Raises:
        UserError: an argument is out of range.
    """
    units = _units(depth, 6, 4, "wide_resnet")
    check_integer(widen, "wide_resnet: widen")
    check_integer(width, "wide_resnet: width")
    blocks = tuple(
        Residual(
            (Layer(widen * width * 2**stage),) * units,
            width=widen * width * 2**stage,
            stride=2 if stage else 1,
            shortcut="projection" if stage or widen > 1 else "identity",
            preactivated=True,
        )
        for stage in range(3)
    )
    return Architecture(blocks, Stem(filters=width, activated=False))


def densenet(
    depth: int,
    growth: int,
    bottleneck: bool = False,
    compression: float | None = None,
    imagenet: bool = False,
) -> Architecture:
    """Return a DenseNet, or DenseNet-BC with *bottleneck* (Huang et al. 2017, sections 3, 4.2).

    Args:
        depth: 3 n + 4 for small images, 6 n + 4 with bottlenecks; 121, 169 or 201 for *imagenet*
            (table 1), which always has bottlenecks.
        growth: channels that each layer adds.
        bottleneck: a 1x1 convolution to 4 times the growth in each layer, and a stem of twice the
            growth instead of 16.
        compression: the fraction of channels that a transition keeps; published as 0.5 with
            bottlenecks and 1 without.
        imagenet: a stem for images of 224 pixels, four blocks.

    Raises:
        UserError: an argument is out of range.
    """
    check_integer(growth, "densenet: growth")
    if compression is not None and not 0 < compression <= 1:
        raise UserError(f"densenet: compression must be over 0 and at most 1, got {compression!r}")
    counts: tuple[int, ...]
    if imagenet:
        _known(depth, _DENSENET, "densenet: depth, with imagenet,")
        counts = _DENSENET[depth]
        stem = Stem(filters=2 * growth, kernel=7, stride=2, pool=2)
    else:
        counts = (_units(depth, 6 if bottleneck else 3, 4, "densenet"),) * 3
        stem = Stem(filters=2 * growth if bottleneck else 16, activated=False)
    bottlenecks = bottleneck or imagenet
    kept = (0.5 if bottlenecks else 1.0) if compression is None else compression
    blocks: list[Block] = []
    channels = stem.filters
    for position, count in enumerate(counts):
        channels += count * growth
        is_last = position == len(counts) - 1
        channels = channels if is_last else max(1, int(channels * kept))
        blocks.append(
            Dense(
                (Layer(growth),) * count,
                transition=0 if is_last else channels,
                bottleneck=4 if bottlenecks else 0,
                pool=1 if is_last else 2,
            )
        )
    return Architecture(tuple(blocks), stem)


def mlp(hidden: Sequence[int]) -> Architecture:
    """Return a fully connected network: the paper's simplest case.

    Args:
        hidden: widths of the ReLU layers before the classifier.

    Raises:
        UserError: *hidden* is empty or has a width out of range.
    """
    if not hidden:
        raise UserError("mlp: hidden must be a list of at least one width, got none")
    for number, width in enumerate(hidden, 1):
        check_integer(width, f"mlp: hidden width {number}")
    return Architecture(head=Head("flatten", tuple(hidden)))


FAMILIES: Mapping[str, Callable[..., Architecture]] = MappingProxyType(
    {"vgg": vgg, "resnet": resnet, "wide_resnet": wide_resnet, "densenet": densenet, "mlp": mlp}
)


def _units(depth: int, step: int, outside: int, family: str) -> int:
    """Return the number of layers or units of each of three blocks."""
    if not isinstance(depth, int) or depth < step + outside or (depth - outside) % step:
        depths = ", ".join(str(step * n + outside) for n in (1, 2, 3))
        raise UserError(
            f"{family}: depth must be {step} n + {outside}, {depths}, ..., got {depth!r}"
        )
    check_integer(depth, f"{family}: depth", maximum=step * MAXIMUM_LAYERS)
    return (depth - outside) // step


def _known(depth: int, depths: Mapping[int, object], what: str) -> None:
    if depth not in depths:
        raise UserError(f"{what} must be one of {', '.join(map(str, depths))}, got {depth!r}")
