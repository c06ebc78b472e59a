"""Table ``hatched``: of each hatched network the likeness of its replicas, and its first gradient.

Open this module for the numbers behind the lower half of the figure. The trap: at the start a
network has its noise; ``cosine_hatched`` is before it and tells whether the code is right.
"""

from dataclasses import asdict
from typing import Any

import pandas as pd

from mnbench.evaluation.tables.columns import SETTING, frame
from mnbench.insides.gradients import gradient_sizes
from mnbench.insides.opened import OpenedStudy
from mnbench.insides.replicas import replica_similarity
from mnbench.planning.lineage import Training

GRADIENT_IMAGES = 512  # of the batch; the first training images

HATCHED_COLUMNS = {
    **SETTING,
    "seed": "seed of the study",
    "record": "last part of the record's id",
    "network": "name of the network",
    "parent": "last part of the id of the record that it was hatched from",
    "manner": "how it was hatched, in words: all but the epochs",
    "mothernet_epochs": "epochs of training behind it when it was hatched",
    "hatched_epochs": "epochs of its own training",
    "replica_pairs": "number of pairs of replicated channels in one layer",
    "cosine_hatched": "mean cosine of the incoming filters of these pairs, as hatched: 1 but for "
    "unequal shares",
    "cosine_start": "likewise when its training began, after noise and the like",
    "cosine_trained": "likewise after its training",
    "cosine_others": "mean cosine of all other pairs of the same layers after training",
    "gradient_inherited": "root mean square of the gradient as hatched, on the first training "
    "images, per weight that repeats one of its parent's",
    "gradient_enlarged": "likewise per weight added to an inherited filter; empty without one",
    "gradient_inserted": "likewise per weight of an inserted layer; empty without one, and 0 by "
    "construction in residual units and dense layers",
}


def hatched_table(study: OpenedStudy) -> pd.DataFrame:
    """Return a row for each hatched network whose records can be read."""
    rows = []
    for training in study.hatched_trainings():
        with study.leaving_out():
            rows.append(_row(study, training))
    return frame(rows, HATCHED_COLUMNS)


def _row(study: OpenedStudy, training: Training) -> dict[str, Any]:
    again = study.hatched_again(training)
    likeness = [
        replica_similarity(network, again.origins)
        for network in (again.hatched, again.start, again.trained)
    ]
    data = study.data_of(training)
    images = data.normalise(data.train.images[:GRADIENT_IMAGES])
    sizes = gradient_sizes(
        again.hatched, again.origins, images, data.train.labels[:GRADIENT_IMAGES]
    )
    id, store = training.id, study.store
    return {
        "dataset": id.dataset,
        "architecture_set": id.architecture_set,
        "seed": id.seed,
        "record": id.name,
        "network": training.networks[0].name,
        "parent": training.parents[0].name,
        "manner": study.manners[id],
        "mothernet_epochs": store.cost(study.plan.predecessors(id)).epochs,
        "hatched_epochs": store.record(id).cost.epochs,
        "replica_pairs": likeness[0].pairs,
        "cosine_hatched": likeness[0].replicas,
        "cosine_start": likeness[1].replicas,
        "cosine_trained": likeness[2].replicas,
        "cosine_others": likeness[2].others,
        **{f"gradient_{name}": value for name, value in asdict(sizes).items()},
    }
