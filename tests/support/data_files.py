"""Small data sets in files of torchvision's own formats, and ways to damage files."""

import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torchvision.datasets
from torchvision.datasets.utils import calculate_md5

NOWHERE = Path("no/such/folder")  # the bundled data set needs no data root


def message(caught: pytest.ExceptionInfo) -> str:
    text = str(caught.value)
    assert "\n" not in text
    return text


def flip_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cifar_batch(path: Path, key: str, labels: list[int], generator: np.random.Generator) -> dict:
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
        # Each class in turn, from batch to batch, so that every one has its share.
        of_batches = np.split(np.arange(6 * len(names)) % classes, len(names))
        content[part] = [
            cifar_batch(folder / name, key, labels.tolist(), generator)
            for name, labels in zip(names, of_batches, strict=True)
        ]
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
