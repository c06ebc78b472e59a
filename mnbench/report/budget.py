"""The best split of a budget, as ``mnbench plan --budget`` prints it.

Open this module to change that text, or which splits are tried. The trap: a pilot's errors are of
the images that it was evaluated on; to choose on test images is to tune on them.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from mnbench.datasets.registry import TEST_SET
from mnbench.errors import UserError
from mnbench.evaluation.pilot import Pilot, read_pilot
from mnbench.evaluation.split_model import (
    MeasuredSplit,
    SplitModel,
    fit_splits,
    is_within,
    misses_by_kind,
    root_mean_square,
)
from mnbench.evaluation.tables.files import select, set_of
from mnbench.evaluation.whole_networks import whole_networks_for
from mnbench.naming import networks_in_words, setting_name
from mnbench.planning.config import Study
from mnbench.planning.plan import Plan
from mnbench.planning.planner import Approach, make_plan
from mnbench.planning.splits import HATCHING, BudgetSplit, Candidate, SplitPlanner

PROPOSED = 5
MOST_VALUES = 12  # of epochs before or after hatching: more are tried in equal ratios


def proposals(
    study: Study, approaches: Mapping[str, Approach], budget: float, folder: Path, *, source: str
) -> str:
    """Return the best splits of a budget for each data set and architecture set of a study.

    Args:
        study: the checked configuration.
        approaches: every approach that the checkout has, by name.
        budget: training FLOPs of one seed's ensemble of all networks.
        folder: of a finished study's tables, the pilot.
        source: the configuration file, for errors.

    Raises:
        UserError: no split can be proposed; names the reason.
    """
    if study.recipe.protocol == "convergence":
        raise UserError(
            f"{source}: key 'recipe.protocol': under 'convergence' trainings end by themselves, "
            "and no budget can be split; use 'epochs', or leave --budget out"
        )
    plan = make_plan(study, approaches, source=source)
    used = dict.fromkeys(
        (one.dataset, one.architecture_set) for one in plan.ensembles if one.approach == HATCHING
    )
    if not used:
        raise UserError(f"{source}: key 'approaches': --budget splits that of '{HATCHING}'; add it")
    pilot = read_pilot(folder, approaches)
    sections, refusals = [_head(pilot, budget)], []
    for dataset, architecture_set in used:
        planner = SplitPlanner(study, approaches, source, dataset, architecture_set)
        try:
            sections.append(_section(planner, pilot, plan, budget))
        except UserError as error:
            sections.append(str(error))
            refusals.append(error)
    if len(refusals) == len(used):
        raise refusals[0]
    return "\n".join(sections)


def _head(pilot: Pilot, budget: float) -> str:
    evaluated_on = set_of([pilot.estimates])
    caution = "; choose on development images to keep the test" if evaluated_on == TEST_SET else ""
    return (
        f"Splits of {_teraflops(budget)} training TFLOPs for each seed. Errors are "
        f"{pilot.folder}'s, on {evaluated_on} images{caution}."
    )


@dataclass(frozen=True)
class _Offer:
    """A candidate within the budget."""

    candidate: Candidate
    predicted: float  # error, a fraction
    measured: float | None  # by the pilot, where it trained this split


def _section(planner: SplitPlanner, pilot: Pilot, plan: Plan, budget: float) -> str:
    """Return the proposals for one data set and architecture set."""
    place = (planner.dataset, planner.architecture_set)
    points = pilot.splits(*place)
    model, misses = fit_splits(points), misses_by_kind(points)
    candidates = list(filter(None, map(planner.candidate, _within(points))))
    within = [one for one in candidates if one.training_flops <= budget]
    if not within:
        raise UserError(_too_little(f"--budget: {setting_name(*place)}", candidates))
    offers = sorted(
        _offers(within, model, points),
        key=lambda one: (one.predicted, one.candidate.training_flops),
    )
    lines = [f"\n{setting_name(*place)}:", _ranges(points), *_leave_one_out(misses)]
    lines += [
        f"  the pilot had other trainings, so errors here will differ: {text}"
        for text in pilot.differences(plan, *place)
    ]
    lines.append("  predicted error  training TFLOPs  below approaches")
    lines += [_line(offer, misses) for offer in offers[:PROPOSED]]
    return "\n".join([*lines, _promise(offers), *_fewer_networks(pilot, place, budget, offers[0])])


def _within(points: Sequence[MeasuredSplit]) -> Iterator[BudgetSplit]:
    """Yield the splits of whole epochs inside the pilot's range, its own among them."""
    splits = [point.split for point in points]
    for g in sorted({split.g for split in splits}):
        of_g = [split for split in splits if split.g == g]
        axes = [_values([one.scratch for one in of_g]), _values([one.hatched for one in of_g])]
        for scratch in axes[0]:
            for hatched in axes[1]:
                split = BudgetSplit(g, scratch, hatched)
                if is_within(split, of_g):
                    yield split


def _values(measured: Sequence[int]) -> list[int]:
    """Return the whole numbers in the range of those measured, or some of them in equal ratios."""
    low, high = min(measured), max(measured)
    if high - low < MOST_VALUES:
        return list(range(low, high + 1))
    return sorted({*measured, *map(round, np.geomspace(max(low, 1), high, MOST_VALUES))})


def _offers(
    candidates: Sequence[Candidate], model: SplitModel, points: Sequence[MeasuredSplit]
) -> Iterator[_Offer]:
    measured = {point.split: point.error for point in points}
    for candidate in candidates:
        split = candidate.split
        yield _Offer(candidate, model.error(split), measured.get(split))


def _too_little(place: str, candidates: Sequence[Candidate]) -> str:
    """Return why nothing is proposed."""
    if not candidates:
        return f"{place}: the study's options allow no split of the pilot; use the pilot's options"
    least = min(candidates, key=lambda one: one.training_flops)
    return (
        f"{place}: the cheapest split in the pilot's range costs "
        f"{_teraflops(least.training_flops)} TFLOPs ({_yaml(least)}); give at least "
        f"{math.ceil(least.training_flops / 1e9)}G"
    )


def _leave_one_out(misses: Mapping[bool, np.ndarray]) -> Iterator[str]:
    """Yield how well the model predicts each point from the others, a line for each kind."""
    for hatched, kind in ((True, "with hatched networks"), (False, "without (as Full Data)")):
        values = misses[hatched]
        known = int(np.isfinite(values).sum())
        start = (
            f"  leave-one-out, points {kind}: {known} of {len(values)} predicted from the others"
        )
        if known:
            yield (
                f"{start}, off by {100 * root_mean_square(values):.2f} points (root mean square), "
                f"at most {100 * np.nanmax(np.abs(values)):.2f}"
            )
        elif len(values):
            yield start


def _ranges(points: Sequence[MeasuredSplit]) -> str:
    """Return between which epochs the pilot measured each g: 10 + 2 to 4, say."""
    texts: dict[str, list[int]] = {}
    for g in sorted({point.split.g for point in points}):
        of_g = [point.split for point in points if point.split.g == g]
        spans = [_span([one.scratch for one in of_g])]
        spans += [_span([one.hatched for one in of_g])] * (of_g[0].hatched > 0)
        texts.setdefault(" + ".join(spans), []).append(g)
    parts = [f"g = {', '.join(map(str, numbers))}: {text}" for text, numbers in texts.items()]
    return f"  epochs of the pilot, and nothing outside of its points is tried: {'; '.join(parts)}"


def _span(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low} to {high}"


def _line(offer: _Offer, misses: Mapping[bool, np.ndarray]) -> str:
    uncertain = root_mean_square(misses[offer.candidate.split.hatched > 0])
    plus_minus = "" if np.isnan(uncertain) else f" ± {100 * uncertain:.2f}"
    error = f"{100 * offer.predicted:.2f}{plus_minus} %"
    cost = _teraflops(offer.candidate.training_flops)
    known = "" if offer.measured is None else f" # measured: {100 * offer.measured:.2f} %"
    return f"  {error:<15}  {cost:>15}  {_yaml(offer.candidate)}{known}"


def _promise(offers: Sequence[_Offer]) -> str:
    """Return what the first proposal promises over the best that the pilot measured."""
    measured = [(one.measured, one) for one in offers if one.measured is not None]
    if not measured:
        return "  the pilot itself measured nothing at no more than that cost"
    error, best = min(measured, key=lambda pair: pair[0])
    own = (
        f"  the pilot's own best at no more than that cost: {100 * error:.2f} % at "
        f"{_teraflops(best.candidate.training_flops)} TFLOPs"
    )
    if best is offers[0]:
        return f"{own}, which is the first proposal"
    promised = 100 * (error - offers[0].predicted)
    return f"{own}; the first proposal promises {abs(promised):.2f} points " + (
        "less" if promised > 0 else "more"
    )


def _fewer_networks(
    pilot: Pilot, place: tuple[str, str], budget: float, first: _Offer
) -> Iterator[str]:
    """Yield what the pilot measured of Full Data with fewer networks at the budget, if anything."""
    row = whole_networks_for(select(pilot.estimates, *place), budget)
    if row is None or row["full_size"]:
        return
    less = 100 * (first.predicted - row["test_error"])
    yield (
        f"  beside the splits, the pilot's first {networks_in_words(row['approach'], row['size'])} "
        f"of Full Data, each trained for all its epochs: {100 * row['test_error']:.2f} % at "
        f"{_teraflops(row['training_flops'])} TFLOPs, {abs(less):.2f} points "
        f"{'less' if less > 0 else 'more'} than the first proposal"
    )


def _yaml(candidate: Candidate) -> str:
    """Return the line of the configuration, below ``approaches``, that trains a candidate."""
    values: dict[str, Any] = {HATCHING: candidate.options}
    text = yaml.safe_dump(values, default_flow_style=True, sort_keys=False, width=math.inf)
    return str(text).strip()[1:-1]


def _teraflops(flops: float) -> str:
    return f"{flops / 1e12:.3g}"
