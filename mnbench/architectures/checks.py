"""Check the values that an architecture is made of: one line that names the place.

Open this module to see what a key may hold. The trap: a ``bool`` is an ``int`` in Python, so every
check of a number refuses it.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from mnbench.errors import UserError, choices

MAXIMUM = 100_000  # of any number: products can still be counted in 64 bits
MAXIMUM_KERNEL = 255
MAXIMUM_LAYERS = 1000  # of a network


def known_keys(
    data: Any, keys: tuple[str, ...], place: str, required: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return *data* as a dict, all of whose keys are known.

    Args:
        data: plain values, as YAML gives them.
        keys: the keys that are allowed.
        place: where *data* stands, for errors.
        required: the keys that must be present.

    Raises:
        UserError: *data* is no mapping, has another key, or lacks a required one.
    """
    if not isinstance(data, Mapping):
        raise UserError(f"{place}: expected keys {', '.join(keys)}, got {data!r}")
    for key in data:
        if key not in keys:
            raise UserError(f"{place}: unknown key '{key}'; {choices(str(key), keys)}")
    for key in required:
        if key not in data:
            raise UserError(f"{place}: key '{key}' is missing; give it")
    return dict(data)


def keys_of(kind: type) -> tuple[str, ...]:
    """List the arguments that a dataclass takes."""
    return tuple(field.name for field in fields(kind) if field.init)


def check_kernel(kernel: Any, place: str) -> None:
    """Refuse a kernel without a centre.

    Raises:
        UserError: *kernel* is no odd whole number in range.
    """
    check_integer(kernel, f"{place}: kernel", maximum=MAXIMUM_KERNEL)
    if kernel % 2 == 0:
        raise UserError(
            f"{place}: kernel {kernel} is even; use an odd one, which has a centre and keeps the "
            "image size"
        )


def check_choice(value: Any, allowed: tuple[str, ...], what: str) -> None:
    """Refuse a *value* that is not *allowed*.

    Raises:
        UserError: begins with *what*, names the value and the nearest allowed one.
    """
    if value not in allowed:
        raise UserError(f"{what} '{value}'; {choices(str(value), allowed)}")


def check_boolean(value: Any, what: str) -> None:
    """Refuse a *value* that is neither true nor false.

    Raises:
        UserError: begins with *what*.
    """
    if not isinstance(value, bool):
        raise UserError(f"{what} must be true or false, got {value!r}")


def check_integer(value: Any, what: str, minimum: int = 1, maximum: int = MAXIMUM) -> None:
    """Refuse a *value* that is no whole number from *minimum* to *maximum*.

    Raises:
        UserError: begins with *what*.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        raise UserError(f"{what} must be a whole number from {minimum}, got {value!r}")
    if value > maximum:
        raise UserError(f"{what} must be at most {maximum:,}, got {value:,}")
