"""The exception that a user's mistake raises, and the proposal of the nearest valid name."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake that the user can mend: printed as one line, never as a traceback.

    The message names the file and key at fault, says what is wrong and what to do instead.
    """


def choices(given: str, allowed: Iterable[str]) -> str:
    """Describe what was allowed instead of *given*, the nearest name first when one is near."""
    names = sorted(allowed)
    near = difflib.get_close_matches(given, names, n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"{hint}allowed: {', '.join(names)}"
