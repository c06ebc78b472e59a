"""The options of an approach: its architecture sets with options of their own, and its variants."""

import pytest
from support.configurations import changed, refusal
from support.tiny import config, plan_of

from mnbench.datasets import DATASETS
from mnbench.planning.config import read_study
from mnbench.planning.setting import Setting


def used(**approaches) -> dict[str, set[str]]:
    """The ensembles that each approach has in a study of two."""
    values = config() | {"architecture_sets": ["v5-small", "r5-small"], "approaches": approaches}
    found: dict[str, set[str]] = {}
    for row in plan_of(values).ensembles:
        found.setdefault(row.approach, set()).add(row.architecture_set)
    return found


def test_an_approach_is_used_for_the_ensembles_that_it_is_given():
    assert used(full_data=None, bagging={"architecture_sets": ["r5-small"]}) == {
        "full_data": {"v5-small", "r5-small"},
        "bagging": {"r5-small"},
    }


def test_an_ensemble_may_have_options_of_its_own():
    plan = plan_of(
        config()
        | {
            "architecture_sets": ["v5-small", "r5-small"],
            "approaches": {
                "mothernets": {
                    "g": [1, 2],
                    "noise": 0.3,
                    "architecture_sets": {"v5-small": {"g": [4]}, "r5-small": None},
                }
            },
        }
    )
    numbers = {(row.architecture_set, row.g) for row in plan.ensembles}
    assert numbers == {("v5-small", 4), ("r5-small", 1), ("r5-small", 2)}
    # What it does not say is the approach's.
    noises = {t.options["noise"] for t in plan.trainings.values() if t.parents}
    assert noises == {0.3}


WRONG_ENSEMBLES = [
    (
        ["v5_small"],
        ": 'v5_small' is no architecture set of this study; did you mean 'v5-small'? allowed: ",
    ),
    (["v25-small"], ": 'v25-small' is no architecture set of this study; "),
    (["v5-small"] * 2, ": 'v5-small' is given twice; give each once"),
    ([], " must have at least one entry, got []"),
    ("v5-small", " must be a list, '[a, b]', or a mapping to options, got 'v5-small'"),
    ({"v5-small": 3}, ": 'v5-small' must be a mapping to options, got 3"),
]


@pytest.mark.parametrize(("ensembles", "answer"), WRONG_ENSEMBLES)
def test_wrong_ensembles_of_an_approach_are_explained(ensembles, answer):
    text = refusal(changed("approaches.bagging", {"architecture_sets": ensembles}))
    assert text.startswith(f"key 'approaches.bagging.architecture_sets'{answer}")


def test_a_wrong_option_of_one_ensemble_is_named_with_its_place():
    options = {"architecture_sets": {"v5-small": {"budget": [2]}}}
    assert refusal(changed("approaches.bagging", options)) == (
        "unknown key 'approaches.bagging.architecture_sets.v5-small.budget'; did you mean "
        "'budgets'? allowed: budgets, variants"
    )


def test_an_ensemble_that_no_approach_is_used_for_is_refused():
    values = config() | {"architecture_sets": ["v5-small", "r5-small"]}
    values["approaches"] = {"full_data": {"architecture_sets": ["r5-small"]}}
    assert refusal(values) == (
        "key 'architecture_sets': no approach is used for 'v5-small'; add it to an approach's own "
        "'architecture_sets' or leave it out"
    )


# Variants

TRUNK = {"mothernet": {"schedule": {"name": "constant"}}}


def with_variants(variants, **options):
    """The plan of a study of Full Data and MotherNets, these with variants."""
    mothernets = {"g": [1], "hatched": {"epochs": 1}, "variants": variants} | options
    return plan_of(config() | {"approaches": {"full_data": None, "mothernets": mothernets}})


def names(plan, variant=""):
    """The names of the members of the variant's largest ensemble."""
    rows = [row for row in plan.ensembles if (row.approach, row.variant) == ("mothernets", variant)]
    return [id.name for id in max(rows, key=lambda row: row.size).members]


def test_a_variant_is_the_approach_with_other_options_and_ensembles_of_its_own():
    plan = with_variants({"kept": {"hatched": {"keep": 0.5}}})
    kept = [plan.trainings[id] for row in plan.ensembles if row.variant for id in row.members]
    assert {training.options["keep"] for training in kept} == {0.5}
    assert {training.recipe["epochs"] for training in kept} == {1}  # what it does not say
    assert len([row for row in plan.ensembles if row.variant == "kept"]) == 5


def test_a_variant_trains_nothing_that_the_approach_trains_without_it():
    plain = with_variants({})
    kept = with_variants({"kept": {"hatched": {"keep": 0.5}}})
    assert len(kept.trainings) == len(plain.trainings) + 5  # its members: the MotherNet is shared
    assert set(plain.trainings) < set(kept.trainings)


def test_a_variant_shares_what_the_approach_trains_at_another_budget():
    short = {"short": {"budgets": [1], "recipe": {"epochs": 1}}}
    values = config() | {"recipe": {"epochs": 2, "batch_size": 64}}
    plan = plan_of(values | {"approaches": {"full_data": {"budgets": [0.5, 1], "variants": short}}})
    assert len(plan.trainings) == 10
    members = {(row.budget, row.variant): row.members for row in plan.ensembles if row.size == 5}
    assert members[1, "short"] == members[0.5, ""]


def test_a_variant_that_cannot_train_a_set_leaves_out_no_more_than_itself():
    deep = {"shared_layers": 2, "variants": {"deep": {"shared_layers": 12}}}
    plan = plan_of(config() | {"approaches": {"treenets": deep}})
    (out,) = plan.left_out
    assert (out.approach, out.variant, out.name) == (
        "treenets",
        "deep",
        "treenets in its variant 'deep'",
    )


def test_an_approach_calls_its_own_variants_by_more_than_a_word():
    study = read_study(config(), source="tiny.yaml")
    setting = Setting(study, DATASETS["fashion_mnist"], "v5-small", (), 0, "x", study.recipe)
    with pytest.raises(ValueError, match="the variant 'half' is one word; use more"):
        setting.ensembles("mine", [], variant="half")


def test_variants_share_trainings_whatever_they_are_called_and_in_whatever_order():
    one = with_variants({"a": TRUNK, "b": TRUNK | {"hatched": {"keep": 0.5}}})
    other = with_variants({"d": TRUNK | {"hatched": {"keep": 0.5}}, "c": TRUNK})
    assert len(one.trainings) == 5 + 6 + 6 + 5
    assert set(one.trainings) == set(other.trainings)
    assert names(one, "b") == names(other, "d")


def test_a_variant_begins_with_the_weights_of_the_approach():
    plan = with_variants({"kept": {"hatched": {"keep": 0.5}}})
    seeds = [
        [training.seed for training in plan.trainings.values() if training.name in wanted]
        for wanted in (names(plan), names(plan, "kept"))
    ]
    assert seeds[0] == seeds[1]


def test_any_approach_may_vary_its_recipe():
    varied = {"linear": {"recipe": {"schedule": {"name": "linear"}}}}
    plan = plan_of(config() | {"approaches": {"full_data": {"variants": varied}}})
    schedules = {
        row.variant: {plan.trainings[id].recipe["schedule"]["name"] for id in row.members}
        for row in plan.ensembles
    }
    assert schedules == {"": {"cosine"}, "linear": {"linear"}}


def test_clusters_of_one_are_full_datas_networks_in_a_variant_too():
    plan = with_variants({"trunk": TRUNK}, g=[5])
    assert {training.approach for training in plan.trainings.values()} == {"full_data"}


@pytest.mark.parametrize(
    ("variants", "answer"),
    [
        (
            [],
            "key 'approaches.bagging.variants' must be a mapping, 'key: value' on each line, ",
        ),
        (
            {"a b": {}},
            "key 'approaches.bagging.variants.a b': 'a b' cannot name a folder; use letters, "
            "digits, '_', '.' and '-', a letter or digit first",
        ),
        (
            {"a": {"budget": [2]}},
            "unknown key 'approaches.bagging.variants.a.budget'; did you mean 'budgets'? "
            "allowed: budgets, recipe",
        ),
        (
            {"a": {"recipe": {"epoch": 2}}},
            "unknown key 'approaches.bagging.variants.a.recipe.epoch'; did you mean 'epochs'? ",
        ),
        (
            {"a": {"recipe": {"epochs": 0}}},
            "key 'approaches.bagging.variants.a.recipe.epochs' must be greater than 0, got 0",
        ),
        (
            {"a": {}},
            "key 'approaches.bagging.variants.a': is the same as the approach itself; give ",
        ),
        (
            {"a": {"budgets": [1, 2]}, "b": {"budgets": [1, 2]}},
            "key 'approaches.bagging.variants.b': is the same as the variant 'a'; give it other ",
        ),
        (
            {"a": {"recipe": []}},
            "key 'approaches.bagging.variants.a.recipe' must be a mapping",
        ),
        (
            {"a": {"recipe": {"augmentation": {"shift": 28}}}},
            "key 'approaches.bagging.variants.a.recipe.augmentation.shift': 28 pixels ",
        ),
        (
            {"a": {"budgets": [0.5, 0.51]}},
            "key 'approaches.bagging.variants.a.budgets': [0.5, 0.51] of 1 epochs give ",
        ),
    ],
)
def test_wrong_variants_are_explained(variants, answer):
    assert refusal(changed("approaches.bagging", {"variants": variants})).startswith(answer)


def test_an_option_inside_a_mapping_is_named_in_its_variant():
    options = {"variants": {"a": {"hatched": {"epochs": 2, "budgets": [1, 1.1]}}}}
    text = refusal(changed("approaches.mothernets", options))
    assert text.startswith("key 'approaches.mothernets.variants.a.hatched.budgets': [1.0, 1.1] of ")


def test_what_a_variants_recipe_spoils_is_said_to_be_in_the_variant():
    options = {"budgets": [0.5, 1], "variants": {"a": {"recipe": {"epochs": 1}}}}
    values = changed("approaches.bagging", options) | {"recipe": {"epochs": 2, "batch_size": 64}}
    text = refusal(values)
    assert text.startswith("key 'approaches.bagging.budgets' (in its variant 'a'): [0.5, 1.0] of ")
