"""The overview: what the full-size ensembles of a study come to, as a table for people."""

import pandas as pd

from mnbench.plan import LeftOut

TITLES = {
    "approach": "approach",
    "members": "networks",
    "test_error": "test error %",
    "mean_member_error": "members' mean error %",
    "disagreement": "disagreement %",
    "epochs": "epochs",
    "teraflops": "training TFLOPs",
    "cpu_seconds": "CPU-seconds",
}


def overview(summary: pd.DataFrame, left_out: tuple[LeftOut, ...] = ()) -> str:
    """Write one Markdown table for each data set and ensemble, in order of training FLOPs.

    Args:
        summary: rows of ``tables.summary``.
        left_out: approaches that cannot take an ensemble; named below its table with the reason.

    Returns:
        Markdown: means over the seeds, errors with half the range over the seeds.
    """
    parts = []
    for (dataset, ensemble), rows in summary.groupby(["dataset", "ensemble"], sort=False):
        seeds = rows["seed"].nunique()
        of_seeds = "one seed" if seeds == 1 else f"mean ± half the range of {seeds} seeds"
        parts.append(f"## {dataset}, {ensemble}: {of_seeds}\n")
        parts.append(_table(rows))
        parts += [
            f"Left out: {out.approach}: {out.reason}.\n"
            for out in left_out
            if (out.dataset, out.ensemble) == (dataset, ensemble)
        ]
    return "\n".join(parts)


def _table(rows: pd.DataFrame) -> str:
    largest = rows.groupby("approach")["size"].transform("max")
    rows = rows[rows["size"] == largest].assign(teraflops=rows["training_flops"] / 1e12)
    lines = []
    for (approach, g, budget), group in rows.groupby(
        ["approach", "g", "budget"], dropna=False, sort=False
    ):
        name = (
            approach + ("" if pd.isna(g) else f" g={g}") + ("" if budget == 1 else f" ×{budget:g}")
        )
        lines.append(
            {
                "approach": name,
                "members": group["size"].iloc[0],
                "test_error": _spread(group["test_error"]),
                "mean_member_error": _spread(group["mean_member_error"]),
                "disagreement": _percent(group["disagreement"].mean()),
                "epochs": f"{group['epochs'].mean():.0f}",
                "teraflops": f"{group['teraflops'].mean():.2f}",
                "cpu_seconds": f"{group['cpu_seconds'].mean():.1f}",
                "_order": group["training_flops"].mean(),
            }
        )
    lines.sort(key=lambda line: line.pop("_order"))
    head = "| " + " | ".join(TITLES.values()) + " |\n|---" + "|--:" * (len(TITLES) - 1) + "|\n"
    return head + "".join(f"| {' | '.join(str(line[key]) for key in TITLES)} |\n" for line in lines)


def _percent(fraction: float) -> str:
    return "" if pd.isna(fraction) else f"{100 * fraction:.1f}"


def _spread(fractions: pd.Series) -> str:
    if len(fractions) == 1:
        return f"{100 * fractions.mean():.2f}"
    half = 100 * (fractions.max() - fractions.min()) / 2
    return f"{100 * fractions.mean():.2f} ± {half:.2f}"
