"""What members share is what their own MotherNets were trained, not how long others were."""

from itertools import combinations
from types import SimpleNamespace

import pandas as pd
from support.tiny import config, plan_of

from mnbench.insides.ensembles import common_trunk, shared_columns
from mnbench.insides.figure import draw_insides
from mnbench.insides.hatched import HATCHED_COLUMNS
from mnbench.insides.manners import manners
from mnbench.insides.pairs import PAIR_COLUMNS


class Epochs:
    """A store whose records have the epochs of their recipes."""

    def __init__(self, plan):
        self.plan = plan

    def cost(self, ids):
        return SimpleNamespace(epochs=sum(self.plan.trainings[id].recipe["epochs"] for id in ids))

    def record(self, id):
        return SimpleNamespace(cost=self.cost([id]))


def hatched_study():
    """Return a study of 25 networks with one MotherNet, and with five."""
    values = config() | {"architecture_sets": ["v25-small"]}
    values["recipe"] = {"epochs": 4, "batch_size": 64}
    values["approaches"] = {"mothernets": {"g": [1, 5], "hatched": {"epochs": 3}}}
    plan = plan_of(values)
    study = SimpleNamespace(plan=plan, manners=manners(plan), store=Epochs(plan))
    return study, {one.g: one for one in plan.ensembles if one.size == 25}


def test_members_of_several_mothernets_share_none():
    study, by_g = hatched_study()
    assert shared_columns(study, by_g[1])["mothernet_epochs"] == 4
    apart = shared_columns(study, by_g[5])
    assert apart["mothernet_epochs"] is None and apart["hatched_epochs"] == 3
    assert apart["manner"] == shared_columns(study, by_g[1])["manner"] != ""


def test_a_pair_shares_what_both_descend_from():
    study, by_g = hatched_study()
    plan, members = study.plan, by_g[5].members
    parents = {id: plan.trainings[id].parents for id in members}
    assert len(set(parents.values())) == 5
    for pair in combinations(members, 2):
        first, second = pair
        related = parents[first] == parents[second]
        assert common_trunk(plan, pair) == (parents[first] if related else ())
        shared = shared_columns(study, by_g[5], pair)["mothernet_epochs"]
        assert shared == (4 if related else None)


def test_the_figure_averages_no_two_numbers_of_clusters():
    row = {"dataset": "d", "architecture_set": "s", "seed": 0, "approach": "mothernets"}
    row |= {"budget": 1.0, "size": 5, "variant": "", "manner": "noise 0.1"}
    row |= {"mothernet_epochs": 10.0, "mean_member_error": 0.1}
    rows = [(1, 0.04, 4.0), (5, 0.08, 5.0), (5, 0.06, 5.0)]
    table = pd.DataFrame(
        [row | {"g": g, "disagreement": value, "hatched_epochs": own} for g, value, own in rows]
    )
    nothing = [pd.DataFrame(columns=list(names)) for names in (HATCHED_COLUMNS, PAIR_COLUMNS)]
    axes = draw_insides(*nothing, table, "Title").axes[0]
    assert [line.get_xydata().tolist() for line in axes.lines] == [[[10.0, 4.0]]]
    assert axes.get_xlabel().endswith("fewest clusters g")
    assert axes.get_title() == "Disagreement after 4 epochs of their own"
    alone = draw_insides(*nothing, table[table["g"] == 1], "Title").axes[0]
    assert "clusters" not in alone.get_xlabel()
