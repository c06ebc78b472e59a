"""The fixed rule that holds images out of the training images, and the sample that a seed draws."""

import re

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from mnbench.datasets import SAMPLE_SEED, Sample, check_classes, check_counts, split, stored
from mnbench.datasets.split import apportion
from mnbench.errors import UserError

CLASSES = 4
FOUR_OF_TWENTY = [0, 5, 9, 16]


@st.composite
def requests(draw):
    """Labels of uneven classes (some may be empty) and counts that can be had."""
    labels = np.array(draw(st.lists(st.integers(0, CLASSES - 1), min_size=2, max_size=120)))
    validation = draw(st.integers(0, len(labels) - 1))
    train = draw(st.none() | st.integers(1, len(labels) - validation))
    return labels, train, validation


def divide(labels, train, validation):
    return split(labels, train_images=train, validation_images=validation, num_classes=CLASSES)


def count(labels, indices):
    return np.bincount(labels[indices], minlength=CLASSES)


@given(requests())
def test_totals_are_exact_and_no_image_is_in_both(request):
    labels, train, validation = request
    chosen = divide(labels, train, validation)

    expected = len(labels) - validation if train is None else train
    assert (len(chosen.train), len(chosen.validation)) == (expected, validation)
    together = np.concatenate([chosen.train, chosen.validation])
    assert len(np.unique(together)) == len(together)
    assert set(together) <= set(range(len(labels)))
    assert (np.diff(chosen.train) > 0).all() and (np.diff(chosen.validation) > 0).all()


@given(requests())
def test_every_class_has_its_share_within_one(request):
    labels, train, validation = request
    chosen = divide(labels, train, validation)

    available = np.bincount(labels, minlength=CLASSES)
    held_out = count(labels, chosen.validation)
    assert (abs(held_out - validation * available / len(labels)) < 1).all()
    left = available - held_out
    share = len(chosen.train) * left / left.sum()
    assert (abs(count(labels, chosen.train) - share) < 1).all()


@given(requests())
def test_first_images_of_a_class_train_and_last_ones_validate(request):
    labels, train, validation = request
    chosen = divide(labels, train, validation)

    for label in range(CLASSES):
        of_class = list(np.flatnonzero(labels == label))
        trains = [i for i in chosen.train if labels[i] == label]
        validates = [i for i in chosen.validation if labels[i] == label]
        assert trains == of_class[: len(trains)]
        assert validates == of_class[len(of_class) - len(validates) :]


@given(requests(), st.data())
def test_validation_images_do_not_depend_on_the_training_images(request, data):
    labels, train, validation = request
    other = data.draw(st.integers(1, len(labels) - validation))

    first, second = divide(labels, train, validation), divide(labels, other, validation)
    assert np.array_equal(first.validation, second.validation)
    again = divide(labels, train, validation)
    assert np.array_equal(first.train, again.train)


@given(st.integers(1, 20), st.integers(0, 30), st.data())
def test_fewer_images_of_a_balanced_set_are_part_of_more(per_class, validation, data):
    labels = np.tile(np.arange(CLASSES), per_class)
    validation = min(validation - validation % CLASSES, len(labels) - CLASSES)
    left = len(labels) - validation
    few = data.draw(st.integers(1, left))
    more = data.draw(st.integers(few, left))
    smaller, larger = divide(labels, few, validation), divide(labels, more, validation)
    assert set(smaller.train) <= set(larger.train)


def test_a_split_by_hand_holds_out_the_last_of_each_class():
    labels = np.array([0, 1, 0, 0, 1, 0, 2, 0])  # five, two and one image
    chosen = divide(labels, 3, 3)
    # 3 of 8: 1.875, 0.75 and 0.375, so 2, 1 and 0 are held out; 3 of the other 5: 1.8, 0.6, 0.6.
    assert chosen.validation.tolist() == [4, 5, 7]
    assert chosen.train.tolist() == [0, 1, 2]


def test_equal_remainders_are_served_in_order():
    assert apportion(5, np.array([10, 10, 10])).tolist() == [2, 2, 1]


@pytest.mark.parametrize(
    ("train", "validation", "words"),
    [
        (None, 100, ["data.validation_images", "100", "0 to 99"]),
        (None, -1, ["data.validation_images", "-1"]),
        (81, 20, ["data.train_images", "81", "100", "20", "1 to 80"]),
        (0, 20, ["data.train_images", "1 to 80"]),
    ],
)
def test_counts_that_cannot_be_had_name_the_key(train, validation, words):
    with pytest.raises(UserError) as error:
        split(
            np.repeat(np.arange(4), 25),
            train_images=train,
            validation_images=validation,
            num_classes=CLASSES,
        )
    assert all(word in str(error.value) for word in words)
    assert "\n" not in str(error.value)


def test_everything_that_is_left_can_be_had():
    check_counts(100, 80, 20)
    check_counts(100, None, 99)
    check_counts(100, 70, 20, 10)
    check_counts(100, 35, 20, 10, drawn=True)


def test_each_part_has_room_for_every_class():
    check_counts(100, 80, 10, 10, classes=10)
    with pytest.raises(UserError, match=r"9 of 100 images of 10 classes cannot .*: 10 to 90"):
        check_counts(100, None, 9, classes=10)
    with pytest.raises(UserError, match=r"91 of 100 images of 10 classes cannot .*: 10 to 90"):
        check_counts(100, None, 91, classes=10)
    with pytest.raises(UserError, match=r"'data.train_images': 9 cannot be had: .*: 10 to 70, or"):
        check_counts(100, 9, 20, 10, classes=10)
    with pytest.raises(UserError, match=r"'data.development_images': 5 of 80 .*: 0, or 10 to 70"):
        check_counts(100, None, 20, 5, classes=10)
    with pytest.raises(UserError, match=r"'data.development_images': 5 of 15 .*; allowed: 0$"):
        check_counts(25, None, 10, 5, classes=10)
    with pytest.raises(UserError, match=r"give data.sample: fixed$"):
        check_counts(25, 10, 10, classes=10, drawn=True)
    with pytest.raises(
        UserError, match=r"^19 training images of 10 classes are too few; give each"
    ):
        check_counts(19, None, 10, classes=10)


UNEVEN = {"common": 260, "medium": 130, "rare": 6}


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        (
            (30, 60),
            "'data.train_images': 30 images have none of class 'rare', which has 6 of 396; ",
        ),
        ((None, 20), "'data.validation_images': 20 images have none of class 'rare'"),
        ((None, 60, 20), "'data.development_images': 20 images have none of class 'rare'"),
        ((None, 28, 367), "key 'data.development_images': 367 images leave none of class"),
        (
            (None, 395),
            "395 images leave none of class 'medium' to train on, which has 130 of 396; ",
        ),
        ((None, 390, 6), "key 'data.validation_images': 390 images leave none of class 'rare'"),
    ],
)
def test_a_class_without_an_image_of_a_part_is_named(numbers, said):
    with pytest.raises(UserError) as error:
        check_classes(UNEVEN, *numbers)
    assert said in str(error.value) and "\n" not in str(error.value)


def is_accepted(images, validation_images) -> bool:
    try:
        check_classes(images, None, validation_images)
    except UserError:
        return False
    return True


@given(st.lists(st.integers(1, 40), min_size=2, max_size=5), st.integers(1, 199))
@example([2, 2, 2, 5, 17], 18)  # 17 and 19 leave one of each class, 18 do not
def test_the_number_that_an_error_gives_is_enough_and_the_nearest(counts, number):
    images = {str(label): count for label, count in enumerate(counts)}
    assume(number < sum(counts) and not is_accepted(images, number))
    with pytest.raises(UserError) as error:
        check_classes(images, None, number)
    accepted = [other for other in range(1, sum(counts)) if is_accepted(images, other)]
    found = re.search("; give ([0-9]+), or give the class more images$", str(error.value))
    assert bool(found) == bool(accepted)
    if found:
        assert int(found[1]) in accepted
        assert abs(int(found[1]) - number) == min(abs(other - number) for other in accepted)


def test_development_images_that_validation_leaves_too_few_are_told_so():
    with pytest.raises(
        UserError, match=r"; lower key 'data\.validation_images', or give the class"
    ):
        check_classes({"a": 50, "b": 3}, None, 35, 10)
    check_classes({"a": 50, "b": 3}, None, 20, 10)


# Development images


@given(requests(), st.data())
def test_development_images_lie_between_the_others_and_move_neither(request, data):
    labels, train, validation = request
    left = len(labels) - validation
    number = data.draw(st.integers(0, left - 1))
    train = None if train is None else min(train, left - number)
    chosen = split(
        labels,
        train_images=train,
        validation_images=validation,
        development_images=number,
        num_classes=CLASSES,
    )
    assert len(chosen.development) == number
    assert np.array_equal(chosen.validation, divide(labels, train, validation).validation)
    together = np.concatenate([chosen.train, chosen.development, chosen.validation])
    assert len(np.unique(together)) == len(together)
    assert train is not None or len(together) == len(labels)
    for label in range(CLASSES):
        parts = [part[labels[part] == label] for part in (chosen.train, chosen.development)]
        parts.append(chosen.validation[labels[chosen.validation] == label])
        of_class = np.flatnonzero(labels == label)
        assert list(parts[0]) == list(of_class[: len(parts[0])])
        held_out = len(parts[1]) + len(parts[2])
        assert list(np.concatenate(parts[1:])) == list(of_class[len(of_class) - held_out :])


@pytest.mark.parametrize(
    ("numbers", "drawn", "words"),
    [
        ((None, 20, 80), False, ["data.development_images", "80 of 80", "0 to 79"]),
        ((None, 20, -1), False, ["data.development_images", "-1"]),
        ((71, 20, 10), False, ["data.train_images", "development_images' 10", "1 to 70"]),
        ((None, 20, 10), True, ["data.train_images", "70 is more", "1 to 35"]),
        ((70, 20, 10), True, ["data.train_images", "half of the 70", "data.sample: fixed"]),
        ((36, 20, 10), True, ["data.train_images", "36 is more than half", "1 to 35"]),
        ((71, 20, 10), True, ["data.train_images", "71 cannot be had"]),
    ],
)
def test_images_that_are_too_few_name_the_key(numbers, drawn, words):
    with pytest.raises(UserError) as error:
        check_counts(100, *numbers, drawn=drawn)
    assert all(word in str(error.value) for word in words) and "\n" not in str(error.value)


# A sample for each seed


@given(st.lists(st.integers(0, CLASSES - 1), min_size=2, max_size=120), st.data())
def test_a_sample_has_every_class_in_its_share_and_no_image_twice(values, data):
    labels = np.array(values)
    sample = Sample(data.draw(st.integers(1, len(labels))), data.draw(st.integers(0, 2**63 - 1)))
    drawn = sample.draw(labels)
    assert len(drawn) == sample.images and (np.diff(drawn) > 0).all()
    share = sample.images * np.bincount(labels, minlength=CLASSES) / len(labels)
    assert (abs(count(labels, drawn) - share) < 1).all()
    assert np.array_equal(drawn, sample.draw(labels))


def test_samples_of_two_seeds_overlap_as_chance_has_it():
    labels = np.repeat(np.arange(10), 1000)
    first, second = (set(Sample(2000, seed).draw(labels)) for seed in (1, 2))
    # 200 of 1,000 in each of 10 classes: 40 in common, with a deviation of 5.1 each.
    assert abs(len(first & second) - 400) < 5 * 5.1 * 10**0.5


def test_every_image_is_drawn_equally_often():
    labels = np.repeat(np.arange(4), 25)
    times = np.zeros(100)
    for seed in range(2000):
        times[Sample(20, seed).draw(labels)] += 1
    assert abs(times - 400).max() < 5 * (2000 * 0.2 * 0.8) ** 0.5


def test_a_sample_is_the_same_in_every_version():
    assert Sample(4, 7).draw(np.array([0, 1] * 10)).tolist() == FOUR_OF_TWENTY


def test_what_is_stored_is_all_that_there_is_to_draw_from():
    fixed = {"dataset": "svhn", "train_images": 5, "validation_images": 3}
    assert stored(fixed) == fixed and Sample.of(fixed) is None
    drawn = fixed | {"development_images": 2, SAMPLE_SEED: 9}
    assert Sample.of(drawn) == Sample(5, 9)
    assert stored(drawn) == fixed | {"development_images": 2, "train_images": None}
