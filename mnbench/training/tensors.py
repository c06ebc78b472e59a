"""Tensors in a safetensors file: written whole or not at all, never as pickle.

Open it to write weights elsewhere. The trap: safetensors' own ``save_file`` writes to a file that
nobody else may read, whatever the umask, and under a name that nobody finds after a kill.
"""

from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save
from torch import Tensor

from mnbench.files import replacing


def save_tensors(
    tensors: Mapping[str, Tensor], path: Path, metadata: dict[str, str] | None = None
) -> None:
    """Write contiguous tensors and texts to a file.

    Their bytes are put together in memory, where they take twice the tensors' room.

    Raises:
        UserError: the file cannot be written.
    """
    with replacing(path) as unfinished:
        unfinished.write_bytes(save(dict(tensors), metadata))
