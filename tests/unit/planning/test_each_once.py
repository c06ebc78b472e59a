"""Every training of a plan has one name and is planned once, whichever approaches ask for it."""

from dataclasses import replace

import pytest
from support.lineages import plan_of
from support.tiny import config
from support.tiny import plan_of as plan_of_values

from mnbench.architectures import Architecture, Head
from mnbench.errors import UserError
from mnbench.planning import planner

CHAINS = (
    Architecture(head=Head("flatten", (32, 32)), name="a"),
    Architecture(head=Head("flatten", (64, 32, 48)), name="b"),
)


def refusal(**approaches) -> str:
    with pytest.raises(UserError) as caught:
        plan_of(**approaches)
    return str(caught.value).removeprefix("tiny.yaml: ")


@pytest.fixture
def of_networks(monkeypatch):
    """Return a function that plans a study of networks that no set has."""

    def planned(*networks: Architecture, **approaches):
        monkeypatch.setattr(planner, "load_architectures", lambda _: networks)
        return plan_of(**approaches)

    return planned


def test_a_variant_of_the_wider_network_trains_nothing_twice():
    curve = {"curve": {"budgets": [1, 2]}}
    plan = plan_of(recipe={"epochs": 20}, wider_network={"budgets": [1], "variants": curve})
    assert [one.recipe["epochs"] for one in plan.trainings.values()] == [21, 41]
    assert next(iter(plan.trainings)).name == "v19_as_5"


def test_a_variant_of_the_wider_network_may_have_the_epochs_that_the_plain_one_got():
    (plain,) = plan_of(recipe={"epochs": 20}, wider_network=None).trainings.values()
    variants = {"longer": {"recipe": {"epochs": plain.recipe["epochs"]}}}
    plan = plan_of(recipe={"epochs": 20}, wider_network={"variants": variants})
    one, other = plan.trainings.values()
    assert one == plain and other.recipe["epochs"] > one.recipe["epochs"] > 20


def test_approaches_that_share_networks_ask_for_each_at_one_budget():
    assert refusal(full_data=None, single_network={"budgets": [1.04]}) == (
        "key 'approaches': 'fashion_mnist/v5-small/seed0/full_data/v16b' and "
        "'fashion_mnist/v5-small/seed0/full_data/v16b@1.04' would be the same training; "
        "give budgets that are equal or differ in whole epochs"
    )
    plan_of(full_data=None, single_network={"budgets": [1, 2]}, knowledge_distillation=None)


def test_budgets_that_differ_too_little_for_a_name_are_refused():
    values = config() | {"recipe": {"epochs": 10**8}}
    values["approaches"] = {"full_data": {"budgets": [0.1234567, 0.1234568]}}
    with pytest.raises(UserError, match=r"would be called '.*/v13@0.123457'; give networks other"):
        plan_of_values(values)


def test_epochs_beyond_all_counting_are_one_line():
    values = config() | {"recipe": {"epochs": 10**9}}
    values["approaches"] = {"full_data": {"budgets": [1, 2]}}
    with pytest.raises(UserError, match=r"give \[1000000000, 1000000000\] epochs"):
        plan_of_values(values)


def test_a_teacher_is_no_other_network_of_its_name(of_networks):
    named = replace(CHAINS[0], name="timm-resnet18")
    with pytest.raises(UserError, match="two different trainings would be called"):
        of_networks(
            named,
            CHAINS[1],
            full_data=None,
            knowledge_distillation={"teacher": "timm:resnet18"},
        )


def test_a_last_block_is_drawn_anew_where_there_is_one(of_networks):
    of_networks(*CHAINS, mothernets={"g": [1], "hatched": {"anew": "head"}})
    with pytest.raises(UserError, match=r"anew: 'a' of 'v5-small' has no block to draw anew; use "):
        of_networks(*CHAINS, mothernets={"g": [1], "hatched": {"anew": "last_block"}})


def test_a_network_that_cannot_be_widened_is_left_out_with_the_reason(of_networks):
    wide = Architecture(head=Head("flatten", (60_000,)), name="wide")
    plan = of_networks(
        wide, replace(wide, name="as_wide"), full_data=None, wider_network={"sizes": [2]}
    )
    assert len(plan.trainings) == 2
    (out,) = plan.left_out
    assert out.approach == "wider_network" and "cannot be widened to" in out.reason


@pytest.mark.parametrize(
    ("protocol", "options", "key"),
    [
        ("convergence", {"mothernet": {"epochs": 5}}, "mothernet.epochs"),
        ("convergence", {"mothernet": {"hatched_epochs": 2}}, "mothernet.hatched_epochs"),
        ("convergence", {"hatched": {"epochs": 3}}, "hatched.epochs"),
        ("convergence", {"hatched": {"snapshots": 2}}, "hatched.snapshots"),
        ("epochs", {"hatched": {"max_epochs": 90}}, "hatched.max_epochs"),
    ],
)
def test_an_option_of_the_other_protocol_is_refused(protocol, options, key):
    schedule = "plateau" if protocol == "convergence" else "cosine"
    recipe = {"protocol": protocol, "schedule": {"name": schedule}}
    with pytest.raises(UserError) as caught:
        plan_of(recipe=recipe, mothernets=options)
    said = f"key 'approaches.mothernets.{key}': under recipe.protocol '{protocol}' allowed: "
    assert said in str(caught.value)


@pytest.mark.parametrize("protocol", ["convergence", "epochs"])
def test_what_the_other_protocol_has_in_a_recipe_is_refused(protocol):
    other, schedule = (
        ("epochs", "plateau") if protocol == "convergence" else ("convergence", "step")
    )
    value = {"epochs": 20, "convergence": {"patience": 3}}[other]
    recipe = {"protocol": protocol, "schedule": {"name": schedule}}
    said = f"under recipe.protocol '{protocol}' it has no effect; leave it out, or use the protocol"
    with pytest.raises(UserError, match=f"key 'recipe.{other}': {said}"):
        plan_of(recipe=recipe | {other: value}, full_data=None)
    with pytest.raises(UserError, match=rf"variants\.x\.recipe\.{other}': {said}"):
        plan_of(recipe=recipe, full_data={"variants": {"x": {"recipe": {other: value}}}})


def test_a_variant_may_have_the_other_protocol():
    own = {"protocol": "convergence", "schedule": {"name": "constant"}}
    plan = plan_of(recipe={"epochs": 20}, full_data={"variants": {"x": {"recipe": own}}})
    assert {one.recipe["protocol"] for one in plan.trainings.values()} == {"epochs", "convergence"}


def hashes_of_variant(own, **recipe) -> set[str]:
    plan = plan_of(recipe=recipe, full_data={"variants": {"x": {"recipe": own}}})
    members = [id for one in plan.ensembles if one.variant == "x" for id in one.members]
    assert members
    return {plan.trainings[id].recipe_hash for id in members}


def test_of_another_protocol_a_variant_has_nothing_of_the_study():
    own = {"protocol": "convergence", "schedule": {"name": "constant"}}
    assert hashes_of_variant(own, epochs=2) == hashes_of_variant(own, epochs=3)
    back, study = {"protocol": "epochs"}, {"protocol": "convergence", "schedule": {"name": "step"}}
    usual, other = ({"max_epochs": most} for most in (300, 20))
    assert hashes_of_variant(back, convergence=usual, **study) == hashes_of_variant(
        back, convergence=other, **study
    )


def test_of_another_schedule_a_variant_has_what_it_knows_alone():
    own, step = {"schedule": {"name": "constant"}}, {"name": "step", "warmup": 0.2}
    plain, other = (step | {"milestones": milestones} for milestones in ([0.5, 0.75], [0.3]))
    assert hashes_of_variant(own, schedule=plain) == hashes_of_variant(own, schedule=other)
    rising = hashes_of_variant(own, schedule={"name": "step"})  # a warm-up all schedules know
    assert rising != hashes_of_variant(own, schedule=plain)


def test_a_variant_may_leave_out_what_the_approach_trains_for_longer():
    longer = {"networks": 2, "budgets": [2, 4]}
    plan = plan_of(
        full_data={"longer": longer, "variants": {"x": {"budgets": [3], "longer": {"networks": 0}}}}
    )
    assert {one.budget for one in plan.ensembles if one.variant == "x"} == {3}
