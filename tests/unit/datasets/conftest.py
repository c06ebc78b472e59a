"""What the tests of data sets share."""

import pytest
import torchvision.datasets
from support.data_files import NOWHERE, make_cifar, make_svhn

from mnbench.datasets import load_train


@pytest.fixture(scope="module")
def fashion_train():
    return load_train("fashion_mnist", root=NOWHERE, download=False)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A data root with the three data sets, whole, and no archive."""
    root = tmp_path / "data"
    make_svhn(root, monkeypatch)
    for reader in (torchvision.datasets.CIFAR10, torchvision.datasets.CIFAR100):
        make_cifar(root, monkeypatch, reader)
        (root / reader.filename).unlink()
    return root
