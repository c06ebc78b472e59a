"""Ensembles as rows of a plan's file, in which a large study's members take no more than trainings.

Most ensembles are the one before and a member more. A row says how many first members it has in
common with the row before, and lists the rest by their trainings' numbers. Spelt out, a thousand
networks would be named half a million times for each approach.

Open it to change how a plan's file lists members. The trap: files of format 3 have all members as
ids; they are read as well.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from mnbench.planning.lineage import Ensemble, with_ids_as_text
from mnbench.planning.training_id import TrainingId

COMMON = "common_members"


def ensemble_rows(
    ensembles: Iterable[Ensemble], numbers: Mapping[TrainingId, int]
) -> list[dict[str, Any]]:
    """Return a row of plain values for each ensemble.

    Args:
        ensembles: of a plan, in its order.
        numbers: of the plan's trainings, from 0.
    """
    rows = []
    before: tuple[TrainingId, ...] = ()
    for ensemble in ensembles:
        members = ensemble.members
        common = _common(before, members)
        rows.append(
            with_ids_as_text(ensemble, but="members")
            | {COMMON: common, "members": [numbers[id] for id in members[common:]]}
        )
        before = members
    return rows


def _common(before: Sequence[TrainingId], members: Sequence[TrainingId]) -> int:
    """Return how many members two ensembles have in common: all of the first, or none."""
    return len(before) if members[: len(before)] == before else 0


def read_ensembles(
    rows: Iterable[Mapping[str, Any]],
    ids: Sequence[TrainingId],
    parse: Callable[[str], TrainingId],
) -> tuple[Ensemble, ...]:
    """Return the ensembles that rows describe.

    Args:
        rows: of a plan's file.
        ids: of the plan's trainings, in its order.
        parse: from the text of an id, for files of format 3.

    Raises:
        LookupError, TypeError, ValueError: a row is not as :func:`ensemble_rows` makes it.
    """
    planned = set(ids)

    def member(named: Any) -> TrainingId:
        if type(named) is int and 0 <= named < len(ids):
            return ids[named]
        if isinstance(named, str) and (id := parse(named)) in planned:
            return id
        raise ValueError(f"an ensemble has the member {named}, which is not planned")

    ensembles = []
    before: tuple[TrainingId, ...] = ()
    for row in rows:
        common = row.get(COMMON, 0)
        if type(common) is not int or common not in (0, len(before)):
            raise ValueError(f"an ensemble has {common} members in common with the one before it")
        before = (*before[:common], *map(member, row["members"]))
        ensembles.append(
            Ensemble(**{key: row[key] for key in row if key != COMMON} | {"members": before})
        )
    return tuple(ensembles)
