"""The explorer: one page with an interactive plot of every ensemble of a study."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from mnbench.datasets import DATASETS
from mnbench.evaluation.combination import RULES
from mnbench.evaluation.tables.convergence import of_ensemble, verdict
from mnbench.evaluation.tables.estimates import KEYS
from mnbench.evaluation.tables.tables import select
from mnbench.figures import style
from mnbench.planning.config import TIMES
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId
from mnbench.report.page import file, page, render

NEEDED = ("summary", "estimates", "networks", "histories", "convergence", "missing")  # tables
MOST_EPOCHS = 80  # of a training curve: more would not show
# Of the summary's columns the one with the test error, by rule.
_ERRORS = {rule: "test_error" if rule == "average" else f"{rule}_error" for rule in RULES}
_POINT = ["approach", "g", "budget", "size"]
# What Plotly calls matplotlib's markers.
_SYMBOLS = {
    **{"o": "circle", "s": "square", "D": "diamond", "^": "triangle-up", "v": "triangle-down"},
    **{"P": "cross", "X": "x", "*": "star", "p": "pentagon", "h": "hexagon", "H": "hexagon2"},
    **{"<": "triangle-left", ">": "triangle-right", "d": "diamond-tall", "8": "octagon"},
}


@dataclass(frozen=True)
class Spread:
    """A figure of a point: its mean over the seeds, its 95 % interval, and each seed's own."""

    mean: float | None
    low: float | None
    high: float | None
    each: tuple[float | None, ...]


@dataclass(frozen=True)
class ExplorerPoint:
    """One approach at one g, budget and size, as the page shows it."""

    approach: str
    g: int | None
    budget: float
    size: int
    full: bool  # whether it is of the approach's largest size
    seeds: tuple[int, ...]
    errors: dict[str, Spread]  # by rule, fractions
    costs: dict[str, Spread]  # by axis; of times without those taken on a shared device
    members: tuple[tuple[int, ...], ...]  # by seed, the numbers of the records that answer


@dataclass(frozen=True)
class ExplorerRecord:
    """One training, as the page shows it."""

    name: str
    role: str
    networks: tuple[str, ...]  # each by name and structure
    parents: tuple[int, ...]  # numbers of records
    before: float  # epochs of the ancestors that it goes on from
    error: float | None  # mean test error of its networks
    costs: dict[str, float | None]  # its own
    epochs: tuple[int, ...]
    curve: tuple[float | None, ...]  # validation error after each of them


def explorer(plan: Plan, tables: Mapping[str, pd.DataFrame], costs: Sequence[str]) -> str:
    """Make the page.

    Args:
        plan: the study's plan.
        tables: :data:`NEEDED`, whole.
        costs: the cost axes, the one to start with first.
    """
    where = dict.fromkeys(
        (row.dataset, row.architecture_set) for row in (*plan.ensembles, *plan.left_out)
    )
    looks = style.looks(tables["summary"]["approach"])
    data = {
        "costs": [
            {"key": cost, "title": style.TITLES[cost], "units": style.UNITS[cost]} for cost in costs
        ],
        "rules": RULES,
        "approaches": {
            name: {"title": look.title, "color": look.color, "symbol": _SYMBOLS[look.marker]}
            for name, look in looks.items()
        },
        "settings": [
            _setting(plan, tables, dataset, ensemble, costs) for dataset, ensemble in where
        ],
    }
    # "<" could end the element that the data are in.
    text = json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    body = render(
        file("explorer.html.jinja"),
        study=plan.study,
        data=Markup(text),
        plotly=Markup(get_plotlyjs()),
    )
    return page(f"{plan.study}: explorer", Markup(body), file("explorer.js"), file("explorer.css"))


def _setting(
    plan: Plan,
    tables: Mapping[str, pd.DataFrame],
    dataset: str,
    ensemble: str,
    costs: Sequence[str],
) -> dict[str, Any]:
    """Everything of one data set and ensemble."""
    here = {name: select(table, dataset, ensemble) for name, table in tables.items()}
    records = _records(plan, here["networks"], here["histories"], costs)
    numbers = {id: number for number, id in enumerate(records)}
    found = verdict(of_ensemble(tables["convergence"], dataset, ensemble))
    notes = [found.sentence]
    notes += [
        f"{out.approach} left out: {out.reason}"
        for out in plan.left_out
        if (out.dataset, out.architecture_set) == (dataset, ensemble)
    ]
    if missing := len(here["missing"]):
        notes.append(f"{missing} could not be evaluated (missing.csv says why)")
    return {
        "dataset": dataset,
        "datasetTitle": DATASETS[dataset].title,
        "ensemble": ensemble,
        "notes": notes,
        "warning": found.sentence if found.converged is False else None,
        "points": [asdict(point) for point in _points(plan, here, numbers, costs)],
        "records": [asdict(record) for record in records.values()],
    }


def _points(
    plan: Plan,
    tables: Mapping[str, pd.DataFrame],
    numbers: Mapping[TrainingId, int],
    costs: Sequence[str],
) -> Iterable[ExplorerPoint]:
    means = tables["estimates"].astype({"g": "Int64"}).set_index([*KEYS[2:]]).sort_index()
    summary = tables["summary"]
    here = set(zip(summary["dataset"], summary["architecture_set"], strict=True))
    members = {
        (row.seed, row.approach, row.g, row.budget, row.size): row.members
        for row in plan.ensembles
        if (row.dataset, row.architecture_set) in here
    }
    groups = summary.groupby(_POINT, dropna=False, sort=False)
    for key, rows in groups:
        approach, g, budget, size = key
        g = None if pd.isna(g) else int(g)
        known = means.loc[(approach, pd.NA if g is None else g, budget, size)]
        average = known.loc["average"]
        yield ExplorerPoint(
            approach=approach,
            g=g,
            budget=float(budget),
            size=int(size),
            full=bool(rows["full_size"].iloc[0]),
            seeds=tuple(map(int, rows["seed"])),
            errors={
                rule: _spread(known.loc[rule], "test_error", rows[column])
                for rule, column in _ERRORS.items()
            },
            costs={cost: _spread(average, cost, _timed(rows, cost)) for cost in costs},
            members=tuple(
                tuple(numbers[id] for id in members[seed, approach, g, budget, size])
                for seed in rows["seed"]
            ),
        )


def _spread(means: pd.Series, quantity: str, each: Iterable[float]) -> Spread:
    return Spread(
        *(_number(means[f"{quantity}{end}"]) for end in ("", "_low", "_high")),
        tuple(_number(value) for value in each),
    )


def _timed(rows: pd.DataFrame, cost: str) -> pd.Series:
    """Costs; no time where the device was shared."""
    values = rows[cost].astype(float)
    return values.mask(rows["shared_device"].astype(bool)) if cost in TIMES else values


def _records(
    plan: Plan, networks: pd.DataFrame, histories: pd.DataFrame, costs: Sequence[str]
) -> dict[TrainingId, ExplorerRecord]:
    """Describe every record of one data set and ensemble, by id, parents first."""
    rows = networks.set_index("record")
    of_record = {id: own.sort_values("epoch") for id, own in histories.groupby("record")}
    order = [id for id in plan.trainings if str(id) in rows.index]
    numbers = {id: number for number, id in enumerate(order)}
    found = {}
    for id in order:
        training, row = plan.trainings[id], rows.loc[str(id)]
        earlier = [str(ancestor) for ancestor in plan.predecessors(id)]
        curve = _thinned(of_record[str(id)]) if str(id) in of_record else histories.iloc[:0]
        found[id] = ExplorerRecord(
            name=training.name,
            role=training.role,
            networks=tuple(map(str, training.networks)),
            parents=tuple(numbers[parent] for parent in training.parents if parent in numbers),
            before=float(rows.loc[[one for one in earlier if one in rows.index], "epochs"].sum()),
            error=_number(row["test_error"]),
            costs={
                cost: None if cost in TIMES and row["shared_device"] else _number(row[cost])
                for cost in costs
            },
            epochs=tuple(map(int, curve["epoch"])),
            curve=tuple(_number(1 - value) for value in curve["validation_accuracy"]),
        )
    return found


def _thinned(history: pd.DataFrame) -> pd.DataFrame:
    """Keep every n-th epoch and the last one."""
    step = -(-len(history) // MOST_EPOCHS)
    kept = history.iloc[::step]
    last = history.iloc[[-1]]
    return kept if kept["epoch"].iloc[-1] == last["epoch"].iloc[0] else pd.concat([kept, last])


def _number(value: float) -> float | None:
    """A number that JSON has, with the digits that count; None of what is missing."""
    return None if pd.isna(value) else float(f"{value:.6g}")
