"""A loss that is no finite number ends a training, and names where."""

from dataclasses import replace

import pytest
import torch
from support.small_training import QUICK, train

from mnbench.planning.recipe import Optimiser, batch_sizes
from mnbench.training.divergence import STEPS_BETWEEN_LOOKS, Diverged, LossWatch


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("every", [1, 3, 50])
def test_the_first_step_that_is_not_finite_is_named(monkeypatch, value, every):
    monkeypatch.setitem(STEPS_BETWEEN_LOOKS, "cpu", every)
    rates = [0.25 * (step + 1) for step in range(10)]
    watch = LossWatch(4, "some.key", torch.device("cpu"), rates)
    with pytest.raises(Diverged) as caught:
        for step in range(10):
            watch.add(torch.tensor(value if step in (6, 8) else 0.5))
        watch.losses()
    said = f"epoch 4, step 7: the loss is {value}, at learning rate 1.75; lower key 'some.key'"
    assert str(caught.value) == said


def test_a_training_whose_loss_is_finite_goes_on():
    watch = LossWatch(1, "key", torch.device("cpu"), [0.1] * 3)
    for _ in range(3):
        watch.add(torch.tensor(1e6))
    assert watch.losses() == [1e6, 1e6, 1e6]
    watch.check_validation(1e6)
    with pytest.raises(Diverged, match="epoch 1, step 3: the validation loss after it is nan"):
        watch.check_validation(float("nan"))


def test_steps_are_counted_on_behind_those_of_a_former_process():
    watch = LossWatch(1, "key", torch.device("cpu"), [0.1, 0.2, 0.3], [2.0, 1.5])
    watch.add(torch.tensor(float("nan")))
    with pytest.raises(Diverged, match=r"epoch 1, step 3: .* at learning rate 0\.3;"):
        watch.losses()


def test_a_rate_that_is_far_too_high_ends_a_training(data):
    recipe = replace(QUICK, optimiser=Optimiser(learning_rate=1e6))
    with pytest.raises(Diverged, match=r"^epoch 1, step \d+: .*'recipe.optimiser.learning_rate'$"):
        train(data, recipe)


@pytest.mark.parametrize(
    ("images", "batch_size", "sizes"),
    [(8, 4, [4, 4]), (9, 4, [4, 5]), (10, 4, [4, 4, 2]), (3, 4, [3]), (1, 4, [1]), (3, 2, [3])],
)
def test_no_batch_has_one_image_unless_there_is_only_one(images, batch_size, sizes):
    assert batch_sizes(images, batch_size) == sizes
