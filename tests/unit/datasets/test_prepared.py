"""Stored images are used only if they are what the study asks for."""

import json

import pytest
from support.tiny import DATASET, TRAIN, VALIDATION

from mnbench.datasets.prepared import DATA_FILES, NOTE, check_prepared
from mnbench.errors import UserError

WANTED = {"dataset": DATASET, "train_images": TRAIN, "validation_images": VALIDATION}


def test_stored_images_are_what_was_asked_for(study):
    check_prepared(study.data(DATASET), WANTED)


@pytest.mark.parametrize("change", [{"train_images": TRAIN + 1}, {"validation_images": 7}])
def test_other_numbers_of_images_are_refused(study, change):
    with pytest.raises(UserError, match=r"data\.json: is of .* but the plan says"):
        check_prepared(study.data(DATASET), WANTED | change)


@pytest.mark.parametrize("name", DATA_FILES)
@pytest.mark.parametrize("damage", ["missing", "empty", "bit flipped"])
def test_a_damaged_file_is_one_line(study, name, damage):
    file = study.data(DATASET) / name
    content = file.read_bytes()
    if damage == "missing":
        file.unlink()
    elif damage == "empty":
        file.write_bytes(b"")
    else:
        place = content.index(b"train_images") if name == NOTE else len(content) // 2
        file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    with pytest.raises(UserError) as caught:
        check_prepared(study.data(DATASET), WANTED)
    assert str(caught.value).startswith(str(file)) and "run snakemake" in str(caught.value)


@pytest.mark.parametrize(
    "content", ["[]", "3", "null", '{"checksums": 1}', '{"checksums": {}}', "[" * 100_000]
)
def test_a_note_of_another_form_is_one_line(study, content):
    (study.data(DATASET) / NOTE).write_text(content)
    with pytest.raises(UserError) as caught:
        check_prepared(study.data(DATASET), WANTED)
    assert "\n" not in str(caught.value)


def test_the_note_can_be_read_by_people(study):
    content = json.loads((study.data(DATASET) / NOTE).read_text())
    assert content.keys() == {*WANTED, "checksums"}
