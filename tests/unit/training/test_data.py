"""Normalisation and augmentation, against implementations that do one image at a time."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.tiny import DATASET, TRAIN

from mnbench.datasets import Images, TrainingData, read_train
from mnbench.datasets.prepare import channel_statistics
from mnbench.planning.recipe import Augmentation
from mnbench.training.data import DeviceImages, Normalisation, TrainingSet, augment, batches

CPU = torch.device("cpu")


def random_images(n: int, channels: int = 3, height: int = 6, width: int = 6) -> torch.Tensor:
    generator = torch.Generator().manual_seed(n)
    shape = (n, channels, height, width)
    # Never 0, so that a zero is the border's.
    return torch.randint(1, 256, shape, generator=generator, dtype=torch.uint8)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# Where images are


def test_images_are_kept_on_the_device_channels_last_and_so_are_batches():
    images = Images(random_images(5).numpy(), np.arange(5))
    elsewhere = DeviceImages.of(images, torch.device("meta"))
    assert elsewhere.images.device.type == elsewhere.labels.device.type == "meta"
    here = DeviceImages.of(images, CPU)
    batch = here.at(torch.tensor([3, 1]))
    normalised = Normalisation(torch.ones(()), torch.zeros(()))(batch)
    for tensor in (elsewhere.images, here.images, batch, normalised):
        assert tensor.is_contiguous(memory_format=torch.channels_last)
        assert not tensor.is_contiguous()


# Normalisation


def test_training_images_get_zero_mean_and_unit_variance(prepared):
    data = read_train(prepared.train_data(DATASET))
    images = DeviceImages.of(data.train, CPU)
    assert len(images) == TRAIN
    seen = Normalisation.of(data, CPU)(images.images).double()
    assert seen.mean().abs() < 1e-5
    assert (seen.var(correction=0) - 1).abs() < 1e-5


def test_each_channel_is_normalised_by_its_own_statistics():
    pixels = random_images(50).numpy() // np.array([1, 2, 4], np.uint8).reshape(1, 3, 1, 1)
    images = Images(pixels, np.zeros(50, np.int64))
    data = TrainingData(images, images, *channel_statistics(images))
    seen = Normalisation.of(data, CPU)(torch.from_numpy(pixels))
    expected = (pixels / 255 - data.mean.reshape(-1, 1, 1)) / data.std.reshape(-1, 1, 1)
    np.testing.assert_allclose(seen.numpy(), expected, rtol=1e-4, atol=1e-5)
    assert seen.dtype == torch.float32
    assert seen.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("value", [0, 37, 255])
def test_a_channel_that_is_the_same_everywhere_becomes_zero(value):
    """Two dyes under a microscope, stored as red, green and blue."""
    pixels = random_images(50).numpy()
    pixels[:, 2] = value
    images = Images(pixels, np.zeros(50, np.int64))
    mean, std = channel_statistics(images)
    for deviation in (std, np.where(std == 0, np.float32(np.nan), std)):  # nan if rounded below 0
        data = TrainingData(images, images, mean, deviation)
        seen = Normalisation.of(data, CPU)(torch.from_numpy(pixels))
        np.testing.assert_allclose(seen[:, 2], 0, atol=1e-6)
        np.testing.assert_allclose(seen[:, :2].var((0, 2, 3), correction=0), 1, rtol=1e-4)


def test_normalising_leaves_the_stored_images_alone():
    images = Images(random_images(4).numpy(), np.zeros(4, np.int64))
    data = TrainingData(images, images, *channel_statistics(images))
    pixels = torch.from_numpy(images.images)
    before = pixels.clone()
    Normalisation.of(data, CPU)(pixels)
    assert torch.equal(pixels, before)


# Batches


def test_a_batch_has_the_images_at_its_positions_in_their_order():
    stored = random_images(20)
    images = DeviceImages.of(Images(stored.numpy(), np.zeros(20, np.int64)), CPU)
    positions = torch.tensor([7, 0, 7, 19])
    batch = images.at(positions)
    assert torch.equal(batch, stored[positions])
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(images.images, stored)


@pytest.mark.parametrize("augmentation", [Augmentation(), Augmentation(shift=1, flip=True)])
def test_batches_that_are_gathered_together_are_those_that_are_gathered_alone(
    prepared, augmentation
):
    data, sizes = TrainingSet.read(prepared.train_data(DATASET), CPU), [32] * 9 + [7]
    order, alone = torch.randperm(TRAIN, generator=seeded())[: sum(sizes)], seeded(1)
    seen = list(batches(data, order.split(list(sizes)), augmentation, seeded(1)))
    assert [len(batch.labels) for batch in seen] == sizes
    for batch, indices in zip(seen, order.split(sizes), strict=True):
        images = data.normalise(augment(data.train.images[indices], augmentation, alone))
        assert torch.equal(batch.images, images)
        assert batch.images.stride() == images.stride()
        assert torch.equal(batch.labels, data.train.labels[indices])
        assert torch.equal(batch.indices, indices)


# Augmentation


def one_at_a_time(
    images: torch.Tensor, augmentation: Augmentation, generator: torch.Generator
) -> torch.Tensor:
    """What augment is to compute, written plainly, from the same draws."""
    n, _channels, height, width = images.shape
    reach = augmentation.shift
    moves = torch.zeros(2, n, dtype=torch.int64)
    if reach:
        moves = torch.randint(2 * reach + 1, (2, n, 1), generator=generator)[..., 0] - reach
    flips = torch.zeros(n, dtype=torch.bool)
    if augmentation.flip:
        flips = torch.rand((n, 1), generator=generator)[:, 0] < 0.5
    result = torch.zeros_like(images)
    for i in range(n):
        down, right = moves[:, i].tolist()
        for y in range(height):
            for x in range(width):
                if 0 <= y + down < height and 0 <= x + right < width:
                    result[i, :, y, x] = images[i, :, y + down, x + right]
        if flips[i]:
            result[i] = result[i].flip(-1)
    return result


@given(
    n=st.integers(1, 6),
    channels=st.integers(1, 3),
    height=st.integers(1, 6),
    width=st.integers(1, 6),
    shift=st.integers(0, 7),
    flip=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_augment_does_what_one_image_at_a_time_would(n, channels, height, width, shift, flip, seed):
    images = random_images(n, channels, height, width)
    augmentation = Augmentation(shift=shift, flip=flip)
    seen = augment(images, augmentation, seeded(seed))
    assert seen.dtype == torch.uint8
    assert torch.equal(seen, one_at_a_time(images, augmentation, seeded(seed)))


def test_without_shift_and_flip_nothing_is_drawn_or_changed():
    images, generator = random_images(5), seeded()
    before = generator.get_state()
    assert torch.equal(augment(images, Augmentation(), generator), images)
    assert torch.equal(generator.get_state(), before)


def test_each_image_is_shifted_by_its_own_draw_and_all_shifts_occur():
    images = torch.zeros(2000, 1, 5, 5, dtype=torch.uint8)
    images[:, :, 2, 2] = 255  # one dot, whose place tells the shift
    dots = augment(images, Augmentation(shift=2), seeded()).flatten(1).argmax(1)
    counts = torch.bincount(dots, minlength=25)
    assert (counts > 40).all()  # 80 expected at each of the 25 places, deviation 9


def test_about_half_of_the_images_are_flipped():
    images = random_images(2000)
    seen = augment(images, Augmentation(flip=True), seeded())
    flipped = torch.tensor([torch.equal(a, b.flip(-1)) for a, b in zip(seen, images, strict=True)])
    same = torch.tensor([torch.equal(a, b) for a, b in zip(seen, images, strict=True)])
    assert (flipped ^ same).all()
    assert 900 < int(flipped.sum()) < 1100  # deviation 22


@pytest.mark.parametrize("augmentation", [Augmentation(shift=2), Augmentation(flip=True)])
def test_the_seed_decides(augmentation):
    images = random_images(50)
    first, again, other = (augment(images, augmentation, seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_an_image_shifted_far_leaves_a_border_of_zeros():
    images = random_images(200, 1, 4, 4)
    seen = augment(images, Augmentation(shift=3), seeded())
    lost = (seen == 0).flatten(1).sum(1)
    assert lost.max() == 15  # shifted by 3 both ways: one pixel is left
    assert lost.min() == 0
