"""The explorer in a real browser: Chromium, headless, driven as its users drive it."""

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.tiny import config, plan_of, train

from mnbench.datasets import prepare
from mnbench.evaluation.dominance import pareto_front
from mnbench.evaluation.tables.files import read_table
from mnbench.evaluation.tables.writing import write_tables
from mnbench.figures import style
from mnbench.planning.plan import Plan
from mnbench.records.paths import StudyPaths
from mnbench.records.store import RecordStore
from mnbench.report.explorer import TABLES, explorer

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER), reason="needs Debian's chromium and chromium-driver"
    ),
]
COSTS = ("training_flops", "cpu_seconds", "examples")
# The machine may have no screen and no network: neither is asked for.
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def evaluated(root: Path, values: dict) -> tuple[StudyPaths, Plan, dict[str, pd.DataFrame]]:
    """Train and evaluate a study; return its paths, its plan and the tables of the page."""
    paths, plan = StudyPaths(root), plan_of(values)
    plan.write(paths.plan)
    data = values["data"]
    folder = paths.train_data("fashion_mnist").parent
    prepare("fashion_mnist", root=Path("nowhere"), download=False, **data, out=folder)
    for id in plan.trainings:
        train(paths, id)
    write_tables(RecordStore(plan, paths.records), paths.root, COSTS, replicates=50)
    return paths, plan, {name: read_table(paths.root / f"{name}.csv") for name in TABLES}


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> StudyPaths:
    """Two ensembles and two seeds of a real, tiny study, evaluated."""
    values = config() | {"architecture_sets": ["v5-small", "d5-small"], "seeds": [0, 1]}
    values["approaches"] = {
        "full_data": {"budgets": [1, 2]},
        "mothernets": {"g": [1, 2, 5], "hatched": {"epochs": 1}},
        "snapshot_ensembles": {"epochs_per_cycle": 1},
    }
    paths, plan, tables = evaluated(tmp_path_factory.mktemp("explored"), values)
    for name in ("summary", "estimates"):  # as if it had shared its device
        dear = (tables[name]["approach"] == "full_data") & (tables[name]["budget"] == 2)
        if name == "summary":
            tables[name].loc[dear, "shared_device"] = True
        else:
            tables[name].loc[dear, ["cpu_seconds", "cpu_seconds_low", "cpu_seconds_high"]] = None
    (paths.root / "explorer.html").write_text(explorer(plan, tables, COSTS))
    return paths


@pytest.fixture(scope="module")
def estimates(study) -> pd.DataFrame:
    return read_table(study.root / "estimates.csv")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


class Page:
    """The open explorer, as its user sees it."""

    def __init__(self, driver, url: str):
        self.driver = driver
        driver.get("about:blank")  # another address behind "#" alone would not load anew
        driver.get(url)
        self.wait_for("return document.querySelectorAll('#points tbody tr').length")

    def wait_for(self, script: str):
        """Return what *script* does as soon as that is something."""
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, 20).until(lambda _: self.js(script))

    def js(self, script: str, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str):
        return self.driver.find_element("css selector", selector)

    def choose(self, id: str, value: str) -> None:
        from selenium.webdriver.support.ui import Select

        Select(self.find(f"#{id}")).select_by_value(value)

    def points(self) -> list[tuple[float, float, str]]:
        """What the plot shows of means: cost, error and key."""
        return [
            tuple(point)
            for point in self.js(
                "return document.getElementById('plot').data"
                ".filter(t => t.mode.startsWith('lines+markers'))"
                ".flatMap(t => t.x.map((x, i) => [x, t.y[i], t.customdata[i][1]]))"
            )
        ]

    def axis(self) -> str:
        return self.js("return document.getElementById('plot').layout.xaxis.title.text")

    def move_to(self, key: str):
        """Move the mouse to a point of the plot; click there with the result's perform()."""
        from selenium.webdriver.common.action_chains import ActionChains

        x, y = self.js(
            """
            const plot = document.getElementById("plot"), {xaxis, yaxis} = plot._fullLayout;
            plot.scrollIntoView();
            const trace = plot.data.find(t => t.customdata?.some(c => c[1] === arguments[0])
                                              && t.mode.startsWith("lines+markers"));
            const i = trace.customdata.findIndex(c => c[1] === arguments[0]);
            const box = plot.getBoundingClientRect();
            return [box.left + xaxis._offset + xaxis.d2p(trace.x[i]),
                    box.top + yaxis._offset + yaxis.d2p(trace.y[i])];
            """,
            key,
        )
        actions = ActionChains(self.driver)
        actions.w3c_actions.pointer_action.move_to_location(round(x) - 3, round(y) - 3)
        actions.w3c_actions.pointer_action.move_to_location(round(x), round(y))
        actions.perform()
        return ActionChains(self.driver).click()

    def hover_text(self) -> str:
        return self.wait_for("return document.querySelector('#plot .hoverlayer').textContent")


@pytest.fixture
def page(browser, study) -> Page:
    browser.set_window_size(1200, 1000)
    return Page(browser, f"{(study.root / 'explorer.html').as_uri()}")


def expected(estimates, architecture_set="v5-small", combination="average", cost="training_flops"):
    """The table's (cost, error) by key, of the full-size ensembles."""
    rows = estimates[
        (estimates["architecture_set"] == architecture_set)
        & (estimates["combination"] == combination)
        & estimates["full_size"]
    ]
    unit = style.quantity(cost, rows[cost]).unit
    return {
        "/".join(
            [
                row.approach,
                "" if pd.isna(row.g) else str(row.g),
                f"{row.budget:g}",
                str(row.size),
                row.variant,
            ]
        ): (getattr(row, cost) / unit, 100 * row.test_error)
        for row in rows.itertuples()
    }


def agrees(page: Page, wanted: dict[str, tuple[float, float]]) -> bool:
    shown = {key: (x, y) for x, y, key in page.points()}
    assert shown.keys() == wanted.keys()
    return all(shown[key] == pytest.approx(value, rel=1e-4) for key, value in wanted.items())


def test_it_loads_without_an_error_and_without_the_network(page, estimates):
    assert agrees(page, expected(estimates))
    assert page.driver.get_log("browser") == []
    loaded = page.js("return performance.getEntriesByType('resource').map(e => e.name)")
    assert [name for name in loaded if not name.startswith(("data:", "blob:"))] == []


def test_every_choice_changes_the_plot(page, estimates):
    page.choose("cost", "examples")
    assert agrees(page, expected(estimates, cost="examples"))
    assert "examples" in page.axis()
    page.choose("combination", "vote")
    assert agrees(page, expected(estimates, combination="vote", cost="examples"))
    page.choose("architectureSet", "d5-small")
    assert agrees(page, expected(estimates, "d5-small", "vote", "examples"))
    page.choose("size", "all")
    sizes = estimates[
        (estimates["architecture_set"] == "d5-small") & (estimates["combination"] == "vote")
    ]
    assert len(page.points()) == len(sizes)
    page.choose("size", "3")
    assert {key.split("/")[-2] for _, _, key in page.points()} == {"3"}
    assert page.driver.get_log("browser") == []


def test_an_approach_can_be_left_out_and_seeds_be_shown(page):
    before = page.points()
    page.find("#approaches input[value=snapshot_ensembles]").click()
    after = {key for _, _, key in page.points()}
    assert after == {key for _, _, key in before if not key.startswith("snapshot")}
    traces = page.js("return document.getElementById('plot').data.length")
    page.find("#seeds").click()
    assert page.js("return document.getElementById('plot').data.length") > traces


def test_hovering_shows_the_right_numbers(page, study, estimates):
    key = "mothernets/1/1/5/"
    page.move_to(key)
    cost, error = expected(estimates)[key]
    said = page.hover_text()
    for words in ("MotherNets", "g = 1", "size 5", "mean of 2 seeds"):
        assert words in said
    # Of two seeds the mean may end in 5, which the two languages round in their own ways.
    shown = float(re.search(r"error ([\d.]+) %", said)[1])
    assert shown == pytest.approx(error, abs=0.0051)
    assert float(re.search(r"cost ([\d.,]+)", said)[1].replace(",", "")) == pytest.approx(
        cost, rel=1e-3
    )


def test_hovering_over_a_seed_shows_its_own_numbers(page, study):
    page.find("#seeds").click()
    summary = read_table(study.root / "summary.csv")
    row = summary[
        (summary["approach"] == "snapshot_ensembles")
        & (summary["architecture_set"] == "v5-small")
        & (summary["seed"] == 1)
        & summary["full_size"]
    ].iloc[0]
    said = page.js(
        "return document.getElementById('plot').data.flatMap(t => t.customdata ?? [])"
        ".map(c => c[0]).filter(t => t.includes('Snapshot') && t.includes('seed 1'))"
    )
    assert len(said) == 1
    assert f"error {100 * row['test_error']:.2f} %" in said[0]
    unit = style.quantity("training_flops", summary["training_flops"]).unit
    shown = float(re.search(r"cost ([\d.,]+)", said[0])[1])
    assert shown == pytest.approx(row["training_flops"] / unit, rel=1e-3)


def test_a_time_on_a_shared_device_is_not_shown(page):
    key = "full_data//2/5/"
    assert key in {shown for _, _, shown in page.points()}
    page.choose("cost", "cpu_seconds")
    assert key not in {shown for _, _, shown in page.points()}
    assert "left out: the device was shared" in page.find("#notes").text


def test_the_front_is_that_of_the_tables(page, estimates):
    wanted = expected(estimates)
    on_front = pareto_front(*np.array(list(wanted.values())).T)
    rows = page.driver.find_elements("css selector", "#points tbody tr")
    said = [row.find_elements("css selector", "td")[-1].text == "yes" for row in rows]
    by_cost = sorted(zip(wanted.values(), on_front, strict=True))
    assert said == [bool(one) for _, one in by_cost]
    # MotherNets with as many clusters as networks are Full Data: together, or not at all.
    both = dict(zip(wanted, on_front, strict=True))
    assert both["mothernets/5/1/5/"] == both["full_data//1/5/"]


def test_a_click_shows_members_clusters_and_training_curves(page, study):
    page.move_to("mothernets/2/1/5/").perform()
    details = page.find("#details")
    assert details.is_displayed()
    said = details.text
    for words in ("MotherNets, g = 2, 5 networks", "Cluster 1", "Cluster 2", "MotherNet", "v16b"):
        assert words in said
    rows = details.find_elements("css selector", "tbody tr")
    assert len(rows) == 5
    networks = read_table(study.root / "networks.csv")
    own = networks[(networks["architecture_set"] == "v5-small") & (networks["seed"] == 0)]
    for row in rows:
        network, error = (cell.text for cell in row.find_elements("css selector", "td")[:2])
        alike = own[own["networks"] == network.split(":")[0]]
        assert error in {f"{100 * value:.2f} %" for value in alike["test_error"]}
    curves = page.js("return document.getElementById('curves').data.map(t => t.y.length)")
    assert len(curves) >= 6  # five members and what they were hatched from
    assert all(curves)
    assert page.driver.get_log("browser") == []


@pytest.mark.parametrize(
    ("options", "networks"),
    [({"descent": "tree"}, 5), ({"hatched": {"epochs": 2, "snapshots": 2}}, 10)],
)
def test_who_descends_from_a_mothernet_through_others_is_of_its_cluster(
    options, networks, browser, tmp_path
):
    hatched = {"g": [1], "hatched": {"epochs": 1}} | options
    values = config() | {"approaches": {"full_data": None, "mothernets": hatched}}
    _, plan, tables = evaluated(tmp_path, values)
    file = tmp_path / "explorer.html"
    file.write_text(explorer(plan, tables, COSTS))
    page = Page(browser, file.as_uri())
    page.move_to(f"mothernets/1/1/{networks}/").perform()
    said = page.find("#details").text
    assert f"{networks} networks" in said and "Cluster 1" in said
    assert "Cluster 2" not in said and "Alone" not in said


def test_the_keyboard_is_enough(page):
    from selenium.webdriver.common.keys import Keys

    for _ in range(40):
        if page.js("return document.activeElement.id") == "plot":
            break
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
    assert page.js("return document.activeElement.id") == "plot"
    plot = page.find("#plot")
    plot.send_keys(Keys.ARROW_RIGHT)
    first = page.find("#status").text
    assert page.hover_text()
    plot.send_keys(Keys.ARROW_RIGHT)
    assert page.find("#status").text != first
    plot.send_keys(Keys.ENTER)
    assert page.js("return document.activeElement.id") == "details"
    assert page.find("#details").is_displayed()
    page.find("#points button").send_keys(Keys.ENTER)
    assert page.find("#details h2").text == page.find("#points button").text
    plot.send_keys(Keys.ESCAPE)
    assert not page.find("#details").is_displayed()


def test_it_can_be_read_on_a_phone(page):
    page.driver.set_window_size(500, 900)  # Chromium's least; a phone's is set below
    page.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True},
    )
    try:
        page.driver.refresh()
        page.wait_for("return document.querySelectorAll('#points tbody tr').length")
        page.find("#points button").click()
        width = page.js("return [document.documentElement.scrollWidth, innerWidth]")
        assert width == [390, 390]
        for select in page.driver.find_elements("css selector", "#controls select"):
            assert select.size["height"] >= 36
        plot = page.find("#plot").size
        assert plot["width"] >= 330
        assert plot["height"] >= 340
        small = "getComputedStyle(document.querySelector('#points')).fontSize"
        assert float(page.js(f"return parseFloat({small})")) >= 14
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_an_address_brings_back_a_view(page, browser, study):
    page.choose("cost", "examples")
    page.choose("architectureSet", "d5-small")
    page.find("#points button").click()
    shown, heading = page.points(), page.find("#details h2").text
    again = Page(browser, page.js("return location.href"))
    assert again.points() == shown
    assert again.find("#details h2").text == heading
