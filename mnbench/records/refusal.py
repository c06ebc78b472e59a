"""How a record is refused: one line that says why, and what to do.

Open it to change that line. The trap: it holds only the first of pydantic's many findings.
"""

from pydantic import ValidationError

from mnbench.errors import cause, requirement

RETRAIN = "run snakemake again, which trains it anew"


def reason(error: Exception) -> str:
    """Return an exception's message in one line."""
    if isinstance(error, ValidationError):  # its text is many lines: the first finding is enough
        first = error.errors()[0]
        return f"key '{'.'.join(map(str, first['loc']))}': {requirement(first)}"
    return cause(error)
