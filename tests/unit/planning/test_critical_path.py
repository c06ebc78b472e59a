"""The critical path: the work that begins with a training, by hand."""

from support.tiny import config, plan_of

from mnbench.planning.critical_path import critical_paths
from mnbench.planning.forecast import predicted_training_flops


def plan_with(**approaches):
    return plan_of(config() | {"approaches": approaches})


def work(plan, *ids) -> int:
    return sum(predicted_training_flops(plan.trainings[id], plan) for id in ids)


def test_a_snapshot_is_followed_by_all_later_cycles():
    plan = plan_with(snapshot_ensembles={"epochs_per_cycle": 1})
    first, *others = cycles = list(plan.trainings)
    paths = critical_paths(plan)
    assert paths[first] == work(plan, *cycles)
    assert paths[others[-1]] == work(plan, others[-1])


def test_a_mothernet_is_followed_by_its_longest_child_and_no_other():
    plan = plan_with(mothernets={"g": [1]})
    mothernet, *children = plan.trainings
    longest = max(children, key=lambda child: work(plan, child))
    assert critical_paths(plan)[mothernet] == work(plan, mothernet, longest)


def test_a_teacher_goes_before_any_network_that_nobody_waits_for():
    plan = plan_with(full_data=None, knowledge_distillation=None)
    paths = critical_paths(plan)
    (teacher,) = {parent for training in plan.trainings.values() for parent in training.parents}
    assert max(paths, key=paths.get) == teacher


def test_every_training_comes_before_its_children():
    plan = plan_of(config())
    paths = critical_paths(plan)
    for id, training in plan.trainings.items():
        assert all(paths[parent] > paths[id] > 0 for parent in training.parents)
