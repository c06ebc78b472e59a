"""Whether torch and torchvision can be imported, tried in a process of its own.

Open it to ask torch another question. The trap: importing torch takes seconds, so the process is
started first and its answer read last; and a broken torch may end its process without a word.
"""

import json
import subprocess
import sys
from dataclasses import dataclass

LONGEST_IMPORT = 120.0  # on a machine that does something else
# By itself `device_count` is the driver's, with GPUs that torch cannot start.
_CODE = """
import json, torch, torchvision
gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
print(json.dumps({"built_for": torch.version.cuda, "gpus": gpus}))
"""


@dataclass(frozen=True)
class TorchAnswer:
    """What torch says of itself."""

    fault: str = ""  # why it cannot be imported
    built_for: str | None = None  # the version of CUDA; None is CPUs alone
    gpus: int = 0  # that it can use


class TorchProbe:
    """A process that imports torch."""

    def __init__(self, code: str = _CODE) -> None:
        """Start it.

        Args:
            code: what it runs; prints an answer as JSON in its last line.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def answer(self, seconds: float = LONGEST_IMPORT) -> TorchAnswer:
        """Return what it said, once it has ended."""
        try:
            said, errors = self._process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            return TorchAnswer(f"not imported within {seconds:g} seconds")
        if self._process.returncode:
            last = (errors.strip().splitlines() or ["no reason given"])[-1]
            return TorchAnswer(f"{last} (status {self._process.returncode})")
        return TorchAnswer(**json.loads(said.splitlines()[-1]))
