"""Values that no study can mean are refused before anything runs, each in one line."""

import pytest
from support.tiny import config, plan_of

from mnbench.errors import UserError


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("recipe.augmentation.shift", 28, "28 pixels would shift images of 28 pixels out of sight"),
        ("recipe.augmentation.shift", 99, "out of sight; allowed: 0 to 27"),
        (
            "data.validation_images",
            5,
            "images of 10 classes cannot be held out; allowed: 10 to 59990",
        ),
        ("data.development_images", 5, "cannot be held out; allowed: 0, or 10 to 59890"),
        ("data.train_images", 9, "allowed: 10 to 59900, or null for all of them"),
        ("recipe.batch_size", 1, "must be greater than or equal to 2, got 1"),
        ("recipe.epochs", 10**400, "must be less than or equal to 1000000000, got 1000"),
        ("recipe.batch_size", 10**30, "must be less than or equal to 1000000000, got 1000"),
        ("recipe.convergence.max_epochs", 10**30, "must be less than or equal to 1000000000"),
        ("recipe.convergence.min_improvement", 1e308, "must be less than or equal to 1, got"),
        ("approaches.snapshot_ensembles.epochs_per_cycle", 10**400, "must be less than or equal"),
        ("approaches.snapshot_ensembles.cycles", 5001, "must be less than or equal to 5000"),
        ("approaches.snapshot_ensembles.cycles", 0, "must be greater than 0, got 0"),
        ("approaches.mothernets.hatched.epochs", 10**400, "must be less than or equal to"),
        ("approaches.knowledge_distillation.temperature", 1e308, "must be less than or equal to"),
        ("seeds", [10**300], "key 'seeds.0' must be less than or equal to 4294967295, got 1000"),
        ("recipe.optimiser.learning_rate", 1e308, "must be less than or equal to 1000000"),
        ("recipe.optimiser.weight_decay", 1e308, "must be less than or equal to 1000000"),
        ("approaches.mothernets.noise", 1e308, "must be less than or equal to 100"),
        ("approaches.mothernets.hatched.learning_rate", 1e308, "must be less than or equal to"),
        ("approaches.full_data.budgets", [1e308], "must be less than or equal to 1000, got 1e+308"),
        ("study", "x" * 300, "has 300 characters; allowed: 1 to 100"),
        ("study", "../elsewhere", "cannot name a folder; use letters"),
        ("study", "/absolute", "cannot name a folder; use letters"),
        ("study", "a b", "cannot name a folder; use letters"),
        ("study", "$(touch PWN)", "cannot name a folder; use letters"),
        ("study", "-rf", "cannot name a folder; use letters"),
        ("study", "a\nb", "cannot name a folder; use letters"),
        ("study", "<b>", "cannot name a folder; use letters"),
        ("study", "", "cannot name a folder; use letters"),
    ],
)
def test_an_impossible_value_is_one_line_with_its_key(key, value, said):
    values = config()
    place = values
    *path, last = key.split(".")
    for part in path:
        place[part] = place.get(part) or {}
        place = place[part]
    place[last] = value
    with pytest.raises(UserError) as caught:
        plan_of(values)
    text = str(caught.value)
    assert text.startswith("tiny.yaml: ") and key in text and said in text and "\n" not in text
