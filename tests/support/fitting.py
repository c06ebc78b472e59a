"""The definition of hatching, written down apart from the library's own rule."""

from dataclasses import replace

from mnbench.architectures import Layer


def chain_fits(mothernet, member):
    """The definition: position by position no wider, and carried by every layer inserted behind."""
    inserted = member[len(mothernet) :]
    return (
        len(mothernet) <= len(member)
        and all(ours <= theirs for ours, theirs in zip(mothernet, member, strict=False))
        and (not mothernet or all(mothernet[-1] <= width for width in inserted))
    )


def layers_fit(mothernet, member):
    """Position by position no larger; what is inserted behind constrains nothing."""
    return len(mothernet.layers) <= len(member.layers) and all(
        ours.filters <= theirs.filters and ours.kernel <= theirs.kernel
        for ours, theirs in zip(mothernet.layers, member.layers, strict=False)
    )


def stem_fits(mothernet, member):
    """The same but for the convolution, which may be larger."""
    return (
        replace(mothernet, filters=member.filters, kernel=member.kernel) == member
        and (mothernet.filters > 0) == (member.filters > 0)
        and mothernet.filters <= member.filters
        and mothernet.kernel <= member.kernel
    )


def block_fits(mothernet, member):
    """The same but for its numbers of layers and channels, which may be larger."""
    if mothernet.kind != member.kind or not layers_fit(mothernet, member):
        return False
    free = {"plain": (), "residual": ("width",), "dense": ("transition",)}
    least = {key: getattr(mothernet, key) for key in free[mothernet.kind]}
    most = {key: getattr(member, key) for key in free[mothernet.kind]}
    if replace(mothernet, layers=member.layers, **most) != member:
        return False
    if mothernet.kind == "plain" and not chain_fits(
        *([layer.filters for layer in block.layers] for block in (mothernet, member))
    ):
        return False
    return all((least[key] > 0) == (most[key] > 0) and least[key] <= most[key] for key in most)


def fits(mothernet, member):
    """Whether *member* can be hatched, written down apart from the library's own rule."""
    if (
        len(mothernet.blocks) != len(member.blocks)
        or not stem_fits(mothernet.stem, member.stem)
        or not all(map(block_fits, mothernet.blocks, member.blocks))
        or mothernet.head.pool != member.head.pool
    ):
        return False
    ours, theirs = mothernet.head.hidden, member.head.hidden
    if not ours and theirs:
        last = mothernet.blocks[-1]
        carries = mothernet.head.pool == "average" and last.kind == "plain"
        return carries and last.layers[-1].filters <= min(theirs)
    return chain_fits(ours, theirs)


def enlarged(network):
    """Every network that is larger than *network* in a single place, and where that needs it."""
    if network.stem.filters:
        for key, more in (("filters", 1), ("kernel", 2)):
            yield with_parts(network, raised(network.stem, key, more), network.blocks)
    for index, block in enumerate(network.blocks):
        for larger in enlarged_blocks(block):
            yield with_parts(network, network.stem, with_item(network.blocks, index, larger))
    hidden = network.head.hidden
    for i, width in enumerate(hidden):
        yield replace(network, head=replace(network.head, hidden=with_item(hidden, i, width + 1)))
    width = (*hidden, 1)[-1]
    if not hidden and network.blocks[-1].kind == "plain":
        width = network.blocks[-1].layers[-1].filters
    yield replace(network, head=replace(network.head, hidden=(*hidden, width)))


def enlarged_blocks(block):
    layers = block.layers
    for i, layer in enumerate(layers):
        for key, more in (("filters", 1), ("kernel", 2)):
            yield replace(block, layers=with_item(layers, i, raised(layer, key, more)))
    # A layer more is tried at its smallest.
    smallest = Layer(layers[-1].filters if block.kind == "plain" else 1, 1)
    yield replace(block, layers=(*layers, smallest))
    free = getattr(block, "shortcut", "") != "identity"  # else the stream's width is what flows in
    for key in ("width", "transition"):
        if getattr(block, key, 0) and (key != "width" or free):
            yield raised(block, key, 1)


def with_parts(network, stem, blocks):
    """*network* with other parts, its streams as wide as their shortcuts need."""
    fitted, channels = [], stem.filters
    for block in blocks:
        if block.kind == "residual" and (
            block.shortcut == "identity" or (block.shortcut == "padding" and block.width < channels)
        ):
            block = replace(block, width=channels)
        fitted.append(block)
        channels = block.outputs(channels)
    return replace(network, stem=stem, blocks=tuple(fitted))


def raised(value, key, by):
    return replace(value, **{key: getattr(value, key) + by})


def with_item(values, index, value):
    return (*values[:index], value, *values[index + 1 :])
