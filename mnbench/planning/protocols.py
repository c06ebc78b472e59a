"""What of a recipe has an effect, under its protocol and with its schedule.

Open it when a key without effect is accepted, or changes a record's hash. The trap: a variant may
name another protocol or schedule than the study, and then has of the study's what goes with it.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from mnbench.errors import UserError
from mnbench.planning.recipe import SCHEDULES_WITH, Recipe


def inherited(recipe: Recipe, given: Any) -> dict[str, Any]:
    """Return what a variant has of the study's recipe, in plain values, before its own.

    Of another protocol or schedule than the study's it has what that knows: the rest has no effect.

    Args:
        recipe: the study's.
        given: what the variant says of its recipe, or None.
    """
    values = asdict(recipe)
    given = given if isinstance(given, Mapping) else {}
    if given.get("protocol", recipe.protocol) != recipe.protocol:
        del values[recipe.protocol]  # called as the protocol that has it
    schedule = given.get("schedule")
    if isinstance(schedule, Mapping) and "name" in schedule:
        for key, names in SCHEDULES_WITH.items():
            if schedule["name"] not in names:
                del values["schedule"][key]
    return values


def check_protocol(given: Any, recipe: Recipe, *, source: str, key: str) -> None:
    """Refuse what the other protocol has: without effect, it would train all records anew.

    Its defaults are no matter, and stand in a configuration that has every key.

    Args:
        given: what the configuration says of the recipe, or None.
        recipe: the whole of it.
        source: the file's name, for errors.
        key: the recipe's.

    Raises:
        UserError: names the key.
    """
    other = "epochs" if recipe.protocol == "convergence" else "convergence"
    is_given = isinstance(given, Mapping) and other in given  # called as the protocol that has it
    if is_given and getattr(recipe, other) != getattr(Recipe(), other):
        raise UserError(
            f"{source}: key '{key}.{other}': under recipe.protocol '{recipe.protocol}' it has no "
            f"effect; leave it out, or use the protocol '{other}'"
        )
