"""The container's recipe: the packages of the lock, and all that the workflow needs."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Containerfile").read_text(encoding="utf-8")
# Instructions, with comments left out and continued lines joined.
LINES = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE)).splitlines()


def instructions(name: str) -> list[str]:
    return [line.removeprefix(f"{name} ") for line in LINES if line.startswith(f"{name} ")]


def copied() -> set[str]:
    return {source for line in instructions("COPY") for source in line.split()[:-1]}


def test_packages_are_those_of_the_lock_and_no_others():
    of_lock, of_checkout = instructions("RUN")[:2]
    assert "cp requirements.lock /tmp/lock" in of_lock and "-r /tmp/lock" in of_lock
    assert "--no-deps --editable ." in of_checkout
    assert TEXT.count("pip install") == 2


def test_it_copies_what_the_workflow_needs_and_the_folder_that_is_sent_has_it():
    assert all((ROOT / source).exists() for source in copied())
    needed = {"requirements.lock", "pyproject.toml", "Snakefile", "mnbench", "baselines"}
    assert needed | {"workflow", "profiles", "config"} <= copied()
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == copied()


def test_it_runs_as_no_root_and_enters_the_workflow():
    assert instructions("USER") == ["mnbench"]
    assert instructions("ENTRYPOINT") == ['["snakemake", "--snakefile", "/opt/mnbench/Snakefile"]']
    assert instructions("WORKDIR")[-1] == "/study"


@pytest.mark.parametrize("address", ["", "file:///nowhere"])
def test_cpu_builds_leave_out_cuda_and_nothing_else(tmp_path, address):
    (tmp_path / "requirements.lock").write_bytes((ROOT / "requirements.lock").read_bytes())
    choice = instructions("RUN")[0].split("&& pip")[0].replace("/tmp/lock", "chosen.lock")
    subprocess.run(
        ["sh", "-c", choice],
        cwd=tmp_path,
        env={"CPU_BUILDS": address, "PATH": "/usr/bin:/bin"},
        check=True,
    )
    every = (tmp_path / "requirements.lock").read_text().splitlines()
    chosen = (tmp_path / "chosen.lock").read_text().splitlines()
    left_out = {line.split("=")[0] for line in every if line not in chosen}
    if not address:
        assert not left_out
        return
    assert {"cuda-toolkit", "triton", "nvidia-cublas", "nvidia-cudnn-cu13"} <= left_out
    assert all(re.match("cuda-|nvidia-|triton$", name) for name in left_out)
    assert "nvidia-ml-py" not in left_out  # asks the driver, without CUDA


def test_every_command_of_it_is_one_for_a_shell():
    for line in instructions("RUN"):
        assert shlex.split(line)
        subprocess.run(["sh", "-n", "-c", line], check=True)
