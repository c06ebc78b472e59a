"""Checks of the values that an architecture is made of: one line that names the place."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from mnbench.errors import UserError, choices

MOST = 100_000  # of anything: products of such numbers can be counted in 64 bits
MOST_KERNEL = 255


def known_keys(
    data: Any, keys: tuple[str, ...], where: str, need: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return *data* as a dict of *keys*, of which those in *need* must be there.

    Raises:
        UserError: *data* is no mapping, has another key, or lacks one.
    """
    if not isinstance(data, Mapping):
        raise UserError(f"{where}: expected keys {', '.join(keys)}, got {data!r}")
    for key in data:
        if key not in keys:
            raise UserError(f"{where}: unknown key '{key}'; {choices(str(key), keys)}")
    for key in need:
        if key not in data:
            raise UserError(f"{where}: key '{key}' is missing")
    return dict(data)


def keys_of(kind: type) -> tuple[str, ...]:
    """What a dataclass can be made of."""
    return tuple(field.name for field in fields(kind) if field.init)


def odd(kernel: Any, where: str) -> None:
    """Refuse a kernel without a centre."""
    positive(kernel, f"{where}: kernel", most=MOST_KERNEL)
    if kernel % 2 == 0:
        raise UserError(
            f"{where}: kernel {kernel} is even; use an odd one, which has a centre and keeps the "
            "image size"
        )


def one_of(value: Any, allowed: tuple[str, ...], what: str) -> None:
    """Refuse a *value* that is not *allowed*."""
    if value not in allowed:
        raise UserError(f"{what} '{value}'; {choices(str(value), allowed)}")


def truth(value: Any, what: str) -> None:
    """Refuse what is neither true nor false."""
    if not isinstance(value, bool):
        raise UserError(f"{what} must be true or false, got {value!r}")


def positive(value: Any, what: str, least: int = 1, most: int = MOST) -> None:
    """Refuse what is no whole number from *least* to *most*."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise UserError(f"{what} must be a whole number from {least}, got {value!r}")
    if value > most:
        raise UserError(f"{what} must be at most {most:,}, got {value:,}")
