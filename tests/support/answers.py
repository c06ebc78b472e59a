"""Random predictions of networks, for the tests of metrics and of combination methods."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import log_softmax


def of(*probabilities) -> np.ndarray:
    """Return log-probabilities (networks, images, classes) of *probabilities*."""
    return np.log(np.array(probabilities, dtype=np.float64))


@st.composite
def answers(draw, min_networks=1, max_networks=4, min_images=1, min_classes=2, spread=60.0):
    """Draw log-probabilities (networks, images, classes) and labels (images,)."""
    shape = draw(
        st.tuples(
            st.integers(min_networks, max_networks),
            st.integers(min_images, 8),
            st.integers(min_classes, 4),
        )
    )
    logits = draw(arrays(np.float32, shape, elements=st.floats(-spread, spread, width=32)))
    labels = draw(arrays(np.int64, shape[1], elements=st.integers(0, shape[2] - 1)))
    return log_softmax(logits.astype(np.float64), axis=-1), labels


def random_answers(networks=3, images=400, classes=5, seed=0, sharpness=1.5):
    """Draw answers like :func:`answers`, for more images, and better than chance."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=images)
    common = rng.normal(size=(1, images, classes)) + 1.5 * np.eye(classes)[labels]
    logits = sharpness * (common + rng.normal(size=(networks, images, classes)))
    return log_softmax(logits, axis=-1), labels


def random_weights(images: int, resamples=3, seed=0) -> np.ndarray:
    """Draw weights (resamples, images), some of them zero; each row sums to one."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(images, np.full(images, 1 / images), size=resamples) / images
