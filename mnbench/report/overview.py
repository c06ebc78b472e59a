"""``summary.md``: the full-size ensembles of a study as a table for people.

Open this module to change the table that people read first. The trap: it is made of CSV tables
alone, so it can be made anew from the committed ones.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from mnbench.evaluation.combination import AVERAGE
from mnbench.evaluation.convergence import convergence_of
from mnbench.evaluation.tables.files import select, set_of
from mnbench.naming import WIDER, point_name, setting_name
from mnbench.report.full_data_column import FULL_DATA_HEADING, full_data_cell

TABLES = ("estimates", "convergence", "networks", "left_out", "missing")
HEADINGS = (
    *("approach", "networks", "{set} error %", "members' mean error %", "disagreement %"),
    *("calibration error %", "epochs", "training TFLOPs", "CPU-seconds"),
)
_BEFORE_TIMES = -1  # where the column of Full Data's networks stands, if the study has it


def summary_page(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return one Markdown table for each data set and architecture set, in order of FLOPs.

    Below each table stand what was left out and what is missing, with the reasons.

    Args:
        tables: :data:`TABLES` by name, whole.
    """
    settings = dict.fromkeys(
        setting
        for name in ("estimates", "left_out", "missing")
        for setting in zip(tables[name]["dataset"], tables[name]["architecture_set"], strict=True)
    )
    return "\n".join(line for setting in settings for line in _section(tables, *setting))


def _section(tables: Mapping[str, pd.DataFrame], dataset: str, architecture_set: str) -> list[str]:
    rows = {name: select(tables[name], dataset, architecture_set) for name in TABLES}
    estimates, name = rows["estimates"], setting_name(dataset, architecture_set)
    if estimates.empty:
        lines = [f"## {name}: nothing could be evaluated\n"]
    else:
        lines = [f"## {name}: mean and 95 % interval over {_sample(estimates)}\n"]
        lines.append(summary_table(estimates))
        if (estimates.loc[estimates["full_size"], "timed_seeds"] == 0).any():
            lines.append(
                "An empty time: all of its seeds' trainings had to share the device "
                "(`networks.csv`, column `shared_device`).\n"
            )
        sentence = convergence_of(rows["convergence"], rows["networks"]).sentence
        lines.append(f"{sentence[0].upper()}{sentence[1:]}.\n")
    lines += [
        f"Left out: {point_name({**row, 'g': None, 'budget': 1})}: {row['reason']}.\n"
        for row in rows["left_out"].to_dict("records")
    ]
    return lines + _missing(rows["missing"])


def _sample(rows: pd.DataFrame) -> str:
    """Return what the intervals are over."""
    seeds, images = rows["seeds"].max(), f"{rows['images'].max():,} {set_of([rows])} images"
    return (
        f"{seeds} seeds and {images}" if seeds > 1 else f"{images} (one seed: no spread of seeds)"
    )


def _missing(missing: pd.DataFrame) -> list[str]:
    """Return one line for each reason."""
    lines = []
    for reason, rows in missing.groupby("reason", sort=False):
        sizes: dict[str, list[int]] = {}
        for row in rows.to_dict("records"):
            name = f"{point_name(row)}, seed {row['seed']}"
            sizes.setdefault(name, []).append(row["size"])
        names = ", ".join(f"{name}, {_sizes(of_name)}" for name, of_name in sizes.items())
        lines.append(f"Missing: {names}: {reason}.\n")
    return lines


def _sizes(sizes: Sequence[int]) -> str:
    first, last = min(sizes), max(sizes)
    return f"size {first}" if first == last else f"sizes {first} to {last}"


def summary_table(estimates: pd.DataFrame) -> str:
    """Return the Markdown table of the full-size ensembles of one setting."""
    shown = estimates[(estimates["combination"] == AVERAGE) & estimates["full_size"]]
    shown = shown.sort_values("training_flops", kind="stable")
    rows, seeds = shown.to_dict("records"), shown["seeds"].max()
    table = [[heading.format(set=set_of([estimates])) for heading in HEADINGS]]
    table += [_cells(row, seeds) for row in rows]
    fewer = [full_data_cell(row, estimates) for row in rows]
    if any(fewer):
        for cells, cell in zip(table, [FULL_DATA_HEADING, *fewer], strict=True):
            cells.insert(_BEFORE_TIMES, cell)
    head, *lines = (f"| {' | '.join(cells)} |\n" for cells in table)
    return f"{head}|---{'|--:' * (len(table[0]) - 1)}|\n{''.join(lines)}"


def _cells(row: Mapping[Hashable, Any], seeds: int) -> list[str]:
    name = point_name(row)
    if row["seeds"] < seeds:
        name += f" ({row['seeds']} of {seeds} seeds)"
    return [
        name,
        "1" if row["approach"] == WIDER else f"{row['size']}",
        _number(row, "test_error", 100, 2),
        _number(row, "mean_member_error", 100, 2),
        _number(row, "disagreement", 100, 1),
        _number(row, "calibration_error", 100, 1),
        f"{row['epochs']:.0f}",
        _number(row, "training_flops", 1e-12, 2),
        _number(row, "cpu_seconds", 1, 1) + _timed(row),
    ]


def _timed(row: Mapping[Hashable, Any]) -> str:
    """Return of how many seeds a time is, where other seeds' trainings shared the device."""
    timed, seeds = row["timed_seeds"], row["seeds"]
    return f"; {timed} of {seeds} seeds" if 0 < timed < seeds else ""


def _number(row: Mapping[Hashable, Any], column: str, unit: float, digits: int) -> str:
    """Return a mean and its interval; the mean alone if that is a point, "" of a missing one."""
    value, low, high = (
        f"{unit * row[f'{column}{end}']:.{digits}f}" for end in ("", "_low", "_high")
    )
    if pd.isna(row[column]):
        return ""
    return value if pd.isna(row[f"{column}_low"]) or low == high else f"{value} ({low} to {high})"
