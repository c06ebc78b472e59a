"""What comes from others is data: nothing in it runs, and nobody else can have code run here.

Each test plants something that would act if it were more than text, and looks for the act.
"""

import errno
import json
import os
import pickle
import shutil
import socket
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch
from support.small_training import new_network
from support.tiny import job_of, last_of

from mnbench.cli import main
from mnbench.datasets.prepared import check_prepared
from mnbench.datasets.training_set import read_train
from mnbench.errors import UserError
from mnbench.evaluation.tables import TITLES
from mnbench.evaluation.tables.files import read_table
from mnbench.files import sha256
from mnbench.planning.plan import read_plan
from mnbench.records.predictions import read_predictions
from mnbench.records.record import PREDICTIONS, RECORD, WEIGHTS
from mnbench.training import checkpoint
from mnbench.training.prefork import WarmProcess
from mnbench.yaml_files import read_yaml

NOBODY = 65534
HOSTILE = (
    "<script>planted()</script>",
    "\"><img src=x onerror='planted()'>",
    "</script></td></table><iframe src=//planted>",
    "$(touch planted) `touch planted` ; touch planted",
    "a\nb\r\nc",
    "{{ planted }} {% for x in planted %}",
    "| [planted](javascript:planted()) ![](//planted) |",
)


class Payload:
    """What pickle would run."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


class Elements(HTMLParser):
    """Collects a page's elements and their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_a_pickle_in_place_of_predictions_is_not_opened(trained, tmp_path):
    planted, folder = tmp_path / "planted", tmp_path / "record"
    shutil.copytree(trained.record(next(iter(read_plan(trained.plan).trainings))), folder)
    predictions = folder / PREDICTIONS
    objects = np.array([Payload(planted)], dtype=object)
    for write in (
        lambda: predictions.write_bytes(pickle.dumps(Payload(planted))),
        lambda: np.savez(predictions, test_logits=objects, test_labels=objects),
    ):
        write()
        with pytest.raises(UserError):
            read_predictions(folder, "test")
    assert not planted.exists()


def test_a_pickle_in_place_of_a_parents_weights_is_not_opened(study, tmp_path):
    planted = tmp_path / "planted"
    job = job_of(study, last_of(study, "mothernets"))
    weights = study.record(job.training.parents[0]) / WEIGHTS
    weights.write_bytes(pickle.dumps(Payload(planted)))
    with pytest.raises(UserError):
        job.parent_network(0)
    record = weights.with_name(RECORD)
    content = json.loads(record.read_text(encoding="utf-8"))
    content["checksums"][WEIGHTS] = sha256(weights)  # by somebody who knows how records are made
    record.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UserError):
        job.parent_network(0)
    assert not planted.exists()


def test_a_pickle_in_a_checkpoints_place_is_not_opened(tmp_path):
    planted, file = tmp_path / "planted", tmp_path / "c.safetensors"
    network = new_network()
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    for write in (
        lambda: file.write_bytes(pickle.dumps(Payload(planted))),
        lambda: torch.save(Payload(planted), file),
    ):
        write()
        assert checkpoint.restore(file, "this", network, optimiser) == ([], None)
    assert not planted.exists()


def test_pickles_in_place_of_stored_images_are_not_opened(prepared, tmp_path):
    planted, folder = tmp_path / "planted", tmp_path / "data"
    shutil.copytree(prepared.data("fashion_mnist"), folder)
    wanted = next(iter(read_plan(prepared.plan).trainings.values())).data
    objects = np.array([Payload(planted)], dtype=object)
    np.savez(folder / "train.npz", train_images=objects, train_labels=objects)
    with pytest.raises(UserError):
        check_prepared(folder, wanted)
    with pytest.raises(UserError):
        read_train(folder / "train.npz")
    assert not planted.exists()


@pytest.mark.parametrize(
    "text",
    [
        "study: !!python/object/apply:os.system ['touch planted']",
        "study: !!python/name:os.system",
        "study: !planted x",
    ],
)
def test_yaml_makes_plain_values_alone(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "study.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError):
        read_yaml(file)
    assert [path.name for path in tmp_path.iterdir()] == ["study.yaml"]


def test_hostile_text_in_foreign_tables_stays_text(tables_of_tiny, tmp_path, monkeypatch):
    """In every free text of every table, and in all pages and the explorer."""
    monkeypatch.chdir(tmp_path)
    tables, hostile = tmp_path / "tables", " ".join(HOSTILE)
    shutil.copytree(tables_of_tiny, tables)
    for name in TITLES:
        table = read_table(tables / f"{name}.csv")
        for column in set(table) & {"reason", "title", "statement", "source", "scale", "needs"}:
            table[column] = hostile
        table.to_csv(tables / f"{name}.csv", index=False)
    pages = _pages(tables, tmp_path / "pages")
    assert any("planted" in text for text in pages)
    assert _elements(pages) <= _elements(_pages(tables_of_tiny, tmp_path / "honest"))
    assert not list(tmp_path.rglob("planted"))


def _pages(tables: Path, out: Path) -> list[str]:
    explorer = out / "explorer.html"
    arguments = ["report", tables / "plan.json", tables, "--costs", "training_flops"]
    arguments += ["--out", out, "--explorer", explorer]
    assert main(list(map(str, arguments))) == 0
    return [file.read_text(encoding="utf-8") for file in sorted(out.glob("*.html"))]


def _elements(pages: list[str]) -> set[tuple[str, tuple[str, ...]]]:
    """Return the kinds of elements of pages, each with the names of its attributes."""
    found = [element for page in pages for element in Elements(page).found]
    assert not [
        value
        for _, attributes in found
        for name, value in attributes.items()
        if name.startswith("on") or (value or "").strip().lower().startswith("javascript:")
    ]
    return {(tag, tuple(sorted(attributes))) for tag, attributes in found}


@pytest.mark.slow  # the warm process imports torch
@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_user_cannot_reach_the_warm_process():
    """Its owner alone can connect: the folder of the socket is closed to all others."""
    process = WarmProcess()
    try:
        child = os.fork()  # another program might be one that nobody else may start
        if child == 0:
            os._exit(_errno_of_connecting_as(NOBODY, process.address))
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == errno.EACCES
        assert Path(process.address).parent.stat().st_mode & 0o077 == 0
        with socket.socket(socket.AF_UNIX) as own:
            own.connect(process.address)
    finally:
        process.close()


def _errno_of_connecting_as(user: int, address: str) -> int:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    try:
        socket.socket(socket.AF_UNIX).connect(address)
    except OSError as error:
        return error.errno
    return 0
