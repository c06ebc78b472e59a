"""The manner of hatching: in words, all that tells one way to hatch from another but the epochs.

Open this module to change how figures name a line. The trap: lines run over epochs of a MotherNet
and of its members, so that trainings which differ in epochs alone must have one manner.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mnbench.planning.lineage import KEEPS_MOMENTUM, Training
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId

HATCHES = "mothernets"  # the approach whose members are hatched
SEPARATOR = ", "


def manners(plan: Plan) -> Mapping[TrainingId, str]:
    """Return the manner of each member that descends from a MotherNet, by its id.

    For instance "constant MotherNet, noise 0.1, keep 0.7". What recipes differ in beside their
    schedule and epochs is not in words; members with such a difference are numbered: "recipe 2".
    """
    recipes: dict[str, dict[str, int]] = {}  # number by recipes, by words
    named = {}
    for id, training in plan.trainings.items():
        if id.approach != HATCHES or training.role != "member" or not training.parents:
            continue
        above = [plan.trainings[one] for one in plan.predecessors(id)]
        root, words = above[0].id, _words(above, _first_cycle(plan, training))
        both = json.dumps([_without_epochs(plan.trainings[one].recipe) for one in (root, id)])
        numbers = recipes.setdefault(words, {})
        number = numbers.setdefault(both, len(numbers) + 1)
        named[id] = words if number == 1 else f"{words}{SEPARATOR}recipe {number}"
    return named


def without_common_parts(texts: list[str]) -> dict[str, str]:
    """Return what each manner is called beside the others: without the parts that all have.

    >>> without_common_parts(["cosine MotherNet, noise 0.1", "constant MotherNet, noise 0.1"])
    {'cosine MotherNet, noise 0.1': 'cosine MotherNet', \
'constant MotherNet, noise 0.1': 'constant MotherNet'}
    """
    parts = {text: text.split(SEPARATOR) for text in texts}
    common = set.intersection(*map(set, parts.values())) if len(parts) > 1 else set()
    return {
        text: SEPARATOR.join([part for part in own if part not in common] or own[:1])
        for text, own in parts.items()
    }


def _first_cycle(plan: Plan, training: Training) -> Training:
    """Return the training that hatched a network, of which others are further cycles."""
    while "cycle" in training.options:
        training = plan.trainings[training.parents[0]]
    return training


def _words(above: Sequence[Training], member: Training) -> str:
    """Return how a member was hatched, from all *above* it, the MotherNet first."""
    options = {name: value for name, value in member.options.items() if name != KEEPS_MOMENTUM}
    parts = [f"{name.replace('_', ' ')} {value}" for name, value in options.items()]
    if sum(one.role == "mothernet" for one in above) > 1:
        parts.insert(0, "by way of another MotherNet")
    if any(one.role == "member" and one.networks != member.networks for one in above):
        parts.insert(0, "by way of a relative")
    return SEPARATOR.join([f"{above[0].recipe['schedule']['name']} MotherNet", *parts])


def _without_epochs(recipe: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in recipe.items() if name != "epochs"}
