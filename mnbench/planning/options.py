"""Which approach a study uses for which ensemble, and with which options."""

from collections.abc import Iterable, Mapping
from typing import Any

from mnbench.errors import UserError, choices
from mnbench.planning.config import Study, parse

ENSEMBLES = "ensembles"  # the key that every approach may have beside its options


def options_by_ensemble(
    study: Study, kinds: Mapping[str, type], *, source: str
) -> dict[str, dict[str, Any]]:
    """Check every approach's options.

    An approach is used for all ensembles of the study, unless its key ``ensembles`` says for which:
    as a list, or as a mapping in which an ensemble may have options of its own, which take the
    place of the approach's::

        treenets: {shared_layers: 2, ensembles: {v5: {sizes: [3, 5]}, v25: {sizes: [25]}}}

    Args:
        study: the checked configuration but for these options.
        kinds: the options of all approaches that there are, pydantic dataclasses, by name.
        source: the configuration file, for errors.

    Returns:
        Options by ensemble and by approach, in the configuration's order.

    Raises:
        UserError: an approach or ensemble is unknown, or an option is wrong; names the key.
    """
    found: dict[str, dict[str, Any]] = {ensemble: {} for ensemble in study.ensembles}
    for name, values in study.approaches.items():
        if name not in kinds:
            raise UserError(
                f"{source}: key 'approaches': unknown approach '{name}'; {choices(name, kinds)}"
            )
        key = f"approaches.{name}"
        own = dict(values or {})
        chosen = _chosen(own.pop(ENSEMBLES, None), study, f"{source}: key '{key}.{ENSEMBLES}'")
        options = parse(kinds[name], own, source=source, key=key, others=(ENSEMBLES,))
        for ensemble, changes in chosen.items():
            if changes:
                place = f"{key}.{ENSEMBLES}.{ensemble}"
                found[ensemble][name] = parse(kinds[name], own | changes, source=source, key=place)
            else:
                found[ensemble][name] = options
    for ensemble, used in found.items():
        if not used:
            raise UserError(
                f"{source}: key 'ensembles': no approach is used for '{ensemble}'; add it to "
                f"an approach's own 'ensembles' or leave it out"
            )
    return found


def place_of(study: Study, ensemble: str, approach: str, option: str) -> str:
    """Return the key, dotted, at which an approach's option for an ensemble stands."""
    chosen = (study.approaches.get(approach) or {}).get(ENSEMBLES)
    own = chosen.get(ensemble) if isinstance(chosen, Mapping) else None
    here = f"{ENSEMBLES}.{ensemble}." if option in (own or ()) else ""
    return f"approaches.{approach}.{here}{option}"


def _chosen(given: Any, study: Study, where: str) -> dict[str, dict[str, Any]]:
    """The ensembles that an approach is used for, and the options that differ there."""
    if given is None:
        return {ensemble: {} for ensemble in study.ensembles}
    if not isinstance(given, list | Mapping):
        raise UserError(f"{where} must be a list, '[a, b]', or a mapping to options, got {given!r}")
    if not given:
        raise UserError(f"{where} must have at least one entry, got {given!r}")
    _check_names(given, study, where)
    if isinstance(given, list):
        return {ensemble: {} for ensemble in given}
    for ensemble, changes in given.items():
        if not isinstance(changes, Mapping | None):
            raise UserError(f"{where}: '{ensemble}' must be a mapping to options, got {changes!r}")
    return {ensemble: dict(changes or {}) for ensemble, changes in given.items()}


def _check_names(names: Iterable[Any], study: Study, where: str) -> None:
    seen = set()
    for name in names:
        if name not in study.ensembles:
            raise UserError(
                f"{where}: '{name}' is no ensemble of this study; "
                f"{choices(str(name), study.ensembles)}"
            )
        if name in seen:
            raise UserError(f"{where}: '{name}' is given twice; give each once")
        seen.add(name)
