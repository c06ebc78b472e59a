"""The options of every approach, for every architecture set of a study, and of its variants.

Open it to learn how an approach is used for some architecture sets only, or in several variants.
The trap: what an architecture set or a variant has of its own replaces the approach's options key
by key, also inside a mapping; a list is replaced as a whole.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from mnbench.errors import UserError, choices
from mnbench.files import file_name
from mnbench.planning.config import ArchitectureSetName, ArchitectureSetNames, Study
from mnbench.planning.parsing import parse
from mnbench.planning.protocols import check_protocol, inherited
from mnbench.planning.recipe import CONFIG, Recipe

SETS_KEY, VARIANTS_KEY = "architecture_sets", "variants"  # the keys of CommonOptions
RECIPE_KEY = "recipe"  # of a variant, beside the approach's options
PLAIN = ""  # the approach as the study sets it, beside its variants


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
    variants: dict[Annotated[str, AfterValidator(file_name)], dict[str, Any]] | None = Field(
        default=None,
        description="The approach again, with other options: a point or line of its own in the "
        "main figure, and no part of the claims. By name, each a mapping to the options that "
        "differ, and `recipe` to what differs there. What is equal to a training of the approach "
        "itself, or of another variant, is trained once. To make a variant the approach itself "
        "trains it again, under the approach's own names. `null`, the default, is none.",
        examples=[{"longer": {"recipe": {"epochs": 20}}}],
    )


@dataclasses.dataclass(frozen=True)
class Configured:
    """How a study uses an approach for an architecture set: itself, or one of its variants."""

    options: Any  # of the approach's own kind
    recipe: Recipe


def options_by_set(
    study: Study, kinds: Mapping[str, type], *, source: str
) -> dict[str, dict[str, dict[str, Configured]]]:
    """Check every approach's options; return them by architecture set, approach and variant.

    An approach is used for all architecture sets of the study, unless its key
    ``architecture_sets`` says for which: as a list, or as a mapping in which a set may have options
    of its own, which take the place of the approach's::

        treenets: {shared_layers: 2, architecture_sets: {v5: {sizes: [3, 5]}, v25: {sizes: [25]}}}

    Args:
        study: the checked configuration but for these options.
        kinds: the options of all known approaches, pydantic dataclasses, by name.
        source: the configuration file, for errors.

    Returns:
        By architecture set, approach and variant, :data:`PLAIN` first, in the configuration's
        order.

    Raises:
        UserError: an approach or architecture set is unknown, or an option is wrong; names the key.
    """
    by_set: dict[str, dict[str, dict[str, Configured]]] = {
        name: {} for name in study.architecture_sets
    }
    for approach, values in study.approaches.items():
        if approach not in kinds:
            raise UserError(
                f"{source}: key 'approaches': unknown approach '{approach}'; "
                f"{choices(approach, kinds)}"
            )
        kind, key = kinds[approach], f"approaches.{approach}"
        own = dict(values or {})
        chosen = _chosen(own.pop(SETS_KEY, None), study, f"{source}: key '{key}.{SETS_KEY}'")
        usual = _variants(kind, own, study, source, key, others=(SETS_KEY, VARIANTS_KEY))
        for architecture_set, changes in chosen.items():
            place = f"{key}.{SETS_KEY}.{architecture_set}"
            by_set[architecture_set][approach] = (
                _variants(kind, overridden(own, changes), study, source, place, (VARIANTS_KEY,))
                if changes
                else usual
            )
    for architecture_set, used in by_set.items():
        if not used:
            raise UserError(
                f"{source}: key '{SETS_KEY}': no approach is used for "
                f"'{architecture_set}'; add it to an approach's own '{SETS_KEY}' or leave "
                "it out"
            )
    return by_set


def _variants(
    kind: type,
    values: Mapping[str, Any],
    study: Study,
    source: str,
    key: str,
    others: tuple[str, ...],
) -> dict[str, Configured]:
    """Check an approach's options and those of its variants.

    Args:
        kind: the approach's options.
        values: plain values at *key*, with its variants.
        study: whose recipe variants may change.
        source: the configuration file, for errors.
        key: dotted.
        others: keys that may stand beside the approach's own, for errors.
    """
    own = {name: value for name, value in values.items() if name != VARIANTS_KEY}
    options: Any = parse(kind, own, source=source, key=key, others=others)
    given = {VARIANTS_KEY: values.get(VARIANTS_KEY)}
    variants = parse(CommonOptions, given, source=source, key=key).variants or {}
    configured = {PLAIN: Configured(options, study.recipe)}
    for name, changes in variants.items():
        place = f"{key}.{VARIANTS_KEY}.{name}"
        changes = dict(changes)
        own_recipe = changes.pop(RECIPE_KEY, None)
        recipe = overridden(
            inherited(study.recipe, own_recipe), {} if own_recipe is None else own_recipe
        )
        variant = Configured(
            parse(kind, overridden(own, changes), source=source, key=place, others=(RECIPE_KEY,)),
            parse(Recipe, recipe, source=source, key=f"{place}.{RECIPE_KEY}"),
        )
        check_protocol(own_recipe, variant.recipe, source=source, key=f"{place}.{RECIPE_KEY}")
        for other, known in configured.items():
            if known == variant:
                equal = f"the variant '{other}'" if other else "the approach itself"
                raise UserError(
                    f"{source}: key '{place}': is the same as {equal}; give it other options, or "
                    "leave it out"
                )
        configured[name] = variant
    return configured


def overridden(values: Mapping[str, Any], changes: Any) -> Any:
    """Return plain values with *changes* in their place, key by key, also inside mappings.

    >>> overridden({"g": [1, 2], "hatched": {"epochs": 4}}, {"hatched": {"keep": 0.5}})
    {'g': [1, 2], 'hatched': {'epochs': 4, 'keep': 0.5}}
    """
    if not isinstance(changes, Mapping):
        return changes
    return {
        **values,
        **{
            key: overridden(before, change)
            if isinstance(before := values.get(key), Mapping)
            else change
            for key, change in changes.items()
        },
    }


def place_of(
    study: Study, architecture_set: str, approach: str, option: str, variant: str = PLAIN
) -> str:
    """Return the dotted key at which an approach's option stands: the innermost that has it.

    Args:
        study: the configuration.
        architecture_set: for which the option holds.
        approach: whose option it is.
        option: its key.
        variant: of which it is; :data:`PLAIN` is the approach itself.
    """
    own = study.approaches.get(approach) or {}
    sets = own.get(SETS_KEY)
    of_set = (sets.get(architecture_set) or {}) if isinstance(sets, Mapping) else {}
    inside_set = f"{SETS_KEY}.{architecture_set}."
    of_variant = f"{VARIANTS_KEY}.{variant}."
    places = {
        inside_set + of_variant: (of_set.get(VARIANTS_KEY) or {}).get(variant),
        of_variant: (own.get(VARIANTS_KEY) or {}).get(variant),
        inside_set: of_set,
    }
    inner = next((place for place, values in places.items() if _has(values, option)), "")
    return f"approaches.{approach}.{inner}{option}"


def _has(values: Any, option: str) -> bool:
    """Return whether plain values have a dotted key."""
    for part in option.split("."):
        if not isinstance(values, Mapping) or part not in values:
            return False
        values = values[part]
    return True


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
