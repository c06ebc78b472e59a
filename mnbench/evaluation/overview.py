"""The overview: what the full-size ensembles of a study come to, as a table for people."""

from collections.abc import Mapping, Sequence

import pandas as pd

from mnbench.evaluation.convergence import verdict
from mnbench.evaluation.ensembles import AVERAGE, Missing
from mnbench.plan import LeftOut

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
        Markdown: means over the seeds, errors with their 95 % intervals.
    """
    parts = []
    for (dataset, ensemble), rows in estimates.groupby(["dataset", "ensemble"], sort=False):
        here = (dataset, ensemble)
        seeds, images = rows["seeds"].max(), rows["images"].max()
        of_seeds = f"{seeds} seeds" if seeds > 1 else "one seed"
        parts.append(
            f"## {dataset}, {ensemble}: mean and 95 % interval over {of_seeds} and {images:,} "
            "test images\n"
        )
        parts.append(_table(rows))
        longer = gains[(gains["dataset"] == dataset) & (gains["ensemble"] == ensemble)]
        said = verdict(longer).sentence
        parts.append(f"{said[0].upper()}{said[1:]}.\n")
        parts += [
            f"Left out: {out.approach}: {out.reason}.\n"
            for out in left_out
            if (out.dataset, out.ensemble) == here
        ]
        parts += _missing([m for m in missing if (m.ensemble.dataset, m.ensemble.ensemble) == here])
    return "\n".join(parts)


def _missing(missing: Sequence[Missing]) -> list[str]:
    """One line for each reason."""
    reasons: dict[str, list[str]] = {}
    for one in missing:
        row = one.ensemble
        g = "" if row.g is None else f" g={row.g}"
        budget = "" if row.budget == 1 else f" ×{row.budget:g}"
        name = f"{row.approach}{g}{budget} seed {row.seed}"
        names = reasons.setdefault(one.reason, [])
        if name not in names:
            names.append(name)
    return [f"Missing: {', '.join(names)}: {reason}.\n" for reason, names in reasons.items()]


def _table(rows: pd.DataFrame) -> str:
    rows = rows[rows["rule"] == AVERAGE]
    rows = rows[rows["size"] == rows.groupby("approach")["size"].transform("max")]
    rows = rows.sort_values("training_flops", kind="stable")
    most = rows["seeds"].max()
    head = "| " + " | ".join(TITLES.values()) + " |\n|---" + "|--:" * (len(TITLES) - 1) + "|\n"
    return head + "".join(f"| {' | '.join(_cells(row, most))} |\n" for _, row in rows.iterrows())


def _cells(row: Mapping, most: int) -> list[str]:
    name = row["approach"] + ("" if pd.isna(row["g"]) else f" g={row['g']}")
    name += "" if row["budget"] == 1 else f" ×{row['budget']:g}"
    if row["seeds"] < most:
        name += f" ({row['seeds']} of {most} seeds)"
    return [
        name,
        f"{row['size']}",
        f"{100 * row['test_error']:.2f} "
        f"({100 * row['test_error_low']:.2f} to {100 * row['test_error_high']:.2f})",
        f"{100 * row['mean_member_error']:.2f}",
        "" if pd.isna(row["disagreement"]) else f"{100 * row['disagreement']:.1f}",
        f"{100 * row['calibration_error']:.1f}",
        f"{row['epochs']:.0f}",
        f"{row['training_flops'] / 1e12:.2f}",
        "" if pd.isna(row["cpu_seconds"]) else f"{row['cpu_seconds']:.1f}",
    ]
