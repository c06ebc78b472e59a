"""The four marks, by their rules."""

from dataclasses import replace

from support.claim_evidence import (
    FIXED,
    FULL,
    G1,
    HALF,
    KD,
    SEEDS,
    SNAPSHOTS,
    both,
    evidence_of,
    findings,
    page_of,
    study_of_marks,
    verdicts,
)
from support.evaluations import wrong

from mnbench.evaluation.claims.claim import (
    NOT_REPRODUCED,
    NOT_TESTED,
    REPRODUCED,
    UNDECIDED,
)
from mnbench.evaluation.claims.evidence import Evidence, Untested
from mnbench.evaluation.claims.four_marks import MARKS, best_marks, marks
from mnbench.evaluation.claims.quantities import QUANTITIES
from mnbench.planning.lineage import LeftOut


def grades_of(evidence, page=True):
    return {row.point.approach: row.grades for row in best_marks(marks(evidence, page=page))}


def test_marks_follow_their_rules():
    grades = {
        approach: tuple(of_approach[mark] for mark in MARKS)
        for approach, of_approach in grades_of(study_of_marks()).items()
    }
    assert grades == {
        "full_data": ("no", "yes", "yes", "no"),
        "bagging": ("no", "no", "yes", "no"),
        "knowledge_distillation": ("no", "no", "yes", "no"),
        "treenets": ("no", "no", "yes", "no"),
        "snapshot_ensembles": ("yes", "no", "no", "yes"),
        "mothernets": ("yes", "yes", "yes", "yes"),
    }
    assert verdicts("four-marks", study_of_marks()) == both(REPRODUCED)


def test_under_fixed_epochs_marks_need_budget_curves():
    fixed = study_of_marks(recipe=FIXED)
    assert verdicts("four-marks", fixed) == (NOT_TESTED, REPRODUCED)
    # At half the epochs Full Data are as fast, and not worse: they have the marks as well.
    runs, costs = {}, {}
    for m, error in ((3, 0.12), (5, 0.1)):
        runs[(*HALF[:3], m)], costs[(*HALF[:3], m)] = error, m * 1.0
    also = study_of_marks(runs, costs, recipe=FIXED)
    assert verdicts("four-marks", also) == (NOT_TESTED, NOT_REPRODUCED)


def test_a_mark_whose_interval_holds_a_limit_is_undecided():
    near = {G1: [wrong(0.105, seed + 20) for seed in SEEDS]}
    evidence = study_of_marks(near)
    assert grades_of(evidence)["mothernets"]["high accuracy"] == "undecided"
    assert verdicts("four-marks", evidence) == both(UNDECIDED)
    (finding, _) = findings("four-marks", evidence)
    assert (finding.measured.low, finding.measured.high) == (0, 1)


def test_an_approach_that_cannot_take_an_architecture_set_is_partly_diverse():
    out = LeftOut("fashion_mnist", "r5-small", "knowledge_distillation", "of some reason")
    found = grades_of(study_of_marks(left_out=[out]))
    assert found["knowledge_distillation"]["diverse architectures"] == "partly"


def test_mothernets_that_err_more_do_not_earn_all_marks():
    worse = study_of_marks({G1: [wrong(0.13, seed) for seed in SEEDS]})
    assert verdicts("four-marks", worse) == both(NOT_REPRODUCED)


def test_snapshots_of_one_run_cost_a_cycle_each():
    """Every size is billed the whole run: its cost does not grow, and is not free."""
    run = {(*SNAPSHOTS[:3], m): 0.12 for m in (3, 5)}
    made = study_of_marks(run, dict.fromkeys(run, 9.0))
    assert grades_of(made)["snapshot_ensembles"]["large size"] == "yes"  # for want of a plan
    cycles = {id: one for id, one in made.plan.trainings.items() if "snapshot" in id.approach}
    last = {id.seed: id for id in cycles}
    trainings = made.plan.trainings | {
        id: replace(one, parents=() if id == last[id.seed] else (last[id.seed],))
        for id, one in cycles.items()
    }
    assert len(last) == 3 and len(trainings) == len(made.plan.trainings)
    of_one_run = replace(made, plan=replace(made.plan, trainings=trainings))
    sizes = of_one_run.sized(of_one_run.full("snapshot_ensembles")[0])
    assert len({of_one_run.lineage(point) for point in sizes}) == 2  # of other members here
    with_all = replace(
        of_one_run.points[0], id=sizes[0].id, runs=sizes[1].runs, bootstrap=sizes[1].bootstrap
    )
    points = tuple(with_all if p is sizes[0] else p for p in of_one_run.points)
    one_run = replace(of_one_run, points=points)
    assert grades_of(one_run)["snapshot_ensembles"]["large size"] == "no"


def test_one_run_of_snapshots_may_have_more_cycles_than_networks(monkeypatch):
    """Each of its ten costs 0.8, and a network of Full Data 2."""
    run = {(*SNAPSHOTS[:3], m): 0.12 for m in (3, 5)}
    made = study_of_marks(run, dict.fromkeys(run, 8.0))
    cycles = tuple(made.plan.trainings)[: 10 * len(SEEDS)]
    monkeypatch.setattr(Evidence, "lineage", lambda *_: cycles)
    assert grades_of(made)["snapshot_ensembles"]["large size"] == "yes"


def test_marks_rest_on_the_seeds_that_are_compared():
    late = study_of_marks(seeds=range(5))
    points = [
        point if point.id.approach == "full_data" else point.on_seeds((2, 3, 4))
        for point in late.points
    ]
    points = [p.on_seeds((0, 1, 2)) if p.id.approach == "full_data" else p for p in points]
    found = findings("four-marks", replace(late, points=tuple(points)))
    assert {finding.verdict for finding in found} == {NOT_TESTED}
    assert {finding.why for finding in found} == {"fewer than 3 common seeds"}


def test_no_marks_are_given_where_nothing_was_learnt():
    for evidence, why in (
        (study_of_marks(converged=False), "No marks: not converged."),
        (study_of_marks(recipe=FIXED), "| set by the configuration |"),
    ):
        text, tables = page_of(evidence)
        assert why in text
        if "No marks" in why:
            assert tables["marks"]["grade"].isna().all()
            assert "| yes | yes |" not in text


def test_marks_need_full_data_and_sizes():
    assert marks(evidence_of({KD: 0.1, G1: 0.1}), page=True) == []
    of_one_size = marks(evidence_of({FULL: 0.1, KD: 0.1, G1: 0.1}), page=True)
    assert {row.grades["large size"] for row in of_one_size} == {None}
    of_one_size = evidence_of({FULL: 0.1, KD: 0.1, G1: 0.1})
    assert QUANTITIES["alone_with_all_marks"](of_one_size, "mothernets", True) == Untested(
        "a mark could not be measured: fewer than two sizes, or no common seeds"
    )


def test_all_four_marks_are_compared_of_ensembles_of_one_size():
    smaller = {(*KD[:3], size): error for size, error in ((2, 0.14), (3, 0.12))}
    made = study_of_marks(smaller)
    points = tuple(p for p in made.points if p.id.approach != KD[0] or p.id.size < 5)
    points = tuple(
        replace(p, runs=tuple(replace(run, full_size=True) for run in p.runs))
        if (p.id.approach, p.id.size) == (KD[0], 3)
        else p
        for p in points
    )
    uneven = replace(made, points=points)
    assert verdicts("four-marks", uneven) == both(NOT_TESTED)
    (smaller_one,) = [row for row in marks(uneven, page=True) if row.point.approach == KD[0]]
    assert smaller_one.grades["fast training"] is None  # it costs less by its size
    assert smaller_one.grades["high accuracy"] is None
    assert verdicts("four-marks", made) == both(REPRODUCED)
