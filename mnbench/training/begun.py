"""What a training has begun, over all the processes that worked on it, however they ended.

An interrupted training repeats what it did since its last checkpoint. That work is no part of what
a training costs, but somebody paid for it, and so it has an entry of its own. Each step is counted
in a file before it is done: in the kernel's hands, where the end of the process leaves it.

Open it to change what counts as repeated. The trap: a machine that loses its power loses what the
kernel had not yet written, and then the entry says less than was done.
"""

import os
import struct
import zlib
from contextlib import suppress
from io import FileIO
from pathlib import Path

from mnbench.files import cannot_write, only_a_file

BEGUN = ".begun"  # the suffix of the file, beside the checkpoint's
_CONTENT = struct.Struct("<32sQQ")  # whose, examples, processes
_SUM = struct.Struct("<I")


class Begun:
    """Counts of the examples that a training has begun, and of the processes that trained.

    A process counts from its first work on: a batch, or a teacher's predictions. Before that it has
    done nothing that another would have to repeat.
    """

    def __init__(self, file: Path | None, identity: str) -> None:
        """Go on counting where the file's last process ended.

        Args:
            file: what holds the counts; None counts this process alone.
            identity: the hash of all that decides the training: another one's counts are not its.

        Raises:
            UserError: the file cannot be written.
        """
        self.examples = self.processes = 0
        self._counts_this_process = False
        self._identity = identity.encode()[:32].ljust(32, b"\0")
        self._path = file
        self._file: FileIO | None = None
        if file is None:
            return
        try:
            only_a_file(file)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
            self._file = file.open("r+b", buffering=0)
            self._read(self._file.read(_CONTENT.size + _SUM.size))
        except OSError as error:
            self.close()
            raise cannot_write(file, error) from error

    def _read(self, content: bytes) -> None:
        """Take the counts over if they are whole and this training's."""
        with suppress(struct.error):
            (checksum,) = _SUM.unpack(content[_CONTENT.size :])
            identity, examples, processes = _CONTENT.unpack(content[: _CONTENT.size])
            if checksum == zlib.crc32(content[: _CONTENT.size]) and identity == self._identity:
                self.examples, self.processes = examples, processes

    def at_least(self, examples: int) -> None:
        """Count no less than a checkpoint has, whatever became of the file."""
        self.examples = max(self.examples, examples)
        self.processes = max(self.processes, int(examples > 0))

    def add(self, examples: int) -> None:
        """Count what begins now: so many examples, or with 0 of them other work.

        Raises:
            UserError: the file cannot be written.
        """
        self.examples += examples
        self.processes += not self._counts_this_process
        self._counts_this_process = True
        if self._path is None or self._file is None:
            return
        content = _CONTENT.pack(self._identity, self.examples, self.processes)
        try:
            os.pwrite(self._file.fileno(), content + _SUM.pack(zlib.crc32(content)), 0)
        except OSError as error:
            raise cannot_write(self._path, error) from error

    def close(self) -> None:
        """Close the file; the counts stay in it."""
        if self._file is not None:
            self._file.close()
            self._file = None
