"""Table ``ensembles``: of each ensemble the disagreement, beside the epochs its members share.

Open this module for the numbers behind the disagreement in the figure. The trap: these are of the
validation images, and ``summary.csv`` is of the test images; the two differ by chance.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from mnbench.evaluation.metrics.pairwise import disagreement
from mnbench.evaluation.tables.columns import POINT, SETTING, frame
from mnbench.insides.opened import OpenedStudy
from mnbench.planning.lineage import Ensemble
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId

SHARED_COLUMNS = {  # also of the pairs of an ensemble's members
    "manner": "how all its members were hatched, in words; empty if some were not, or otherwise",
    "mothernet_epochs": "epochs of the MotherNets that all of them descend from, a pair's of both; "
    "empty if some were not hatched, or if they have no MotherNet in common",
    "hatched_epochs": "epochs of a member's own training, mean; empty likewise",
}
ENSEMBLE_COLUMNS = {
    **SETTING,
    "seed": "seed of the study",
    **POINT,
    **SHARED_COLUMNS,
    "disagreement": "fraction of validation images on which two members predict different classes, "
    "mean over pairs",
    "mean_member_error": "mean error of its members on the validation images",
}


def ensemble_table(study: OpenedStudy) -> pd.DataFrame:
    """Return a row for each full-size ensemble and seed whose records can be read."""
    rows = []
    for ensemble in study.full_ensembles():
        with study.leaving_out():
            predictions = [study.store.predictions(id, "validation") for id in ensemble.members]
            classes = np.concatenate([one.logits.argmax(axis=-1) for one in predictions])
            rows.append(
                ensemble_columns(ensemble)
                | shared_columns(study, ensemble)
                | {
                    "disagreement": disagreement(classes).value(),
                    "mean_member_error": float((classes != predictions[0].labels).mean()),
                }
            )
    return frame(rows, ENSEMBLE_COLUMNS)


def ensemble_columns(ensemble: Ensemble) -> dict[str, Any]:
    """Return the columns that tell an ensemble from the others of a study."""
    return {name: getattr(ensemble, name) for name in (*SETTING, "seed", *POINT)}


def shared_columns(
    study: OpenedStudy, ensemble: Ensemble, members: Sequence[TrainingId] = ()
) -> dict[str, Any]:
    """Return what members of an ensemble share: :data:`SHARED_COLUMNS`.

    Args:
        study: has the records.
        ensemble: whose manner of hatching and own epochs these are.
        members: those whose common MotherNets count; all of the ensemble's unless given.

    Raises:
        UserError: a record is missing or refused.
    """
    named = {study.manners.get(id, "") for id in ensemble.members}
    if len(named) > 1 or "" in named:
        return {"manner": ""}
    trunk = common_trunk(study.plan, members or ensemble.members)
    own = [study.store.record(id).cost.epochs for id in ensemble.members]
    return {
        "manner": named.pop(),
        "mothernet_epochs": study.store.cost(trunk).epochs if trunk else None,
        "hatched_epochs": float(np.mean(own)),
    }


def common_trunk(plan: Plan, ids: Sequence[TrainingId]) -> tuple[TrainingId, ...]:
    """Return the MotherNets that all these networks descend from, in the order of training.

    With several clusters, members of different MotherNets have none, however alike those are.
    """
    first, *others = (_trunk(plan, id) for id in ids)
    return tuple(one for one in first if all(one in trunk for trunk in others))


def _trunk(plan: Plan, id: TrainingId) -> tuple[TrainingId, ...]:
    """Return the MotherNets that a network descends from: those that others descend from too."""
    return tuple(one for one in plan.predecessors(id) if plan.trainings[one].role == "mothernet")
