"""Sharing: a study's ensembles divided among processes, and the store that a process reads with.

Open it when processes wait for one another, or read too much. The trap: a process reads a record
once however many shares it takes, but each process reads for itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import uuid4

from mnbench.planning.lineage import Ensemble
from mnbench.records.store import RecordStore

SHARES = 64  # of a study: enough for many processes, and few beside the ensembles
NETWORKS_WORTH = 5  # what every ensemble's metrics take, as the work of so many networks


@dataclass(frozen=True)
class StoreOf:
    """The store of one evaluation, as a process is sent it: another one may find other records."""

    store: RecordStore = field(compare=False)
    evaluation: str = field(default_factory=lambda: uuid4().hex)


@lru_cache(maxsize=1)
def opened(sent: StoreOf) -> RecordStore:
    """Return the store that this process was sent first, with all that it has read since."""
    return sent.store


def shares(ensembles: Iterable[Ensemble], most: int = SHARES) -> list[tuple[Ensemble, ...]]:
    """Divide ensembles into shares, those with most work first, so that none is waited for alone.

    A share is of one data set, architecture set and seed. Ensembles of the same records are in one
    share, since they are evaluated once; its others are neighbours in the plan, which read the
    same records.

    Args:
        ensembles: of a plan, in its order.
        most: about how many shares to make; there is at least one for each setting.
    """
    settings: dict[tuple[str, str, int], dict[tuple, list[Ensemble]]] = {}
    for ensemble in ensembles:
        by_members = settings.setdefault(ensemble.setting, {})
        by_members.setdefault(ensemble.members, []).append(ensemble)
    number = max(1, most // max(1, len(settings)))
    made = [share for groups in settings.values() for share in _cut(list(groups.values()), number)]
    return sorted(made, key=lambda share: -_work(share))


def _cut(groups: list[list[Ensemble]], number: int) -> list[tuple[Ensemble, ...]]:
    """Cut groups, in their order, into at most *number* shares of about equal work."""
    whole = sum(map(_work, groups))
    parts: dict[int, list[Ensemble]] = {}
    done = 0
    for group in groups:
        parts.setdefault(done * number // whole, []).extend(group)
        done += _work(group)
    return [tuple(part) for part in parts.values()]


def _work(group: Iterable[Ensemble]) -> int:
    """Return about how long ensembles take, in networks; the metrics count for a few each."""
    sizes = {ensemble.members: ensemble.size for ensemble in group}
    return sum(size + NETWORKS_WORTH for size in sizes.values())
