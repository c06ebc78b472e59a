"""Plans of one approach, what their ensembles are billed for, and names of their trainings."""

from support import tiny

from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId

WHERE = ("fashion_mnist", "v5-small", 0)
NETWORKS = ("v13", "v16", "v16a", "v16b", "v19")


def id_of(approach: str, name: str) -> TrainingId:
    return TrainingId(*WHERE, approach, name)


def plan_of(seeds=(0,), recipe=None, architecture_set="v5-small", **approaches) -> Plan:
    config = {
        "study": "tiny",
        "datasets": ["fashion_mnist" if architecture_set.endswith("-small") else "cifar10"],
        "data": {"download": True},
        "architecture_sets": [architecture_set],
        "seeds": list(seeds),
        "recipe": recipe or {"epochs": 10},
        "approaches": approaches,
    }
    return tiny.plan_of(config)


def billed(plan: Plan, **wanted) -> set[TrainingId]:
    """Return the records that one ensemble pays for."""
    (row,) = [
        row
        for row in plan.ensembles
        if all(getattr(row, key) == value for key, value in wanted.items())
    ]
    return set(plan.lineage(row.members))


def members(plan: Plan, **wanted) -> set[TrainingId]:
    """Return the records whose networks one ensemble consists of."""
    (row,) = [
        row
        for row in plan.ensembles
        if all(getattr(row, key) == value for key, value in wanted.items())
    ]
    return set(row.members)


def of(approach: str, *names: str) -> set[TrainingId]:
    return {id_of(approach, name) for name in names}
