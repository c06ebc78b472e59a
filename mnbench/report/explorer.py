"""The explorer: one page with an interactive plot of every ensemble of a study.

Open this module to change the data that the page holds; ``explorer.js`` draws them. The trap: the
page must stay one file that loads nothing, so everything is inside, as JSON.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from mnbench.evaluation.claims.claim import COMPARISONS
from mnbench.evaluation.combination import AVERAGE, COMBINATIONS
from mnbench.evaluation.convergence import convergence_of
from mnbench.evaluation.tables.columns import POINT
from mnbench.evaluation.tables.files import select, set_of
from mnbench.figures import style
from mnbench.naming import approach_title, configuration, named_variant, networks_in_words
from mnbench.planning.config import TIMES
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId
from mnbench.report.claims_page import verdict_words
from mnbench.report.page import file, page, render

TABLES = ("summary", "estimates", "networks", "histories", "convergence", "missing", "verdicts")
MAXIMUM_EPOCHS = 80  # of a training curve: more would not show
# The column of the summary with the test error, by combination method.
_ERRORS = {
    method: "test_error" if method == AVERAGE else f"{method}_error" for method in COMBINATIONS
}
# What Plotly calls matplotlib's markers.
_SYMBOLS = {
    **{"o": "circle", "s": "square", "D": "diamond", "^": "triangle-up", "v": "triangle-down"},
    **{"P": "cross", "X": "x", "*": "star", "p": "pentagon", "h": "hexagon", "H": "hexagon2"},
    **{"<": "triangle-left", ">": "triangle-right", "d": "diamond-tall", "8": "octagon"},
}


@dataclass(frozen=True)
class Spread:
    """A quantity of a point: mean over the seeds, 95 % interval, and each seed's own."""

    mean: float | None
    low: float | None
    high: float | None
    each: tuple[float | None, ...]


@dataclass(frozen=True)
class ExplorerPoint:
    """One approach at one g, budget, size and variant, as the page shows it."""

    name: str  # "MotherNets, g = 2, half the epochs"
    label: str  # the same without the approach
    approach: str
    g: int | None
    budget: float
    size: int
    networks: str  # the size in words
    variant: str  # what else tells it from the approach's others
    named_variant: str  # the variant's name in the configuration, if it has one
    full: bool  # whether it is of the approach's largest size
    seeds: tuple[int, ...]
    errors: dict[str, Spread]  # by combination method, fractions
    costs: dict[str, Spread]  # by axis; of times without those taken on a shared device
    members: tuple[tuple[int, ...], ...]  # by seed, the numbers of the records that predict


@dataclass(frozen=True)
class ExplorerRecord:
    """One training, as the page shows it."""

    name: str
    role: str
    networks: tuple[dict[str, str], ...]  # each by name and structure
    parents: tuple[int, ...]  # numbers of records
    before: float  # epochs of the ancestors that it starts from
    error: float | None  # mean test error of its networks
    costs: dict[str, float | None]  # its own
    epochs: tuple[int, ...]
    curve: tuple[float | None, ...]  # validation error after each of them


def explorer(plan: Plan, tables: Mapping[str, pd.DataFrame], costs: Sequence[str]) -> str:
    """Return the page.

    Args:
        plan: the study's plan.
        tables: :data:`TABLES` by name, whole.
        costs: the cost axes, the one to start with first.
    """
    settings = dict.fromkeys(
        [(ensemble.dataset, ensemble.architecture_set) for ensemble in plan.ensembles]
        + [(out.dataset, out.architecture_set) for out in plan.left_out]
    )
    evaluated_on = set_of(tables.values())
    looks = style.looks(tables["summary"]["approach"])
    data = {
        "evaluatedOn": evaluated_on,
        "costs": [
            {"key": cost, "title": style.COST_TITLES[cost], "units": style.COST_UNITS[cost]}
            for cost in costs
        ],
        "combinations": COMBINATIONS,
        "approaches": {
            name: {"title": look.title, "color": look.color, "symbol": _SYMBOLS[look.marker]}
            for name, look in looks.items()
        },
        "settings": [_setting(plan, tables, *setting, costs) for setting in settings],
    }
    # "<" could end the element that the data are in.
    text = json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    body = render(
        file("explorer.html.jinja"),
        study=plan.study,
        comparisons=[f"{words[0].upper()}{words[1:]}" for words in COMPARISONS.values()],
        claims=[
            row | {"words": [verdict_words(row, comparison) for comparison in COMPARISONS]}
            for row in tables["verdicts"].to_dict("records")
        ],
        evaluated_on=evaluated_on,
        data=Markup(text),
        plotly=Markup(get_plotlyjs()),
    )
    return page(f"{plan.study}: explorer", Markup(body), file("explorer.js"), file("explorer.css"))


def _setting(
    plan: Plan,
    tables: Mapping[str, pd.DataFrame],
    dataset: str,
    architecture_set: str,
    costs: Sequence[str],
) -> dict[str, Any]:
    """Return everything of one data set and architecture set."""
    rows = {
        name: select(tables[name], dataset, architecture_set)
        for name in TABLES
        if name != "verdicts"  # of the whole study
    }
    records = _records(plan, rows["networks"], rows["histories"], costs)
    numbers = {id: number for number, id in enumerate(records)}
    converged = convergence_of(rows["convergence"], rows["networks"])
    notes = [converged.sentence]
    notes += [
        f"{out.name} left out: {out.reason}"
        for out in plan.left_out
        if (out.dataset, out.architecture_set) == (dataset, architecture_set)
    ]
    if missing := len(rows["missing"]):
        notes.append(f"{missing} could not be evaluated (missing.csv says why)")
    return {
        "dataset": dataset,
        "datasetTitle": plan.dataset(dataset).title,
        "architectureSet": architecture_set,
        "notes": notes,
        "warning": converged.sentence if converged.converged is False else None,
        "points": [asdict(point) for point in _points(plan, rows, numbers, costs)],
        "records": [asdict(record) for record in records.values()],
    }


def _points(
    plan: Plan,
    tables: Mapping[str, pd.DataFrame],
    numbers: Mapping[TrainingId, int],
    costs: Sequence[str],
) -> Iterable[ExplorerPoint]:
    keys = [*POINT, "combination"]
    means = tables["estimates"].astype({"g": "Int64"}).set_index(keys).sort_index()
    summary = tables["summary"]
    here = set(zip(summary["dataset"], summary["architecture_set"], strict=True))
    members = {
        (row.seed, row.approach, row.g, row.budget, row.size, row.variant): row.members
        for row in plan.ensembles
        if (row.dataset, row.architecture_set) in here
    }
    groups = summary.groupby(list(POINT), dropna=False, sort=False)
    for key, rows in groups:
        approach, g, budget, size, variant = key
        g = None if pd.isna(g) else int(g)
        estimates = means.loc[(approach, pd.NA if g is None else g, budget, size, variant)]
        average = estimates.loc[AVERAGE]
        yield ExplorerPoint(
            name=configuration(approach_title(approach), g, budget, variant),
            label=configuration("", g, budget, variant),
            approach=approach,
            g=g,
            budget=float(budget),
            size=int(size),
            networks=networks_in_words(approach, int(size)),
            variant=str(variant),
            named_variant=named_variant(str(variant)),
            full=bool(rows["full_size"].iloc[0]),
            seeds=tuple(map(int, rows["seed"])),
            errors={
                method: _spread(estimates.loc[method], "test_error", rows[column])
                for method, column in _ERRORS.items()
            },
            costs={cost: _spread(average, cost, _timed(rows, cost)) for cost in costs},
            members=tuple(
                tuple(numbers[id] for id in members[seed, approach, g, budget, size, variant])
                for seed in rows["seed"]
            ),
        )


def _spread(means: pd.Series, quantity: str, each: Iterable[float]) -> Spread:
    mean, low, high = (_number(means[f"{quantity}{end}"]) for end in ("", "_low", "_high"))
    return Spread(mean, low, high, tuple(_number(value) for value in each))


def _timed(rows: pd.DataFrame, cost: str) -> pd.Series:
    """Return costs; no time where the device was shared."""
    values = rows[cost].astype(float)
    return values.mask(rows["shared_device"].astype(bool)) if cost in TIMES else values


def _records(
    plan: Plan, networks: pd.DataFrame, histories: pd.DataFrame, costs: Sequence[str]
) -> dict[TrainingId, ExplorerRecord]:
    """Return every record of one setting by id, parents first."""
    rows = networks.set_index("record")
    of_record = {id: own.sort_values("epoch") for id, own in histories.groupby("record")}
    order = [id for id in plan.trainings if str(id) in rows.index]
    numbers = {id: number for number, id in enumerate(order)}
    described = {}
    for id in order:
        training, row = plan.trainings[id], rows.loc[str(id)]
        earlier = [str(ancestor) for ancestor in plan.predecessors(id)]
        curve = _thinned(of_record[str(id)]) if str(id) in of_record else histories.iloc[:0]
        described[id] = ExplorerRecord(
            name=training.name,
            role=training.role,
            networks=tuple(
                {"name": network.name, "structure": network.structure}
                for network in training.networks
            ),
            parents=tuple(numbers[parent] for parent in training.parents if parent in numbers),
            before=float(rows.loc[[id for id in earlier if id in rows.index], "epochs"].sum()),
            error=_number(row["test_error"]),
            costs={
                cost: None if cost in TIMES and row["shared_device"] else _number(row[cost])
                for cost in costs
            },
            epochs=tuple(map(int, curve["epoch"])),
            curve=tuple(_number(1 - value) for value in curve["validation_accuracy"]),
        )
    return described


def _thinned(history: pd.DataFrame) -> pd.DataFrame:
    """Return every n-th epoch and the last one."""
    step = -(-len(history) // MAXIMUM_EPOCHS)
    kept = history.iloc[::step]
    last = history.iloc[[-1]]
    return kept if kept["epoch"].iloc[-1] == last["epoch"].iloc[0] else pd.concat([kept, last])


def _number(value: float) -> float | None:
    """Return a number that JSON has, with the digits that count; None of a missing one."""
    return None if pd.isna(value) else float(f"{value:.6g}")
