"""Train and test the same ensembles here and by other libraries, side by side.

    make bench                                   # with all the other benchmarks
    .venv-peers/bin/python benchmarks/peers.py   # once `make bench` has installed the peers

Networks, images, batch size, epochs and optimiser are the same; the peers are used as their own
examples use them (`peer_runs.py`). Here the jobs are those of the pipeline: two at a time, of one
thread each, forked from a warm process. They also validate and save each epoch, and
write records, which the peers do not. All start-ups count as wall time.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import peer_study
from measuring import Row, options, run, save
from processes import Run, watch
from workload import unpack_fashion_mnist

from mnbench.checkout import find_checkout
from mnbench.report.speed import peers_table

SCRIPTS = Path(__file__).parent


@dataclass(frozen=True)
class Peer:
    """An ensemble as another library trains it, and the approach here that trains the same one."""

    name: str
    package: str
    approach: str


PEERS = {
    "voting": Peer("TorchEnsemble, Voting", "torchensemble", "full_data"),
    "voting-jobs": Peer("TorchEnsemble, Voting, two jobs", "torchensemble", "full_data"),
    "bagging": Peer("TorchEnsemble, Bagging", "torchensemble", "bagging"),
    "snapshot": Peer("TorchEnsemble, Snapshot", "torchensemble", "snapshot_ensembles"),
    "lightning": Peer(
        "torch-uncertainty, deep ensemble under Lightning", "torch_uncertainty", "full_data"
    ),
}
TITLES = {
    "full_data": "Full Data",
    "bagging": "Bagging",
    "snapshot_ensembles": "Snapshot Ensembles",
}


def main() -> None:
    """Print the table and write the results."""
    parser = options("Train the same ensembles here and by other libraries.", 3)
    parser.add_argument("--only", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--images", type=int, default=12_000, help="to train on")
    parser.add_argument("--epochs", type=int, default=2, help="of each network")
    parser.add_argument(
        "--first", type=int, default=0, help="number of the first pair: former ones are kept"
    )
    arguments = parser.parse_args()
    for name in arguments.only:
        if not find_spec(package := PEERS[name].package):
            sys.exit(f"{package} is not installed here; `make bench` makes an environment with it")
    with tempfile.TemporaryDirectory() as folder:
        study = peer_study.prepare_study(Path(folder), arguments.images, arguments.epochs)
        unpack_fashion_mnist(Path(folder))
        repeats = range(arguments.first, arguments.first + arguments.repeats)
        rows = measure(arguments.only, study, repeats)
        keeping = ("against", "repeat") if arguments.first else ("against",)
        save(rows, peers_table, arguments.results, f"{repeats.stop} pairs each", keeping=keeping)


def measure(names: list[str], study: Path, repeats: Iterable[int]) -> Iterator[Row]:
    """Yield a row a pair: both ways take turns."""
    for name in names:
        peer = PEERS[name]
        for repeat in repeats:
            commands = [("peer_study.py", peer.approach), ("peer_runs.py", name)]
            if repeat % 2:
                commands.reverse()
            runs = {script: run_script(script, what, study) for script, what in commands}
            ours, theirs = runs["peer_study.py"], runs["peer_runs.py"]
            row: Row = {"way": TITLES[peer.approach], "against": peer.name, "unit": "images"}
            yield row | {"repeat": repeat} | numbers("", ours) | numbers("against_", theirs)


def run_script(script: str, what: str, study: Path) -> Run:
    """Run a script of one way in a process of its own, and measure it."""
    search_path = os.pathsep.join([str(find_checkout()), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(SCRIPTS / script), what, str(study)]
    return watch(command, os.environ | {"PYTHONPATH": search_path, "MNBENCH_QUIET": "1"})


def numbers(side: str, measured: Run) -> Row:
    """Return the columns of one side of a pair."""
    said = json.loads(measured.said.splitlines()[-1])
    values = {
        "amount": said["images"],
        **{name: said[name] for name in ("seconds", "fit_seconds") if name in said},
        "wall_seconds": measured.wall_seconds,
        "cpu_seconds": measured.cpu_seconds,
        "peak_mib": measured.peak_mib,
    }
    return {f"{side}{name}": round(value, 3) for name, value in values.items()}


if __name__ == "__main__":
    run(main)
