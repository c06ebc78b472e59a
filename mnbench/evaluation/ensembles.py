"""Evaluating a study's ensembles: what each one's combined answers come to, from its records."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from mnbench.errors import UserError
from mnbench.evaluation import combination as combining
from mnbench.evaluation.bootstrap import Bootstrap
from mnbench.evaluation.combination import Answer
from mnbench.evaluation.metrics import calibration
from mnbench.evaluation.metrics import pairwise as diversity
from mnbench.evaluation.metrics import scores as measures
from mnbench.evaluation.metrics.calibration import Reliability
from mnbench.evaluation.metrics.scores import Measure
from mnbench.planning.plan import Ensemble, Plan
from mnbench.planning.training_id import TrainingId
from mnbench.records.record import PREDICTIONS, RECORD, Cost
from mnbench.records.refusal import RETRAIN
from mnbench.records.store import RecordStore

AVERAGE = "average"  # the rule that every figure is of unless it says otherwise
Named = tuple[str, str]  # (rule, measure): of rules.RULES, and a key of MEASURES

MEASURES: dict[str, str] = {
    "test_error": "test error rate, fraction",
    "negative_log_likelihood": "mean negative log-likelihood on the test set, nats",
    "brier_score": "mean squared distance of the probabilities from the label's on the test set, "
    "0 to 2",
    "calibration_error": "expected calibration error on the test set (15 equal-width bins), "
    "fraction",
    "scaled_calibration_error": "the same after dividing log-probabilities by `temperature`",
    "risk_coverage": "area under the risk-coverage curve on the test set, fraction",
    "mean_member_error": "mean over the networks of their own test error rates, fraction",
    "disagreement": "fraction of test images on which two networks predict different classes, mean "
    "over all pairs; empty for one network, as are the next three",
    "q_statistic": "Yule's Q of two networks' being right, mean over all pairs",
    "error_correlation": "correlation of two networks' being wrong, mean over all pairs",
    "divergence": "Kullback-Leibler divergence of two networks' softmax outputs, mean over all "
    "ordered pairs, nats",
}
# Measured again on resampled images for the full size only: they take long.
SLOW = ("risk_coverage", "q_statistic", "error_correlation")
# A resample's bins are noisier than the images' own and so look worse calibrated: its values are
# moved to have the measured one for their mean.
CENTRED = ("calibration_error", "scaled_calibration_error")


@dataclass(frozen=True, eq=False)
class Evaluated:
    """What one ensemble of one seed comes to."""

    ensemble: Ensemble
    cost: Cost  # of all trainings that it needed, each once
    trainings: int  # how many those are
    temperature: float  # fitted on the validation images
    values: Mapping[Named, float]
    replicates: Mapping[Named, np.ndarray]  # (replicates,), on resampled test images
    reliability: Reliability  # of the averaged answers
    full_size: bool = True  # whether the plan has no larger ensemble of this approach
    reliability_again: Reliability | None = None  # on resampled images; of the full size only


@dataclass(frozen=True)
class Missing:
    """An ensemble of one seed that could not be evaluated, and why."""

    ensemble: Ensemble
    reason: str


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Every ensemble of a study."""

    evaluated: tuple[Evaluated, ...]
    missing: tuple[Missing, ...] = ()
    bootstraps: Mapping[str, Bootstrap] = field(default_factory=dict)  # by data set


def evaluate(store: RecordStore, replicates: int, pool: Executor | None = None) -> Evaluation:
    """Evaluate every planned ensemble that its records allow.

    Args:
        store: the records.
        replicates: of the bootstrap, 0 for none.
        pool: of processes to share the work among.

    Raises:
        UserError: not one ensemble can be evaluated; says why of the first one.
    """
    settings: dict[tuple[str, str, int], list[Ensemble]] = {}
    for row in store.plan.ensembles:
        settings.setdefault((row.dataset, row.architecture_set, row.seed), []).append(row)
    work = partial(_evaluate_all, store.plan, store.root, replicates)
    if pool:
        # The longest first, so that none is waited for alone.
        longest = sorted(settings, key=lambda key: -sum(row.size for row in settings[key]))
        running = {key: pool.submit(work, settings[key]) for key in longest}
        parts = [running[key].result() for key in settings]
    else:
        parts = [_evaluate_rows(store, replicates, rows) for rows in settings.values()]
    found = [one for part in parts for one in part]
    evaluated = tuple(one for one in found if isinstance(one, Evaluated))
    missing = tuple(one for one in found if isinstance(one, Missing))
    if missing and not evaluated:
        raise UserError(missing[0].reason)
    datasets = {one.ensemble.dataset for one in evaluated}
    return Evaluation(
        evaluated, missing, {name: _bootstrap(store, name, replicates) for name in datasets}
    )


def _evaluate_all(
    plan: Plan, root: Path, replicates: int, rows: Sequence[Ensemble]
) -> list[Evaluated | Missing]:
    return _evaluate_rows(RecordStore(plan, root), replicates, rows)


def _evaluate_rows(
    store: RecordStore, replicates: int, rows: Sequence[Ensemble]
) -> list[Evaluated | Missing]:
    """Evaluate the ensembles of one data set, ensemble and seed."""
    largest: dict[str, int] = {}
    for row in rows:
        largest[row.approach] = max(largest.get(row.approach, 0), row.size)
    whole = {row.members for row in rows if row.size == largest[row.approach]}
    # The same records answer the same, whatever they are called: MotherNets with as many clusters
    # as networks are Full Data.
    known: dict[tuple[TrainingId, ...], Evaluated] = {}
    found: list[Evaluated | Missing] = []
    bootstrap = None
    for row in rows:
        try:
            if row.members not in known:
                _check_members(row, store)
                bootstrap = bootstrap or _bootstrap(store, row.dataset, replicates)
                known[row.members] = _evaluate(row, store, bootstrap, row.members in whole)
            full_size = row.size == largest[row.approach]
            found.append(replace(known[row.members], ensemble=row, full_size=full_size))
        except UserError as error:
            found.append(Missing(row, str(error)))
    return found


def _bootstrap(store: RecordStore, dataset: str, replicates: int) -> Bootstrap:
    seeds = tuple(dict.fromkeys(row.seed for row in store.plan.ensembles))
    return _shared_bootstrap(seeds, len(store.labels(dataset, "test")), replicates)


# One in each process: all ensembles have the same resamples, and drawing them takes long.
_shared_bootstrap = cache(Bootstrap)


def _evaluate(row: Ensemble, store: RecordStore, bootstrap: Bootstrap, whole: bool) -> Evaluated:
    answers = {split: _answers(row, store, split) for split in ("validation", "test")}
    labels = {split: store.labels(row.dataset, split) for split in answers}
    averaged = combining.average(answers["test"])
    found, temperature = _measures(answers, labels, averaged)
    lineage = store.plan.lineage(row.members)
    quick = {name: one for name, one in found.items() if whole or name[1] not in SLOW}
    again = measures.resampled(quick, bootstrap.image_weights) if bootstrap.replicates else {}
    values = {name: measure.value() for name, measure in found.items()}
    for name in again:
        if name[1] in CENTRED:
            again[name] = np.maximum(again[name] - again[name].mean() + values[name], 0)
    return Evaluated(
        row,
        store.cost(lineage),
        len(lineage),
        temperature,
        values,
        again,
        calibration.reliability(averaged, labels["test"]),
        reliability_again=calibration.resampled_reliability(
            averaged, labels["test"], bootstrap.image_weights
        )
        if whole and bootstrap.replicates
        else None,
    )


def _measures(
    answers: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray], averaged: Answer
) -> tuple[dict[Named, Measure], float]:
    """Name every measure of an ensemble, and its temperature."""
    test, truth = answers["test"], labels["test"]
    predicted = test.argmax(axis=-1)
    pairs = diversity.pairs(predicted, truth)
    temperature = calibration.fit_temperature(
        combining.average(answers["validation"]), labels["validation"]
    )
    weights = combining.super_learner_weights(answers["validation"], labels["validation"])
    found: dict[Named, Measure] = {
        (AVERAGE, "negative_log_likelihood"): measures.negative_log_likelihood(averaged, truth),
        (AVERAGE, "scaled_calibration_error"): measures.calibration_error(
            calibration.scaled(averaged, temperature), truth
        ),
        (AVERAGE, "risk_coverage"): measures.area_under_risk_coverage(averaged, truth),
        (AVERAGE, "mean_member_error"): measures.member_error(predicted, truth),
        (AVERAGE, "disagreement"): diversity.disagreement(predicted),
        (AVERAGE, "q_statistic"): diversity.q_statistic(pairs),
        (AVERAGE, "error_correlation"): diversity.error_correlation(pairs),
        (AVERAGE, "divergence"): diversity.divergence(test),
        ("oracle", "test_error"): measures.oracle_error(predicted, truth),
    }
    rules: dict[str, Answer] = {
        AVERAGE: averaged,
        "vote": combining.vote(test),
        "super_learner": combining.average(test, weights),
    }
    for rule, answer in rules.items():
        found[rule, "test_error"] = measures.error(answer, truth)
        found[rule, "brier_score"] = measures.brier_score(answer, truth)
        found[rule, "calibration_error"] = measures.calibration_error(answer, truth)
    return found, temperature


def _answers(row: Ensemble, store: RecordStore, split: str) -> np.ndarray:
    """The log-probabilities of all networks of an ensemble, ``(networks, images, classes)``."""
    predictions = [store.predictions(member, split) for member in row.members]
    classes = predictions[0].logits.shape[-1]
    for member, other in zip(row.members, predictions, strict=True):
        if other.logits.shape[-1] != classes:
            raise UserError(
                f"{store.directory(member) / PREDICTIONS}: its networks tell "
                f"{other.logits.shape[-1]} classes apart, those of "
                f"{store.directory(row.members[0]) / PREDICTIONS} {classes}; {RETRAIN}"
            )
    networks = sum(len(one.logits) for one in predictions)
    if networks != row.size:
        last = store.directory(row.members[-1]) / RECORD
        raise UserError(
            f"{last}: with it the ensemble {row.dataset}/{row.architecture_set}/{row.approach} has "
            f"{networks} networks, but the plan says {row.size}; {RETRAIN}"
        )
    return np.concatenate([store.log_probabilities(member, split) for member in row.members])


def _check_members(row: Ensemble, store: RecordStore) -> None:
    """Refuse the same network of the same seed by two recipes: two trainings taken for one."""
    first: dict[tuple, TrainingId] = {}
    for member in row.members:
        record = store.record(member)
        key = (tuple(network["id"] for network in record.networks), record.seed)
        other = first.setdefault(key, member)
        if store.record(other).recipe != record.recipe:
            raise UserError(
                f"{store.directory(member) / RECORD}: key 'recipe': the same network and seed as"
                f" {store.directory(other) / RECORD}, but trained by another recipe; an ensemble "
                f"takes one of them: change the plan, or {RETRAIN}"
            )
