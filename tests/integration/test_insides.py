"""``mnbench insides`` on a study of real images: the command, its tables and its refusals."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.axes import Axes
from support.tiny import DATASET, config, plan_of, train
from torch import nn

from mnbench.checkout import import_approach
from mnbench.cli import main
from mnbench.evaluation.metrics.pairwise import disagreement_matrix
from mnbench.evaluation.tables.files import read_table
from mnbench.insides.ensembles import ENSEMBLE_COLUMNS
from mnbench.insides.figure import draw_insides
from mnbench.insides.hatched import HATCHED_COLUMNS
from mnbench.insides.pairs import PAIR_COLUMNS
from mnbench.planning.plan import read_plan
from mnbench.records.paths import StudyPaths
from mnbench.records.predictions import read_predictions
from mnbench.records.record import WEIGHTS
from mnbench.training.job import Job

WIDER = "v16b_from_v13+v16+v16a+v16b+v19"
EQUAL = ("v16-1", "v16-2", "v16-3")
NOISE_ALONE = "cosine MotherNet, noise 0.1"


@pytest.fixture(scope="module")
def looked_into(prepared, tmp_path_factory) -> StudyPaths:
    """Train a study of hatched networks, different ones and equal ones."""
    paths = StudyPaths(tmp_path_factory.mktemp("insides") / "study")
    shutil.copytree(prepared.root, paths.root)
    values = config() | {"architecture_sets": ["v5-small", "v3-equal-small"]}
    values["recipe"] = {"epochs": 2, "batch_size": 64}
    values["approaches"] = {
        "full_data": {"architecture_sets": ["v3-equal-small"]},
        "mothernets": {
            "g": [1],
            "hatched": {"epochs": 1},
            "variants": {
                "far": {"hatched": {"keep": 0.5}},
                "untrained": {"mothernet": {"epochs": 0}},
            },
        },
    }
    plan_of(values).write(paths.plan)
    for id in read_plan(paths.plan).trainings:
        train(paths, id)
    return paths


@pytest.fixture(scope="module")
def out(looked_into) -> Path:
    folder = looked_into.root / "insides"
    assert main(["insides", str(looked_into.plan), "--out", str(folder)]) == 0
    return folder


def table(out: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(out / f"{name}.csv", keep_default_na=False, na_values=[""])


def test_three_tables_have_the_documented_columns_and_a_figure_is_drawn(out):
    for name, columns in {
        "hatched": HATCHED_COLUMNS,
        "pairs": PAIR_COLUMNS,
        "ensembles": ENSEMBLE_COLUMNS,
    }.items():
        assert list(table(out, name)) == list(columns)
        assert len(table(out, name))
    assert (out / f"insides_{DATASET}.png").read_bytes().startswith(b"\x89PNG")
    assert (out / f"insides_{DATASET}.pdf").read_bytes().startswith(b"%PDF")


def test_every_hatched_network_is_hatched_again(out, looked_into):
    """A member hatched otherwise would not begin with its recorded error, and be left out."""
    hatched = table(out, "hatched")
    plan = read_plan(looked_into.plan)
    members = [t for t in plan.trainings.values() if t.parents and t.role == "member"]
    assert set(hatched["record"]) == {training.name for training in members}
    assert set(hatched["mothernet_epochs"]) == {0, 2} and (hatched["hatched_epochs"] == 1).all()


def test_what_an_untrained_mothernet_hatches_stands_at_0_of_its_line(out):
    untrained = table(out, "hatched").query("mothernet_epochs == 0")
    assert len(untrained) == 5 + 3 and set(untrained["manner"]) == {NOISE_ALONE}
    ensembles, pairs = table(out, "ensembles"), table(out, "pairs")
    assert (ensembles[ensembles["variant"] == "untrained"]["mothernet_epochs"] == 0).all()
    for axes, content in zip(panels(out)[:2], (ensembles, pairs), strict=True):
        lines = [line for line in axes.lines if list(line.get_xdata()) == [0, 2]]
        assert (
            len(lines) == content[content["variant"] == "untrained"]["architecture_set"].nunique()
        )
        assert axes.get_xscale() == "linear" and 0 in axes.get_xticks()


def test_only_the_wider_network_has_replicas_and_they_part_where_less_is_kept(out):
    hatched = table(out, "hatched")
    wider = hatched[hatched["network"] == "v16b"]
    others = hatched[hatched["network"] != "v16b"]
    assert (others["replica_pairs"] == 0).all() and others["cosine_start"].isna().all()
    # Of the MotherNet's two layers of 16 and of 32 channels, 24 and 48 make 8 and 16 pairs each.
    assert (wider["replica_pairs"] == 2 * 8 + 2 * 16).all()
    assert wider["cosine_hatched"].to_numpy() == pytest.approx(1)
    by_manner = wider.groupby("manner")["cosine_start"]
    assert by_manner.min()[NOISE_ALONE] > 0.95 and by_manner.max()[NOISE_ALONE] < 1
    assert by_manner.max()[f"{NOISE_ALONE}, keep 0.5"] < 0.8


def test_only_deeper_networks_have_inserted_weights(out):
    hatched = table(out, "hatched")
    deeper = hatched["network"].isin(["v16", "v16a", "v16b", "v19"])
    assert (hatched[deeper]["gradient_inserted"] > 0).all()
    assert hatched[~deeper]["gradient_inserted"].isna().all()
    assert (hatched["gradient_inherited"] > 0).all()


def test_pairs_are_those_of_equal_networks(out):
    pairs = table(out, "pairs")
    assert set(pairs["architecture_set"]) == {"v3-equal-small"}
    assert len(pairs) == 4 * 3  # of Full Data, MotherNets and their variants
    assert set(pairs[pairs["approach"] == "full_data"]["first"]) == set(EQUAL[:2])
    ends = pairs[["first_error", "second_error"]].max(axis=1)
    assert (pairs["barrier"] - (pairs["highest_error"] - ends)).abs().max() < 1e-9


def test_disagreement_is_that_of_the_recorded_predictions(out, looked_into):
    ensembles = table(out, "ensembles")
    row = ensembles[ensembles["approach"] == "full_data"].iloc[0]
    assert pd.isna(row["manner"]) and pd.isna(row["mothernet_epochs"])
    ids = [id for id in read_plan(looked_into.plan).trainings if id.name in EQUAL]
    logits = [read_predictions(looked_into.record(id), "validation").logits[0] for id in ids]
    matrix = disagreement_matrix(np.stack(logits).argmax(axis=-1))
    assert row["disagreement"] == pytest.approx((matrix[0, 1] + matrix[0, 2] + matrix[1, 2]) / 3)


def panels(out: Path, **changes: pd.DataFrame) -> list[Axes]:
    """Draw the figure of the tables, *changes* in place of some, and return its panels."""
    tables = {name: read_table(out / f"{name}.csv") for name in ("hatched", "pairs", "ensembles")}
    for content in tables.values():
        content["manner"] = content["manner"].fillna("")
    return draw_insides(**tables | changes, title="a title").axes


def test_panels_show_means_of_the_tables(out):
    disagreement, barrier, likeness, _ = panels(out)
    ensembles, pairs, hatched = (table(out, name) for name in ("ensembles", "pairs", "hatched"))

    def heights(axes: Axes) -> list[float]:
        return [float(line.get_ydata()[-1]) for line in axes.lines]

    levels = pairs.groupby("approach")["barrier"].mean()
    assert 100 * levels["full_data"] == pytest.approx(heights(barrier)[0])
    drawn = ensembles.query("mothernet_epochs == 2")["disagreement"]  # where lines end
    assert sorted(100 * drawn) == pytest.approx(sorted(heights(disagreement)[1:]))
    ends = hatched.query("mothernet_epochs == 2")["cosine_trained"].dropna()
    assert sorted(ends) == pytest.approx(sorted(heights(likeness)[:-1]))
    assert likeness.lines[0].get_xdata()[0] == 0


def test_a_panel_without_data_says_why(out):
    hatched, pairs = table(out, "hatched").iloc[:0], table(out, "pairs").iloc[:0]
    texts = [[text.get_text() for text in axes.texts] for axes in panels(out, pairs=pairs)]
    assert texts == [[], ["no two members of equal architecture"], [], []]
    texts = [[text.get_text() for text in axes.texts] for axes in panels(out, hatched=hatched)]
    assert texts == [[], [], ["no network has replicas"], ["no network has inserted layers"]]


@pytest.fixture
def spoiled(looked_into, tmp_path) -> StudyPaths:
    shutil.copytree(looked_into.root, tmp_path / "study")
    return StudyPaths(tmp_path / "study")


def test_a_damaged_record_is_named_and_left_out(spoiled, tmp_path, capsys):
    id = next(id for id in read_plan(spoiled.plan).trainings if id.name == WIDER)
    (spoiled.record(id) / WEIGHTS).write_bytes(b"no weights")
    assert main(["insides", str(spoiled.plan), "--out", str(tmp_path / "out")]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("mnbench: missing from the insides: ") and WIDER in line
    assert WIDER not in set(table(tmp_path / "out", "hatched")["record"])


def test_a_member_that_was_hatched_otherwise_is_left_out(spoiled, tmp_path, capsys, monkeypatch):
    def forget(job: Job, member: nn.Module) -> None:
        with torch.no_grad():
            member.head.classifier.weight.zero_()

    monkeypatch.setattr(import_approach("mothernets"), "break_symmetry", forget)
    assert main(["insides", str(spoiled.plan), "--out", str(tmp_path / "out")]) == 0
    lines = capsys.readouterr().err.splitlines()
    said = [line for line in lines if f"{WIDER}: begins with a validation error of" in line]
    assert len(said) == 1 and "but hatched again of 0.9" in said[0]
    assert WIDER not in set(table(tmp_path / "out", "hatched")["record"])


def test_a_study_without_records_is_refused_in_one_line(prepared, tmp_path, capsys):
    assert main(["insides", str(prepared.plan), "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("mnbench: no hatched network can be looked into: ")
    assert not (tmp_path / "out").exists()


def test_a_study_that_hatches_nothing_is_refused_in_one_line(prepared, tmp_path, capsys):
    values = config()
    values["approaches"] = {"full_data": None}
    plan_of(values).write(tmp_path / "plan.json")
    assert main(["insides", str(tmp_path / "plan.json"), "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "hatches no network; add 'mothernets'" in line
