"""What Snakemake sees of a training that left no record: a failure noted, or one to try again."""

import shutil
import signal

import pytest
from support.tiny import id_of

from mnbench.planning.plan import read_plan
from mnbench.records.record import RECORD
from mnbench.records.validity import standing
from mnbench.training import supervise
from mnbench.training.attempts import JOB_ATTEMPT, JOB_ATTEMPTS
from mnbench.training.prefork import KILLED


@pytest.fixture
def ends(study, monkeypatch):
    """Return a function: how Snakemake sees a training end, and why it left no network."""

    def supervised(status, attempt=None, attempts=None):
        for name, value in ((JOB_ATTEMPT, attempt), (JOB_ATTEMPTS, attempts)):
            monkeypatch.delenv(name, raising=False)
            if value is not None:
                monkeypatch.setenv(name, str(value))
        id = id_of(study, "full_data/v13")
        shutil.rmtree(study.record(id), ignore_errors=True)
        monkeypatch.setattr(supervise, "_run", lambda arguments: status)
        seen = supervise.main(str(study.plan), str(id))
        return seen, standing(study.record(id), read_plan(study.plan).trainings[id]).lost

    return supervised


def test_a_killed_training_ends_its_clusters_job_until_the_last_attempt(ends, capfd):
    for attempt in (1, 2, 3):
        assert ends(KILLED, attempt, 4) == (KILLED, None)
        assert "for want of memory perhaps; it is tried again" in capfd.readouterr().err
    seen, lost = ends(KILLED, 4, 4)
    assert seen == 0 and lost.startswith("failed: its process was killed by signal 9")


@pytest.mark.parametrize(
    ("attempt", "attempts"), [(None, None), (None, 1), (1, 1), (1, None), (None, 4), ("x", "y")]
)
def test_where_nobody_tries_it_again_a_killed_training_leaves_a_record(ends, attempt, attempts):
    seen, lost = ends(KILLED, attempt, attempts)
    assert seen == 0 and lost.startswith("failed: its process was killed by signal 9")


@pytest.mark.parametrize("status", [1, 2, 128 + signal.SIGSEGV])
def test_what_more_memory_does_not_mend_leaves_a_record_at_once(ends, status):
    seen, lost = ends(status, 1, 4)
    assert seen == 0 and lost.startswith("failed: its process")


@pytest.mark.parametrize("status", supervise.BY_SIGNAL)
def test_a_signal_to_end_is_no_failure(ends, status):
    assert ends(status, 4, 4) == (status, None)


def test_a_training_killed_behind_its_record_has_finished(study, monkeypatch):
    monkeypatch.setenv(JOB_ATTEMPT, "1")
    monkeypatch.setenv(JOB_ATTEMPTS, "4")
    id = id_of(study, "full_data/v13")
    before = (study.record(id) / RECORD).read_bytes()
    monkeypatch.setattr(supervise, "_run", lambda arguments: KILLED)
    assert supervise.main(str(study.plan), str(id)) == 0
    assert (study.record(id) / RECORD).read_bytes() == before
