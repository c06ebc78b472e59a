"""Seeds: every random choice of a training has a stream of its own, named by what it chooses.

A training's seed is derived from the study's seed, its approach and its name; a stream's from the
training's seed and its purpose. So no choice depends on another one, on the order of trainings, on
an interruption, or on other trainings of the study. :data:`PURPOSES` lists all streams.
(Confidence intervals draw from two streams of :mod:`mnbench.evaluation.bootstrap`, the same for all
studies.)

Open it before drawing anything at random. The trap: another text among the parts is another seed,
and every record trained with it changes.
"""

import hashlib

# What the streams choose. Those of an epoch are one for each epoch; the sample's is one for each
# seed of a study, common to all its trainings.
PURPOSES = {
    "sample": "the training images of a seed, with `data.sample: per_seed`",
    "initialisation": "the weights of networks that are trained from scratch, and what hatched "
    "ones draw anew",
    "epoch": "the order of an epoch's images, and their augmentation",
    "layers": "what a network itself draws in an epoch: dropout, stochastic depth",
    "bootstrap": "the images that a member of Bagging is trained on",
    "hatch": "which filters are replicated when a network is hatched",
    "noise": "the noise that is added to a hatched network's weights",
    "split": "by which shares the replicas of a filter are read, with `hatched: {split: unequal}`",
    "anew": "which weights are drawn anew, with `hatched: {anew_fraction: ...}`",
}


def sample_seed(seed: int) -> int:
    """Return the seed of the training images that a study's *seed* draws for all approaches."""
    return derive_seed(seed, "sample")


def derive_seed(*parts: object) -> int:
    """Return a 63-bit seed that *parts* determine, the same in every process and version."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
