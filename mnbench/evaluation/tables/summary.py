"""Table ``summary``: every ensemble of every seed.

Open it to add a quantity of single ensembles. The trap: ensembles share trainings, so a sum of
their costs is more than the study's.
"""

from typing import Any

import pandas as pd

from mnbench.evaluation.combination import AVERAGE
from mnbench.evaluation.evaluate import METRICS, EvaluatedEnsemble
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import POINT, SETTING, WORK, frame

TITLE = "Every ensemble and seed"

COLUMNS = {
    **SETTING,
    "seed": "seed of the repetition",
    **POINT,
    "full_size": "whether the plan has no larger ensemble of this approach, g and variant",
    **METRICS,
    "temperature": "that minimises the negative log-likelihood on the validation images",
    "vote_error": "test error rate of the majority vote, ties broken by the summed softmax outputs",
    "super_learner_error": "test error rate of the average with weights fitted on the validation "
    "images",
    "oracle_error": "fraction of test images on which every network is wrong",
    **WORK,
    "trainings": "number of records billed: the members' and all their ancestors', each once",
}
OTHER_METHODS = ("vote", "super_learner", "oracle")


def build(results: StudyResults) -> pd.DataFrame:
    """Return one row for every evaluated ensemble.

    Metrics are those of the averaged softmax outputs unless a column says otherwise; costs are
    summed over the members' trainings and all their ancestors', each once.
    """
    return frame((_row(run) for run in results.evaluation.evaluated), COLUMNS)


def _row(run: EvaluatedEnsemble) -> dict[str, Any]:
    planned = (*SETTING, "seed", *POINT)
    return {
        **{name: getattr(run.ensemble, name) for name in planned},
        "full_size": run.full_size,
        **{metric: run.values[AVERAGE, metric] for metric in METRICS},
        "temperature": run.temperature,
        **{f"{method}_error": run.values[method, "test_error"] for method in OTHER_METHODS},
        **{name: getattr(run.cost, name) for name in WORK},
        "trainings": run.trainings,
    }
