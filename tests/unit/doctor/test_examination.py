"""The whole examination: a line each, status 1 for a problem, and never a traceback."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from mnbench.cli import main
from mnbench.cores import Cores
from mnbench.doctor import examination
from mnbench.doctor.diagnosis import OK, PROBLEM, Diagnosis, lines_of
from mnbench.doctor.examination import would_use
from mnbench.doctor.torch_probe import TorchAnswer, TorchProbe

ROOT = Path(__file__).parents[3]


def says(answer: TorchAnswer) -> str:
    """Return a program that answers as torch would; importing torch takes seconds."""
    return f"print({json.dumps(asdict(answer))!r})"


@pytest.fixture
def healthy(monkeypatch):
    monkeypatch.chdir(ROOT)
    code = says(TorchAnswer(built_for="13.0"))
    monkeypatch.setattr("mnbench.doctor.torch_probe.TorchProbe", lambda: TorchProbe(code))


def status() -> int:
    try:
        return main(["doctor"])
    except SystemExit as end:
        return int(end.code or 0)


def test_this_checkout_is_well(healthy, capsys):
    assert status() == 0
    said = capsys.readouterr()
    *lines, last = said.out.splitlines()
    assert said.err == "" and last.startswith("would use: snakemake --")
    assert len(lines) >= 15
    assert {line.split()[0] for line in lines} <= {"ok", "note"}


def test_a_broken_torch_is_a_problem_and_hides_nothing_else(monkeypatch, capsys, healthy):
    code = "import sys; sys.exit('ImportError: libtorch.so: no such file')"
    monkeypatch.setattr("mnbench.doctor.torch_probe.TorchProbe", lambda: TorchProbe(code))
    assert status() == 1
    said = capsys.readouterr()
    assert "torch cannot be imported: ImportError: libtorch.so: no such file (status 1)" in said.out
    assert said.err == "mnbench: 1 problem, see above\n"
    assert said.out.splitlines()[-1].startswith("would use:")


def test_a_check_that_fails_itself_is_a_problem(monkeypatch, capsys, healthy):
    def broken(*_: object) -> None:
        raise ImportError("No module named 'packaging'")

    monkeypatch.setattr(examination, "_versions", broken)
    assert status() == 1
    out = capsys.readouterr().out
    assert out.count("cannot be checked (ImportError: No module named 'packaging')") == 3
    assert "fashion_mnist: 70,000 images" in out


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "no reason given (status -11)"),
        ("import time; time.sleep(60)", "not imported within 0.2 seconds"),
        ("raise OSError('libcudart')", "OSError: libcudart (status 1)"),
    ],
)
def test_however_torch_ends_its_answer_is_a_line(code, fault):
    seconds = 0.2 if "sleep" in code else 60
    assert TorchProbe(code).answer(seconds) == TorchAnswer(fault)


def test_what_torch_prints_before_its_answer_is_passed_over():
    answer = TorchAnswer(built_for="13.0", gpus=2)
    assert TorchProbe(f"print('a warning'); {says(answer)}").answer() == answer


@pytest.mark.parametrize(
    ("gpus", "said"),
    [
        (0, "snakemake --cores 3 (trainings on the CPU, one a core)"),
        (2, "snakemake --cores 3 (trainings on 2 GPUs)"),
    ],
)
def test_a_run_would_use_what_there_is(gpus, said):
    assert would_use(Cores(8, 3.0), gpus) == f"would use: {said}"


def test_findings_stand_in_columns():
    diagnoses = [Diagnosis(OK, "a", "fine"), Diagnosis(PROBLEM, "longer", "bad", "mend it")]
    assert lines_of(diagnoses) == ["ok       a       fine", "problem  longer  bad; mend it"]
