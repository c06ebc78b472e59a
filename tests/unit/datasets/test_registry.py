"""Data sets by name, without torch."""

import subprocess
import sys

import pytest

from mnbench.datasets import dataset
from mnbench.errors import UserError


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
