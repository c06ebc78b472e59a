"""The pages: what they say is what the tables say, and they need nothing but themselves."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from support.synthetic_study import study

from mnbench.evaluation.combination import COMBINATIONS
from mnbench.evaluation.tables import TITLES
from mnbench.evaluation.tables.files import read_table
from mnbench.naming import approach_title, point_name
from mnbench.planning.lineage import LeftOut
from mnbench.planning.plan import read_plan
from mnbench.report import DOCUMENTS
from mnbench.report.documents import MAXIMUM_ROWS, document, table_page
from mnbench.report.explorer import MAXIMUM_EPOCHS, explorer

COSTS = ("training_flops", "cpu_seconds")


class _Loads(HTMLParser):
    """Collects what a page would load, and its cells."""

    def __init__(self, html: str):
        super().__init__()
        self.asked: list[str] = []
        self.cells: list[str] = []
        self._inside = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.asked += [
            value for name, value in attrs if name in ("src", "href", "data", "srcset") and value
        ]
        if tag in ("td", "th"):
            self.cells.append("")
            self._inside = True

    def handle_endtag(self, tag):
        self._inside = self._inside and tag not in ("td", "th", "tr")

    def handle_data(self, data):
        if self._inside:
            self.cells[-1] += data.rstrip("\n")


VERDICT = {
    "title": "A new <front>",
    "statement": "MotherNets are new",
    "reading": "Of other approaches",
    "verdict_page": "reproduced",
    "why_page": "",
    "verdict_curves": "not tested",
    "why_curves": "fewer than 3 seeds",
}


def tables_of(made) -> dict[str, pd.DataFrame]:
    return {
        "summary": made.summary.assign(
            **{
                f"{method}_error": made.summary["test_error"]
                for method in COMBINATIONS
                if method != "average"
            }
        ),
        "estimates": made.estimates,
        "networks": made.networks,
        "histories": made.histories,
        "convergence": made.convergence,
        "verdicts": pd.DataFrame([VERDICT]),
        "missing": pd.DataFrame(
            columns=["dataset", "architecture_set", "seed", "approach", "reason"]
        ),
    }


def data_of(page: str) -> dict:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    return json.loads(text)


@pytest.fixture(scope="module")
def made():
    return study()


def test_the_explorer_has_every_ensemble_and_every_seed(made):
    (setting,) = data_of(explorer(made.plan, tables_of(made), COSTS))["settings"]
    keys = [(p["approach"], p["g"], p["budget"], p["size"]) for p in setting["points"]]
    assert len(keys) == len(set(keys))
    found = {
        (*key, seed): (point, place)
        for key, point in zip(keys, setting["points"], strict=True)
        for place, seed in enumerate(point["seeds"])
    }
    assert len(found) == len(made.summary)
    for row, ensemble in zip(made.summary.itertuples(), made.plan.ensembles, strict=True):
        g = None if pd.isna(row.g) else row.g
        point, place = found[row.approach, g, row.budget, row.size, row.seed]
        assert point["errors"]["average"]["each"][place] == pytest.approx(row.test_error, rel=1e-5)
        for cost in COSTS:
            value = point["costs"][cost]["each"][place]
            assert value == pytest.approx(getattr(row, cost), rel=1e-5)
        names = [setting["records"][number]["name"] for number in point["members"][place]]
        assert names == [member.name for member in ensemble.members]
        assert point["full"] == row.full_size
        assert point["name"] == point_name(row._asdict())
        title, _, label = point["name"].partition(", ")
        assert (title, label) == (approach_title(row.approach), point["label"])


def test_the_explorer_knows_what_a_network_goes_on_from(made):
    (setting,) = data_of(explorer(made.plan, tables_of(made), COSTS))["settings"]
    by_name = {record["name"]: record for record in setting["records"]}
    assert by_name["vgg-9@g1"]["before"] == 10  # its MotherNet's epochs
    assert by_name["cycle3"]["before"] == 8  # two cycles of four
    student = [r for r in setting["records"] if r["parents"] and r["before"] == 0]
    assert student  # a student starts from its own random weights
    teachers = {setting["records"][number]["role"] for r in student for number in r["parents"]}
    assert teachers == {"member"}


def test_a_time_on_a_shared_device_is_no_point_of_the_explorer(made):
    shared = made.summary["seed"] == 1
    tables = tables_of(made)
    tables["summary"] = tables["summary"].assign(shared_device=shared)
    (setting,) = data_of(explorer(made.plan, tables, COSTS))["settings"]
    for point in setting["points"]:
        for seed, time, flops in zip(
            point["seeds"],
            point["costs"]["cpu_seconds"]["each"],
            point["costs"]["training_flops"]["each"],
            strict=True,
        ):
            assert (time is None) == (seed == 1)
            assert flops is not None


def test_long_curves_are_thinned_but_end_where_they_end(made):
    record = made.histories["record"].iloc[0]
    first = made.histories[made.histories["record"] == record].iloc[[0]]
    many = pd.concat([first.assign(epoch=epoch) for epoch in range(1, 302)])
    others = made.histories[made.histories["record"] != record]
    tables = tables_of(made) | {"histories": pd.concat([many, others])}
    (setting,) = data_of(explorer(made.plan, tables, COSTS))["settings"]
    number = list(map(str, made.plan.trainings)).index(record)
    epochs = setting["records"][number]["epochs"]
    assert len(epochs) <= MAXIMUM_EPOCHS + 1
    assert (epochs[0], epochs[-1]) == (1, 301)


def test_nothing_in_a_name_ends_the_data(made):
    out = LeftOut("fashion_mnist", "v5-small", "treenets", "</script><b>")
    page = explorer(replace(made.plan, left_out=(out,)), tables_of(made), COSTS)
    assert "</script><b>" not in page
    (setting,) = data_of(page)["settings"]
    assert any("</script><b>" in note for note in setting["notes"])


def test_what_could_not_be_evaluated_is_said(made):
    tables = tables_of(made)
    tables["summary"], tables["networks"] = tables["summary"][:0], tables["networks"][:0]
    row = {"dataset": "fashion_mnist", "architecture_set": "v5-small", "reason": "altered"}
    tables["missing"] = pd.DataFrame([row, row])
    (setting,) = data_of(explorer(made.plan, tables, COSTS))["settings"]
    assert setting["points"] == []
    assert any(note.startswith("2 could not be evaluated") for note in setting["notes"])


def test_a_record_without_history_has_an_empty_curve(made):
    record = made.networks["record"].iloc[0]
    histories = made.histories[made.histories["record"] != record]
    (setting,) = data_of(explorer(made.plan, tables_of(made) | {"histories": histories}, COSTS))[
        "settings"
    ]
    number = list(map(str, made.plan.trainings)).index(record)
    assert setting["records"][number]["curve"] == []


def test_a_study_with_a_missing_value_is_still_json(made):
    tables = tables_of(made)
    tables["estimates"] = tables["estimates"].assign(cpu_seconds_low=np.nan)
    data = data_of(explorer(made.plan, tables, COSTS))
    assert data["settings"][0]["points"][0]["costs"]["cpu_seconds"]["low"] is None


def test_pages_load_nothing(made):
    pages = [
        explorer(made.plan, tables_of(made), COSTS),
        document("# A title\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"),
        table_page(made.summary, "Every ensemble"),
    ]
    for page in pages:
        assert set(_Loads(page).asked) == {"data:,"}  # the icon, which is empty
        assert "default-src 'none'" in page


def test_a_document_keeps_its_table_and_escapes_html():
    page = document("# Claims <b>\n\n| a | b |\n|---|---|\n| x < y | 2 |\n")
    assert _Loads(page).cells == ["a", "b", "x < y", "2"]
    assert "<title>Claims &lt;b&gt;</title>" in page


def test_a_table_page_puts_a_figure_and_its_interval_into_a_cell():
    frame = pd.DataFrame(
        {
            "approach": ["a & b", "c"],
            "g": pd.array([2, None], dtype="Int64"),
            "test_error": [0.11043, np.nan],
            "test_error_low": [0.1, np.nan],
            "test_error_high": [0.12, np.nan],
            "training_flops": [1.5e12, 2e12],
        }
    )
    page = table_page(frame, "Estimates")
    heads = ["approach", "g", "test error", "training flops"]
    row = ["a & b", "2", "0.1104 (0.1 to 0.12)", "1,500,000,000,000"]
    assert _Loads(page).cells == [*heads, *row, "c", "", "", "2,000,000,000,000"]


def test_a_long_table_is_shown_in_part_and_says_so():
    frame = pd.DataFrame({"number": range(MAXIMUM_ROWS + 1)})
    cells = _Loads(page := table_page(frame, "Long")).cells
    assert len(cells) == 1 + MAXIMUM_ROWS
    assert f"The first {MAXIMUM_ROWS:,} of {MAXIMUM_ROWS + 1:,} rows" in page
    assert "The first" not in table_page(frame[:-1], "Long")


def test_every_page_has_a_title_of_its_own():
    titles = [*DOCUMENTS.values(), *TITLES.values()]
    assert len(titles) == len(set(titles))


def test_the_pages_step_makes_every_page(tables_of_tiny, tmp_path):
    command = [sys.executable, "-m", "mnbench", "pages", tables_of_tiny / "plan.json"]
    command += [tables_of_tiny, "--costs", *COSTS, "--out", tmp_path / "pages"]
    subprocess.run([*command, "--explorer", tmp_path / "explorer.html"], check=True)
    names = {path.stem for path in (tmp_path / "pages").iterdir()}
    assert names == {*DOCUMENTS, *(f"{name}_table" for name in TITLES)}
    summary = read_table(tables_of_tiny / "summary.csv")
    (setting,) = data_of((tmp_path / "explorer.html").read_text())["settings"]
    assert sum(len(point["seeds"]) for point in setting["points"]) == len(summary)
    plan = read_plan(tables_of_tiny / "plan.json")
    planned = {str(network) for t in plan.trainings.values() for network in t.networks}
    assert {
        f"{network['name']}: {network['structure']}"
        for record in setting["records"]
        for network in record["networks"]
    } == planned


def test_the_explorer_has_both_verdicts_of_every_claim(made):
    text = explorer(made.plan, tables_of(made), COSTS)
    row = text[text.index('<table id="claims">') :]
    assert "<summary>A new &lt;front&gt;</summary><p>MotherNets are new.</p>" in row
    assert "<td>reproduced</td><td>not tested: fewer than 3 seeds</td>" in row
