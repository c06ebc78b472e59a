"""What a check found: fine, worth knowing, or a problem with its remedy.

Open it to change how a diagnosis reads. The trap: a problem makes `mnbench doctor` end with status
1, so that what a study can do without is a note.
"""

from collections.abc import Sequence
from dataclasses import dataclass

OK, REMARK, PROBLEM = "ok", "note", "problem"


@dataclass(frozen=True)
class Diagnosis:
    """What one check found."""

    kind: str  # OK, REMARK or PROBLEM
    subject: str
    text: str
    remedy: str = ""


def lines_of(diagnoses: Sequence[Diagnosis]) -> list[str]:
    """Return a line for each diagnosis, in columns."""
    width = max((len(diagnosis.subject) for diagnosis in diagnoses), default=0)
    return [
        f"{diagnosis.kind:<{len(PROBLEM)}}  {diagnosis.subject:<{width}}  "
        + "; ".join(filter(None, [diagnosis.text, diagnosis.remedy]))
        for diagnosis in diagnoses
    ]
