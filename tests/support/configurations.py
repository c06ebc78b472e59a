"""Changes to the tiny study's configuration, and what its user is then told."""

from typing import Any

import pytest
from support.tiny import SOURCE, config, plan_of

from mnbench.errors import UserError


def changed(path: str, value: Any) -> dict[str, Any]:
    """The tiny study's configuration with the value at the dotted *path* replaced."""
    values = config()
    *outer, last = path.split(".")
    inner = values
    for key in outer:
        if inner.get(key) is None:
            inner[key] = {}
        inner = inner[key]
    inner[last] = value
    return values


def refusal(values: Any) -> str:
    """Return the error that the user sees, without the file's name."""
    with pytest.raises(UserError) as caught:
        plan_of(values)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(f"{SOURCE}: ")
    return text.removeprefix(f"{SOURCE}: ")
