"""Folders of images in a study: checked with its other keys, known by name wherever a plan is."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from support.image_folders import make_folder, picture, save, settle
from support.tiny import config, plan_of

from mnbench.cli import main
from mnbench.datasets import DATASETS, prepare, read_train
from mnbench.datasets.prepared import check_prepared
from mnbench.errors import UserError
from mnbench.planning.disk import disk_line, needed_bytes
from mnbench.planning.forecast import forecast
from mnbench.planning.plan import Plan, read_plan

SIZE = 16


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def study(**changes):
    """Return a study of two data sets, one of its own."""
    entry = {"name": "pets", "folder": "pets", "image_size": SIZE, "title": "Cats and dogs"}
    return config() | {
        "datasets": ["fashion_mnist", entry | changes],
        "data": {"train_images": 40, "validation_images": 10},
        "approaches": {"full_data": None},
    }


def planned(**changes) -> Plan:
    make_folder_once()
    return plan_of(study(**changes))


def make_folder_once() -> None:
    make_folder(Path("pets"), each=30, size=SIZE)


def refusal(**changes) -> str:
    with pytest.raises(UserError) as error:
        planned(**changes)
    text = str(error.value)
    assert text.startswith("tiny.yaml: ")
    return text


def test_a_plan_describes_the_data_sets_of_its_own():
    plan = planned()
    own = plan.dataset("pets")
    assert (own.title, own.num_classes, own.in_channels, own.image_size) == (
        *("Cats and dogs", 2, 3, SIZE),
    )
    assert (own.train_images, own.test_images) == (60, 60)
    assert plan.dataset("fashion_mnist") is DATASETS["fashion_mnist"]
    assert planned(title="").dataset("pets").title == "pets"


def test_a_plan_keeps_them_through_its_file(tmp_path):
    plan = planned(test="test", channels="grey")
    plan.write(tmp_path / "plan.json")
    again = read_plan(tmp_path / "plan.json")
    assert again.own_datasets == plan.own_datasets and again.to_json() == plan.to_json()
    assert disk_line(again) == disk_line(plan) and forecast(again) == forecast(plan)


def test_a_plan_without_them_is_written_as_before():
    values = config()
    assert "own_datasets" not in json.loads(plan_of(values).to_json())
    for training in plan_of(values).trainings.values():
        assert set(training.data) == {"dataset", "train_images", "validation_images"}


def test_the_content_of_a_folder_is_part_of_its_trainings_and_of_no_others():
    before = planned()
    settle(save(Path("pets/test/cat/new.png"), picture(77, (SIZE, SIZE))))
    after = plan_of(study())
    for id, training in before.trainings.items():
        same = training.recipe_hash == after.trainings[id].recipe_hash
        assert same == (id.dataset == "fashion_mnist")


def test_a_plan_of_other_images_is_refused(tmp_path):
    file = tmp_path / "plan.json"
    values = json.loads(planned().to_json())
    values["own_datasets"][0]["content"] = "0" * 64
    file.write_text(json.dumps(values))
    with pytest.raises(UserError, match="data is of other images than own_datasets"):
        read_plan(file)


def test_the_images_are_stored_split_as_those_of_other_data_sets(tmp_path):
    plan = planned()
    data = next(one.data for id, one in plan.trainings.items() if id.dataset == "pets")
    prepare(
        plan.dataset("pets"),
        root=tmp_path,
        download=False,
        train_images=40,
        validation_images=10,
        out=tmp_path / "out",
    )
    check_prepared(tmp_path / "out", data)
    stored = read_train(tmp_path / "out" / "train.npz")
    assert stored.train.images.shape == (40, 3, SIZE, SIZE)
    assert stored.train.labels.tolist() == [0] * 20 + [1] * 20
    assert stored.validation.labels.tolist() == [0] * 5 + [1] * 5


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "cifar10"}, "key 'datasets.1': the name 'cifar10' is of another data set"),
        ({"name": "a/b"}, "key 'datasets.1.name': 'a/b' cannot name a folder"),
        ({"name": "a" * 101}, "key 'datasets.1.name': has 101 characters"),
        ({"name": 3}, "key 'datasets.1.name' must be text, got 3"),
        ({"folder": "nowhere"}, "key 'datasets': 'pets', key 'folder': nowhere: no such folder"),
        ({"folder": ""}, "key 'datasets.1.folder'"),
        ({"image_size": 0}, "key 'datasets.1.image_size' must be greater than or equal to 1"),
        ({"image_size": "32"}, "key 'datasets.1.image_size' must be a whole number"),
        ({"image_size": 15}, "key 'image_size': pets: 120 of 120 images are not of 15 x 15"),
        ({"channels": "gray"}, "key 'datasets.1.channels': unknown value \"gray\"; did you mean"),
        ({"test": 1.5}, "key 'datasets.1.test' must be less than 1, got 1.5"),
        ({"test": 0.2}, "key 'test': 0.2 divides the images of classes"),
        ({"test": "train"}, "key 'datasets.1.test': 'train' has the training images"),
        ({"test": "../pets"}, "key 'datasets.1.test': '../pets' cannot name a folder"),
        ({"resize": "yes"}, "key 'datasets.1.resize' must be true or false"),
        ({"imagesize": 3}, "unknown key 'datasets.1.imagesize'; did you mean 'image_size'?"),
    ],
)
def test_a_wrong_key_is_one_line(changes, said):
    assert said in refusal(**changes)


@pytest.mark.parametrize("missing", ["name", "folder", "image_size"])
def test_a_missing_key_is_named_with_an_example(missing):
    values = study()
    del values["datasets"][1][missing]
    with pytest.raises(UserError, match=f"key 'datasets.1.{missing}' is missing; give it, for exa"):
        plan_of(values)


def test_two_data_sets_of_one_name_are_refused():
    values = study()
    values["datasets"].append(values["datasets"][1] | {"folder": "others"})
    with pytest.raises(UserError, match="'pets' is given twice"):
        plan_of(values)


def test_a_wrong_name_of_a_data_set_is_answered_as_before():
    with pytest.raises(UserError, match=r"key 'datasets.0': unknown data set 'fashion'; did you"):
        plan_of(config() | {"datasets": ["fashion"]})
    with pytest.raises(UserError, match=r"key 'datasets.0' must be text, got 3"):
        plan_of(config() | {"datasets": [3]})


def test_too_few_images_are_refused_before_anything_runs():
    make_folder_once()
    values = study() | {"datasets": study()["datasets"][1:]}
    with pytest.raises(UserError, match=r"tiny.yaml: key 'data.validation_images': 60 of 60 image"):
        plan_of(values | {"data": {"validation_images": 60}})
    with pytest.raises(UserError, match=r"1 of 60 images of 2 classes cannot be held out; allow"):
        plan_of(values | {"data": {"validation_images": 1}})


def test_no_class_goes_without_an_image_to_train_on():
    make_folder_once()
    make_folder(Path("uneven"), ("cat", "dog", "ibex"), each=30, size=SIZE)
    for image in sorted(Path("uneven/train/ibex").iterdir())[3:]:
        image.unlink()
    uneven = study(folder="uneven")["datasets"][1:]
    values = study() | {"datasets": uneven, "data": {"validation_images": 20}}
    assert plan_of(values).trainings
    for sample in ("fixed", "per_seed"):
        few = values | {"data": {"train_images": 6, "validation_images": 20, "sample": sample}}
        with pytest.raises(UserError, match=r"6 images have none of class 'ibex', which has 3 of "):
            plan_of(few)


def test_the_command_of_the_pipeline_names_what_the_study_has(tmp_path, capsys):
    planned().write(tmp_path / "plan.json")
    numbers = ["--train-images", "40", "--validation-images", "10", "--out", "out"]
    assert main(["dataset", "pet", "plan.json", *numbers]) == 2
    assert "study 'tiny' has no data set 'pet'; did you mean 'pets'?" in capsys.readouterr().err
    assert main(["dataset", "pets", "plan.json", *numbers]) == 0
    assert json.loads((tmp_path / "out/data.json").read_text())["dataset"] == "pets"


def test_a_configuration_in_a_file_is_planned(tmp_path, capsys):
    make_folder_once()
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study()))
    assert main(["plan", "study.yaml"]) == 0
    said = capsys.readouterr()
    assert "full_data" in said.out and "reading the 120 images of 'pets'" in said.err


DAMAGES = {
    "test_images": (-5, "test_images is no number of anything"),
    "image_size": (0, "image_size is no number of anything"),
    "in_channels": (1, "is another data set than its folder's"),
    "num_classes": (10**9, "has more classes than images"),
    "folder": (None, "folder must be another type than NoneType"),
}


@pytest.mark.parametrize("key", DAMAGES)
def test_a_plan_with_a_damaged_data_set_is_refused_in_one_line(key, tmp_path):
    damage, answer = DAMAGES[key]
    values = json.loads(planned().to_json())
    values["own_datasets"][0][key] = damage
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(values))
    with pytest.raises(UserError, match=answer):
        read_plan(file)


def test_a_plan_with_a_data_set_twice_is_refused(tmp_path):
    values = json.loads(planned().to_json())
    values["own_datasets"] *= 2
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(values))
    with pytest.raises(UserError, match="own_datasets has a name twice"):
        read_plan(file)


def test_the_disk_that_a_folders_images_take_is_predicted():
    plan = planned()
    (own,) = plan.own_datasets
    larger = replace(plan, own_datasets=(replace(own, train_images=own.train_images + 1000),))
    more = needed_bytes(larger, larger.trainings, together=1)
    more -= needed_bytes(plan, plan.trainings, together=1)
    assert more == 2 * 1000 * own.in_channels * SIZE**2  # in the cache, and stored
