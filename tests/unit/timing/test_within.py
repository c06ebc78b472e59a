"""The part of a study that fits into a time: it fits, reads back, and keeps what the rule keeps."""

from datetime import timedelta

import pytest
import yaml
from support.clockwork import calibrated, step_seconds
from support.tiny import APPROACHES, config, plan_of

from mnbench.errors import UserError
from mnbench.planning.config import read_study
from mnbench.planning.planner import make_plan
from mnbench.timing.outlook import Outlook
from mnbench.timing.within import Chooser, asked_as, fitting_configuration

WISH = config() | {
    "seeds": [0, 1, 2, 3],
    "architecture_sets": ["v5-small", "r5-small"],
    "recipe": {"epochs": 10, "batch_size": 64},
    "approaches": {
        "full_data": {"budgets": [0.3, 1]},
        "bagging": {"architecture_sets": ["v5-small"]},
        "treenets": {"sizes": [3, 5], "shared_layers": 2, "architecture_sets": ["v5-small"]},
        "mothernets": {"g": [5, 2, 1], "variants": {"longer": {"noise": 0.2}}},
        "single_network": None,
    },
}
# Trainings take hours: tables and figures are nothing beside them.
CALIBRATION = calibrated(plan_of(WISH), lambda kind: 1000 * step_seconds(kind))
CHOOSER = Chooser(read_study(WISH, source="w"), APPROACHES, CALIBRATION, "wish.yaml")
WHOLE = Outlook.of(plan_of(WISH), CALIBRATION).wall_seconds


def share(part: float):
    return CHOOSER.propose(timedelta(seconds=part * WHOLE))


@pytest.mark.parametrize("part", [0.2, 0.5, 0.8])
def test_what_is_written_reads_back_and_fits(part):
    time = timedelta(seconds=part * WHOLE)
    proposal = CHOOSER.propose(time)
    text = fitting_configuration(proposal, WISH, "1h", "wish.yaml")
    study = read_study(yaml.safe_load(text), source="out.yaml")
    plan = make_plan(study, APPROACHES, source="out.yaml")
    outlook = Outlook.of(plan, CALIBRATION)
    assert outlook.wall_seconds == pytest.approx(proposal.outlook.wall_seconds)
    assert outlook.wall_seconds <= time.total_seconds()
    assert study.study == "tiny-in-1h" and study.data == CHOOSER.study.data
    assert set(study.approaches) == set(WISH["approaches"])
    for choice in proposal.left_out:
        assert f"#   {choice}\n" in text
    # Nothing of what is left out would have fitted as well.
    assert proposal.left_out


def test_three_seeds_come_before_further_points():
    for part in (0.1, 0.15, 0.2, 0.3, 0.5):
        try:
            study = share(part).study
        except UserError:
            continue
        g, budgets = study.approaches["mothernets"]["g"], study.approaches["full_data"]["budgets"]
        if len(study.seeds) < 3:
            # What does not fit on three seeds may still fit as a point: only if no seed does.
            assert "r5-small" not in study.architecture_sets
        assert 1 in g and 1 in budgets and 5 in study.approaches["treenets"]["sizes"]


def test_the_smallest_study_has_every_approach_once():
    with pytest.raises(UserError, match="with every approach once, on one seed, takes") as caught:
        CHOOSER.propose(timedelta(seconds=1))
    assert "wish.yaml" in str(caught.value) and "\n" not in str(caught.value)


def test_a_wish_that_fits_is_left_as_it_is():
    proposal = share(1.01)
    assert proposal.left_out == ()
    text = fitting_configuration(proposal, WISH, "1h", "wish.yaml")
    plan = plan_of(yaml.safe_load(text))
    assert list(plan.trainings) == list(plan_of(WISH).trainings)
    assert "Nothing is left out" in text


def test_defaults_that_list_several_points_may_be_left_out_as_well():
    least = min((0.05, 0.1, 0.2, 0.3), key=lambda part: abs(part - 0.2))
    said = [str(choice) for choice in share(least).left_out]
    assert "single_network: budget 4.0" in said


@pytest.mark.parametrize(("minutes", "said"), [(480, "8h"), (90, "90m"), (1440, "24h")])
def test_a_time_is_said_as_it_is_typed(minutes, said):
    assert asked_as(timedelta(minutes=minutes)) == said
