"""Warm starts: jobs forked from one process that has already imported what they need.

``import torch`` takes seconds, and so do many trainings. Snakemake starts one process that has
imported it with the workflow (:class:`WarmProcess`), and asks it for each job:

    python -m mnbench.training.prefork MODULE ARGUMENTS

does what ``python -m MODULE ARGUMENTS`` does, with the same folder, environment, terminal and exit
status. The job dies with the process that waits for it, which hands on what tells it to end. Where
no warm process can be reached (on a cluster's node, without Snakemake) the module runs in this very
process.

Open it when a job behaves differently below Snakemake. The trap: CUDA that has been started cannot
be forked, so nothing that is preloaded may touch a GPU.
"""

import gc
import importlib
import importlib.util
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from mnbench.lifeline import end_main_thread
from mnbench.training.preemption import SIGNALS, handed_on

ADDRESS = "MNBENCH_WARM"  # the environment variable with the address of the warm process
KILLED = 128 + signal.SIGKILL  # the status of a job that ended without one
TERMINATED = 128 + signal.SIGTERM
SECONDS_BETWEEN_SIGNALS = 1.0
ACCEPTED = b"!"  # what a job sends before it begins
END = b"."  # what a job is sent that has to end
PRELOADED = (
    "torch",
    "torch._dynamo",  # what torch's optimisers import when the first one is made
    "mnbench.mothernets.hatching",
    "mnbench.training.run",
)


class WarmProcess:
    """A process to fork jobs from; it ends when this process does, even when that is killed."""

    def __init__(self) -> None:
        """Start it. It listens at once, and accepts jobs when its imports are done."""
        self._folder = tempfile.TemporaryDirectory(prefix="mnbench-")
        self.address = str(Path(self._folder.name, "warm"))
        # Nothing is ever written to the lifeline: it ends when this process does.
        lifeline, self._held = os.pipe()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.address)
            listener.listen(128)
            descriptors = (listener.fileno(), lifeline)
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, "--serve", *map(str, descriptors)],
                pass_fds=descriptors,
            )
        os.close(lifeline)

    @property
    def pid(self) -> int:
        """The process that jobs are forked from."""
        return self._process.pid

    def close(self) -> None:
        """End it; jobs that run go on."""
        os.close(self._held)
        self._process.wait()
        self._folder.cleanup()


def serve(listener_descriptor: int, lifeline: int) -> None:
    """Fork a process for every job that is asked for, until the lifeline ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the jobs
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them here
    for module in PRELOADED:
        importlib.import_module(module)
    if importlib.import_module("torch").cuda.is_initialized():
        sys.exit("mnbench: imports have started CUDA, which cannot be forked; jobs start cold")
    # A job's garbage collector writes into each object that it looks at, and so would copy all that
    # was imported into the job's own memory.
    gc.collect()
    gc.freeze()
    listener = socket.socket(fileno=listener_descriptor)
    while True:
        ready, _, _ = select.select([listener.fileno(), lifeline], [], [])
        if lifeline in ready:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            os.close(lifeline)
            listener.close()
            _become_job(connection)
        connection.close()


def _become_job(connection: socket.socket) -> None:
    """Accept the job in a forked process, run it, and send back its exit status."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number in SIGNALS:
            signal.signal(number, lambda *_: _end(connection, TERMINATED))
        request = _accept(connection)
        os.chdir(request["folder"])
        sys.path[0] = request["folder"]  # as `python -m` has it
        os.environ.clear()
        os.environ.update(request["environment"])
        threading.Thread(target=_die_with, args=[connection], daemon=True).start()
        status = _run(request["module"], request["arguments"])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        _end(connection, status)


def _accept(connection: socket.socket) -> dict[str, Any]:
    """Take over the streams of whoever asks for a job, and return what is asked for."""
    try:
        length, descriptors, _, _ = socket.recv_fds(connection, 8, 3)
        if not length:
            raise EOFError
        content = _receive(connection, int.from_bytes(length))
        for target, descriptor in enumerate(descriptors):
            os.dup2(descriptor, target)
            os.close(descriptor)
        _open_streams()
        connection.sendall(ACCEPTED)
    except (OSError, EOFError):  # killed while asking: there is nobody to tell
        os._exit(TERMINATED)
    return json.loads(content)


def _end(connection: socket.socket, status: int) -> NoReturn:
    """End this job at once, and say how to whoever asked for it."""
    with suppress(OSError):  # nobody may be left
        connection.sendall(bytes([status & 0xFF]))
    os._exit(status)


def _open_streams() -> None:
    """Open the standard streams anew, since a job's descriptors may be of another kind.

    Python remembers whether a stream can seek: a file can, a pipe cannot.
    """
    encoding = sys.stdout.encoding
    sys.stdin = open(0, encoding=encoding, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding=encoding, closefd=False)  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        2, "w", buffering=1, encoding=encoding, errors="backslashreplace", closefd=False
    )


def _die_with(connection: socket.socket) -> None:
    """End this job when the connection ends: the process that asked for the job is gone.

    Asked to end, it asks the main thread each second until the process has ended.
    """
    patience = None  # until it is asked to end
    while True:
        heard, _, _ = select.select([connection], [], [], patience)
        if heard and not connection.recv(1):
            os._exit(TERMINATED)
        patience = SECONDS_BETWEEN_SIGNALS
        end_main_thread()


def _run(module: str, arguments: list[str]) -> int:
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def ask(address: str, module: str, arguments: list[str]) -> int | None:
    """Run a job in a warm process; return its exit status, or None if none can be reached."""
    request = {
        "module": module,
        "arguments": arguments,
        "folder": str(Path.cwd()),
        "environment": dict(os.environ),
    }
    content = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(address)
            socket.send_fds(connection, [len(content).to_bytes(8)], [0, 1, 2])
            connection.sendall(content)
            if connection.recv(1) != ACCEPTED:
                return None
        except OSError:  # nobody listens, or whoever did ended before taking the job
            return None
        with handed_on(lambda: _tell_to_end(connection)):
            status = connection.recv(1)
    if not status:
        return KILLED
    return status[0]


def _tell_to_end(connection: socket.socket) -> None:
    with suppress(OSError):  # it has ended
        connection.sendall(END)


def _receive(connection: socket.socket, length: int) -> bytes:
    content = b""
    while len(content) < length:
        part = connection.recv(length - len(content))
        if not part:
            raise EOFError("whoever asked for the job went away while asking")
        content += part
    return content


def importable(module: str) -> bool:
    """Return whether a text names a module that ``python -m`` would find."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def main() -> None:
    """Run a job in a warm process if one can be reached, else in this process; or serve."""
    match sys.argv[1:]:
        case ["--serve", listener, lifeline] if (listener + lifeline).isdecimal():
            serve(int(listener), int(lifeline))
            return
        case [module, *arguments] if importable(module):
            pass
        case _:
            print("usage: python -m mnbench.training.prefork MODULE ARGUMENTS", file=sys.stderr)
            sys.exit(2)
    status = None
    if address := os.environ.get(ADDRESS):
        try:
            status = ask(address, module, arguments)
        except KeyboardInterrupt:
            status = 130  # the job was interrupted as well
    sys.exit(_run(module, arguments) if status is None else status)


if __name__ == "__main__":
    main()
