"""What of a study may be left out: seeds, values of g, budgets, sizes, variants, data sets.

Open it when an approach gets an option that lists several values, each of them a point. The trap:
an approach's own defaults may list several values as well, which no configuration shows.
"""

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mnbench.planning.config import Study, name_of_dataset
from mnbench.planning.options import SETS_KEY, VARIANTS_KEY
from mnbench.planning.planner import Approach

# Options that list points, in the order in which more of them are tried, and what one is called.
MENUS: Mapping[str, str] = {"g": "g =", "budgets": "budget", "sizes": "size"}
SEED, VARIANT, ARCHITECTURES, DATASET = "seed", "variant", "architecture set", "data set"


@dataclass(frozen=True)
class Choice:
    """One value of a study that may be left out."""

    kind: str  # SEED, ARCHITECTURES, DATASET, VARIANT, or one of MENUS
    value: Any
    keys: tuple[str, ...] = ()  # of an option: below `approaches`, to the list or mapping

    def __str__(self) -> str:
        if not self.keys:
            return f"{self.kind} {self.value}"
        approach, *rest = self.keys
        where = [part for part in rest[:-1] if part != SETS_KEY]
        name = " ".join([approach, *where])
        return f"{name}: {MENUS.get(self.kind, self.kind)} {self.value}"


def with_defaults(study: Study, approaches: Mapping[str, Approach]) -> Study:
    """Return a study in which lists of points that are defaults are written down."""
    options: dict[str, dict[str, Any] | None] = {}
    for name, own in study.approaches.items():
        known = dataclasses.fields(approaches[name].options) if name in approaches else ()
        defaults = {one.name: list(default) for one in known if (default := _several(one))}
        options[name] = {**defaults, **(own or {})} or None
    return replace(study, approaches=options)


def _several(option: "dataclasses.Field[Any]") -> Sequence[Any]:
    """Return an option's default, if it lists several points."""
    default: Any = getattr(option.default, "default", option.default)  # pydantic's, or plain
    listed = option.name in MENUS and isinstance(default, tuple) and len(default) > 1
    return tuple(default) if listed else ()


def choices_of(study: Study) -> list[Choice]:
    """Return everything that may be left out, the plainest of each list first."""
    found = [Choice(SEED, seed) for seed in study.seeds]
    found += [Choice(ARCHITECTURES, name) for name in study.architecture_sets]
    found += [Choice(DATASET, name) for name in study.dataset_names]
    for approach, options in study.approaches.items():
        found += _of_options(options or {}, (approach,))
    return found


def _of_options(options: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[Choice]:
    for key, value in options.items():
        place = (*keys, key)
        if key in MENUS and isinstance(value, list) and value:
            yield from (Choice(key, one, place) for one in _plainest_first(key, value))
        elif key == VARIANTS_KEY and isinstance(value, Mapping):
            yield from (Choice(VARIANT, name, place) for name in value)
        elif isinstance(value, Mapping):
            yield from _of_options(value, place)


def _plainest_first(key: str, values: Sequence[Any]) -> list[Any]:
    """Return a list's values, first the one that stands for its approach if there is one only."""

    def rank(value: Any) -> float:
        if not isinstance(value, int | float):
            return 0.0 if value == "minimum" else float("inf")  # of g: the fewest clusters, or all
        return {"g": value, "budgets": abs(value - 1), "sizes": -value}[key]

    return sorted(values, key=rank)


def smallest(study: Study) -> set[Choice]:
    """Return what is left of a study that has every approach once, on one seed.

    The architecture sets are the first ones that every approach has one among.
    """
    chosen: dict[tuple[Any, ...], Choice] = {}
    for choice in choices_of(study):
        if choice.kind not in (VARIANT, ARCHITECTURES):
            chosen.setdefault((choice.kind, choice.keys), choice)
    sets: list[str] = []
    for name in study.architecture_sets:
        if sets and all(_used(options, sets) for options in study.approaches.values()):
            break
        sets.append(name)
    return {*chosen.values(), *(Choice(ARCHITECTURES, name) for name in sets)}


def _used(options: Mapping[str, Any] | None, sets: Collection[str]) -> bool:
    """Return whether an approach is used for one of some architecture sets."""
    own = (options or {}).get(SETS_KEY)
    return own is None or any(name in own for name in sets)


def reduced(study: Study, chosen: Collection[Choice]) -> Study:
    """Return a study without what is not chosen, in the configuration's order."""
    sets = [name for name in study.architecture_sets if Choice(ARCHITECTURES, name) in chosen]
    datasets = [one for one in study.datasets if Choice(DATASET, name_of_dataset(one)) in chosen]
    approaches: dict[str, dict[str, Any] | None] = {}
    for name, options in study.approaches.items():
        if not _used(options, sets):
            continue
        own = _reduced(options or {}, (name,), chosen)
        if (named := own.get(SETS_KEY)) is not None:
            own[SETS_KEY] = (
                [one for one in named if one in sets]
                if isinstance(named, list)
                else {one: of_set for one, of_set in named.items() if one in sets}
            )
        approaches[name] = own or None
    return replace(
        study,
        datasets=tuple(datasets),
        architecture_sets=tuple(sets),
        seeds=tuple(seed for seed in study.seeds if Choice(SEED, seed) in chosen),
        approaches=approaches,
    )


def _reduced(
    options: Mapping[str, Any], keys: tuple[str, ...], chosen: Collection[Choice]
) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in options.items():
        place = (*keys, key)
        if key in MENUS and isinstance(value, list) and value:
            kept[key] = [one for one in value if Choice(key, one, place) in chosen]
        elif key == VARIANTS_KEY and isinstance(value, Mapping):
            named = {n: own for n, own in value.items() if Choice(VARIANT, n, place) in chosen}
            kept |= {key: named} if named else {}
        elif isinstance(value, Mapping):
            kept[key] = _reduced(value, place, chosen)
        else:
            kept[key] = value
    return kept
