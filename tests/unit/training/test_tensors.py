"""Tensors in a file: readable by whom the umask allows, and nothing is left that nobody finds."""

import multiprocessing
import os
import resource
import signal

import pytest
import torch
from safetensors.torch import load_file, save_file

from mnbench.files import remains
from mnbench.training import checkpoint
from mnbench.training.tensors import save_tensors

TENSORS = {"b": torch.arange(12.0).view(3, 4), "a": torch.ones(2, dtype=torch.bfloat16)}


def test_a_file_has_the_bytes_that_safetensors_itself_writes(tmp_path):
    save_tensors(TENSORS, tmp_path / "ours", {"key": "value"})
    save_file(TENSORS, tmp_path / "theirs", {"key": "value"})
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()
    assert torch.equal(load_file(tmp_path / "ours")["b"], TENSORS["b"])


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_the_umask_says_who_may_read_a_file(tmp_path, umask, mode):
    file, before = tmp_path / "weights.safetensors", os.umask(umask)
    try:
        save_tensors(TENSORS, file)
        assert file.stat().st_mode & 0o777 == mode
    finally:
        os.umask(before)


def _end_while_writing(file):
    """Save tensors in a process that the kernel ends when it writes more than a few bytes."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    save_tensors({"weights": torch.zeros(10_000)}, file)


def test_what_a_process_leaves_that_is_killed_while_it_writes_is_removed(tmp_path):
    file = tmp_path / "v13@2.5.safetensors"
    process = multiprocessing.get_context("fork").Process(target=_end_while_writing, args=[file])
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGXFSZ
    assert list(tmp_path.iterdir()) == remains(file) != []
    checkpoint.discard(file)
    assert list(tmp_path.iterdir()) == []
