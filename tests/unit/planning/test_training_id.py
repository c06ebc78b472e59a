"""The id of a training: five facts, and the text that a person sees."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnbench.planning.training_id import TrainingId

ID = TrainingId("fashion_mnist", "v5-small", 0, "full_data", "v16")
PARTS = st.text(st.characters(exclude_characters="/"), min_size=1)
IDS = st.builds(TrainingId, PARTS, PARTS, st.integers(0, 2**63), PARTS, PARTS)


def test_an_id_is_text_for_people():
    assert str(ID) == f"{ID}" == "fashion_mnist/v5-small/seed0/full_data/v16"


@given(IDS)
def test_an_id_survives_its_text(id):
    assert TrainingId.parse(str(id)) == id


def test_names_may_have_clusters_and_budgets():
    text = "cifar10/v25/seed12/mothernets/v16_from_v16+v19@0.5"
    assert TrainingId.parse(text) == ("cifar10", "v25", 12, "mothernets", "v16_from_v16+v19@0.5")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no/such",
        "fashion_mnist/v5-small/0/full_data/v16",
        "fashion_mnist/v5-small/seed/full_data/v16",
        "fashion_mnist/v5-small/seed-1/full_data/v16",
        "fashion_mnist/v5-small/seed007/full_data/v16",  # its path would be another one
        "fashion_mnist/v5-small/seed٣/full_data/v16",
        "fashion_mnist/v5-small/seed0/full_data",
        "fashion_mnist/v5-small/seed0/full_data/",
        "fashion_mnist//seed0/full_data/v16",
        "fashion_mnist/v5-small/seed0/full_data/v16/record.json",
        "/fashion_mnist/v5-small/seed0/full_data/v16",
        3,
        None,
    ],
)
def test_a_text_that_is_no_id_is_one_line(text):
    line = f"{text!r} is no id of a training; an id reads <dataset>/"
    with pytest.raises(ValueError, match=f"^{re.escape(line)}") as caught:
        TrainingId.parse(text)
    assert "\n" not in str(caught.value)


def test_an_id_is_the_path_below_the_records():
    assert Path("records") / ID == Path("records/fashion_mnist/v5-small/seed0/full_data/v16")


def test_ids_are_sorted_by_number_not_by_text():
    assert sorted([ID._replace(seed=10), ID._replace(seed=9)])[0].seed == 9


def test_json_needs_the_text():
    """A trap: JSON writes an id as a list unless it is made text before."""
    assert json.dumps({"id": str(ID)}) != json.dumps({"id": ID})
