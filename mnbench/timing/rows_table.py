"""The rows of ``mnbench plan`` as a table for the terminal.

Open it to add a column there; those of the CSV file are in :mod:`mnbench.timing.rows`. The trap: on
a machine that was not measured nothing is known of hours, and those columns are left out.
"""

from collections.abc import Sequence

from mnbench.planning.disk import GIGABYTE
from mnbench.timing.hours import HOUR, duration
from mnbench.timing.rows import Bill, PlanRow

MOST_ROWS = 30  # on the terminal
_TIMES = "  device-hours  longest chain"


def rows_table(rows: Sequence[PlanRow], total: Bill, *, timed: bool = True) -> str:
    """Return a table: the largest ensemble of each approach, g, budget and variant.

    Args:
        rows: at most :data:`MOST_ROWS` of them are shown.
        total: of all trainings, each billed once.
        timed: whether seconds are known.
    """
    shown = rows[:MOST_ROWS]
    several = len({row.setting for row in rows}) > 1
    names = [_name(row, several=several) for row in shown]
    width = max(map(len, [*names, "all trainings, each once"]))
    times = _TIMES if timed else ""
    lines = [f"{'ensemble':<{width}}  size  trainings  networks  TFLOPs{times}  disk"]
    for name, row in zip(names, shown, strict=True):
        lines.append(_line(f"{name:<{width}}  {row.size:>4}", row.bill, timed))
    if len(rows) > len(shown):
        lines.append(
            f"and {len(rows) - len(shown)} more; --csv FILE has all of them, of every size"
        )
    lines.append(_line(f"{'all trainings, each once':<{width}}  {'':>4}", total, timed))
    return "\n".join(lines)


def _name(row: PlanRow, *, several: bool) -> str:
    """Return what tells a row from the others."""
    parts = [row.approach]
    parts += [row.variant] if row.variant else []
    parts += [f"g={row.g}"] if row.g else []
    parts += [f"budget={row.budget:g}"] if row.budget != 1 else []
    return (f"{row.dataset} {row.architecture_set} " if several else "") + " ".join(parts)


def _line(start: str, bill: Bill, timed: bool) -> str:
    flops = bill.training_flops / 1e12
    times = f"  {bill.device_seconds / HOUR:>12.3g}  {duration(bill.longest_chain_seconds):>13}"
    return (
        f"{start}  {bill.trainings:>9,}  {bill.networks:>8,}  "
        f"{f'{flops:,.0f}' if flops >= 100 else f'{flops:.3g}':>6}{times if timed else ''}  "
        f"{bill.disk_bytes / GIGABYTE:.2g} GB"
    )
