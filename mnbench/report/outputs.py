"""``docs/outputs.md``: every file that a study writes and every column of its tables.

Open this module to change how outputs are documented. The trap: columns are described where a table
is defined (``mnbench/evaluation/tables``), keys of a record where it is (``mnbench/records``),
never here.
"""

from collections.abc import Mapping
from dataclasses import fields

from mnbench import figures
from mnbench.evaluation import tables
from mnbench.records.record import HISTORY_COLUMNS, Cost, Record
from mnbench.records.run_log import Invocation

_PATHS = {
    "summary.md, claims.md": "for reading: the full-size ensembles; the paper's claims",
    "explorer.html": "one page for a browser, without network: every ensemble in an interactive "
    "plot, with its members, clusters and training curves",
    "pages/": "claims and tables as pages, which Snakemake's report shows",
    "figures/<data set>_<architecture set>/": "every figure as PNG and PDF",
    "records/<data set>/<architecture set>/seed<n>/<approach>/<name>/": "one record a training",
    "runs.csv": "a row for each run of Snakemake that trained: when, on how many cores, what it "
    "finished",
    "plan.json": "every training and every ensemble of the study",
    "evaluated.json": "which records the tables were computed from, and checksums of both",
    "data/<data set>/": "the split images, and `data.json`, which says what they are",
    "checkpoints/, finished/, verified.json, lock, locks/": "the state of interrupted trainings; "
    "a copy of each `record.json`, which comes back if a cluster's failed job removes that; which "
    "files were compared with their checksums; locks of running processes. All may be deleted when "
    "nothing runs",
}


def outputs_page() -> str:
    """Return the page as Markdown."""
    parts = [
        "# What comes out",
        "Everything of a study is under `results/<study>/`. This page is written from the code "
        "(`make docs`). Errors are fractions; a cost is summed over the members' trainings **and "
        "all their ancestors'**, each once. `_low` and `_high` are the ends of a 95 % confidence "
        "interval over seeds and test images.",
        _table(("path", "what it is"), {f"`{path}`": meaning for path, meaning in _PATHS.items()}),
        "## Figures",
        _table(
            ("file", "what it shows"),
            {f"`{name}`": figure.caption for name, figure in figures.FIGURES.items()},
        ),
        "A figure with a cost axis has one file for each of the study's `costs`: "
        "`pareto_training_flops.png`.",
        "## Tables",
        "Tables are of the test images. `mnbench tables --on development` makes them of the "
        "development images instead, if the study has any (`data.development_images`). A first "
        'column, `evaluated_on`, then says so, and "test" in names and meanings stands for '
        "these images. Figures, pages and the explorer that are made of such tables name the set.",
        _table(
            ("file", "what a row is"),
            {f"[`{name}.csv`](#{name})": title for name, title in tables.TITLES.items()},
        ),
    ]
    for name, title in tables.TITLES.items():
        parts += [f"### {name}", f"{title}.", _table(("column", "meaning"), _columns(name))]
    parts += [
        "## Runs",
        "`runs.csv` has a row for each run of Snakemake that trained something. `mnbench tables` "
        "adds the rows of a study's parts to those of the whole.",
        _table(("column", "meaning"), _meanings(Invocation)),
        "## Records",
        "A record is a folder of four files: `record.json`, `history.csv` (a row an epoch), "
        "`predictions.npz` (logits and labels of the validation and test images, and of the "
        "development images if the study has any) and `weights.safetensors`, in which a parent "
        "may keep its optimiser's momentum, `momentum/...`. "
        "Whatever program wrote it, a record that passes the checks is "
        "compared with the others. A training that failed or diverged leaves `record.json` alone, "
        "with `id`, `recipe_hash` and `failure`: its `kind` and the `reason`.",
        "### record.json",
        _table(("key", "meaning"), _meanings(Record)),
        "Its `cost`:",
        _table(("key", "meaning"), _meanings(Cost)),
        "### history.csv",
        _table(
            ("column", "meaning"),
            {f"`{name}`": meaning for name, meaning in HISTORY_COLUMNS.items()},
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _columns(name: str) -> dict[str, str]:
    """Return a table's columns; the ends of an interval share its row."""
    columns = tables.table_module(name).COLUMNS
    ends = {f"{column}{end}" for column in columns for end in ("_low", "_high")}
    return {
        f"`{column}`" + (", `_low`, `_high`" if f"{column}_low" in columns else ""): meaning
        for column, meaning in columns.items()
        if column not in ends
    }


def _meanings(kind: type) -> dict[str, str]:
    """Return what each field of a dataclass means."""
    return {f"`{field.name}`": field.metadata["meaning"] for field in fields(kind)}


def _table(heads: tuple[str, str], rows: Mapping[str, str]) -> str:
    lines = [f"| {heads[0]} | {heads[1]} |", "|---|---|"]
    lines += [f"| {name} | {text} |" for name, text in rows.items()]
    return "\n".join(lines)
