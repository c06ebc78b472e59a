"""Every approach's lineage: what it trains, from what, and what its ensembles cost."""

from dataclasses import fields
from itertools import combinations
from pathlib import Path

import pytest
from support import tiny
from support.lineages import NETWORKS, billed, id_of, members, of, plan_of

from mnbench.architectures import load_architectures, parameter_count, training_flops
from mnbench.datasets import DATASETS
from mnbench.errors import UserError
from mnbench.naming import CONTROLS
from mnbench.planning.config import read_study
from mnbench.planning.forecast import overview
from mnbench.planning.lineage import Training
from mnbench.planning.plan import read_plan, union
from mnbench.planning.setting import Setting
from mnbench.records.record import Cost

ROOT = Path(__file__).parents[2]
NAMES = list(tiny.MODULES)


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


def test_a_teacher_that_stays_is_a_member_and_has_no_student():
    plan = plan_of(knowledge_distillation={"teacher_stays": True, "budgets": [0.5, 1]})
    for budget, suffix in ((0.5, "@0.5"), (1, "")):
        teacher = of("full_data", f"v16b{suffix}")
        students = [f"{name}{suffix}" for name in NETWORKS if name != "v16b"]
        everything = of("knowledge_distillation", *students) | teacher
        assert members(plan, size=5, budget=budget) == everything
        assert billed(plan, size=5, budget=budget) == everything
        # Smaller ensembles without it pay for it all the same.
        first = of("knowledge_distillation", students[0])
        assert members(plan, size=1, budget=budget) == first
        assert billed(plan, size=1, budget=budget) == first | teacher
    # The students are those of an ensemble without its teacher.
    apart = plan_of(knowledge_distillation={})
    for name in ("v13", "v16", "v16a", "v19"):
        id = id_of("knowledge_distillation", name)
        assert plan.trainings[id].recipe_hash == apart.trainings[id].recipe_hash


def test_a_teacher_from_outside_cannot_stay():
    options = {"teacher": "timm:test_resnet", "teacher_stays": True}
    with pytest.raises(UserError) as caught:
        plan_of(knowledge_distillation=options)
    assert str(caught.value) == (
        "tiny.yaml: key 'approaches.knowledge_distillation.teacher_stays': the teacher "
        "'timm:test_resnet' is no network of 'v5-small'; use false, or the teacher 'largest'"
    )


def test_a_tree_is_one_joint_training_for_each_size():
    plan = plan_of(treenets={"shared_layers": 2, "sizes": [3, 5]})
    assert billed(plan, size=3) == of("treenets", "tree_of_3")
    assert billed(plan, size=5) == of("treenets", "tree_of_5")
    tree = plan.trainings[id_of("treenets", "tree_of_3")]
    assert [network.name for network in tree.networks] == ["v13", "v16", "v16a"]


def test_every_size_takes_the_last_snapshots_and_pays_for_all_cycles():
    plan = plan_of(snapshot_ensembles={"epochs_per_cycle": 4})
    # The mean of 18698, 30314, 50794, 68074 and 41930 parameters is 41962: v19 is nearest.
    cycles = [f"v19_cycle{cycle}" for cycle in range(1, 6)]
    for size in range(1, 6):
        assert members(plan, size=size) == of("snapshot_ensembles", *cycles[-size:])
        assert billed(plan, size=size) == of("snapshot_ensembles", *cycles)
    parents = [plan.trainings[id_of("snapshot_ensembles", cycle)].parents for cycle in cycles]
    assert parents[0] == ()
    assert parents[4] == (id_of("snapshot_ensembles", "v19_cycle4"),)


def test_snapshots_of_more_cycles_than_networks_leave_out_the_first():
    plan = plan_of(snapshot_ensembles={"epochs_per_cycle": 4, "cycles": 8, "budgets": [0.5, 1]})
    for budget, suffix in ((0.5, "@0.5"), (1, "")):
        cycles = [f"v19_cycle{cycle}{suffix}" for cycle in range(1, 9)]
        for size in range(1, 6):
            last = of("snapshot_ensembles", *cycles[-size:])
            assert members(plan, size=size, budget=budget) == last
            assert billed(plan, size=size, budget=budget) == of("snapshot_ensembles", *cycles)
    assert max(row.size for row in plan.ensembles) == 5
    # More cycles are more trainings: those of fewer cycles stay what they were.
    fewer = plan_of(snapshot_ensembles={"epochs_per_cycle": 4})
    for id, training in fewer.trainings.items():
        assert plan.trainings[id].recipe_hash == training.recipe_hash


def test_fewer_cycles_than_networks_are_refused():
    with pytest.raises(UserError) as caught:
        plan_of(snapshot_ensembles={"cycles": 4})
    assert str(caught.value) == (
        "tiny.yaml: key 'approaches.snapshot_ensembles.cycles': 4 cycles leave fewer snapshots "
        "than the 5 networks of 'v5-small'; use 5 or more"
    )


def test_one_network_alone_pays_for_its_budget():
    plan = plan_of(single_network={"budgets": [1, 4]})
    assert billed(plan, budget=1) == of("full_data", "v16b")
    assert billed(plan, budget=4) == of("full_data", "v16b@4")
    assert plan.trainings[id_of("full_data", "v16b@4")].recipe["epochs"] == 40


def test_a_wider_network_has_the_parameters_and_the_cost_of_the_ensemble():
    plan = plan_of(wider_network={"sizes": [3, 5], "budgets": [0.5, 1]}, full_data={})
    shape = {"in_channels": 1, "num_classes": 10, "image_size": 28}
    # v16 is nearest the mean of the first three, v19 of all five.
    for size, name in ((3, "v16_as_3"), (5, "v19_as_5")):
        ensemble = load_architectures("v5-small")[:size]
        parameters = sum(parameter_count(network, **shape) for network in ensemble)
        for budget, suffix in ((0.5, "@0.5"), (1, "")):
            chosen = {"approach": "wider_network", "size": size, "budget": budget}
            assert billed(plan, **chosen) == of("wider_network", name + suffix)
            training = plan.trainings[id_of("wider_network", name + suffix)]
            (network,) = training.networks
            assert 0.99 * parameters <= parameter_count(network, **shape) <= parameters
            flops = [training_flops(net, 28, in_channels=1) for net in (network, *ensemble)]
            wanted = 10 * budget * sum(flops[1:])
            # As near as whole epochs permit.
            assert abs(training.recipe["epochs"] * flops[0] - wanted) <= flops[0] / 2
    half, whole = (plan.trainings[id_of("wider_network", f"v19_as_5{x}")] for x in ("@0.5", ""))
    assert (half.recipe["epochs"], whole.recipe["epochs"]) == (5, 10)
    assert half.seed == whole.seed


def test_a_wider_network_trains_until_it_has_converged_where_the_ensemble_does():
    recipe = {"protocol": "convergence", "schedule": {"name": "plateau"}}
    (training,) = plan_of(recipe=recipe, wider_network={}).trainings.values()
    assert training.recipe["protocol"] == "convergence"
    with pytest.raises(UserError, match=r"wider_network.budgets.*allowed: \[1\]"):
        plan_of(recipe=recipe, wider_network={"budgets": [0.5]})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sizes": [6]}, "sizes': 6 is more than the 5 networks of 'v5-small'; allowed: 2 to 5"),
        (
            {"budgets": [1, 1.02]},
            "budgets': [1.0, 1.02] of 10 epochs give [10, 10] epochs; "
            "give budgets that differ in whole epochs",
        ),
    ],
)
def test_a_wider_network_that_cannot_be_is_refused_in_one_line(options, said):
    with pytest.raises(UserError) as caught:
        plan_of(wider_network=options)
    assert str(caught.value) == f"tiny.yaml: key 'approaches.wider_network.{said}"


@pytest.mark.parametrize("architecture_set", ["r5-small", "d5-small", "w5-small", "h5-small"])
def test_a_network_of_every_family_can_be_wider(architecture_set):
    plan = plan_of(architecture_set=architecture_set, wider_network={})
    (training,) = plan.trainings.values()
    assert not plan.left_out and 8 <= training.recipe["epochs"] <= 12


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
    module = tiny.MODULES[approach]
    assert module.__doc__
    assert plan.ensembles, "v5-small suits every approach: none may leave it out"
    for row in plan.ensembles:
        assert row.approach == approach
        assert 1 <= row.size <= 5
        assert set(row.members) <= set(plan.trainings)
        networks = [net for id in row.members for net in plan.trainings[id].networks]
        assert len(networks) == (1 if approach in CONTROLS else row.size)
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
    assert inherits == hasattr(tiny.MODULES[approach], "train")
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


def test_a_tree_is_judged_by_its_own_networks():
    plan = plan_of(
        architecture_set="v5-authors-small",
        treenets={"sizes": [2, 3, 5], "budgets": [0.5, 1]},
        full_data={},
    )
    trees = [row for row in plan.ensembles if row.approach == "treenets"]
    assert [(row.size, row.budget) for row in trees] == [(2, 0.5), (2, 1)]
    (out,) = plan.left_out
    assert out.reason == "sizes 3, 5: the networks have 0 first layers in common, fewer than 1"
    assert "treenets leaves out v5-authors-small (fashion_mnist): sizes 3, 5: " in overview(plan)


def test_a_study_that_trains_nothing_is_refused_with_the_reasons():
    with pytest.raises(UserError) as caught:
        plan_of(treenets={"shared_layers": 3}, seeds=(0, 1))
    assert str(caught.value) == (
        "tiny.yaml: key 'approaches': nothing would be trained: treenets leaves out 'v5-small', "
        "since the networks have 2 first layers in common, fewer than 3; change their options, or "
        "add an approach or architecture set"
    )


def test_sizes_left_out_for_several_reasons_are_named_with_each():
    study = read_study(tiny.config(), source="tiny.yaml")
    dataset = DATASETS["fashion_mnist"]
    setting = Setting(study, dataset, "v5-small", (), 0, "tiny.yaml", study.recipe)
    assert setting.left_out({2: None, 3: None}) is None
    assert setting.left_out({2: "a", 3: "a"}) == "a"
    assert setting.left_out({2: "a", 3: "b", 4: "b", 5: None}) == "size 2: a; sizes 3, 4: b"
