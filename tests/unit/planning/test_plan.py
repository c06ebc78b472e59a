"""The plan: its graph of trainings, the hashes that records rest on, and its file."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tiny import config, plan_of

from mnbench.errors import UserError
from mnbench.planning.lineage import LeftOut, Training
from mnbench.planning.plan import Plan, read_plan, union
from mnbench.planning.training_id import TrainingId

# A MotherNet "m" with two members, a path of snapshots, and a teacher that is a member itself.
PARENTS = {
    "m": (),
    "a": ("m",),
    "b": ("m",),
    "s1": (),
    "s2": ("s1",),
    "s3": ("s2",),
    "t": (),
    "k": ("t", "m"),
}


def id_of(name: str) -> TrainingId:
    """An id; the teacher is of another approach than the others."""
    approach = "full_data" if name == "t" else "mothernets"
    return TrainingId("fashion_mnist", "v5-small", 0, approach, name)


def names_of(ids: tuple[TrainingId, ...]) -> tuple[str, ...]:
    return tuple(id.name for id in ids)


PLAN = Plan(
    "toy",
    union(
        Training(id_of(name), "member", (), {}, 0, {}, tuple(map(id_of, parents)))
        for name, parents in PARENTS.items()
    ),
    (),
)


# Lineage


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ("a", ("m", "a")),
        ("ab", ("m", "a", "b")),
        (["s3"], ("s1", "s2", "s3")),
        (["s1", "s2", "s3"], ("s1", "s2", "s3")),
        (["k", "t", "a"], ("t", "m", "k", "a")),
        ([], ()),
    ],
)
def test_lineage_by_hand(members, expected):
    assert names_of(PLAN.lineage(map(id_of, members))) == expected


def test_a_path_may_be_longer_than_calls_may_be_deep():
    def named(number: int) -> TrainingId:
        return id_of(f"s{number}")

    path = Plan(
        "toy",
        union(
            Training(named(i), "member", (), {}, 0, {}, tuple(map(named, range(i)[-1:])))
            for i in range(3000)
        ),
        (),
    )
    assert path.lineage([named(2999)]) == tuple(map(named, range(3000)))
    assert len(path.predecessors(named(2999))) == 2999


@given(st.lists(st.sampled_from(sorted(PARENTS))))
def test_lineage_has_each_training_once_and_parents_first(members):
    lineage = names_of(PLAN.lineage(map(id_of, members)))
    assert len(lineage) == len(set(lineage))
    assert set(members) <= set(lineage)
    for position, name in enumerate(lineage):
        assert set(PARENTS[name]) <= set(lineage[:position])


def test_a_network_continues_ancestors_of_its_own_approach_only():
    assert names_of(PLAN.predecessors(id_of("s3"))) == ("s1", "s2")
    assert names_of(PLAN.predecessors(id_of("k"))) == ("m",)
    assert PLAN.predecessors(id_of("m")) == ()
    assert names_of(PLAN.origins(id_of("k"))) == ("m",)
    assert names_of(PLAN.teachers(id_of("k"))) == ("t",)


# Hashes: another hash trains every record of every user again


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("full_data/v16", "a83ec4f1f183a005"),
        ("full_data/v16b@2", "45e7834ada113ada"),
        ("bagging/v13", "67bb4685b57b8911"),
        ("knowledge_distillation/v13", "30cea10f6fa6dcb3"),
        ("mothernets/v13_from_v13+v16+v16a+v16b+v19", "67a0f11c727b73e9"),
        ("snapshot_ensembles/v19_cycle2", "6ef2458d7d8f7eef"),
        ("treenets/tree_of_2", "9b5ec443d858e73d"),
    ],
)
def test_the_recipe_hash_of_a_known_training_stays(name, expected):
    id = TrainingId.parse(f"fashion_mnist/v5-small/seed0/{name}")
    assert plan_of(config()).trainings[id].recipe_hash == expected


def test_the_hash_of_known_ensembles_stays():
    assert plan_of(config()).ensembles_hash == "4bb2feb6db6f382b"


# The file


def test_a_plan_read_from_its_file_is_the_plan(tmp_path):
    plan = plan_of(config())
    plan.write(tmp_path / "plan.json")
    again = read_plan(tmp_path / "plan.json")
    assert again.ensembles == plan.ensembles
    assert list(again.trainings) == list(plan.trainings)
    assert again.to_json() == plan.to_json()
    ids = [id for training in again.trainings.values() for id in (training.id, *training.parents)]
    ids += [id for ensemble in again.ensembles for id in ensemble.members]
    assert all(isinstance(id, TrainingId) for id in ids)


def test_a_file_that_spells_members_out_is_read(tmp_path):
    plan = plan_of(config())
    content = json.loads(plan.to_json()) | {"format": 3}
    for row, ensemble in zip(content["ensembles"], plan.ensembles, strict=True):
        del row["common_members"]
        row["members"] = [str(id) for id in ensemble.members]
    (tmp_path / "plan.json").write_text(json.dumps(content))
    assert read_plan(tmp_path / "plan.json").ensembles == plan.ensembles


@pytest.mark.parametrize(("architecture_set", "networks"), [("v5-small", 5), ("v100-small", 100)])
def test_the_file_names_a_member_once_however_many_ensembles_have_it(architecture_set, networks):
    study = {"architecture_sets": [architecture_set], "approaches": {"full_data": None}}
    plan = plan_of(config() | study)
    rows = json.loads(plan.to_json())["ensembles"]
    assert len(rows) == len(plan.trainings) == networks * len(config()["seeds"])
    assert sum(len(row["members"]) for row in rows) == len(plan.trainings)


def test_the_file_has_ids_as_text(tmp_path):
    text = plan_of(config()).to_json()
    assert '"id": "fashion_mnist/v5-small/seed0/full_data/v16"' in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda plan: plan.update(data_root=[]), "plan: data_root must be another type than list"),
        (lambda plan: plan.update(download=1), "plan: download must be another type than int"),
        (lambda plan: plan["trainings"].reverse(), "is planned before its parents"),
        (lambda plan: plan["trainings"].pop(0), "which is not planned"),
        (lambda plan: plan["trainings"].append(plan["trainings"][0] | {"seed": 1}), "claim the id"),
        (lambda plan: plan["trainings"][0].update(seed=True), "v13: seed must be another type"),
        (lambda plan: plan["trainings"][0].update(data={}), "v13: data is of another data set"),
        (lambda plan: plan["trainings"][0].update(networks=[]), "v13: has no network"),
        (lambda plan: plan["trainings"][0].update(parent_hashes=[3]), "v13: parent_hashes must be"),
        (lambda plan: plan["recipes"][0].update(epochs=-1), "key 'recipes.epochs' must be greater"),
        (lambda plan: plan["networks"][0].update(blocks=[]), "has no block; give at least one"),
        (
            lambda plan: plan["ensembles"][-1].update(members=[], common_members=0),
            "an ensemble has no member",
        ),
        (lambda plan: plan["ensembles"][0].update(g={}), "ensembles: g must be another type"),
        (lambda plan: plan["ensembles"][0].update(members=[-1]), "the member -1, which is not pl"),
        (lambda plan: plan["ensembles"][0].update(members=[999]), "the member 999, which is not"),
        (lambda plan: plan["ensembles"][0].update(common_members=7), "has 7 members in common"),
        (
            lambda plan: plan["left_out"].append({key: [] for key in LeftOut.__annotations__}),
            "left_out: dataset",
        ),
    ],
)
def test_a_plan_that_was_altered_is_one_line_with_the_remedy(tmp_path, change, said):
    content = json.loads(plan_of(config()).to_json())
    change(content)
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(content))
    with pytest.raises(UserError) as caught:
        read_plan(file)
    text = str(caught.value)
    assert text.startswith(f"{file}: not a readable plan (") and said in text
    assert text.endswith("; if this is one, delete it and run snakemake again")
