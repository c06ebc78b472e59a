"""Tensors in a safetensors file: written whole or not at all, never as pickle.

Open it to write weights elsewhere. The trap: safetensors reports a full disk by an error of its own
kind, which no handler of system errors sees.
"""

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from mnbench.files import replacing


def save_tensors(
    tensors: Mapping[str, Tensor], path: Path, metadata: dict[str, str] | None = None
) -> None:
    """Write contiguous tensors and texts to a file.

    Raises:
        UserError: the file cannot be written.
    """
    with replacing(path) as unfinished:
        try:
            save_file(dict(tensors), unfinished, metadata)
        except SafetensorError as error:
            raise OSError(str(error)) from error
