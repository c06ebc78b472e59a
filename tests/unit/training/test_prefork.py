"""Warm starts: a job that is forked does what a job that is started does."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.tiny import id_of

from mnbench.records.record import FILES, HISTORY, RECORD
from mnbench.training import prefork as warm

pytestmark = pytest.mark.slow  # each warm process imports torch

ROOT = Path(__file__).parents[3]
PROBE = """
import json, os, sys, threading, signal
print(json.dumps({
    "arguments": sys.argv[1:], "folder": os.getcwd(), "word": os.environ.get("WORD"),
    "torch": "torch" in sys.modules, "input": sys.stdin.read(), "name": __name__,
    "child": signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL,
}))
print("to stderr", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""

SAVER = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.3), print("saved"), sys.exit(7)))
print("begins", flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def process():
    process = warm.WarmProcess()
    yield process
    process.close()


@pytest.fixture
def probe(tmp_path):
    (tmp_path / "probe.py").write_text(PROBE)
    (tmp_path / "sleeper.py").write_text("import time\nprint('begins', flush=True)\ntime.sleep(60)")
    (tmp_path / "saver.py").write_text(SAVER)
    (tmp_path / "raiser.py").write_text("raise ValueError('of the job')")
    (tmp_path / "speaker.py").write_text("import sys\nsys.exit('a last word')")
    return tmp_path


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "mnbench.training.prefork", *map(str, arguments)]


def environment(address: str | None, folder: Path) -> dict[str, str]:
    found = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{folder}", "WORD": "of the asker"}
    found.pop(warm.ADDRESS, None)
    return found | ({warm.ADDRESS: address} if address else {})


def ask(address: str | None, folder: Path, *arguments: str, **options):
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(address, folder),
        capture_output=True,
        text=True,
        **options,
    )


def test_a_jobs_garbage_collector_leaves_what_was_imported_in_shared_memory(process, probe):
    (probe / "collector.py").write_text("import gc\nprint(gc.get_freeze_count())")
    assert int(ask(process.address, probe, "collector").stdout) > 100_000  # torch's objects
    assert int(ask(None, probe, "collector").stdout) == 0


@pytest.mark.parametrize("status", ["0", "3"])
def test_a_job_has_the_askers_folder_environment_streams_and_status(process, probe, status):
    done = ask(process.address, probe, "probe", status, "a b", input="said")
    assert done.returncode == int(status)
    assert done.stderr == "to stderr\n"
    found = json.loads(done.stdout)
    assert found == {
        "arguments": [status, "a b"],
        "folder": str(probe),
        "word": "of the asker",
        "torch": True,  # it had been imported before
        "input": "said",
        "name": "__main__",
        "child": True,
    }


@pytest.mark.parametrize("address", [None, "/nowhere/warm"])
def test_without_a_warm_process_the_job_runs_all_the_same(probe, address):
    done = ask(address, probe, "probe", "3", input="said")
    assert done.returncode == 3 and done.stderr == "to stderr\n"
    assert '"torch": false' in done.stdout


@pytest.mark.parametrize("warmed", [True, False])
@pytest.mark.parametrize(
    ("module", "said"),
    [("raiser", "ValueError: of the job"), ("speaker", "a last word")],
)
def test_a_job_that_fails_says_so(process, probe, module, said, warmed):
    done = ask(process.address if warmed else None, probe, module)
    assert done.returncode == 1 and said in done.stderr


def test_a_module_that_is_not_there_is_a_slip_of_whoever_asks(process, probe):
    done = ask(process.address, probe, "nothing")
    assert done.returncode == 2 and done.stderr.startswith("usage: ")


def start(process, probe, module="sleeper") -> subprocess.Popen:
    asker = subprocess.Popen(
        command(module),
        cwd=probe,
        env=environment(process.address, probe),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert asker.stdout.readline() == "begins\n"
    return asker


def children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True).stdout
    rows = [line.split() for line in listed.splitlines()[1:]]
    return [int(child) for child, parent in rows if int(parent) == pid]


def wait_until(condition) -> bool:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_what_tells_the_asker_to_end_is_handed_on(process, probe, number):
    asker = start(process, probe, "saver")
    asker.send_signal(number)
    said, _ = asker.communicate(timeout=60)
    assert (asker.returncode, said) == (7, "saved\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_job_that_saves_nothing_ends_at_once(process, probe, number):
    asker = start(process, probe)
    asker.send_signal(number)
    assert asker.wait(timeout=60) == warm.TERMINATED


def test_a_job_dies_with_whoever_asked_for_it(process, probe):
    asker = start(process, probe)
    assert children(process.pid)
    asker.kill()
    asker.wait()
    assert wait_until(lambda: not children(process.pid))


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_job_is_a_failed_one(process, probe, sign):
    asker = start(process, probe)
    (job,) = children(process.pid)
    os.kill(job, sign)
    _, said = asker.communicate(timeout=30)
    assert asker.returncode == 128 + sign and said == ""


def test_who_is_killed_while_asking_leaves_no_job_and_no_traceback(capfd):
    process = warm.WarmProcess()
    for sent in (b"", (5).to_bytes(8), (5).to_bytes(8) + b"12345"):
        with socket.socket(socket.AF_UNIX) as asker:
            asker.connect(process.address)
            if sent:
                socket.send_fds(asker, [sent[:8]], [0, 1, 2])
                asker.sendall(sent[8:])
    assert wait_until(lambda: not children(process.pid))
    process.close()
    assert capfd.readouterr().err == ""


def test_it_ends_with_the_process_that_started_it():
    code = "import os; from mnbench.training.prefork import WarmProcess as Warm"
    code += "; print(Warm().pid, flush=True)"
    starter = subprocess.run(
        [sys.executable, "-c", f"{code}; os.kill(os.getpid(), 9)"],
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = int(starter.stdout)
    assert wait_until(lambda: not alive(pid))


def alive(pid: int) -> bool:
    """Whether a process runs: one that nobody has waited for yet does not."""
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(found.stdout.strip()) and not found.stdout.startswith("Z")


def test_a_forked_training_gives_the_same_bits(process, trained, study):
    id = id_of(study, "mothernets/v13_from_v13+v16+v16a+v16b+v19")
    for file in FILES:
        (study.record(id) / file).unlink()
    done = ask(process.address, ROOT, "mnbench", "train", study.plan, id)
    assert done.returncode == 0, done.stderr
    for file in FILES:
        if file not in (RECORD, HISTORY):  # which hold seconds
            one, other = (paths.record(id) / file for paths in (trained, study))
            assert one.read_bytes() == other.read_bytes(), file
