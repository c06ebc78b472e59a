"""Verdicts of several runs: each claim once, with every verdict and the runs that gave it."""

import pandas as pd

from mnbench.report.verdicts import claims_table, verdict_matrix


def verdicts(*rows: tuple[str, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["claim", "verdict_page", "verdict_curves"])
    return table.assign(
        title=table["claim"].str.title(),
        statement="it is " + table["claim"].astype(str),
        why_page="too few seeds",
        why_curves="no curve",
        records=0,
    )


RUNS = {
    "grey": verdicts(
        ("fast", "reproduced", "undecided"),
        ("cheap", "not tested", "not tested"),
        ("good", "not tested", "not reproduced"),
    ),
    # Another order: rows are found by the claim.
    "colour": verdicts(
        ("cheap", "not tested", "not tested"),
        ("good", "not reproduced", "not reproduced"),
        ("fast", "undecided", "reproduced"),
    ),
}


def test_a_cell_groups_the_runs_by_their_verdict():
    assert claims_table(RUNS).splitlines() == [
        "| the paper claims | as the page compares | against budget curves |",
        "|---|---|---|",
        "| it is fast | reproduced (grey); undecided (colour) "
        "| reproduced (colour); undecided (grey) |",
        "| it is cheap | not tested: too few seeds | not tested: no curve |",
        "| it is good | not reproduced (colour) | not reproduced (grey, colour) |",
    ]


def test_what_no_run_tested_has_the_reason_of_the_run_that_came_nearest():
    runs = {"few": RUNS["grey"], "many": RUNS["grey"].assign(why_page="no time", records=[0, 9, 0])}
    assert "| it is cheap | not tested: no time | not tested: no curve |" in claims_table(runs)


def test_a_column_a_run_with_both_verdicts():
    assert verdict_matrix(RUNS).splitlines() == [
        "| claim | grey | colour |",
        "|---|---|---|",
        "| Fast | reproduced / undecided | undecided / reproduced |",
        "| Cheap | – | – |",
        "| Good | – / not reproduced | not reproduced |",
    ]


def test_a_run_may_lack_a_claim_that_another_has():
    runs = RUNS | {
        "old": RUNS["grey"].iloc[:1],
        "new": verdicts(("new", "reproduced", "undecided")),
    }
    assert "| it is new | reproduced (new) | undecided (new) |" in claims_table(runs)
    *_, last = verdict_matrix(runs).splitlines()
    assert last == "| New | – | – | – | reproduced / undecided |"
