"""The options of MotherNets that the paper does not have: what is planned, billed and trained."""

import json
import shutil
from math import nan
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import torch
from safetensors.torch import load_file, save_file
from support.reading import history_of
from support.tiny import (
    MODULES,
    config,
    interrupt_after_an_epoch,
    of_approach,
    plan_of,
    train,
)
from torch import nn

from baselines.mothernet_hatching import break_symmetry
from mnbench.architectures import Architecture
from mnbench.errors import UserError
from mnbench.files import sha256
from mnbench.planning import planner
from mnbench.planning.lineage import KEEPS_MOMENTUM
from mnbench.planning.plan import read_plan
from mnbench.records.record import KEPT_MOMENTUM, PREDICTIONS, WEIGHTS, read_record
from mnbench.training import job as job_module
from mnbench.training import run as run_module
from mnbench.training.progress import Progress

EVERYBODY = "v13+v16+v16a+v16b+v19"


def mothernets(epochs=10, **options):
    """The plan of a study of MotherNets alone."""
    values = config() | {"recipe": {"epochs": epochs}, "approaches": {"mothernets": options}}
    return plan_of(values)


def origins(plan):
    """The names of the parents of each training."""
    return {id.name: [one.name for one in t.parents] for id, t in plan.trainings.items()}


def test_what_is_drawn_anew_is_no_pretrained_network():
    """Else equal members of one cluster would part to one and the same point."""
    fresh = Mock(return_value=nn.Linear(2, 2))
    job = SimpleNamespace(
        options={"keep": 0.5, "noise": 0.0},
        new_network=fresh,
        generator=lambda purpose: torch.Generator(),
    )
    break_symmetry(job, nn.Linear(2, 2))
    fresh.assert_called_once_with(pretrained=False)


# Trees


def test_in_a_tree_members_are_hatched_from_their_nearest_relatives():
    plan = mothernets(g=[1], descent="tree")
    mother = f"mothernet_{EVERYBODY}"
    v13, v16 = f"v13_from_{EVERYBODY}", f"v16_from_v13_in_{EVERYBODY}"
    assert origins(plan) == {
        mother: [],
        v13: [mother],
        v16: [v13],
        f"v16a_from_v16_in_{EVERYBODY}": [v16],
        f"v16b_from_v16_in_{EVERYBODY}": [v16],
        f"v19_from_v16_in_{EVERYBODY}": [v16],
    }
    # An ensemble pays for all that its members descend from, and for each of them once.
    bills = {row.size: {id.name for id in plan.lineage(row.members)} for row in plan.ensembles}
    assert bills[2] == {mother, v13, v16}
    assert {size: len(bill) for size, bill in bills.items()} == {1: 2, 2: 3, 3: 4, 4: 5, 5: 6}


def test_the_mothernets_of_clusters_may_be_hatched_from_the_mothernet_of_all():
    plan = mothernets(g=[1, 2], mothernet={"hatched_epochs": 3})
    four = EVERYBODY.removeprefix("v13+")
    own = f"mothernet_{four}_from_{EVERYBODY}"
    parents = origins(plan)
    assert parents[own] == [f"mothernet_{EVERYBODY}"]  # which g = 1 has as well
    assert parents[f"v16_from_{four}"] == [own]
    epochs = {t.id.name: t.recipe["epochs"] for t in plan.trainings.values()}
    assert (epochs[own], epochs[f"mothernet_{EVERYBODY}"]) == (3, 10)
    (row,) = [row for row in plan.ensembles if (row.g, row.size) == (2, 2)]
    assert {id.name for id in plan.lineage(row.members)} == {
        "v13",
        f"mothernet_{EVERYBODY}",
        own,
        f"v16_from_{four}",
    }


def test_a_mothernet_of_all_that_cannot_be_is_refused():
    values = config() | {
        "architecture_sets": ["mixed10"],
        "datasets": ["cifar10"],
        "data": {"download": True},
        "approaches": {"mothernets": {"g": [3], "mothernet": {"hatched_epochs": 3}}},
    }
    with pytest.raises(UserError, match=r"mothernets.mothernet': hatched_epochs: no MotherNet of "):
        plan_of(values)


# Snapshots


def test_members_may_give_several_networks_of_an_ensemble():
    plan = mothernets(g=[1], hatched={"epochs": 4, "snapshots": 2, "keep": 0.5})
    first, second = (f"v13_from_{EVERYBODY}_cycle{cycle}" for cycle in (1, 2))
    assert origins(plan)[second] == [first]
    hatched = [t for t in plan.trainings.values() if t.role == "member"]
    assert {t.recipe["epochs"] for t in hatched} == {2}  # four in all
    assert [t.options.get("keep") for t in hatched[:2]] == [0.5, None]  # shrunk once
    assert [row.size for row in plan.ensembles] == [2, 4, 6, 8, 10]
    smallest = plan.ensembles[0]
    assert [id.name for id in smallest.members] == [first, second]
    assert len(plan.lineage(smallest.members)) == 3
    assert len(plan.lineage(plan.ensembles[-1].members)) == 11


def test_a_cluster_of_one_gives_one_network():
    plan = mothernets(g=[2], hatched={"epochs": 4, "snapshots": 2})
    assert [row.size for row in plan.ensembles] == [1, 3, 5, 7, 9]


@pytest.mark.parametrize(
    ("cycles", "budgets", "epochs"), [(3, {}, 4), (2, {"budgets": [1, 0.25]}, 1)]
)
def test_epochs_that_cycles_cannot_share_are_refused(cycles, budgets, epochs):
    with pytest.raises(UserError) as caught:
        mothernets(g=[1], hatched={"epochs": 4, "snapshots": cycles} | budgets)
    assert str(caught.value) == (
        f"tiny.yaml: key 'approaches.mothernets.hatched': snapshots: {epochs} epochs are no whole "
        f"number for each of {cycles} cycles; change hatched.snapshots, hatched.epochs or the "
        "budgets"
    )


def test_under_convergence_a_member_gives_one_network():
    recipe = {"protocol": "convergence", "schedule": {"name": "plateau"}}
    for options, name in (
        ({"hatched": {"snapshots": 2}}, "hatched.snapshots"),
        ({"mothernet": {"hatched_epochs": 2}}, "mothernet.hatched_epochs"),
    ):
        values = config() | {"recipe": recipe, "approaches": {"mothernets": {"g": [1]} | options}}
        with pytest.raises(UserError, match=rf"{name}': under recipe.protocol 'convergence'"):
            plan_of(values)


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        ({"hatched": {"epochs": 4, "snapshots": 2, "inserted_rate": 2}}, "inserted_rate and snaps"),
        ({"hatched": {"momentum": "carried", "anew": "head"}}, "momentum: what is drawn anew has "),
        ({"hatched": {"momentum": "carried", "anew_fraction": 0.1}}, "momentum: what is drawn "),
    ],
)
def test_options_that_do_not_combine_are_refused(options, answer):
    with pytest.raises(UserError, match=f"mothernets.hatched': {answer}"):
        mothernets(g=[1], **options)


# Networks of a library


def test_parts_of_a_library_network_are_not_drawn_anew(monkeypatch):
    known = Architecture(library="timm:test_resnet", name="t")
    monkeypatch.setattr(planner, "load_architectures", lambda name: (known, known))
    assert mothernets(g=[1], hatched={"keep": 0.5})
    with pytest.raises(UserError) as caught:
        mothernets(g=[1], hatched={"anew": "head"})
    assert str(caught.value) == (
        "tiny.yaml: key 'approaches.mothernets.hatched': anew: 't' of 'v5-small' comes from a "
        "library and has no head or last block to draw anew; use anew: nothing"
    )


# What a training notes

OPTIONS = {
    "keep": 0.5,
    "split": "unequal",
    "anew": "head",
    "anew_fraction": 0.2,
    "momentum": "carried",
    "inserted_rate": 2.0,
}


def test_a_training_notes_what_is_not_at_its_default():
    plain = mothernets(g=[1])
    assert {tuple(t.options) for t in plain.trainings.values()} == {(), ("noise",)}
    for name, value in OPTIONS.items():
        changed = mothernets(g=[1], hatched={name: value})
        hatched = [t for t in changed.trainings.values() if t.role == "member"]
        assert {tuple(t.options.items()) for t in hatched} == {(("noise", 0.1), (name, value))}
        assert not {t.recipe_hash for t in hatched} & {
            t.recipe_hash for t in plain.trainings.values()
        }


def test_only_momentum_that_is_carried_is_kept():
    for momentum, kept in (("zero", None), ("carried", True)):
        plan = mothernets(g=[1], hatched={"momentum": momentum})
        (mother,) = [t for t in plan.trainings.values() if t.role == "mothernet"]
        assert mother.options.get(KEEPS_MOMENTUM) is kept


def test_in_a_tree_members_keep_their_momentum_too():
    plan = mothernets(g=[1], descent="tree", hatched={"momentum": "carried"})
    assert all(t.options[KEEPS_MOMENTUM] for t in plan.trainings.values())


# Trained

CASES = {
    "split": {"hatched": {"epochs": 2, "split": "unequal"}},
    "head": {"hatched": {"epochs": 2, "anew": "head"}},
    "last block": {"hatched": {"epochs": 2, "anew": "last_block"}},
    "fraction": {"hatched": {"epochs": 2, "anew_fraction": 0.3}},
    "momentum": {"hatched": {"epochs": 2, "momentum": "carried", "keep": 0.5}},
    "rate": {"hatched": {"epochs": 2, "inserted_rate": 3.0}},
    "tree": {"descent": "tree", "hatched": {"epochs": 2}},
    "momentum in a tree": {"descent": "tree", "hatched": {"epochs": 2, "momentum": "carried"}},
    "snapshots": {"hatched": {"epochs": 4, "snapshots": 2}},
    "mothernets": {"g": [2], "mothernet": {"hatched_epochs": 2}, "hatched": {"epochs": 2}},
    "untrained": {"mothernet": {"epochs": 0}, "hatched": {"epochs": 2, "momentum": "carried"}},
    "improved": {
        "mothernet": {"schedule": {"name": "constant", "warmup": 0.1}},
        "hatched": {"epochs": 2, "keep": 0.7, "schedule": {"name": "linear", "warmup": 0.1}},
    },
}


@pytest.mark.parametrize("case", CASES)
def test_an_option_trains_to_the_same_bits_also_when_interrupted(case, study):
    values = config()
    values["recipe"] = {"epochs": 2, "batch_size": 64, "schedule": {"warmup": 0.1}}
    values["approaches"] = {"mothernets": {"g": [1]} | CASES[case]}
    plan = plan_of(values)
    plan.write(study.plan)
    # The last training and all that it descends from, as the largest network has every change.
    last = of_approach(plan, "mothernets")[-1].id
    lineage = plan.lineage([last])
    for id in lineage:
        train(study, id)
    files = [study.record(last) / name for name in (WEIGHTS, PREDICTIONS)]
    before, history = [file.read_bytes() for file in files], history_of(study, last)
    details = read_record(study.record(last)).details
    if case != "snapshots":
        assert details["hatching_difference"] < 1e-4
    shutil.rmtree(study.record(last))
    interrupt_after_an_epoch(study, last)
    assert study.checkpoint(last).exists()
    run_module.run(MODULES["mothernets"].train, study.plan, last, Progress(None, None))
    assert [file.read_bytes() for file in files] == before
    assert history_of(study, last) == history


def test_the_rate_of_inserted_layers_is_that_of_what_the_mothernet_does_not_have(
    study, monkeypatch
):
    values = config()
    hatched = {"epochs": 1, "inserted_rate": 3.0}
    values["approaches"] = {"mothernets": {"g": [1], "hatched": hatched}}
    plan = plan_of(values)
    plan.write(study.plan)
    last = of_approach(plan, "mothernets")[-1].id  # the deepest
    mother = plan.trainings[last].parents[0]
    train(study, mother)
    told = []
    real = job_module.new_optimiser

    def optimiser(network, recipe, factors=None):
        told.append(factors)
        return real(network, recipe, factors)

    monkeypatch.setattr(job_module, "new_optimiser", optimiser)
    train(study, last)
    of_mother, of_child = (
        {
            name
            for name in load_file(study.record(id) / WEIGHTS)
            if name.endswith(("weight", "bias"))
        }
        for id in (mother, last)
    )
    (factors,) = told
    assert set(factors.values()) == {3.0} and factors.keys() < of_child
    # Each of the MotherNet's tensors is in one of the child's.
    assert len(factors) == len(of_child) - len(of_mother) > 0


@pytest.mark.parametrize("damage", ["missing", "shape", "nan"])
def test_damaged_momentum_is_named_in_one_line(damage, study):
    values = config()
    values["approaches"] = {"mothernets": {"g": [1], "hatched": {"momentum": "carried"}}}
    plan_of(values).write(study.plan)
    mother, member, *_ = read_plan(study.plan).trainings
    train(study, mother)
    file, name = study.record(mother) / WEIGHTS, KEPT_MOMENTUM + "head.classifier.weight"
    tensors = load_file(file)
    if damage == "missing":
        del tensors[name]
    else:
        tensors[name] = (
            tensors[name][:, :-1].contiguous() if damage == "shape" else tensors[name] * nan
        )
    save_file(tensors, file)
    content = json.loads((study.record(mother) / "record.json").read_text())
    content["checksums"][WEIGHTS] = sha256(file)
    (study.record(mother) / "record.json").write_text(json.dumps(content))
    with pytest.raises(
        UserError, match=r"the momentum of head.classifier.weight is missing or not "
    ):
        train(study, member)


def test_a_kept_momentum_is_no_weight_of_the_network(study):
    values = config()
    values["approaches"] = {"mothernets": {"g": [1], "hatched": {"momentum": "carried"}}}
    plan_of(values).write(study.plan)
    mother, *_ = read_plan(study.plan).trainings
    train(study, mother)
    kept = (study.record(mother) / WEIGHTS).stat().st_size
    del values["approaches"]["mothernets"]["hatched"]
    plan_of(values).write(study.plan)
    train(study, mother)
    assert kept > 1.8 * (study.record(mother) / WEIGHTS).stat().st_size
