"""The part of a study that fits into a time: it fits, reads back, and keeps what the rule keeps."""

from datetime import timedelta

import pytest
import yaml
from support.clockwork import calibrated, step_seconds
from support.tiny import APPROACHES, config, plan_of

from mnbench.errors import UserError
from mnbench.planning.config import Study, read_study
from mnbench.planning.planner import make_plan
from mnbench.timing.choices import SEED, Choice, choices_of, reduced, smallest, with_defaults
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


def takes(study: Study) -> float:
    return Outlook.of(make_plan(study, APPROACHES, source="wish.yaml"), CALIBRATION).wall_seconds


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


@pytest.mark.parametrize("part", [0.2, 0.5, 0.8])
def test_nothing_of_what_is_left_out_would_have_fitted_as_well(part):
    proposal, wish = share(part), with_defaults(CHOOSER.study, APPROACHES)
    kept = set(choices_of(wish)) - set(proposal.left_out)
    assert reduced(wish, kept) == proposal.study and proposal.left_out
    for choice in proposal.left_out:
        assert takes(reduced(wish, kept | {choice})) > part * WHOLE, choice


def test_three_seeds_come_before_further_points():
    wish = with_defaults(CHOOSER.study, APPROACHES)
    least, seeds = smallest(wish), set()
    for part in (0.1, 0.15, 0.2, 0.3, 0.5):
        study = share(part).study
        seeds.add(len(study.seeds))
        if len(study.seeds) < 3:  # there was no time for another one, even without any point
            more = {Choice(SEED, seed) for seed in WISH["seeds"][: len(study.seeds) + 1]}
            assert takes(reduced(wish, least | more)) > part * WHOLE
    assert min(seeds) < 3 <= max(seeds)


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


@pytest.mark.parametrize(
    ("minutes", "said"), [(480, "8h"), (90, "90m"), (1440, "24h"), (6e8, "10000000h")]
)
def test_a_time_is_said_as_it_is_typed(minutes, said):
    assert asked_as(timedelta(minutes=minutes)) == said
