"""Widening: as many parameters as wanted, the same depth and kernels, whatever the family."""

import pytest

from mnbench.architectures import (
    ARCHITECTURE_SETS,
    Architecture,
    Dense,
    Head,
    Layer,
    Residual,
    Stem,
    load_architectures,
    parameter_count,
    widened,
)
from mnbench.architectures.widening import _widths, _with_widths
from mnbench.errors import UserError

SHAPE = {"in_channels": 3, "num_classes": 10, "image_size": 32}
MLP = Architecture(head=Head("flatten", (120, 80)), name="mlp")
IDENTITY = Architecture(
    tuple(Residual((Layer(6),) * 3, 8, shortcut="identity") for _ in range(2)), Stem(filters=8)
)


def form(network: Architecture) -> tuple:
    """What widening must leave as it is."""
    blocks = [
        (block.kind, block.shrinking, [layer.kernel for layer in block.layers])
        for block in network.blocks
    ]
    return network.name, blocks, len(network.head.hidden), network.stem.space_to_depth


def networks() -> dict[str, Architecture]:
    """The first network of every architecture set, and two kinds that none has."""
    of_sets = {name: load_architectures(name)[0] for name in ARCHITECTURE_SETS}
    return of_sets | {"mlp": MLP, "identity": IDENTITY}


@pytest.mark.parametrize("name", networks())
@pytest.mark.parametrize("factor", [1, 1.3, 5, 30])
def test_the_number_of_parameters_is_met_within_one_per_cent(name, factor):
    network = networks()[name]
    wanted = int(factor * parameter_count(network, **SHAPE))
    wide = widened(network, wanted, **SHAPE)
    # One filter of the smallest networks is more than that.
    share = 0.98 if factor < 5 else 0.99
    assert share * wanted <= parameter_count(wide, **SHAPE) <= wanted
    assert form(wide) == form(network)


@pytest.mark.parametrize("name", ["v25-small", "h5-small", "w5-small", "mlp"])
def test_not_one_filter_more_fits(name):
    network = networks()[name]
    wanted = 5 * parameter_count(network, **SHAPE) + 1234
    wide = widened(network, wanted, **SHAPE)
    widths = _widths(wide)
    for place, width in enumerate(widths):
        if width:
            larger = [*widths[:place], width + 1, *widths[place + 1 :]]
            assert parameter_count(_with_widths(wide, larger), **SHAPE) > wanted


def test_a_network_of_the_wanted_size_stays_as_it_is():
    assert widened(MLP, parameter_count(MLP, **SHAPE), **SHAPE) == MLP


def test_widths_by_hand():
    # 3072 pixels to w to 10 classes, with biases: (3072 + 1 + 10) w + 10.
    mlp = Architecture(head=Head("flatten", (30,)), name="mlp")
    assert widened(mlp, 3083 * 100 + 10, **SHAPE).head.hidden == (100,)
    assert widened(mlp, 3083 * 100 + 9, **SHAPE).head.hidden == (99,)


def test_residual_blocks_without_projections_keep_one_width():
    wide = widened(IDENTITY, 10 * parameter_count(IDENTITY, **SHAPE), **SHAPE)
    assert {wide.stem.filters, *(block.width for block in wide.blocks)} == {wide.stem.filters}


def test_a_network_that_cannot_be_widened_is_refused():
    library = Architecture(library="timm:resnet18", name="resnet18")
    with pytest.raises(ValueError, match="resnet18: the layers of a library's network"):
        widened(library, 10**9)
    with pytest.raises(ValueError, match="mlp has more than 10 parameters already"):
        widened(MLP, 10, **SHAPE)


def test_a_width_beyond_the_largest_is_no_hindrance_to_smaller_ones():
    wide = Architecture(head=Head("flatten", (60_000,)), name="wide")
    (width,) = widened(wide, 1.5 * parameter_count(wide, **SHAPE), **SHAPE).head.hidden
    assert 89_000 <= width <= 90_000  # twice the width would be too large a layer


def test_a_network_that_no_width_makes_as_large_is_refused():
    wide = Architecture(head=Head("flatten", (60_000,)), name="wide")
    with pytest.raises(UserError, match=r"network 'wide' cannot be widened to 1,849,\d+,\d+ param"):
        widened(wide, 10 * parameter_count(wide, **SHAPE), **SHAPE)


def test_a_stream_that_a_dense_block_begins_is_widened_where_its_widths_agree():
    # What enters and what each layer adds must make the width of the stream.
    dense = Dense((Layer(8), Layer(8)), pool=2)
    identity = Residual((Layer(16), Layer(16)), width=32, shortcut="identity")
    network = Architecture((dense, identity), Stem(filters=16), name="shared")
    wanted = 3 * parameter_count(network, **SHAPE)
    wide = widened(network, wanted, **SHAPE)
    assert 0.9 * wanted <= parameter_count(wide, **SHAPE) <= wanted
    assert wide.stem.filters + sum(layer.filters for layer in wide.blocks[0].layers) == (
        wide.blocks[1].width
    )
