"""Every approach's lineage: what it trains, from what, and what its ensembles cost."""

import importlib
import pkgutil
from dataclasses import fields
from itertools import combinations
from pathlib import Path

import pytest
from support import tiny

import baselines
from mnbench.architectures import parameter_count
from mnbench.errors import UserError
from mnbench.planning.config import read_study
from mnbench.planning.plan import Plan, Training, read_plan, union
from mnbench.planning.planner import Approach, make_plan
from mnbench.planning.training_id import TrainingId
from mnbench.records.record import Cost

ROOT = Path(__file__).parents[2]
NAMES = [module.name for module in pkgutil.iter_modules(baselines.__path__)]
WHERE = ("fashion_mnist", "v5-small", 0)
NETWORKS = ("v13", "v16", "v16a", "v16b", "v19")


def id_of(approach: str, name: str) -> TrainingId:
    return TrainingId(*WHERE, approach, name)


def plan_of(seeds=(0,), recipe=None, architecture_set="v5-small", **approaches) -> Plan:
    config = {
        "study": "tiny",
        "datasets": ["fashion_mnist" if architecture_set.endswith("-small") else "cifar10"],
        "data": {"download": True},
        "architecture_sets": [architecture_set],
        "seeds": list(seeds),
        "recipe": recipe or {"epochs": 10},
        "approaches": approaches,
    }
    found = {}
    for name in NAMES:
        module = importlib.import_module(f"baselines.{name}")
        found[name] = Approach(name, module.Options, module.lineage)
    return make_plan(read_study(config, source="tiny.yaml"), found, source="tiny.yaml")


def billed(plan: Plan, **wanted) -> set[TrainingId]:
    """Return the records that one ensemble pays for."""
    (row,) = [
        row
        for row in plan.ensembles
        if all(getattr(row, key) == value for key, value in wanted.items())
    ]
    return set(plan.lineage(row.members))


def of(approach: str, *names: str) -> set[TrainingId]:
    return {id_of(approach, name) for name in names}


# --- what an ensemble of each approach pays for, worked out by hand


def test_full_data_pays_for_each_member_alone():
    plan = plan_of(full_data={"budgets": [0.5, 1]})
    assert billed(plan, size=3, budget=1) == of("full_data", "v13", "v16", "v16a")
    assert billed(plan, size=2, budget=0.5) == of("full_data", "v13@0.5", "v16@0.5")
    epochs = {t.name: t.recipe["epochs"] for t in plan.trainings.values()}
    assert (epochs["v13"], epochs["v13@0.5"]) == (10, 5)


def test_bagging_pays_for_each_member_alone():
    assert billed(plan_of(bagging={}), size=5) == of("bagging", *NETWORKS)


def test_distillation_pays_for_its_teacher_once():
    plan = plan_of(knowledge_distillation={})
    # v16b has the most parameters, so Full Data's v16b teaches.
    teacher = of("full_data", "v16b")
    assert billed(plan, size=1) == of("knowledge_distillation", "v13") | teacher
    assert billed(plan, size=5) == of("knowledge_distillation", *NETWORKS) | teacher


def test_a_tree_is_one_joint_training_for_each_size():
    plan = plan_of(treenets={"shared_layers": 2, "sizes": [3, 5]})
    assert billed(plan, size=3) == of("treenets", "tree_of_3")
    assert billed(plan, size=5) == of("treenets", "tree_of_5")
    tree = plan.trainings[id_of("treenets", "tree_of_3")]
    assert [network.name for network in tree.networks] == ["v13", "v16", "v16a"]


def test_snapshots_pay_for_the_path_that_led_to_them():
    plan = plan_of(snapshot_ensembles={"epochs_per_cycle": 4})
    # The mean of 18698, 30314, 50794, 68074 and 41930 parameters is 41962: v19 is nearest.
    cycles = [f"v19_cycle{cycle}" for cycle in range(1, 6)]
    for size in range(1, 6):
        assert billed(plan, size=size) == of("snapshot_ensembles", *cycles[:size])
    parents = [plan.trainings[id_of("snapshot_ensembles", cycle)].parents for cycle in cycles]
    assert parents[0] == ()
    assert parents[4] == (id_of("snapshot_ensembles", "v19_cycle4"),)


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


def test_one_network_alone_pays_for_its_budget():
    plan = plan_of(single_network={"budgets": [1, 4]})
    assert billed(plan, budget=1) == of("full_data", "v16b")
    assert billed(plan, budget=4) == of("full_data", "v16b@4")
    assert plan.trainings[id_of("full_data", "v16b@4")].recipe["epochs"] == 40


def test_cost_is_summed_over_the_union_and_memory_is_the_largest():
    plan = plan_of(mothernets={"g": [1]})
    costs = {
        id: Cost(epochs=2, examples=3, training_flops=5 * 10**number, peak_memory_bytes=number)
        for number, id in enumerate(plan.trainings)
    }
    (row,) = [row for row in plan.ensembles if row.size == 2]
    total = sum((costs[id] for id in plan.lineage(row.members)), Cost())
    # the MotherNet (number 0) once, and the first two members
    assert total == Cost(epochs=6, examples=9, training_flops=555, peak_memory_bytes=2)


# --- what holds for every approach: drop in a module and it is checked


@pytest.fixture(scope="module", params=NAMES)
def approach(request):
    return request.param


def test_every_approach_keeps_the_contract(approach):
    plan = plan_of(**{approach: {}})
    module = importlib.import_module(f"baselines.{approach}")
    assert module.__doc__
    assert plan.ensembles, "v5-small suits every approach: none may leave it out"
    for row in plan.ensembles:
        assert row.approach == approach
        assert 1 <= row.size <= 5
        assert set(row.members) <= set(plan.trainings)
        networks = [net for id in row.members for net in plan.trainings[id].networks]
        assert len(networks) == row.size
    for training in plan.trainings.values():
        assert training.name and "/" not in training.name
        assert set(training.parents) <= set(plan.trainings)
        assert training.approach in NAMES


def test_every_approach_has_a_rule_of_its_name(approach):
    rules = {path.stem for path in (ROOT / "workflow/rules/approaches").glob("*.smk")}
    assert rules == set(NAMES)
    text = (ROOT / f"workflow/rules/approaches/{approach}.smk").read_text()
    assert f'APPROACHES["{approach}"]' in text
    inherits = f"use rule training as {approach} with" in text
    # What inherits the frame is run as `mnbench train`.
    assert inherits == hasattr(importlib.import_module(f"baselines.{approach}"), "train")
    own = [t for t in plan_of(**{approach: {}}).trainings.values() if t.approach == approach]
    assert inherits or f"\nrule {approach}:" in text or not own, "who trains its records?"


def test_smaller_ensembles_are_prefixes_unless_trained_jointly(approach):
    plan = plan_of(**{approach: {}})
    joint = any(len(training.networks) > 1 for training in plan.trainings.values())
    # What is trained jointly is one record, and each size a training of its own.
    rows = [row for row in plan.ensembles if not joint or len(row.members) > 1]
    assert bool(rows) != joint
    for one, other in combinations(rows, 2):
        if (one.g, one.budget) == (other.g, other.budget):
            length = min(one.size, other.size)
            assert one.members[:length] == other.members[:length]


# --- what plans share


def test_full_data_is_trained_once_whoever_asks():
    plan = plan_of(
        full_data={},
        mothernets={"g": [5]},
        knowledge_distillation={},
        single_network={"budgets": [1]},
    )
    full = [t for t in plan.trainings.values() if t.approach == "full_data"]
    assert [t.name for t in full] == list(NETWORKS)
    assert not [t for t in plan.trainings.values() if t.approach == "mothernets"]


def test_a_cluster_that_two_g_have_in_common_is_trained_once():
    plan = plan_of(mothernets={"g": [2, 3, 4, 5]})
    mothernets = [t for t in plan.trainings.values() if t.role == "mothernet"]
    assert len({t.id for t in mothernets}) == len(mothernets)
    groups = {t.name for t in mothernets}
    # At g = 2 v13 is by itself, at g = 3 v16a as well, at g = 4 v16b as well.
    assert groups == {"mothernet_v16+v16a+v16b+v19", "mothernet_v16+v16b+v19", "mothernet_v16+v19"}


def test_seeds_and_networks_draw_differently_but_budgets_alike():
    plan = plan_of(seeds=[0, 1], full_data={"budgets": [0.5, 1]}, bagging={})
    seeds = {t.id: t.seed for t in plan.trainings.values()}
    assert seeds[id_of("full_data", "v13")] == seeds[id_of("full_data", "v13@0.5")]
    distinct = {id._replace(name=id.name.removesuffix("@0.5")): seed for id, seed in seeds.items()}
    assert len(set(distinct.values())) == len(distinct) == 20


def test_only_what_decides_a_training_changes_its_hash():
    def hashes(**options):
        plan = plan_of(mothernets={"g": [1], **options})
        return {t.name: t.recipe_hash for t in plan.trainings.values()}

    before, after = hashes(noise=0.1), hashes(noise=0.2)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {name for name in before if not name.startswith("mothernet_")}
    assert hashes() == hashes()


def test_another_mothernet_makes_other_members():
    def hashes(epochs):
        plan = plan_of(recipe={"epochs": epochs}, mothernets={"g": [1], "hatched": {"epochs": 4}})
        return {t.name: t.recipe_hash for t in plan.trainings.values()}

    ten, twenty = hashes(10), hashes(20)
    # The members' own recipe is the same, but what they are hatched from is not.
    assert not [name for name in ten if ten[name] == twenty[name]]


def test_budgets_of_equal_epochs_are_refused():
    with pytest.raises(UserError, match=r"approaches.full_data.budgets.*give \[1, 1\] epochs"):
        plan_of(recipe={"epochs": 1}, full_data={"budgets": [0.5, 1]})


def test_a_plan_survives_its_file(tmp_path):
    plan = plan_of(mothernets={"g": [1, 2]}, treenets={}, full_data={})
    plan.write(tmp_path / "plan.json")
    again = read_plan(tmp_path / "plan.json")
    assert again.to_json() == plan.to_json()
    hashes = [t.recipe_hash for t in plan.trainings.values()]
    assert [t.recipe_hash for t in again.trainings.values()] == hashes
    assert again.ensembles_hash == plan.ensembles_hash


def test_two_meanings_of_one_id_are_refused():
    (training,) = plan_of(single_network={"budgets": [1]}).trainings.values()
    other = Training(**{**vars_of(training), "seed": training.seed + 1})
    with pytest.raises(ValueError, match="two different trainings"):
        union([training, other])


def vars_of(training: Training) -> dict:
    names = [field.name for field in fields(Training)]
    return {name: getattr(training, name) for name in names}


def test_treenets_are_left_out_with_the_reason():
    plan = plan_of(treenets={"shared_layers": 3}, full_data={})
    (out,) = plan.left_out
    assert out.approach == "treenets"
    assert out.reason == "the networks have 2 first layers in common, fewer than 3"
    assert not [row for row in plan.ensembles if row.approach == "treenets"]


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
