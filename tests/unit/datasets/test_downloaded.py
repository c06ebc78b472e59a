"""Data sets that torchvision reads: small files of its formats, with the MD5 sums set to theirs."""

import functools
import http.server
import pickle
import shutil
import socket
import threading
from pathlib import Path

import numpy as np
import pytest
import torchvision.datasets
from support.data_files import cut_in_half, flip_byte, make_cifar, make_svhn, message

from mnbench.datasets import check_available, load_train
from mnbench.datasets.downloaded import SOURCES
from mnbench.datasets.loading import load
from mnbench.errors import UserError

DOWNLOADED = ("cifar10", "cifar100", "svhn")


@pytest.mark.parametrize("part", ["train", "test"])
@pytest.mark.parametrize("name", ["CIFAR10", "CIFAR100"])
def test_cifar_is_read_in_file_order(tmp_path, monkeypatch, name, part):
    reader = getattr(torchvision.datasets, name)
    batches = make_cifar(tmp_path / "data", monkeypatch, reader)[part]

    read = load(name.lower(), part=part, root=tmp_path / "data", download=False)

    pixels = np.concatenate([batch["data"] for batch in batches])
    labels = [label for batch in batches for label in batch.get("labels", batch.get("fine_labels"))]
    assert np.array_equal(read.images, pixels.reshape(-1, 3, 32, 32))
    assert read.images.dtype == np.uint8 and read.images.flags.c_contiguous
    assert read.labels.tolist() == labels and read.labels.dtype == np.int64


@pytest.mark.parametrize("part", ["train", "test"])
def test_svhn_is_read_with_zero_as_class_zero(tmp_path, monkeypatch, part):
    content = make_svhn(tmp_path / "data", monkeypatch)[part]

    read = load("svhn", part=part, root=tmp_path / "data", download=False)

    assert read.labels.tolist() == [0, 1, 9, 0, 3] and read.labels.dtype == np.int64
    assert read.images.shape == (5, 3, 32, 32) and read.images.flags.c_contiguous
    assert np.array_equal(read.images[4, 2], content["X"][:, :, 2, 4])


@pytest.mark.parametrize("name", DOWNLOADED)
def test_what_the_errors_say_is_what_torchvision_wants(name):
    source = SOURCES[name]
    reader = getattr(torchvision.datasets, source.torchvision)
    if name == "svhn":
        downloads = [reader.split_list[part] for part in ("train", "test")]
        files = [file for _, file, _ in downloads]
    else:
        downloads = [(reader.url, reader.filename, None)]
        files = [file for file, _ in (*reader.train_list, *reader.test_list)]
        files = [f"{reader.base_folder}/{file}" for file in (*files, reader.meta["filename"])]
    assert list(source.files) == files
    assert [source.address + file for file in source.downloads] == [url for url, *_ in downloads]


def assert_three_ways(text: str, name: str, root: Path) -> None:
    source = SOURCES[name]
    assert "data.download: true" in text and "data.root" in text
    assert source.address + source.downloads[0] in text and str(root) in text


CASES = [(name, file) for name in DOWNLOADED for file in SOURCES[name].files]


@pytest.mark.parametrize(("name", "file"), CASES)
def test_missing_file_is_named_at_once_and_when_loading(root, name, file):
    (root / file).unlink()
    for attempt in (
        lambda: check_available(name, root, download=False),
        lambda: load_train(name, root=root, download=False),
    ):
        with pytest.raises(UserError) as error:
            attempt()
        text = message(error)
        assert text.startswith(f"{root / file}: missing")
        assert_three_ways(text, name, root)


@pytest.mark.parametrize("damage", [cut_in_half, flip_byte])
@pytest.mark.parametrize(("name", "file"), CASES)
def test_damaged_file_is_named(root, name, file, damage):
    damage(root / file)
    part = "test" if "test" in file else "train"
    with pytest.raises(UserError) as error:
        load(name, part=part, root=root, download=False)
    text = message(error)
    assert text.startswith(f"{root / file}: truncated or altered (MD5")
    assert_three_ways(text, name, root)


class Trap:
    """Unpickling this makes a folder."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __reduce__(self):
        return Path.mkdir, (self.folder,)


@pytest.mark.parametrize("file", ["data_batch_1", "test_batch", "batches.meta"])
def test_no_pickle_is_opened_before_its_md5_is_found_right(root, file):
    sprung = root / "sprung"
    (root / "cifar-10-batches-py" / file).write_bytes(pickle.dumps(Trap(sprung)))
    for part in ("train", "test"):
        with pytest.raises(UserError, match="MD5"):
            load("cifar10", part=part, root=root, download=False)
    assert not sprung.exists()


@pytest.mark.parametrize("name", DOWNLOADED)
def test_data_root_that_is_no_folder_stops_at_once(tmp_path, name):
    absent, file = tmp_path / "absent", tmp_path / "file"
    file.write_text("")
    for wrong in (absent, file):
        with pytest.raises(UserError, match=r"data\.root") as error:
            check_available(name, wrong, download=False)
        assert_three_ways(message(error), name, wrong)
    check_available(name, absent, download=True)  # the download will make it
    with pytest.raises(UserError, match="not a folder"):
        check_available(name, file, download=True)


@pytest.mark.parametrize("download", [True, False])
@pytest.mark.parametrize(
    ("root", "reason"),
    [("x" * 300, "File name too long"), ("~nobody-of-this-name/data", "home directory")],
)
def test_data_root_that_no_system_can_have_is_one_line(root, reason, download):
    with pytest.raises(UserError, match=r"key 'data\.root': cannot be read") as error:
        check_available("svhn", Path(root), download)
    assert reason in message(error)
    assert_three_ways(message(error), "svhn", Path(root))


def test_archive_fetched_by_hand_is_unpacked(tmp_path, monkeypatch):
    root, reader = tmp_path / "data", torchvision.datasets.CIFAR10
    make_cifar(root, monkeypatch, reader)
    shutil.rmtree(root / reader.base_folder)
    check_available("cifar10", root, download=False)
    assert len(load_train("cifar10", root=root, download=False)) == 30


def test_altered_archive_is_named(tmp_path, monkeypatch):
    root, reader = tmp_path / "data", torchvision.datasets.CIFAR10
    make_cifar(root, monkeypatch, reader)
    shutil.rmtree(root / reader.base_folder)
    cut_in_half(root / reader.filename)
    with pytest.raises(UserError) as error:
        load_train("cifar10", root=root, download=False)
    text = message(error)
    assert text.startswith(f"{root / reader.filename}: truncated or altered")
    assert_three_ways(text, "cifar10", root)


def point_at(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have torchvision download from *address*, whatever proxy this machine uses."""
    monkeypatch.setenv("no_proxy", "*")
    for reader in (torchvision.datasets.CIFAR10, torchvision.datasets.CIFAR100):
        monkeypatch.setattr(reader, "url", address + reader.filename)
    lists = torchvision.datasets.SVHN.split_list
    moved = {part: [address + name, name, md5] for part, (_, name, md5) in lists.items()}
    monkeypatch.setattr(torchvision.datasets.SVHN, "split_list", moved)


@pytest.mark.parametrize("name", DOWNLOADED)
def test_download_without_a_network_ends_in_the_one_error(tmp_path, monkeypatch, name):
    with socket.socket() as unused:  # a port where nothing answers
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    point_at(f"http://127.0.0.1:{port}/", monkeypatch)
    root = tmp_path / "data"
    before = socket.getdefaulttimeout()
    with pytest.raises(UserError) as error:
        load_train(name, root=root, download=True)
    text = message(error)
    assert text.startswith(f"{root / SOURCES[name].downloads[0]}: could not be downloaded")
    assert "refused" in text
    assert_three_ways(text, name, root)
    assert socket.getdefaulttimeout() == before


@pytest.fixture
def server(tmp_path):
    """Serve the folder ``upstream`` on the loopback; gives its address."""
    folder = tmp_path / "upstream"

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()


@pytest.mark.parametrize("name", ["cifar100", "svhn"])
def test_missing_and_damaged_files_are_downloaded_when_told_to(tmp_path, monkeypatch, server, name):
    if name == "svhn":
        make_svhn(tmp_path / "upstream", monkeypatch)
    else:
        make_cifar(tmp_path / "upstream", monkeypatch, torchvision.datasets.CIFAR100)
    point_at(server, monkeypatch)
    root = tmp_path / "made" / "data"
    first = load_train(name, root=root, download=True)
    flip_byte(root / SOURCES[name].files[0])
    second = load_train(name, root=root, download=True)
    assert len(first) > 0 and np.array_equal(first.images, second.images)


def test_download_of_something_else_ends_in_the_one_error(tmp_path, monkeypatch, server):
    make_svhn(tmp_path / "upstream", monkeypatch)
    flip_byte(tmp_path / "upstream" / "train_32x32.mat")
    point_at(server, monkeypatch)
    with pytest.raises(UserError, match="could not be downloaded") as error:
        load_train("svhn", root=tmp_path / "data", download=True)
    assert_three_ways(message(error), "svhn", tmp_path / "data")
