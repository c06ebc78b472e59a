"""Table ``pairs``: the error barrier between every two members of equal architecture.

Open this module for the numbers behind the barriers in the figure. The trap: widened members repeat
channels at places of their own, so that the line between two also leads from one choice to the
other. Members of a set of equal networks have no replicas, and their barrier is of training alone.
"""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations
from typing import Any

import pandas as pd

from mnbench.evaluation.tables.columns import POINT, SETTING, frame
from mnbench.insides.barriers import Barrier, error_with_own_moments, line_barrier
from mnbench.insides.ensembles import SHARED_COLUMNS, ensemble_columns, shared_columns
from mnbench.insides.opened import OpenedStudy
from mnbench.planning.lineage import Ensemble
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId

PAIR_COLUMNS = {
    **SETTING,
    "seed": "seed of the study",
    **POINT,
    **SHARED_COLUMNS,
    "first": "last part of the id of the first member's record",
    "second": "likewise of the second",
    "first_error": "validation error of the first, its batch norm measured anew as on the line",
    "second_error": "likewise of the second",
    "highest_error": "highest validation error between them",
    "place": "where that is, as a fraction of the way from the first to the second",
    "barrier": "error barrier: `highest_error` less the larger of both ends'",
}


def pair_table(study: OpenedStudy) -> pd.DataFrame:
    """Return a row for every two members of equal architecture of each full-size ensemble."""
    barrier = cache(lambda first, second: _barrier(study, first, second))
    rows = []
    for ensemble in study.full_ensembles():
        for first, second in equal_pairs(study.plan, ensemble):
            with study.leaving_out():
                rows.append(_row(study, ensemble, first, second, barrier))
    return frame(rows, PAIR_COLUMNS)


def equal_pairs(plan: Plan, ensemble: Ensemble) -> Iterator[tuple[TrainingId, TrainingId]]:
    """Yield every two members that have a record each and one architecture."""
    alone = [id for id in ensemble.members if len(plan.trainings[id].networks) == 1]
    for pair in combinations(alone, 2):
        (first,), (second,) = (plan.trainings[id].networks for id in pair)
        if first == second:
            yield pair


def _barrier(study: OpenedStudy, first: TrainingId, second: TrainingId) -> Barrier:
    data = study.data_of(study.plan.trainings[first])
    return line_barrier(
        study.network(first),
        study.network(second),
        lambda network: error_with_own_moments(network, data),
    )


def _row(
    study: OpenedStudy,
    ensemble: Ensemble,
    first: TrainingId,
    second: TrainingId,
    barrier: Callable[[TrainingId, TrainingId], Barrier],
) -> dict[str, Any]:
    measured = barrier(first, second)
    return (
        ensemble_columns(ensemble)
        | shared_columns(study, ensemble, (first, second))
        | {
            "first": first.name,
            "second": second.name,
            "first_error": measured.first,
            "second_error": measured.second,
            "highest_error": measured.highest,
            "place": measured.place,
            "barrier": measured.height,
        }
    )
