"""What a user can mend is one line; a bug stays a traceback."""

import errno
import os
import subprocess
import sys

import pytest
import torch

from mnbench.errors import UserError
from mnbench.training.mistakes import in_one_line


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_what_the_machine_refuses_is_one_line(code):
    line = in_one_line(OSError(code, os.strerror(code), "weights.safetensors"))
    assert line.startswith(f"weights.safetensors: {os.strerror(code)}; free space")


def test_memory_that_is_not_there_is_one_line():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    for error in (caught.value, MemoryError()):
        line = in_one_line(error)
        assert line.startswith("not enough memory; lower key 'recipe.batch_size'")
        assert "snakemake --cores" in line and "mem_mb" in line


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
)
def test_a_gpu_s_memory_that_is_not_there_names_what_decides_how_many_share_it(error):
    line = in_one_line(error)
    assert line.startswith("not enough memory on the GPU; lower key 'recipe.batch_size'")
    assert "--resources gpu_jobs=N" in line and "MNBENCH_GPU_JOBS=N" in line
    assert "--cores" not in line and "\n" not in line


def test_a_mistake_says_itself_and_a_bug_nothing():
    assert in_one_line(UserError("x.yaml: wrong")) == "x.yaml: wrong"
    assert in_one_line(ValueError("a bug")) is None
    assert in_one_line(FileNotFoundError(errno.ENOENT, "no such file", "x")) is None


@pytest.mark.slow
def test_compiling_without_a_compiler_is_one_line(tmp_path):
    program = """
import torch
from mnbench.training.mistakes import in_one_line
try:
    torch.compile(lambda x: (x * 2).relu().sum())(torch.ones(1000))
except Exception as error:
    print(in_one_line(error))
"""
    environment = os.environ | {
        "CXX": "/nowhere/c++",
        "CC": "/nowhere/cc",
        "PATH": "/nowhere",
        "TORCHINDUCTOR_CACHE_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True
    )
    assert done.stdout.startswith("key 'recipe.compile': torch finds no C++ compiler"), done
