"""Data sets: the embedded one complete, the others in files of torchvision's own formats."""

import functools
import hashlib
import http.server
import pickle
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torchvision.datasets
from torchvision.datasets.utils import calculate_md5

from mnbench.datasets import DATASETS, check_available, dataset, load_train, prepare, read_train
from mnbench.datasets.bundled import FILES, check_bundled, folder_of, load_bundled
from mnbench.datasets.downloaded import SOURCES
from mnbench.datasets.loading import load, load_test
from mnbench.datasets.test_set import read_test
from mnbench.errors import UserError

EMBEDDED = Path(str(folder_of("fashion_mnist")))
NOWHERE = Path("no/such/folder")  # the embedded data set needs no data root
REMOTE = ("cifar10", "cifar100", "svhn")


def message(caught: pytest.ExceptionInfo) -> str:
    text = str(caught.value)
    assert "\n" not in text
    return text


# The catalogue


def test_unknown_data_set_is_answered_with_the_nearest_name():
    with pytest.raises(UserError, match="did you mean 'cifar10'"):
        dataset("cifar_10")


def test_importing_the_package_imports_neither_torch_nor_the_test_set():
    code = (
        "import sys, mnbench.datasets as d, pathlib;"
        "d.check_available('fashion_mnist', pathlib.Path(), False);"
        "d.check_available('cifar10', pathlib.Path(), True);"
        "print(*({'torch', 'torchvision', 'mnbench.datasets.test_set'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


# The embedded data set


@pytest.fixture(scope="module")
def fashion_train():
    return load_train("fashion_mnist", root=NOWHERE, download=False)


def test_embedded_training_part_is_complete(fashion_train):
    entry = DATASETS["fashion_mnist"]
    size = (entry.train_images, entry.in_channels, entry.image_size, entry.image_size)
    assert fashion_train.images.shape == size and fashion_train.images.dtype == np.uint8
    assert fashion_train.labels.dtype == np.int64
    assert np.bincount(fashion_train.labels).tolist() == [6000] * entry.num_classes
    # The axes are in the file's order: the pixels are the file's bytes behind its header.
    digest = hashlib.sha256(bytes.fromhex("00000803 0000ea60 0000001c 0000001c"))
    digest.update(fashion_train.images.tobytes())
    assert digest.hexdigest() == FILES["train-images-idx3-ubyte.gz"].sha256


def test_embedded_test_part_is_complete():
    test = load_test("fashion_mnist", root=NOWHERE, download=False)
    assert test.images.shape == (10_000, 1, 28, 28)
    assert np.bincount(test.labels).tolist() == [1000] * 10
    assert test.labels[:5].tolist() == [9, 2, 1, 1, 6]  # boot, pullover, trousers twice, shirt


def test_source_page_states_the_checked_hashes():
    page = (EMBEDDED / "SOURCE.md").read_text()
    for name, idx in FILES.items():
        assert f"| `{name}` | {idx.size} | `{idx.sha256}` |" in page
    assert "Copyright (c) 2017 Zalando SE" in (EMBEDDED / "LICENSE").read_text()


@pytest.fixture
def copied(tmp_path):
    """A copy of the embedded files that a test may damage."""
    for name in FILES:
        shutil.copy(EMBEDDED / name, tmp_path)
    return tmp_path


def flip_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("damage", "wrong"),
    [
        (Path.unlink, "missing"),
        (empty, "truncated"),
        (cut_in_half, "truncated"),
        (flip_byte, "altered"),
    ],
)
@pytest.mark.parametrize("name", ["t10k-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz"])
def test_damaged_embedded_file_is_named_with_the_remedies(copied, name, damage, wrong):
    damage(copied / name)
    with pytest.raises(UserError) as error:
        load_bundled(copied, "t10k")
    text = message(error)
    assert text.startswith(f"{copied / name}: {wrong}")
    for remedy in ("reinstall", "git checkout", "dataset-fashion-mnist"):
        assert remedy in text


def test_whole_file_with_another_content_is_altered(copied):
    labels = copied / "t10k-labels-idx1-ubyte.gz"
    labels.write_bytes((copied / "train-labels-idx1-ubyte.gz").read_bytes())
    with pytest.raises(UserError, match=r"t10k-labels-idx1-ubyte.gz: altered \(SHA-256"):
        load_bundled(copied, "t10k")


@pytest.mark.parametrize(
    ("damage", "wrong"), [(Path.unlink, "missing"), (cut_in_half, "truncated")]
)
def test_quick_check_finds_embedded_files_missing_or_cut_short(copied, damage, wrong):
    check_bundled(copied)
    damage(copied / "train-images-idx3-ubyte.gz")
    with pytest.raises(UserError) as error:
        check_bundled(copied)
    assert f"{copied / 'train-images-idx3-ubyte.gz'}: {wrong}" in message(error)


# Data sets that torchvision reads: small files of its formats, with the MD5 sums set to theirs


def cifar_batch(path: Path, key: str, classes: int, generator: np.random.Generator) -> dict:
    labels = generator.integers(0, classes, 6).tolist()
    content = {"data": generator.integers(0, 256, (6, 3072), dtype=np.uint8), key: labels}
    path.write_bytes(pickle.dumps(content))
    return content


def make_cifar(root: Path, monkeypatch: pytest.MonkeyPatch, reader: type) -> dict[str, list[dict]]:
    """Write the folder and its archive; return what each part's batches hold."""
    folder = root / reader.base_folder
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    hundred = reader is torchvision.datasets.CIFAR100
    key, classes = ("fine_labels", 100) if hundred else ("labels", 10)
    content = {}
    for part in ("train", "test"):
        names = [name for name, _ in getattr(reader, f"{part}_list")]
        content[part] = [cifar_batch(folder / name, key, classes, generator) for name in names]
        sums = [[name, calculate_md5(folder / name)] for name in names]
        monkeypatch.setattr(reader, f"{part}_list", sums)
    meta = folder / reader.meta["filename"]
    meta.write_bytes(pickle.dumps({reader.meta["key"]: [str(i) for i in range(classes)]}))
    monkeypatch.setattr(reader, "meta", reader.meta | {"md5": calculate_md5(meta)})
    with tarfile.open(root / reader.filename, "w:gz") as archive:
        archive.add(folder, reader.base_folder)
    monkeypatch.setattr(reader, "tgz_md5", calculate_md5(root / reader.filename))
    return content


def make_svhn(root: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict]:
    root.mkdir()
    generator = np.random.default_rng(0)
    content, sums = {}, {}
    for part, (url, name, _) in torchvision.datasets.SVHN.split_list.items():
        pixels = generator.integers(0, 256, (32, 32, 3, 5), dtype=np.uint8)
        labels = np.array([[10], [1], [9], [10], [3]], np.uint8)  # SVHN calls the digit 0 class 10
        scipy.io.savemat(root / name, {"X": pixels, "y": labels})
        content[part] = {"X": pixels}
        sums[part] = [url, name, calculate_md5(root / name)]
    monkeypatch.setattr(torchvision.datasets.SVHN, "split_list", sums)
    return content


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A data root with the three data sets, whole, and no archive."""
    root = tmp_path / "data"
    make_svhn(root, monkeypatch)
    for reader in (torchvision.datasets.CIFAR10, torchvision.datasets.CIFAR100):
        make_cifar(root, monkeypatch, reader)
        (root / reader.filename).unlink()
    return root


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


@pytest.mark.parametrize("name", REMOTE)
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


CASES = [(name, file) for name in REMOTE for file in SOURCES[name].files]


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


@pytest.mark.parametrize("name", REMOTE)
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


@pytest.mark.parametrize("name", REMOTE)
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


# The two files


def prepare_fashion(out: Path, train: int | None, validation: int) -> None:
    prepare(
        "fashion_mnist",
        root=NOWHERE,
        download=False,
        train_images=train,
        validation_images=validation,
        out=out,
    )


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    out = tmp_path_factory.mktemp("prepared") / "made"
    prepare_fashion(out, 1203, 507)
    return out


def test_prepared_training_file_holds_the_split(prepared, fashion_train):
    data = read_train(prepared / "train.npz")
    assert (len(data.train), len(data.validation)) == (1203, 507)
    counts = np.bincount(data.train.labels)
    assert counts.max() - counts.min() <= 1
    # first images of each class train, the last ones validate
    threes = fashion_train.images[fashion_train.labels == 3]
    assert np.array_equal(data.train.images[data.train.labels == 3], threes[: counts[3]])
    held_out = data.validation.images[data.validation.labels == 3]
    assert len(held_out) > 0 and np.array_equal(held_out, threes[-len(held_out) :])

    scaled = data.train.images / 255
    assert data.mean.dtype == data.std.dtype == np.float32
    np.testing.assert_allclose(data.mean, scaled.mean(axis=(0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(data.std, scaled.std(axis=(0, 2, 3)), rtol=1e-6)


def test_prepared_statistics_are_of_each_channel(root, tmp_path):
    prepare(
        "cifar10",
        root=root,
        download=False,
        train_images=None,
        validation_images=5,
        out=tmp_path / "out",
    )
    data = read_train(tmp_path / "out" / "train.npz")
    assert len(data.train) == 25
    scaled = data.train.images / 255
    np.testing.assert_allclose(data.mean, scaled.mean(axis=(0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(data.std, scaled.std(axis=(0, 2, 3)), rtol=1e-6)
    assert len(np.unique(data.mean)) == 3


def test_test_images_are_in_the_test_file_only(prepared):
    official = load_test("fashion_mnist", root=NOWHERE, download=False)
    test = read_test(prepared / "test.npz")
    assert np.array_equal(test.images, official.images)
    assert np.array_equal(test.labels, official.labels)
    with np.load(prepared / "test.npz") as file:
        assert set(file) == {"test_images", "test_labels"}
    with np.load(prepared / "train.npz") as file:
        assert not any("test" in name for name in file)


def test_preparing_again_gives_the_same_bytes_and_leaves_nothing_else(prepared, tmp_path):
    prepare_fashion(tmp_path, 1203, 507)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["test.npz", "train.npz"]
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (prepared / path.name).read_bytes()


def test_too_many_images_write_nothing(tmp_path):
    with pytest.raises(UserError, match=r"data\.train_images.*60000"):
        prepare_fashion(tmp_path / "out", 59_000, 2_000)
    assert not (tmp_path / "out").exists()


def test_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"train\.npz: cannot be written"):
        prepare_fashion(tmp_path / "file", 10, 10)


@pytest.mark.parametrize("damage", [Path.unlink, empty, cut_in_half, flip_byte])
@pytest.mark.parametrize(
    ("read", "file"), [(read_train, "train.npz"), (read_test, "test.npz")], ids=["train", "test"]
)
def test_damaged_prepared_file_is_named(prepared, tmp_path, read, file, damage):
    path = tmp_path / file
    shutil.copy(prepared / file, path)
    read(path)
    damage(path)
    with pytest.raises(UserError) as error:
        read(path)
    text = message(error)
    assert text.startswith(f"{path}: ") and "delete the file and run snakemake again" in text


def test_prepared_file_of_another_kind_is_refused(prepared):
    with pytest.raises(UserError, match="train_images"):
        read_train(prepared / "test.npz")
