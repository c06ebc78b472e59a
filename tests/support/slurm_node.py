"""A real Slurm of one node on this machine, from Debian's packages, with two pretended GPUs.

    python tests/support/slurm_node.py --install    # apt-get, as root
    python tests/support/slurm_node.py              # starts it, says how to use it, waits

Everything it writes is in a folder of its own, and only the processes that it started are ended.
Open it to try a profile without a cluster. The trap: Slurm finds its configuration by SLURM_CONF,
which every command needs, and which Snakemake's executor takes away from `srun`. So `srun` is found
in a folder of this Slurm's own, where it has the variable again.
"""

import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("slurm-wlm", "munge")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol")
GPUS, CPUS, MEGABYTES = 2, 8, 20_000  # what the node pretends to have
SECONDS_TO_START = 60

CONFIGURATION = """
ClusterName=mnbench
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# What a requeued job waits for before it starts again is what credentials are valid for.
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
JobRequeue=1
KillWait=30
MinJobAge=3600
SlurmdParameters=config_overrides
GresTypes=gpu
Prolog={folder}/prolog
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={megabytes} Gres=gpu:{gpus}
PartitionName=main Nodes={host} Default=YES MaxTime=2880 State=UP
"""
NULL_DEVICE = os.makedev(1, 3)


def missing_programs() -> list[str]:
    """Return which of Slurm's programs this machine lacks."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    return [name for name in PROGRAMS if shutil.which(name, path=path) is None]


def install() -> None:
    """Install Slurm from Debian's packages; root's right."""
    quiet = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "check": True}
    subprocess.run(["apt-get", "update", "-qq"], **quiet)
    subprocess.run(
        ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *PACKAGES], **quiet
    )


@dataclass(frozen=True)
class SlurmNode:
    """A running Slurm."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which Slurm's commands find it."""
        path = f"{self.folder}/bin{os.pathsep}{os.environ['PATH']}"
        return os.environ | {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": path}

    def ask(self, *command: str) -> str:
        """Run one of Slurm's commands and return what it printed.

        Raises:
            CalledProcessError: it failed.
        """
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=True
        ).stdout

    def jobs(self) -> dict[str, str]:
        """Return the states of all jobs since the start, by id."""
        rows = self.ask("squeue", "--all", "--states=all", "--noheader", "--format=%i %T")
        return dict(row.split() for row in rows.splitlines())

    def job(self, id: str) -> dict[str, str]:
        """Return what Slurm knows of a job."""
        words = self.ask("scontrol", "--oneliner", "show", "job", id).split()
        return dict(word.split("=", 1) for word in words if "=" in word)

    def given_gpus(self) -> dict[str, str]:
        """Return the GPUs that the node gave to each job, as text, "" for none, by id."""
        text = (self.folder / "given_gpus").read_text(encoding="utf-8")
        rows = [line.partition(" ") for line in text.splitlines()]
        return {job: gpus for job, _, gpus in rows}


@contextmanager
def running(folder: Path) -> Iterator[SlurmNode]:
    """Start Slurm in an empty folder, and end its processes afterwards."""
    _configure(folder)
    node = SlurmNode(folder)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        munge = [f"--{kind}-file={folder}/munge.{kind}" for kind in ("key", "pid", "log", "seed")]
        munge += [f"--socket={folder}/munge.socket", "--foreground", "--force"]
        processes.append(_start(node, "munged", *munge))
        _wait_for(lambda: (folder / "munge.socket").exists(), processes, folder)
        processes.append(_start(node, "slurmctld", "-D", "-c"))
        processes.append(_start(node, "slurmd", "-D", "-N", socket.gethostname()))
        _wait_for(lambda: _is_idle(node), processes, folder)
        yield node
    finally:
        if len(processes) == 3:
            subprocess.run(["scancel", "--user=root"], env=node.environment, check=False)
        for process in reversed(processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _configure(folder: Path) -> None:
    """Write what Slurm's daemons read."""
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    devices = [folder / f"gpu{number}" for number in range(GPUS)]
    for device in devices:
        os.mknod(device, stat.S_IFCHR | 0o666, NULL_DEVICE)  # Slurm takes no other files
    note = f'echo "$SLURM_JOB_ID $SLURM_JOB_GPUS" >> {folder}/given_gpus'
    _write_program(folder / "prolog", note)
    _write_program(
        folder / "bin" / "srun",
        f'exec env SLURM_CONF={folder}/slurm.conf {shutil.which("srun")} "$@"',
    )
    control_port, node_port = _free_ports(2)
    text = CONFIGURATION.format(
        host=socket.gethostname(),
        folder=folder,
        control_port=control_port,
        node_port=node_port,
        cpus=CPUS,
        megabytes=MEGABYTES,
        gpus=GPUS,
    )
    (folder / "slurm.conf").write_text(text, encoding="utf-8")
    rows = [f"Name=gpu File={device}\n" for device in devices]
    (folder / "gres.conf").write_text("".join(["AutoDetect=off\n", *rows]), encoding="utf-8")
    (folder / "cgroup.conf").write_text("CgroupAutomount=no\n", encoding="utf-8")
    (folder / "given_gpus").touch()


def _write_program(file: Path, line: str) -> None:
    """Write a shell script of one line."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    file.chmod(0o755)


def _free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _start(node: SlurmNode, program: str, *options: str) -> subprocess.Popen[bytes]:
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    with (node.folder / f"{program}.said").open("wb") as said:
        return subprocess.Popen(
            [shutil.which(program, path=path) or program, *options],
            env=node.environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )


def _is_idle(node: SlurmNode) -> bool:
    done = subprocess.run(
        ["sinfo", "--noheader", "--format=%T"], env=node.environment, capture_output=True, text=True
    )
    return done.stdout.strip() == "idle"


def _wait_for(
    condition: Callable[[], bool], processes: list[subprocess.Popen[bytes]], folder: Path
) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while not condition():
        ended = [process for process in processes if process.poll() is not None]
        if ended or time.monotonic() > deadline:
            said = [file.read_text(errors="replace")[-2000:] for file in folder.glob("*.said")]
            raise RuntimeError("Slurm does not start:\n" + "\n".join(said))
        time.sleep(0.2)


def main() -> None:
    """Install Slurm, or start it and wait."""
    if sys.argv[1:] == ["--install"]:
        install()
        return
    if missing := missing_programs():
        sys.exit(f"missing: {', '.join(missing)}; install them with --install")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with (
        suppress(KeyboardInterrupt),
        tempfile.TemporaryDirectory(prefix="slurm-") as folder,
        running(Path(folder)),
    ):
        print(f"export SLURM_CONF={folder}/slurm.conf PATH={folder}/bin:$PATH", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
