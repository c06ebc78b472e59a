"""Statistics of images: each channel's, exact whatever the order and the number of the images."""

import numpy as np

from mnbench.datasets.images import Images, channel_statistics


def test_statistics_are_exact_in_any_order():
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (257, 3, 9, 7), dtype=np.uint8)
    pixels[:, 1] //= 3
    images = Images(pixels, np.zeros(len(pixels), np.int64))
    mean, std = channel_statistics(images)
    assert mean.dtype == std.dtype == np.float32
    scaled = pixels / 255
    np.testing.assert_allclose(mean, scaled.mean(axis=(0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(std, scaled.std(axis=(0, 2, 3)), rtol=1e-6)
    shuffled = channel_statistics(images.take(generator.permutation(len(images))))
    assert np.array_equal(mean, shuffled[0]) and np.array_equal(std, shuffled[1])
