"""Sharing ensembles among processes: nothing is lost, and nothing is evaluated twice."""

from dataclasses import replace

from support.tiny import config, plan_of

from mnbench.evaluation.sharing import NETWORKS_WORTH, StoreOf, opened, shares
from mnbench.records.store import RecordStore

PLAN = plan_of(config() | {"seeds": [0, 1, 2]})


def test_every_ensemble_is_in_one_share():
    shared = [ensemble for share in shares(PLAN.ensembles) for ensemble in share]
    assert len(shared) == len(PLAN.ensembles)
    assert set(shared) == set(PLAN.ensembles)


def test_a_share_is_of_one_setting_and_has_all_ensembles_of_its_records():
    parts = shares(PLAN.ensembles)
    seen: dict[tuple, int] = {}
    for number, share in enumerate(parts):
        assert len({ensemble.setting for ensemble in share}) == 1
        for ensemble in share:
            assert seen.setdefault(ensemble.members, number) == number


def test_one_seed_is_divided_too():
    one = [ensemble for ensemble in PLAN.ensembles if ensemble.seed == 0]
    distinct = len({ensemble.members for ensemble in one})
    assert 4 <= len(shares(one, most=8)) <= 8
    assert len(shares(one, most=1)) == 1
    assert len(shares(one, most=1000)) == distinct


def test_the_most_work_comes_first():
    work = []
    for share in shares(PLAN.ensembles, most=6):
        sizes = {ensemble.members: ensemble.size for ensemble in share}
        work.append(sum(sizes.values()) + NETWORKS_WORTH * len(sizes))
    assert work == sorted(work, reverse=True) and work[0] > work[-1]


def test_nothing_to_evaluate_is_no_share():
    assert shares([]) == []


def test_a_store_is_opened_once_for_an_evaluation_and_again_for_the_next(tmp_path):
    first, second = (StoreOf(RecordStore(PLAN, tmp_path)) for _ in range(2))
    sent_again = replace(first, store=RecordStore(PLAN, tmp_path))  # as with another share
    assert opened(first) is first.store
    assert opened(sent_again) is first.store
    assert opened(second) is second.store
