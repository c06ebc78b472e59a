"""What trainings ask of a cluster: bounds from predicted costs, and groups without circles."""

from dataclasses import replace

import pytest
from support.tiny import config, plan_of

from mnbench.architectures import activation_count, load_architectures
from mnbench.errors import UserError
from mnbench.planning.demand import (
    EVALUATED_TOGETHER,
    FLOPS_PER_SECOND,
    LONGEST_MINUTES,
    MINUTES_TO_START,
    SHORT_MINUTES,
    Jobs,
    checked_longest_minutes,
    demand,
    generations,
    group_of,
)
from mnbench.planning.forecast import forecast, predicted_training_flops
from mnbench.records.record import read_record


def planned(**changes):
    return plan_of(config() | changes)


def test_run_time_follows_from_the_predicted_flops():
    plan = planned(recipe={"epochs": 2000}, data={"train_images": 50_000})
    for id in plan.trainings:
        minutes = predicted_training_flops(plan.trainings[id], plan) / FLOPS_PER_SECOND["cpu"] / 60
        asked = demand(plan, id).minutes
        assert (
            asked == LONGEST_MINUTES or MINUTES_TO_START <= asked - minutes < MINUTES_TO_START + 1
        )
    assert len({demand(plan, id).minutes for id in plan.trainings}) > 3


def test_the_predicted_flops_add_up_to_the_forecast():
    plan = planned()
    total = sum(predicted_training_flops(plan.trainings[id], plan) for id in plan.trainings)
    assert total == sum(row.training_flops for row in forecast(plan))


def test_each_attempt_asks_for_twice_the_time_up_to_what_the_cluster_gives():
    plan = planned()
    id = next(iter(plan.trainings))
    first, second = demand(plan, id), demand(plan, id, attempt=2)
    assert second.minutes == 2 * first.minutes
    assert second.gpus == first.gpus
    assert demand(plan, id, attempt=20).minutes == LONGEST_MINUTES
    for longest in (15, 3000):
        assert demand(plan, id, attempt=20, jobs=Jobs(longest)).minutes == longest


def test_each_attempt_asks_for_some_more_memory_and_three_time_outs_for_no_machine_of_its_own():
    plan = planned()
    id = next(iter(plan.trainings))
    asked = [demand(plan, id, attempt=attempt).megabytes for attempt in (1, 2, 3, 4)]
    assert asked == sorted(set(asked))
    assert 2 * asked[0] == pytest.approx(asked[2], abs=1)
    assert asked[3] < 2.6 * asked[0]


@pytest.mark.parametrize("given", ["a day", "-1", "", "10", 1.5])
def test_a_longest_time_that_is_none_is_one_line(given):
    assert checked_longest_minutes(2880, "key") == checked_longest_minutes("2880", "key") == 2880
    with pytest.raises(UserError, match=f"^key={given}: must be a whole number above 10") as caught:
        checked_longest_minutes(given, "key")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("device", "gpus"), [("cpu", 0), ("cuda", 1), ("auto", 1)])
def test_a_gpu_is_asked_for_where_one_may_be_used(device, gpus):
    plan = planned(device=device)
    assert {demand(plan, id).gpus for id in plan.trainings} == {gpus}


def test_a_tiny_training_took_less_memory_than_it_would_ask_for(trained):
    plan = planned()
    for id in plan.trainings:
        peak = read_record(trained.record(id)).cost.peak_memory_bytes
        # The peak is that of the tests' process, which has trained the others before.
        assert peak / 1e6 < 2 * demand(plan, id).megabytes


def test_larger_batches_and_networks_ask_for_more_memory():
    small, large = planned(), planned(recipe={"epochs": 1, "batch_size": 4096})
    id = next(iter(small.trainings))
    assert demand(large, id).megabytes > demand(small, id).megabytes
    on_gpus = [replace(plan, device="cuda") for plan in (small, large)]
    assert len({demand(plan, id).megabytes for plan in on_gpus}) == 1  # not in the host's memory


def test_a_batch_is_no_larger_than_the_images_that_there_are():
    whole, more = (planned(recipe={"epochs": 1, "batch_size": size}) for size in (10**5, 10**9))
    id = next(iter(whole.trainings))
    assert demand(more, id).megabytes == demand(whole, id).megabytes


def test_activations_are_counted_by_hand():
    first, *_ = load_architectures("v5-small")
    # 8-8 | 16-16 | 32-32 behind a space-to-depth stem: 14, 7 and 3 pixels; ten logits.
    count = activation_count(first, in_channels=1, image_size=28)
    assert count == 2 * 8 * 14**2 + 2 * 16 * 7**2 + 2 * 32 * 3**2 + 10


def test_images_evaluated_together_are_those_of_the_loop():
    from mnbench.training.loop import CPU_TOGETHER

    assert EVALUATED_TOGETHER == CPU_TOGETHER


def test_short_trainings_are_grouped_by_generation_and_long_ones_are_not():
    plan = planned()
    groups = {id: group_of(plan, id, number) for id, number in generations(plan).items()}
    assert list(groups) == list(plan.trainings)
    for id, mine in groups.items():
        assert mine
        ancestors = [one for one in plan.lineage([id]) if one != id]
        assert mine not in {groups[ancestor] for ancestor in ancestors}
    long = planned(recipe={"epochs": 2000}, data={"train_images": 50_000})
    for id in long.trainings:
        minutes = predicted_training_flops(long.trainings[id], long) / FLOPS_PER_SECOND["cpu"] / 60
        assert (group_of(long, id, 0) is None) == (minutes > SHORT_MINUTES)
    assert None in {group_of(long, id, 0) for id in long.trainings}


@pytest.mark.parametrize(
    ("longest", "together", "grouped"),
    [(20, 1, True), (20, 2, True), (20, 8, False), (60, 8, True), (59, 30, False), (1440, 8, True)],
)
def test_a_group_on_a_gpu_asks_for_no_more_than_the_longest_time(longest, together, grouped):
    plan = planned(device="cuda", recipe={"epochs": 2000}, data={"train_images": 50_000})
    jobs = Jobs(longest, together)
    short = [id for id in plan.trainings if group_of(plan, id, 0, jobs)]
    assert bool(short) == grouped  # where there is no time to take turns, each has its own job
    for attempt in (1, 2, 3, 4):
        asked = {id: demand(plan, id, attempt=attempt, jobs=jobs).minutes for id in plan.trainings}
        assert 1 <= min(asked.values()) <= max(asked.values()) <= longest
        assert together * max((asked[id] for id in short), default=0) <= longest


def test_a_group_on_a_cpu_runs_side_by_side_and_each_asks_for_its_whole_time():
    plan = planned()
    for id in plan.trainings:
        assert group_of(plan, id, 0, Jobs(together=8))
        assert demand(plan, id, jobs=Jobs(together=8)) == demand(plan, id)


def test_a_generation_is_the_longest_path_from_a_training_without_parents():
    plan = planned()
    found = generations(plan)
    assert {found[id] for id in plan.trainings if not plan.trainings[id].parents} == {0}
    for id, training in plan.trainings.items():
        if training.parents:
            assert found[id] == 1 + max(found[parent] for parent in training.parents)
    assert max(found.values()) > 1
