"""List a network for people: a line for the stem, each block and the head.

Open this module to change how a preview describes a MotherNet. The lines are for reading only: two
networks are told apart by their values.
"""

from mnbench.architectures import Architecture, Block, Head, Plain, Residual, Stem


def listing(network: Architecture) -> tuple[tuple[str, str], ...]:
    """List a network's parts as pairs: the part's name, and its description."""
    if network.library:
        return (("network", network.library),)
    parts = [("stem", _stem(network.stem))] if network.stem != Stem() else []
    parts += [
        (f"block {position}", _block(block)) for position, block in enumerate(network.blocks, 1)
    ]
    return (*parts, ("head", _head(network.head)))


def _stem(stem: Stem) -> str:
    words = []
    if stem.space_to_depth > 1:
        words.append(f"space to depth {stem.space_to_depth}")
    if stem.filters:
        words.append(f"{stem.filters} filters of {stem.kernel}x{stem.kernel}")
    if stem.stride > 1:
        words.append(f"stride {stem.stride}")
    if stem.pool > 1:
        words.append(f"max pooling {stem.pool}")
    return ", ".join(words)


def _block(block: Block) -> str:
    words = [f"plain {block}" if isinstance(block, Plain) else str(block)]
    if isinstance(block, Residual):
        words.append(f"stride {block.stride}")
        words.append(f"shortcut {block.shortcut}")
    elif block.pool > 1:
        words.append(f"{'max' if isinstance(block, Plain) else 'average'} pooling {block.pool}")
    return ", ".join(words)


def _head(head: Head) -> str:
    pooled = "flattened" if head.pool == "flatten" else "average pooling"
    return ", ".join([pooled, *(f"fully connected {width}" for width in head.hidden), "classifier"])
