"""A network layer by layer, for people: a line for the stem, each block and the head."""

from mnbench.architectures import Architecture, Block, Head, Plain, Residual, Stem


def listing(network: Architecture) -> tuple[tuple[str, str], ...]:
    """List a network's parts: each one's name and what it is."""
    if network.library:
        return (("network", network.library),)
    parts = [("stem", _stem(network.stem))] if network.stem != Stem() else []
    parts += [
        (f"block {position}", _block(block)) for position, block in enumerate(network.blocks, 1)
    ]
    return (*parts, ("head", _head(network.head)))


def _stem(stem: Stem) -> str:
    said = []
    if stem.space_to_depth > 1:
        said.append(f"space to depth {stem.space_to_depth}")
    if stem.filters:
        said.append(f"{stem.filters} filters of {stem.kernel}x{stem.kernel}")
    if stem.stride > 1:
        said.append(f"stride {stem.stride}")
    if stem.pool > 1:
        said.append(f"max pooling {stem.pool}")
    return ", ".join(said)


def _block(block: Block) -> str:
    said = [f"plain {block}" if isinstance(block, Plain) else str(block)]
    if isinstance(block, Residual):
        said.append(f"stride {block.stride}")
        said.append(f"shortcut {block.shortcut}")
    elif block.pool > 1:
        said.append(f"{'max' if isinstance(block, Plain) else 'average'} pooling {block.pool}")
    return ", ".join(said)


def _head(head: Head) -> str:
    pooled = "flattened" if head.pool == "flatten" else "average pooling"
    return ", ".join([pooled, *(f"fully connected {width}" for width in head.hidden), "classifier"])
