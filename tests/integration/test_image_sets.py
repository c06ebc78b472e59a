"""Which images a study trains on and is evaluated on: a sample a seed, and development images."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.text import Text
from support.tiny import (
    DATASET,
    TEST,
    TRAIN,
    VALIDATION,
    change_test_set,
    config,
    job_of,
    plan_of,
    train,
)

from mnbench.cli import main
from mnbench.datasets import load_train, prepare, split
from mnbench.datasets.images import channel_statistics
from mnbench.errors import UserError
from mnbench.evaluation.comparison import check_same_images
from mnbench.evaluation.evaluate import evaluate
from mnbench.evaluation.sources import read_sources, sources
from mnbench.evaluation.tables.writing import write_tables
from mnbench.planning.plan import read_plan
from mnbench.records.paths import StudyPaths
from mnbench.records.predictions import read_predictions
from mnbench.records.store import RecordStore

DEVELOPMENT = 150


def study_of(root, approaches, **data):
    """Write a plan and store its images, as the rule does."""
    paths = StudyPaths(root)
    values = config() | {"study": root.name, "seeds": [0, 1], "approaches": approaches}
    values["data"] = values["data"] | data
    plan_of(values).write(paths.plan)
    prepare(
        DATASET,
        root=root / "nowhere",
        download=False,
        train_images=None if data.get("sample") == "per_seed" else TRAIN,
        validation_images=VALIDATION,
        development_images=data.get("development_images", 0),
        out=paths.data(DATASET),
    )
    change_test_set(paths, lambda images: images[:TEST])
    return paths


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A study whose seeds draw their training images, of several approaches."""
    approaches = {
        "full_data": None,
        "bagging": None,
        "knowledge_distillation": None,
        "mothernets": {"g": [1], "hatched": {"epochs": 1}},
    }
    root = tmp_path_factory.mktemp("drawn")
    return study_of(root, approaches, sample="per_seed", development_images=DEVELOPMENT)


@pytest.fixture(scope="module")
def developed(tmp_path_factory):
    """A trained study with development images."""
    approaches = {"full_data": None, "single_network": {"budgets": [1, 2]}}
    paths = study_of(
        tmp_path_factory.mktemp("developed"), approaches, development_images=DEVELOPMENT
    )
    for id in read_plan(paths.plan).trainings:
        train(paths, id)
    return paths


# A sample for each seed


def test_all_trainings_of_a_seed_have_its_sample_and_another_seed_another(drawn):
    samples = {}
    for id, training in read_plan(drawn.plan).trainings.items():
        if training.parents:
            continue  # a job looks for them first
        data = job_of(drawn, id).data
        assert len(data.train) == TRAIN and len(data.validation) == VALIDATION
        assert data.train.labels.bincount().tolist() == [TRAIN // 10] * 10
        samples.setdefault(id.seed, set()).add(data.train.images.numpy().tobytes())
    assert all(len(of_seed) == 1 for of_seed in samples.values())
    assert samples[0] != samples[1]


def test_a_sample_has_no_image_that_is_held_out_and_is_normalised_by_its_own_statistics(drawn):
    official = load_train(DATASET, root=drawn.root, download=False)
    parts = split(
        official.labels,
        train_images=None,
        validation_images=VALIDATION,
        development_images=DEVELOPMENT,
        num_classes=10,
    )
    ids = [id for id in read_plan(drawn.plan).trainings if id.approach == "bagging"]
    for id in (ids[0], ids[-1]):
        data = job_of(drawn, id).data
        pool = {image.tobytes() for image in official.take(parts.train).images}
        assert {image.tobytes() for image in data.train.images.numpy()} <= pool
        normalised = data.normalise(data.train.images)
        assert abs(normalised.mean()) < 1e-4 and abs(normalised.std() - 1) < 1e-3


def test_the_pool_is_stored_once_and_a_copy_for_no_seed(drawn):
    folder = drawn.data(DATASET)
    assert sorted(file.name for file in folder.iterdir()) == [
        "data.json",
        "development.npz",
        "test.npz",
        "train.npz",
    ]
    with np.load(folder / "train.npz") as arrays:
        assert len(arrays["train_labels"]) == 60_000 - VALIDATION - DEVELOPMENT


def test_every_approach_trains_on_the_sample_and_bills_its_images(drawn):
    plan = read_plan(drawn.plan)
    for id in plan.trainings:
        if id.seed == 1:
            train(drawn, id)
    store = RecordStore(plan, drawn.records, "development")
    for id, training in plan.trainings.items():
        if id.seed == 1:
            cost = store.record(id).cost
            assert cost.examples == training.recipe["epochs"] * TRAIN
            assert cost.epochs == training.recipe["epochs"]
        if id.seed == 1 and id.approach == "bagging":
            # A bootstrap of n has 63 % of them.
            assert 0.5 < store.record(id).details["distinct_images"] / TRAIN < 0.75


# Development images


def test_records_have_predictions_of_the_development_images_only_if_there_are_any(
    developed, trained
):
    id = next(iter(read_plan(developed.plan).trainings))
    predictions = read_predictions(developed.record(id), "development")
    assert predictions.logits.shape == (1, DEVELOPMENT, 10)
    with np.load(developed.development_data(DATASET)) as arrays:
        assert np.array_equal(predictions.labels, arrays["development_labels"])
    folder = trained.record(next(iter(read_plan(trained.plan).trainings)))
    with np.load(folder / "predictions.npz") as file:
        assert set(file) == {"validation_logits", "validation_labels", "test_logits", "test_labels"}


def test_development_images_change_no_training(developed, tmp_path):
    """What is held out beside them, the training has: enough images are left."""
    paths = study_of(tmp_path / "without", {"full_data": None})
    id = next(iter(read_plan(paths.plan).trainings))
    train(paths, id)
    for split_name in ("validation", "test"):
        before = read_predictions(developed.record(id), split_name).logits
        assert np.array_equal(read_predictions(paths.record(id), split_name).logits, before)


def test_an_ensemble_is_evaluated_on_the_set_that_is_asked_for(developed):
    plan = read_plan(developed.plan)
    for name in plan.evaluation_sets:
        store = RecordStore(plan, developed.records, name)
        for run in evaluate(store, 20).evaluated:
            logits = [
                torch.from_numpy(read_predictions(developed.record(id), name).logits)
                for id in run.ensemble.members
            ]
            answer = torch.cat(logits).double().softmax(-1).mean(0).argmax(-1).numpy()
            labels = read_predictions(developed.record(run.ensemble.members[0]), name).labels
            assert run.values["average", "test_error"] == pytest.approx((answer != labels).mean())


def status_of(*arguments):
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as end:
        return end.code


def test_tables_figures_and_pages_of_the_development_images_say_so(developed, tmp_path, capsys):
    plan, out = read_plan(developed.plan), tmp_path / "development"
    line = ["tables", developed.plan, "--costs", "training_flops"]
    assert status_of(*line, "--on", "development", "--out", out) == 0
    assert status_of(*line, "--out", tmp_path / "test") == 0
    for file in out.glob("*.csv"):
        table, of_test = (pd.read_csv(folder / file.name) for folder in (out, tmp_path / "test"))
        assert list(table) == ["evaluated_on", *of_test]
        assert set(table["evaluated_on"]) <= {"development"}
    estimates = pd.read_csv(out / "estimates.csv")
    assert set(estimates["images"]) == {DEVELOPMENT}
    assert set(pd.read_csv(tmp_path / "test/estimates.csv")["images"]) == {TEST}
    # Beside tables that Snakemake finds there, these would be others than it wants.
    wanted = sources(plan, developed.record, ["training_flops"])
    assert read_sources(out / "evaluated.json")["evaluated_on"] == "development"
    assert wanted.items() <= read_sources(tmp_path / "test/evaluated.json").items()

    capsys.readouterr()
    explorer = tmp_path / "explorer.html"
    assert (
        status_of(
            *("report", developed.plan, out, "--costs", "training_flops"),
            *("--out", tmp_path / "pages", "--explorer", explorer),
        )
        == 0
    )
    summary, claims = ((out / f"{name}.md").read_text() for name in ("summary", "claims"))
    assert f"{DEVELOPMENT} development images" in summary and "development error %" in summary
    assert "test error" not in summary
    assert "Everything here is measured on the development images" in claims
    page = explorer.read_text()
    assert f"{plan.study}: development error against training cost" in page
    assert '"evaluatedOn":"development"' in page


@pytest.mark.parametrize("name", ["pareto", "size", "diversity", "attainment", "disagreement_map"])
def test_a_figure_of_the_development_images_names_them(developed, tmp_path, name, monkeypatch):
    from mnbench.figures import style

    plan, shown = read_plan(developed.plan), []
    store = RecordStore(plan, developed.records, "development")
    write_tables(store, tmp_path, ["training_flops"], replicates=20)

    def keep(figure, *files):
        shown.append(" ".join(text.get_text() for text in figure.findobj(Text)))

    monkeypatch.setattr(style, "save_figure", keep)
    line = ["figure", name, developed.plan, tmp_path, "--dataset", DATASET]
    line += ["--architecture-set", "v5-small", "--costs", "training_flops", "--out", tmp_path]
    assert status_of(*line) == 0
    (text,) = shown
    assert "(v5-small), development images" in text
    assert "test error" not in text and "test images" not in text


def test_two_studies_are_compared_on_the_development_images(developed, capsys):
    line = ["compare", developed.root, developed.root]
    assert status_of(*line, "--on", "development") == 0
    assert "on the development images" in capsys.readouterr().out
    assert status_of(*line) == 0
    assert "on the test images" in capsys.readouterr().out


@pytest.mark.parametrize("key", ["validation_images", "development_images"])
def test_other_development_images_are_not_compared(developed, tmp_path, capsys, key):
    # The plan alone decides, before any record is read.
    values = json.loads(developed.plan.read_text())
    for training in values["trainings"]:
        training["data"][key] += 10
    (tmp_path / "plan.json").write_text(json.dumps(values | {"study": "other"}))
    line = ["compare", developed.root, tmp_path]
    assert status_of(*line, "--on", "development") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and f"key 'data.{key}': " in error
    assert "in 'other', so that their development images differ" in error


def test_other_labels_are_not_compared(developed):
    stores = [RecordStore(read_plan(developed.plan), developed.records) for _ in range(2)]
    check_same_images(stores)
    stores[1].labels = lambda dataset, split: stores[0].labels(dataset, split)[::-1]
    with pytest.raises(UserError, match=f"the test images of '{DATASET}' have other labels in"):
        check_same_images(stores)


def test_other_images_of_a_folder_are_not_compared(developed, tmp_path):
    stores = [RecordStore(read_plan(developed.plan), developed.records) for _ in range(2)]
    next(iter(stores[0].plan.trainings.values())).data["content"] = "0123"
    with pytest.raises(UserError, match=f"the images of '{DATASET}' in study .* are others than"):
        check_same_images(stores)


@pytest.mark.parametrize("command", ["tables", "compare"])
def test_a_study_without_development_images_is_refused_in_one_line(
    trained, tmp_path, capsys, command
):
    line = {
        "tables": ["tables", trained.plan, "--costs", "examples", "--out", tmp_path],
        "compare": ["compare", trained.root, trained.root],
    }[command]
    assert status_of(*line, "--on", "development") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "has no development images; set data.development_images" in error


def test_statistics_are_of_the_drawn_images(drawn):
    id = next(iter(read_plan(drawn.plan).trainings))
    data = job_of(drawn, id).data
    images = load_train(DATASET, root=drawn.root, download=False)
    assert len(images) == 60_000
    mean, std = channel_statistics(
        type(images)(data.train.images.numpy(), data.train.labels.numpy())
    )
    assert torch.allclose(data.normalise.scale[0, :, 0, 0], torch.from_numpy(1 / (255 * std)))
    assert torch.allclose(data.normalise.shift[0, :, 0, 0], torch.from_numpy(-mean / std))
