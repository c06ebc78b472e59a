"""The lineage of MotherNets as the paper has them: g stars, budgets, clusters, what is billed."""

import pytest
from support import tiny
from support.lineages import NETWORKS, billed, id_of, of, plan_of

from mnbench.architectures import parameter_count
from mnbench.errors import UserError
from mnbench.planning.plan import Plan


def test_mothernets_pay_for_the_mothernets_of_the_clusters_they_touch():
    plan = plan_of(mothernets={"g": [1, 2, 5]})
    everything = "v13+v16+v16a+v16b+v19"
    shared = of("mothernets", f"mothernet_{everything}")
    hatched = [f"{name}_from_{everything}" for name in NETWORKS]
    assert billed(plan, g=1, size=1) == of("mothernets", hatched[0]) | shared
    assert billed(plan, g=1, size=5) == of("mothernets", *hatched) | shared
    # At g = 2 the smallest network, v13, is a cluster by itself: Full Data's record.
    four = "v16+v16a+v16b+v19"
    assert billed(plan, g=2, size=1) == of("full_data", "v13")
    assert billed(plan, g=2, size=2) == of("full_data", "v13") | of(
        "mothernets", f"mothernet_{four}", f"v16_from_{four}"
    )
    # g = ensemble size is Full Data.
    assert billed(plan, g=5, size=5) == of("full_data", *NETWORKS)


def test_hatched_networks_have_budgets_of_their_own_on_the_same_mothernets():
    plan = plan_of(mothernets={"g": [1, 5], "budgets": [0.5, 1], "hatched": {"budgets": [0.5, 1]}})
    everything = "v13+v16+v16a+v16b+v19"
    epochs = {t.name: t.recipe["epochs"] for t in plan.trainings.values()}
    mothernets = {name: n for name, n in epochs.items() if name.startswith("mothernet_")}
    assert mothernets == {f"mothernet_{everything}": 10, f"mothernet_{everything}@0.5": 5}
    member = f"v13_from_{everything}"
    shorter = "hatched epochs x 0.5"
    trained = {
        (1, ""): (member, 4),
        (1, shorter): (f"{member}_hatched0.5", 2),
        (0.5, ""): (f"{member}@0.5", 2),
        (0.5, shorter): (f"{member}_hatched0.5@0.5", 1),
    }
    for (budget, variant), (name, number) in trained.items():
        mothernet = f"mothernet_{everything}" + ("" if budget == 1 else "@0.5")
        bill = billed(plan, g=1, size=1, budget=budget, variant=variant)
        assert bill == of("mothernets", name, mothernet)
        assert epochs[name] == number
    # All begin with the same noise, as trainings of several budgets do.
    seeds = {plan.trainings[id_of("mothernets", name)].seed for name, _ in trained.values()}
    assert len(seeds) == 1
    # Where nothing is hatched, no variant is another ensemble.
    assert {row.variant for row in plan.ensembles if row.g == 5} == {""}


def test_the_plain_hatched_budget_plans_what_versions_without_it_did():
    plain, listed = (
        plan_of(mothernets={"g": [1, 2], "hatched": h}) for h in ({}, {"budgets": [1]})
    )
    assert plain.to_json() == listed.to_json()
    shorter = plan_of(mothernets={"g": [1, 2], "hatched": {"budgets": [0.5, 1]}})
    hashes = {id: training.recipe_hash for id, training in shorter.trainings.items()}
    assert {id: t.recipe_hash for id, t in plain.trainings.items()}.items() <= hashes.items()


@pytest.mark.parametrize(
    ("hatched", "problem"),
    [
        ({"budgets": [0.5]}, "must have 1 among them; set `epochs`"),
        ({"budgets": [1, 1.1]}, r"\[1.*, 1.1\] of 4 epochs give \[4, 4\] epochs"),
    ],
)
def test_hatched_budgets_without_1_or_of_equal_epochs_are_refused(hatched, problem):
    with pytest.raises(UserError, match=rf"approaches.mothernets.hatched.budgets'.*{problem}"):
        plan_of(mothernets={"g": [1], "hatched": hatched})


def test_hatched_budgets_are_checked_in_the_order_in_which_trainings_round():
    # 2 and 3 epochs; 0.3 times either is 1.
    hatched = {"epochs": 2, "budgets": [1, 1.5]}
    assert plan_of(mothernets={"g": [1], "hatched": hatched})
    with pytest.raises(UserError) as caught:
        plan_of(mothernets={"g": [1], "budgets": [1, 0.3], "hatched": hatched})
    assert str(caught.value) == (
        "tiny.yaml: key 'approaches.mothernets.hatched.budgets': [1.0, 1.5] of 2 epochs give "
        "[1, 1] epochs at budget 0.3; give budgets that differ in whole epochs"
    )


def test_mothernets_and_their_members_may_have_schedules_of_their_own():
    trunk, falling = {"name": "constant", "warmup": 0.1}, {"name": "cosine", "stable": 0.5}
    plan = plan_of(
        mothernets={
            "g": [1, 5],
            "mothernet": {"schedule": trunk},
            "hatched": {"schedule": falling, "keep": 0.6},
        }
    )
    plain = plan_of(mothernets={"g": [1, 5]})
    for id, training in plan.trainings.items():
        schedule = training.recipe["schedule"]
        if training.role == "mothernet":
            assert (schedule["name"], schedule["warmup"]) == ("constant", 0.1)
        elif training.parents:
            assert (schedule["name"], schedule["stable"]) == ("cosine", 0.5)
            assert training.options == {"noise": 0.1, "keep": 0.6}
        else:  # a cluster of one network is Full Data's record
            assert training.recipe_hash == plain.trainings[id].recipe_hash
    kept = plan_of(mothernets={"g": [1, 5], "hatched": {"keep": 1.0}})
    assert kept.to_json() == plain.to_json()


@pytest.mark.parametrize("option", ["mothernet", "hatched"])
def test_a_schedule_that_the_protocol_does_not_allow_is_refused_with_its_key(option):
    values = tiny.config()
    values["recipe"] = {"protocol": "convergence", "schedule": {"name": "plateau"}}
    values["approaches"] = {"mothernets": {option: {"schedule": {"name": "cosine"}}}}
    with pytest.raises(UserError, match=rf"mothernets.{option}.schedule': schedule 'cosine' needs"):
        tiny.plan_of(values)


def g_of(plan: Plan) -> list[int]:
    """The numbers of clusters, in order."""
    return list(dict.fromkeys(row.g for row in plan.ensembles))


def test_minimum_and_all_stand_for_numbers_of_clusters():
    assert g_of(plan_of(mothernets={})) == [1]
    assert g_of(plan_of(mothernets={"g": ["minimum", 3, "all"]})) == [1, 3, 5]
    # Three families that share no MotherNet.
    of_mixed = plan_of(architecture_set="mixed10", mothernets={"g": ["all", "minimum"]})
    assert g_of(of_mixed) == [10, 3]


def test_least_the_former_name_of_minimum_plans_the_same_trainings_with_the_same_hashes():
    present, former = (plan_of(mothernets={"g": [g, 3]}) for g in ("minimum", "least"))
    assert former.to_json() == present.to_json()
    hashes = {id: training.recipe_hash for id, training in present.trainings.items()}
    assert {id: training.recipe_hash for id, training in former.trainings.items()} == hashes


def test_entries_for_the_same_number_of_clusters_are_one():
    once, twice = (plan_of(mothernets={"g": g}) for g in ([1, 5], ["minimum", 1, "all", 5]))
    assert once.to_json() == twice.to_json()


def test_with_tau_every_member_has_that_share_from_its_mothernet():
    tau = 0.6
    plan = plan_of(mothernets={"g": ["minimum"], "tau": tau})
    assert g_of(plan)[0] > 1
    hatched = [training for training in plan.trainings.values() if training.parents]
    assert hatched
    for training in hatched:
        (member,), (mothernet,) = (
            t.networks for t in (training, plan.trainings[training.parents[0]])
        )
        assert parameter_count(mothernet) >= tau * parameter_count(member)


def test_clusters_may_be_chosen_by_training_flops():
    by_parameters, by_flops = (
        plan_of(architecture_set="v25", mothernets={"g": [2], "cluster_by": by})
        for by in ("parameters", "training_flops")
    )
    assert (
        by_parameters.to_json() == plan_of(architecture_set="v25", mothernets={"g": [2]}).to_json()
    )
    assert by_flops.to_json() != by_parameters.to_json()


def test_a_g_that_incompatible_networks_do_not_allow_is_refused():
    with pytest.raises(UserError) as caught:
        plan_of(architecture_set="mixed10", mothernets={"g": ["all", 2]})
    assert str(caught.value).startswith(
        "tiny.yaml: key 'approaches.mothernets.g': 'mixed10': g = 2 clusters are too few: "
    )
    assert str(caught.value).endswith("use g from 3")


def test_r25_has_two_kinds_of_units_and_so_no_g_of_1():
    with pytest.raises(UserError) as caught:
        plan_of(architecture_set="r25", mothernets={"g": [1]})
    assert str(caught.value).startswith(
        "tiny.yaml: key 'approaches.mothernets.g': 'r25': g = 1 clusters are too few: "
    )
    assert "bottleneck" in str(caught.value) and str(caught.value).endswith("use g from 2")
    assert g_of(plan_of(architecture_set="r25", mothernets={})) == [2]


def test_hatched_networks_have_a_bound_of_their_own_under_convergence():
    values = tiny.config()
    values["recipe"] = {"protocol": "convergence", "schedule": {"name": "plateau"}}
    values["approaches"] = {"mothernets": {"g": [1], "hatched": {"max_epochs": 7}}}
    trainings = tiny.plan_of(values).trainings.values()
    bounds = {
        bool(training.parents): training.recipe["convergence"]["max_epochs"]
        for training in trainings
    }
    assert bounds == {False: 300, True: 7}
