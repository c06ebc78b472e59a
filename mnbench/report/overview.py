"""The overview: what the full-size ensembles of a study come to, as a table for people."""

from collections.abc import Mapping, Sequence

import pandas as pd

from mnbench.evaluation.ensembles import AVERAGE, Missing
from mnbench.evaluation.points import Key
from mnbench.evaluation.tables.convergence import of_ensemble, verdict
from mnbench.planning.plan import LeftOut

TITLES = {
    "approach": "approach",
    "size": "networks",
    "test_error": "test error %",
    "mean_member_error": "members' mean error %",
    "disagreement": "disagreement %",
    "calibration_error": "calibration error %",
    "epochs": "epochs",
    "training_flops": "training TFLOPs",
    "cpu_seconds": "CPU-seconds",
}


def overview(
    estimates: pd.DataFrame,
    gains: pd.DataFrame,
    left_out: Sequence[LeftOut] = (),
    missing: Sequence[Missing] = (),
) -> str:
    """Write one Markdown table for each data set and ensemble, in order of training FLOPs.

    Args:
        estimates: of ``estimates.estimates``.
        gains: of ``convergence.convergence``.
        left_out: approaches that cannot take an ensemble; named below its table with the reason.
        missing: ensembles that could not be evaluated; likewise.

    Returns:
        Markdown: means over the seeds with their 95 % intervals.
    """
    parts = []
    for dataset, architecture_set in dict.fromkeys(
        [
            *zip(estimates["dataset"], estimates["architecture_set"], strict=True),
            *((out.dataset, out.architecture_set) for out in left_out),
            *((one.ensemble.dataset, one.ensemble.architecture_set) for one in missing),
        ]
    ):
        here = (dataset, architecture_set)
        rows = of_ensemble(estimates, *here)
        if rows.empty:
            parts.append(f"## {dataset}, {architecture_set}: nothing could be evaluated\n")
        else:
            parts.append(
                f"## {dataset}, {architecture_set}: mean and 95 % interval over {_n(rows)}\n"
            )
            parts.append(_table(rows))
            if (rows.loc[rows["full_size"], "timed_seeds"] == 0).any():
                parts.append(
                    "An empty time: all of its seeds' trainings had to share the device "
                    "(`networks.csv`, column `shared_device`).\n"
                )
            said = verdict(of_ensemble(gains, *here)).sentence
            parts.append(f"{said[0].upper()}{said[1:]}.\n")
        parts += [
            f"Left out: {out.approach}: {out.reason}.\n"
            for out in left_out
            if (out.dataset, out.architecture_set) == here
        ]
        parts += _missing(
            [m for m in missing if (m.ensemble.dataset, m.ensemble.architecture_set) == here]
        )
    return "\n".join(parts)


def _n(rows: pd.DataFrame) -> str:
    """Name what the intervals are over."""
    seeds, images = rows["seeds"].max(), f"{rows['images'].max():,} test images"
    return (
        f"{seeds} seeds and {images}" if seeds > 1 else f"{images} (one seed: no spread of seeds)"
    )


def _missing(missing: Sequence[Missing]) -> list[str]:
    """One line for each reason."""
    reasons: dict[str, dict[str, list[int]]] = {}
    for one in missing:
        row = one.ensemble
        name = f"{Key(row.approach, row.g, row.budget, row.size)} seed {row.seed}"
        reasons.setdefault(one.reason, {}).setdefault(name, []).append(row.size)
    return [
        f"Missing: {', '.join(f'{name} {_sizes(sizes)}' for name, sizes in names.items())}: "
        f"{reason}.\n"
        for reason, names in reasons.items()
    ]


def _sizes(sizes: Sequence[int]) -> str:
    first, last = min(sizes), max(sizes)
    return f"size {first}" if first == last else f"sizes {first} to {last}"


def _table(rows: pd.DataFrame) -> str:
    rows = rows[(rows["rule"] == AVERAGE) & rows["full_size"]]
    rows = rows.sort_values("training_flops", kind="stable")
    most = rows["seeds"].max()
    head = "| " + " | ".join(TITLES.values()) + " |\n|---" + "|--:" * (len(TITLES) - 1) + "|\n"
    return head + "".join(f"| {' | '.join(_cells(row, most))} |\n" for _, row in rows.iterrows())


def _cells(row: Mapping, most: int) -> list[str]:
    g = None if pd.isna(row["g"]) else int(row["g"])
    name = str(Key(row["approach"], g, row["budget"], row["size"]))
    if row["seeds"] < most:
        name += f" ({row['seeds']} of {most} seeds)"
    return [
        name,
        f"{row['size']}",
        _figure(row, "test_error", 100, 2),
        _figure(row, "mean_member_error", 100, 2),
        _figure(row, "disagreement", 100, 1),
        _figure(row, "calibration_error", 100, 1),
        f"{row['epochs']:.0f}",
        _figure(row, "training_flops", 1e-12, 2),
        _figure(row, "cpu_seconds", 1, 1),
    ]


def _figure(row: Mapping, column: str, unit: float, digits: int) -> str:
    """A mean and its interval, which says nothing where it is a point; "" of what is missing."""
    value, low, high = (
        f"{unit * row[f'{column}{end}']:.{digits}f}" for end in ("", "_low", "_high")
    )
    if pd.isna(row[column]):
        return ""
    return value if pd.isna(row[f"{column}_low"]) or low == high else f"{value} ({low} to {high})"
