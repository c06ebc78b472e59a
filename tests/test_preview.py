"""The preview of an ensemble's MotherNets: its predictions worked out by hand."""

import json
import subprocess
import sys
from itertools import pairwise

import pytest

from mnbench.architectures import load_ensemble, parameter_count, training_flops
from mnbench.datasets import DATASETS
from mnbench.errors import UserError
from mnbench.mothernets.preview import as_text, preview

MEMBERS = load_ensemble("v5-small")
DATASET = DATASETS["fashion_mnist"]
RECIPE = {"images": 12000, "epochs": 10, "hatched_epochs": 4}


def flops(*networks) -> int:
    return sum(training_flops(network, 28, in_channels=1) for network in networks)


def test_what_it_predicts_is_worked_out_by_hand():
    found = preview(MEMBERS, 2, DATASET, **RECIPE)
    v13, v16, *_ = MEMBERS
    by_g = {row.g: row.training_flops for row in found.predictions}
    # At g = 1 the MotherNet is v13; at g = 2 v13 is by itself, and v16 is the others' MotherNet.
    assert by_g[1] == 12000 * (10 * flops(v13) + 4 * flops(*MEMBERS))
    assert by_g[2] == 12000 * (10 * flops(v13) + 10 * flops(v16) + 4 * flops(*MEMBERS[1:]))
    assert by_g[5] == 12000 * 10 * flops(*MEMBERS)
    assert found.predictions[-1].of_full_data == 1
    assert all(a.training_flops < b.training_flops for a, b in pairwise(found.predictions))


def test_it_shows_each_mothernet_and_what_members_take_from_it():
    alone, others = preview(MEMBERS, 2, DATASET, **RECIPE).clusters
    assert [share.member for share in alone.members] == ["v13"]
    assert alone.members[0].covered == 1
    assert others.mothernet == "8-8 | 16-16-16 | 32-32-32"
    v16b = others.members[2]
    counts = [parameter_count(MEMBERS[index], in_channels=1) for index in (1, 3)]
    assert v16b.covered == counts[0] / counts[1]


@pytest.mark.parametrize("g", [0, 6])
def test_a_g_out_of_range_is_refused(g):
    with pytest.raises(UserError, match="g runs from 1 to 5"):
        preview(MEMBERS, g, DATASET, **RECIPE)


def test_the_command_speaks_to_people_and_to_programs():
    command = [sys.executable, "-m", "mnbench", "mothernet", "--ensemble", "v5-small", "--g", "2"]
    found = preview(MEMBERS, 2, DATASET, **RECIPE)
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert text.strip() == as_text(found)
    data = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout
    assert (
        json.loads(data)["predictions"][0]["training_flops"] == found.predictions[0].training_flops
    )
    wrong = subprocess.run([*command[:-1], "9"], capture_output=True, text=True)
    assert wrong.returncode == 2
    assert wrong.stderr.count("\n") == 1 and wrong.stderr.startswith("mnbench: g = 9")
