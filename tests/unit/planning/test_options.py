"""The options of an approach: which architecture sets it is used for, and options of their own."""

import pytest
from support.configurations import changed, refusal
from support.tiny import config, plan_of


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
        "'budgets'? allowed: budgets"
    )


def test_an_ensemble_that_no_approach_is_used_for_is_refused():
    values = config() | {"architecture_sets": ["v5-small", "r5-small"]}
    values["approaches"] = {"full_data": {"architecture_sets": ["r5-small"]}}
    assert refusal(values) == (
        "key 'architecture_sets': no approach is used for 'v5-small'; add it to an approach's own "
        "'architecture_sets' or leave it out"
    )
