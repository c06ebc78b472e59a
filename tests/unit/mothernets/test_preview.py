"""The preview of an architecture set's MotherNets: its predictions worked out by hand."""

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from support.strategies import plain

from mnbench.architectures import (
    ARCHITECTURE_SETS,
    Architecture,
    load_architectures,
    parameter_count,
    training_flops,
)
from mnbench.architectures.variants import Rule, variants
from mnbench.cli import main
from mnbench.commands.preview import DEFAULT_STUDY
from mnbench.datasets import DATASETS
from mnbench.errors import UserError
from mnbench.mothernets.listing import listing
from mnbench.mothernets.preview import Preview, as_text, first_fitting, preview

ROOT = Path(__file__).parents[3]
MEMBERS = load_architectures("v5-small")
DATASET = DATASETS["fashion_mnist"]
RECIPE = {"images": 12000, "epochs": 10, "hatched_epochs": 4}


def flops(*networks) -> int:
    return sum(training_flops(network, 28, in_channels=1) for network in networks)


def test_what_it_predicts_is_worked_out_by_hand():
    found = preview(MEMBERS, 2, DATASET, **RECIPE)
    v13, v16, *_ = MEMBERS
    by_g = {row.g: row.training_flops for row in found.predicted_costs}
    # At g = 1 the MotherNet is v13; at g = 2 v13 is by itself, and v16 is the others' MotherNet.
    assert by_g[1] == 12000 * (10 * flops(v13) + 4 * flops(*MEMBERS))
    assert by_g[2] == 12000 * (10 * flops(v13) + 10 * flops(v16) + 4 * flops(*MEMBERS[1:]))
    assert by_g[5] == 12000 * 10 * flops(*MEMBERS)
    assert found.predicted_costs[-1].of_full_data == 1
    assert all(a.training_flops < b.training_flops for a, b in pairwise(found.predicted_costs))


def test_it_shows_each_mothernet_and_what_members_take_from_it():
    alone, others = preview(MEMBERS, 2, DATASET, **RECIPE).clusters
    assert [share.member for share in alone.members] == ["v13"]
    assert alone.members[0].covered == 1
    assert str(others.mothernet).endswith(": 8-8 | 16-16-16 | 32-32-32")
    v16b = others.members[2]
    counts = [parameter_count(MEMBERS[index], in_channels=1) for index in (1, 3)]
    assert v16b.covered == counts[0] / counts[1]
    assert v16b.flops_covered == flops(MEMBERS[1]) / flops(MEMBERS[3])


def test_it_clusters_by_training_flops_where_asked():
    networks = load_architectures("v25")
    by_flops = preview(networks, 2, DATASETS["cifar10"], **RECIPE, cluster_by="training_flops")
    plain = preview(networks, 2, DATASETS["cifar10"], **RECIPE)

    def shared(found: Preview) -> int:
        groups = found.clusters
        return sum((len(c.members) - 1) * training_flops(c.mothernet, 32) for c in groups)

    assert by_flops.cluster_by == "training_flops"
    assert shared(by_flops) > shared(plain)


@pytest.mark.parametrize("g", [0, 6])
def test_a_g_out_of_range_is_refused(g):
    with pytest.raises(UserError, match="g runs from 1 to 5"):
        preview(MEMBERS, g, DATASET, **RECIPE)


def test_the_least_g_is_shown_unless_another_is_asked_for():
    members = load_architectures("mixed10")
    found = preview(members, None, DATASETS["cifar10"], **RECIPE)
    assert (found.g, found.minimum_g) == (3, 3)
    assert [row.g for row in found.predicted_costs] == list(range(3, 11))
    with pytest.raises(UserError, match="use g from 3"):
        preview(members, 2, DATASETS["cifar10"], **RECIPE)


def test_with_tau_every_share_is_at_least_that():
    found = preview(MEMBERS, None, DATASETS["cifar10"], **RECIPE, tau=0.6)
    shares = [share.covered for group in found.clusters for share in group.members]
    assert len(shares) == 5 and min(shares) >= 0.6
    assert found.g > 1


SETS = [  # a hundred networks take a search for each of several g
    pytest.param(name, marks=[pytest.mark.slow] * ("100" in name)) for name in ARCHITECTURE_SETS
]


@pytest.mark.parametrize("architecture_set", SETS)
def test_it_works_for_every_architecture_set(architecture_set):
    members = load_architectures(architecture_set)
    found = preview(members, None, first_fitting(members), **RECIPE)
    assert sum(len(group.members) for group in found.clusters) == len(members)
    text = as_text(found)
    for network in members:
        assert f"  {network.name} " in text
    assert max(map(len, text.splitlines())) < 160
    assert [row.training_flops for row in found.predicted_costs] == sorted(
        row.training_flops for row in found.predicted_costs
    )


def test_every_kind_of_part_has_its_line():
    network = Architecture.from_dict(
        {
            "name": "all",
            "stem": {"space_to_depth": 2, "filters": 16, "kernel": 7, "stride": 2, "pool": 2},
            "blocks": [
                [8, {"filters": 8, "kernel": 5}],
                {"kind": "residual", "width": 16, "stride": 2, "layers": [16, 12]},
                {"kind": "dense", "layers": [4, 4], "transition": 12, "bottleneck": 4},
            ],
            "head": {"pool": "flatten", "hidden": [32]},
        }
    )
    assert dict(listing(network)) == {
        "stem": "space to depth 2, 16 filters of 7x7, stride 2, max pooling 2",
        "block 1": "plain 8-8(5x), max pooling 2",
        "block 2": "residual 16 basic:16-12, stride 2, shortcut projection",
        "block 3": "dense b4:4-4>12, average pooling 2",
        "head": "flattened, fully connected 32, classifier",
    }
    assert listing(Architecture(library="timm:resnet18")) == (("network", "timm:resnet18"),)


def test_what_is_not_typed_is_the_default_study_s(tmp_path, monkeypatch, capsys):
    study = yaml.safe_load((ROOT / "config/default.yaml").read_text(encoding="utf-8"))
    assert first_fitting(MEMBERS).name == study["datasets"][0]
    study["data"]["train_images"] = 700
    study["approaches"]["mothernets"]["hatched"]["epochs"] = 3
    for name, text in (("baselines/__init__.py", ""), (DEFAULT_STUDY, yaml.safe_dump(study))):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.chdir(tmp_path)
    options = ["--architecture-set", "v5-small", "--json"]
    assert main(["preview", *options, "--epochs", "6"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["images"], shown["epochs"], shown["hatched_epochs"]) == (700, 6, 3)


def test_the_command_speaks_to_people_and_to_programs():
    command = [
        sys.executable,
        "-m",
        "mnbench",
        "mothernet",
        "--architecture-set",
        "v5-small",
        "--g",
        "2",
    ]
    found = preview(MEMBERS, 2, DATASET, **RECIPE)
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    title, _, rest = text.strip().partition("\n")
    assert title.startswith("v5-small: ") and rest == as_text(found)
    data = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout
    assert (
        json.loads(data)["predicted_costs"][0]["training_flops"]
        == found.predicted_costs[0].training_flops
    )
    wrong = subprocess.run([*command[:-1], "9"], capture_output=True, text=True)
    assert wrong.returncode == 2
    assert wrong.stderr.count("\n") == 1 and wrong.stderr.startswith("mnbench: g = 9")


def test_of_more_than_a_hundred_networks_some_values_of_g_are_predicted():
    members = variants(plain([8, 8], [16]), Rule(120))
    shown = preview(members, 3, DATASET, **RECIPE)
    assert [row.g for row in shown.predicted_costs] == [1, 2, 3, 4, 8, 16, 32, 64, 120]
