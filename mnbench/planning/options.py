"""Which approach a study uses for which architecture_set, and with which options."""

from collections.abc import Iterable, Mapping
from typing import Any

from mnbench.errors import UserError, choices
from mnbench.planning.config import Study, parse

ARCHITECTURE_SETS = "architecture_sets"  # the key that every approach may have beside its options


def options_by_set(
    study: Study, kinds: Mapping[str, type], *, source: str
) -> dict[str, dict[str, Any]]:
    """Check every approach's options.

    An approach is used for all architecture sets of the study, unless its key
    ``architecture_sets`` says for which: as a list, or as a mapping in which a set may have options
    of its own, which take the place of the approach's::

        treenets: {shared_layers: 2, architecture_sets: {v5: {sizes: [3, 5]}, v25: {sizes: [25]}}}

    Args:
        study: the checked configuration but for these options.
        kinds: the options of all approaches that there are, pydantic dataclasses, by name.
        source: the configuration file, for errors.

    Returns:
        Options by architecture_set and by approach, in the configuration's order.

    Raises:
        UserError: an approach or architecture_set is unknown, or an option is wrong; names the key.
    """
    found: dict[str, dict[str, Any]] = {
        architecture_set: {} for architecture_set in study.architecture_sets
    }
    for name, values in study.approaches.items():
        if name not in kinds:
            raise UserError(
                f"{source}: key 'approaches': unknown approach '{name}'; {choices(name, kinds)}"
            )
        key = f"approaches.{name}"
        own = dict(values or {})
        chosen = _chosen(
            own.pop(ARCHITECTURE_SETS, None), study, f"{source}: key '{key}.{ARCHITECTURE_SETS}'"
        )
        options = parse(kinds[name], own, source=source, key=key, others=(ARCHITECTURE_SETS,))
        for architecture_set, changes in chosen.items():
            if changes:
                place = f"{key}.{ARCHITECTURE_SETS}.{architecture_set}"
                found[architecture_set][name] = parse(
                    kinds[name], own | changes, source=source, key=place
                )
            else:
                found[architecture_set][name] = options
    for architecture_set, used in found.items():
        if not used:
            raise UserError(
                f"{source}: key '{ARCHITECTURE_SETS}': no approach is used for "
                f"'{architecture_set}'; add it to an approach's own '{ARCHITECTURE_SETS}' or leave "
                "it out"
            )
    return found


def place_of(study: Study, architecture_set: str, approach: str, option: str) -> str:
    """Return the key, dotted, at which an approach's option for an architecture_set stands."""
    chosen = (study.approaches.get(approach) or {}).get(ARCHITECTURE_SETS)
    own = chosen.get(architecture_set) if isinstance(chosen, Mapping) else None
    here = f"{ARCHITECTURE_SETS}.{architecture_set}." if option in (own or ()) else ""
    return f"approaches.{approach}.{here}{option}"


def _chosen(given: Any, study: Study, where: str) -> dict[str, dict[str, Any]]:
    """The architecture sets that an approach is used for, and the options that differ there."""
    if given is None:
        return {architecture_set: {} for architecture_set in study.architecture_sets}
    if not isinstance(given, list | Mapping):
        raise UserError(f"{where} must be a list, '[a, b]', or a mapping to options, got {given!r}")
    if not given:
        raise UserError(f"{where} must have at least one entry, got {given!r}")
    _check_names(given, study, where)
    if isinstance(given, list):
        return {architecture_set: {} for architecture_set in given}
    for architecture_set, changes in given.items():
        if not isinstance(changes, Mapping | None):
            raise UserError(
                f"{where}: '{architecture_set}' must be a mapping to options, got {changes!r}"
            )
    return {architecture_set: dict(changes or {}) for architecture_set, changes in given.items()}


def _check_names(names: Iterable[Any], study: Study, where: str) -> None:
    seen = set()
    for name in names:
        if name not in study.architecture_sets:
            raise UserError(
                f"{where}: '{name}' is no architecture set of this study; "
                f"{choices(str(name), study.architecture_sets)}"
            )
        if name in seen:
            raise UserError(f"{where}: '{name}' is given twice; give each once")
        seen.add(name)
