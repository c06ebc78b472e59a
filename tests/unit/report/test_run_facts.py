"""What a run took: added up over its starts, and never guessed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mnbench.records.run_log import COMPLETE, WAS_KILLED, Invocation, write_runs
from mnbench.report.run_facts import RunFacts

BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOUR = Invocation("a", BEGAN, BEGAN + timedelta(hours=1), 2, None, 10, 5400.0, 5000.0, COMPLETE)


def facts(folder: Path, *runs: Invocation, networks: int | None = None) -> list[str]:
    if runs:
        write_runs(folder / "runs.csv", runs)
    if networks is not None:
        rows = ["fashion_mnist,v5-small,1.5"] * networks
        text = "\n".join(["dataset,architecture_set,cpu_seconds", *rows, ""])
        (folder / "networks.csv").write_text(text, encoding="utf-8")
    return RunFacts(folder).text.splitlines()


def test_a_run_that_was_recorded(tmp_path):
    assert facts(tmp_path, HOUR, networks=10) == [
        "- Wall time: 60 min on 2 cores.",
        "- Utilisation: 0.75 (5,400 training seconds over wall time times cores).",
        "- Trainings: 10, with 15 CPU-seconds.",
    ]


def test_a_run_in_several_starts_adds_up(tmp_path):
    killed = replace(HOUR, ended=BEGAN + timedelta(minutes=30), cores=1, outcome=WAS_KILLED)
    killed = replace(killed, trainings=2, training_seconds=900.0, cpu_seconds=800.0)
    lines = facts(tmp_path, killed, HOUR)
    assert lines[0] == "- Wall time: 1 h 30 min on 1 to 2 cores (2 starts of Snakemake, 1 killed)."
    assert lines[1].startswith("- Utilisation: 0.70 (6,300 training seconds")
    assert lines[2] == "- Trainings: 12, with 5,800 CPU-seconds."


def test_a_run_in_parts_says_so(tmp_path):
    lines = facts(tmp_path, HOUR, replace(HOUR, study="b"))
    assert lines[0] == "- Wall time: 2 h 0 min on 2 cores (2 parts)."


def test_on_gpus_a_training_holds_a_gpu_and_not_a_core(tmp_path):
    lines = facts(tmp_path, replace(HOUR, cores=16, gpus=2))
    assert lines[0] == "- Wall time: 60 min on 2 GPUs and 16 cores."
    assert lines[1] == ("- Utilisation: 0.75 (5,400 training seconds over wall time times GPUs).")


def test_on_a_cluster_the_utilisation_is_not_known(tmp_path):
    lines = facts(tmp_path, replace(HOUR, cores=None))
    assert lines[:2] == [
        "- Wall time: 60 min on cores of a cluster.",
        "- Utilisation: not recorded.",
    ]


def test_what_was_taken_over_or_trained_again_is_said(tmp_path):
    assert facts(tmp_path, HOUR, networks=12)[-1].startswith("- 2 of these trainings are of no rec")
    assert facts(tmp_path, HOUR, networks=9)[-1] == ("- Trained, and not in the tables: 1.")


@pytest.mark.parametrize(
    ("networks", "said"),
    [
        (4, "- Trainings: 4, with 6 CPU-seconds."),
        (None, "- CPU-seconds of training: not recorded."),
    ],
)
def test_what_a_former_version_did_not_record_is_said_so(tmp_path, networks, said):
    assert facts(tmp_path, networks=networks) == [
        "- Wall time, cores and utilisation: not recorded (no `runs.csv`).",
        said,
    ]
