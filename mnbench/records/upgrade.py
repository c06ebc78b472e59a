"""Records of a former format, read in today's names.

Format 2 called the cost ``training_flops`` just ``flops``, in ``record.json`` and ``history.csv``.

Open it when a key of a record or a column of a history changes its name. The trap: the names change
in memory alone. Files on disk keep theirs, and so their checksums stay valid.
"""

from collections.abc import Mapping, Sequence
from typing import Any

FORMER_FORMATS = (2,)  # that are still read
_FORMER_NAMES = {"flops": "training_flops"}


def with_present_keys(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a ``record.json`` under the keys that the present format has.

    Args:
        content: as read; its ``format`` is the present one or among :data:`FORMER_FORMATS`.
    """
    if content["format"] not in FORMER_FORMATS or not isinstance(content.get("cost"), Mapping):
        return dict(content)
    cost = {_FORMER_NAMES.get(key, key): value for key, value in content["cost"].items()}
    return {**content, "cost": cost}


def present_columns(columns: Sequence[str]) -> list[str]:
    """Return the columns of a ``history.csv`` under the names that the present format has."""
    return [
        present if (present := _FORMER_NAMES.get(column, column)) not in columns else column
        for column in columns
    ]
