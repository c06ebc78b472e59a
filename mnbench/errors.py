"""The exception that a user's mistake raises, and what its message is made of.

Open it when a wrong value is explained poorly. The trap: every other exception is a bug, and shown
as a traceback; but an ``OSError`` is the system's refusal, and one line as well.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

# What pydantic's findings mean to somebody who writes YAML.
_MEANINGS = {
    "bool_type": "must be true or false",
    "dataclass_type": "must be a mapping, 'key: value' on each line",
    "dict_type": "must be a mapping, 'key: value' on each line",
    "finite_number": "must be a finite number",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "is_instance_of": "must be a list, '[a, b]'",
    "string_type": "must be text",
    "too_short": "must have at least one entry",
    "tuple_type": "must be a list, '[a, b]'",
}


MISTAKE = 2  # the exit status
LONGEST = 3000  # characters of a message
LONGEST_WORD = 400  # characters: what a message quotes of a user's own text


class UserError(Exception):
    """A mistake that the user can mend: printed as one line, never as a traceback.

    The message names the file and key at fault, says what is wrong and what to do instead. It may
    quote what somebody wrote: so line ends and control characters are escaped, and of a very long
    message the middle is left out.
    """

    def __init__(self, message: str):
        super().__init__(one_line(message))


def one_line(text: str) -> str:
    """Return a message as it is printed: in one line, whatever the names that it quotes.

    A file's name may have a line break, a terminal's commands or bytes that are no text; and what
    was typed in its place may be a whole file.
    """
    half = LONGEST_WORD // 2
    text = re.sub(
        rf"\S{{{LONGEST_WORD},}}", lambda word: f"{word[0][:half]}...{word[0][-half:]}", text
    )
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}"
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def cause(error: Exception) -> str:
    """Return why a file cannot be read, without Python's words for it."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, KeyError):
        return f"key {error} is missing"
    if isinstance(error, ValueError | UserError) and str(error):
        return str(error).splitlines()[0]
    return f"{type(error).__name__}: {error}".splitlines()[0]


def choices(given: str, allowed: Iterable[str]) -> str:
    """Describe what was allowed instead of *given*, the nearest name first when one is near."""
    names = sorted(allowed)
    near = difflib.get_close_matches(given, names, n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"{hint}allowed: {', '.join(names)}"


def requirement(finding: Mapping[str, Any]) -> str:
    """Say what a value must be, given one of pydantic's ``ValidationError.errors()``."""
    kind, given = finding["type"], finding["input"]
    if kind == "float_type" and isinstance(given, str) and _is_number(given):
        return "must be a number (to YAML 5e-4 is text: write 5.0e-4)"
    return _MEANINGS.get(kind, finding["msg"].replace("Input should", "must"))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
