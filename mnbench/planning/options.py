"""The options of every approach, for every architecture set of a study.

Open it to learn how an approach is used for some architecture sets only. The trap: the options that
an architecture set has of its own replace the approach's key by key, not as a whole.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field
from pydantic.dataclasses import dataclass

from mnbench.errors import UserError, choices
from mnbench.planning.config import ArchitectureSetName, ArchitectureSetNames, Study
from mnbench.planning.parsing import parse
from mnbench.planning.recipe import CONFIG

SETS_KEY = "architecture_sets"  # the key of CommonOptions


@dataclass(frozen=True, config=CONFIG)
class CommonOptions:
    """What a configuration may say of every approach, beside the approach's own options."""

    architecture_sets: (
        ArchitectureSetNames | dict[ArchitectureSetName, dict[str, Any] | None] | None
    ) = Field(
        default=None,
        description="Architecture sets that the approach is used for. Give a list, or a mapping in "
        "which a set may have options of its own. `null`, the default, is all of the study's.",
        examples=[("v5",), {"v5": None, "v100": {"budgets": [1]}}],
    )


def options_by_set(
    study: Study, kinds: Mapping[str, type], *, source: str
) -> dict[str, dict[str, Any]]:
    """Check every approach's options and return them by architecture set and approach.

    An approach is used for all architecture sets of the study, unless its key
    ``architecture_sets`` says for which: as a list, or as a mapping in which a set may have options
    of its own, which take the place of the approach's::

        treenets: {shared_layers: 2, architecture_sets: {v5: {sizes: [3, 5]}, v25: {sizes: [25]}}}

    Args:
        study: the checked configuration but for these options.
        kinds: the options of all known approaches, pydantic dataclasses, by name.
        source: the configuration file, for errors.

    Returns:
        Options by architecture set and by approach, in the configuration's order.

    Raises:
        UserError: an approach or architecture set is unknown, or an option is wrong; names the key.
    """
    by_set: dict[str, dict[str, Any]] = {name: {} for name in study.architecture_sets}
    for approach, values in study.approaches.items():
        if approach not in kinds:
            raise UserError(
                f"{source}: key 'approaches': unknown approach '{approach}'; "
                f"{choices(approach, kinds)}"
            )
        kind, key = kinds[approach], f"approaches.{approach}"
        own = dict(values or {})
        chosen = _chosen(own.pop(SETS_KEY, None), study, f"{source}: key '{key}.{SETS_KEY}'")
        options: Any = parse(kind, own, source=source, key=key, others=(SETS_KEY,))
        for architecture_set, changes in chosen.items():
            if changes:
                place = f"{key}.{SETS_KEY}.{architecture_set}"
                changed: Any = parse(kind, own | changes, source=source, key=place)
                by_set[architecture_set][approach] = changed
            else:
                by_set[architecture_set][approach] = options
    for architecture_set, used in by_set.items():
        if not used:
            raise UserError(
                f"{source}: key '{SETS_KEY}': no approach is used for "
                f"'{architecture_set}'; add it to an approach's own '{SETS_KEY}' or leave "
                "it out"
            )
    return by_set


def place_of(study: Study, architecture_set: str, approach: str, option: str) -> str:
    """Return the dotted key at which an approach's option for an architecture set stands."""
    chosen = (study.approaches.get(approach) or {}).get(SETS_KEY)
    own = chosen.get(architecture_set) if isinstance(chosen, Mapping) else None
    inner = f"{SETS_KEY}.{architecture_set}." if option in (own or ()) else ""
    return f"approaches.{approach}.{inner}{option}"


def _chosen(given: Any, study: Study, place: str) -> dict[str, dict[str, Any]]:
    """Return the architecture sets that an approach is used for, each with what differs there."""
    if given is None:
        return {architecture_set: {} for architecture_set in study.architecture_sets}
    if not isinstance(given, list | Mapping):
        raise UserError(f"{place} must be a list, '[a, b]', or a mapping to options, got {given!r}")
    if not given:
        raise UserError(f"{place} must have at least one entry, got {given!r}")
    _check_names(given, study, place)
    if isinstance(given, list):
        return {architecture_set: {} for architecture_set in given}
    for architecture_set, changes in given.items():
        if not isinstance(changes, Mapping | None):
            raise UserError(
                f"{place}: '{architecture_set}' must be a mapping to options, got {changes!r}"
            )
    return {architecture_set: dict(changes or {}) for architecture_set, changes in given.items()}


def _check_names(names: Iterable[Any], study: Study, place: str) -> None:
    seen = set()
    for name in names:
        if name not in study.architecture_sets:
            raise UserError(
                f"{place}: '{name}' is no architecture set of this study; "
                f"{choices(str(name), study.architecture_sets)}"
            )
        if name in seen:
            raise UserError(f"{place}: '{name}' is given twice; give each once")
        seen.add(name)
