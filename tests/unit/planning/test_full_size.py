"""Full size: the largest of each approach, g and variant."""

from support.tiny import config, plan_of

from mnbench.architectures import load_architectures
from mnbench.planning.full_size import of_full_size


def test_every_g_and_variant_has_ensembles_of_full_size_of_its_own():
    values = config()
    pairs = {"pairs": {"hatched": {"epochs": 2, "snapshots": 2}}}
    values["approaches"] = {"full_data": None, "mothernets": {"g": [1, 2, 5], "variants": pairs}}
    full = of_full_size(plan_of(values).ensembles)
    assert {(row.approach, row.g, row.variant, row.size) for row in full} == {
        ("full_data", None, "", 5),
        *(("mothernets", g, "", 5) for g in (1, 2, 5)),
        ("mothernets", 1, "pairs", 10),
        ("mothernets", 2, "pairs", 9),
        ("mothernets", 5, "pairs", 5),
    }


def test_networks_that_are_trained_for_longer_make_no_point_of_the_curve():
    values = config()
    values["approaches"] = {"full_data": {"budgets": [1, 2]}}
    plain = plan_of(values)
    values["approaches"]["full_data"]["longer"] = {"networks": 2, "budgets": [4]}
    plan = plan_of(values)
    more = [plan.trainings[id] for id in set(plan.trainings) - set(plain.trainings)]
    assert [one.recipe["epochs"] for one in more] == [4 * values["recipe"]["epochs"]] * 2
    (longer,) = set(plan.ensembles) - set(plain.ensembles)
    assert (longer.size, longer.budget) == (2, 4)
    assert of_full_size(plan.ensembles) == of_full_size(plain.ensembles)


def test_full_data_may_be_the_first_networks_of_a_set_alone():
    values = config()
    values["approaches"] = {"full_data": {"networks": 2}, "mothernets": {"g": [1]}}
    plan = plan_of(values)
    scratch = [id.name for id in plan.trainings if id.approach == "full_data"]
    assert scratch == [network.name for network in load_architectures("v5-small")[:2]]
    full = of_full_size(plan.ensembles)
    assert {(row.approach, row.size) for row in full} == {("full_data", 2), ("mothernets", 5)}
