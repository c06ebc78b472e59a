"""Evaluate a study's ensembles: from records to metrics and their bootstrap replicates.

Open this module to see which metrics every ensemble gets. In comes a
:class:`~mnbench.records.store.RecordStore`, out goes an :class:`Evaluation`. The trap: ensembles of
the same records are evaluated once, so MotherNets with g = ensemble size equal Full Data exactly.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import cache
from typing import NamedTuple

import numpy as np

from mnbench.errors import UserError
from mnbench.evaluation import combination, metrics
from mnbench.evaluation.bootstrap import Bootstrap
from mnbench.evaluation.combination import AVERAGE, Prediction
from mnbench.evaluation.metrics import Metric, pairwise
from mnbench.evaluation.metrics.calibration import (
    Reliability,
    reliability,
    resampled_reliability,
)
from mnbench.evaluation.sharing import StoreOf, opened, shares
from mnbench.evaluation.unread import reasons
from mnbench.planning.full_size import of_full_size
from mnbench.planning.lineage import Ensemble
from mnbench.planning.training_id import TrainingId
from mnbench.records.record import PREDICTIONS, RECORD, Cost
from mnbench.records.refusal import RETRAIN, Unreadable
from mnbench.records.store import RecordStore

MetricKey = tuple[str, str]  # (combination method, metric): of COMBINATIONS and of METRICS

METRICS: dict[str, str] = {
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
# Slow ones have replicates at an approach's full size only.
SLOW = ("risk_coverage", "q_statistic", "error_correlation")
# A resample's bins are noisier than the images' own and look worse calibrated. Its replicates are
# shifted so that their mean is the measured value.
CENTRED = ("calibration_error", "scaled_calibration_error")


@dataclass(frozen=True, eq=False)
class EvaluatedEnsemble:
    """One ensemble of one seed, measured.

    Attributes:
        ensemble: what was planned.
        cost: of all trainings that it needed, each once.
        trainings: how many those are.
        temperature: fitted on the validation images.
        values: every metric on the images that ensembles are evaluated on: the test images, or the
            development images (:attr:`RecordStore.evaluated_on`).
        replicates: every metric on resampled images, ``(replicates,)``.
        reliability: of the averaged prediction.
        full_size: whether the plan has no larger ensemble of this approach, g and variant.
        resampled_reliability: on resampled images; of the full size only.
    """

    ensemble: Ensemble
    cost: Cost
    trainings: int
    temperature: float
    values: Mapping[MetricKey, float]
    replicates: Mapping[MetricKey, np.ndarray]
    reliability: Reliability
    full_size: bool = True
    resampled_reliability: Reliability | None = None


@dataclass(frozen=True)
class Missing:
    """An ensemble of one seed that could not be evaluated, and why."""

    ensemble: Ensemble
    reason: str


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Every ensemble of a study.

    Attributes:
        evaluated: in the plan's order.
        missing: likewise.
        bootstraps: by data set.
    """

    evaluated: tuple[EvaluatedEnsemble, ...]
    missing: tuple[Missing, ...] = ()
    bootstraps: Mapping[str, Bootstrap] = field(default_factory=dict)


def evaluate(store: RecordStore, replicates: int, pool: Executor | None = None) -> Evaluation:
    """Return every planned ensemble, measured as far as its records allow.

    Args:
        store: the records.
        replicates: of the bootstrap, 0 for none.
        pool: of processes to share the work among.

    Raises:
        UserError: not one ensemble can be evaluated; says why.
    """
    parts = shares(store.plan.ensembles)
    if pool:
        sent = StoreOf(store)
        running = [pool.submit(_evaluate_in_process, sent, replicates, part) for part in parts]
        done = [future.result() for future in running]
    else:
        done = [_evaluate_share(store, replicates, part) for part in parts]
    by_ensemble = {result.ensemble: result for part in done for result in part}
    results = [by_ensemble[ensemble] for ensemble in store.plan.ensembles]
    evaluated = tuple(result for result in results if isinstance(result, EvaluatedEnsemble))
    missing = tuple(result for result in results if isinstance(result, Missing))
    if missing and not evaluated:
        raise UserError(reasons(missing, store)[0])
    datasets = {result.ensemble.dataset for result in evaluated}
    bootstraps = {name: _bootstrap(store, name, replicates) for name in datasets}
    return Evaluation(evaluated, missing, bootstraps)


def _evaluate_in_process(
    sent: StoreOf, replicates: int, ensembles: Sequence[Ensemble]
) -> list[EvaluatedEnsemble | Missing]:
    return _evaluate_share(opened(sent), replicates, ensembles)


def _evaluate_share(
    store: RecordStore, replicates: int, ensembles: Sequence[Ensemble]
) -> list[EvaluatedEnsemble | Missing]:
    """Return some ensembles of one data set, architecture set and seed, measured."""
    setting = ensembles[0].setting
    largest = of_full_size(one for one in store.plan.ensembles if one.setting == setting)
    full = {ensemble.members for ensemble in largest}
    known: dict[tuple[TrainingId, ...], EvaluatedEnsemble] = {}
    results: list[EvaluatedEnsemble | Missing] = []
    bootstrap = None
    for ensemble in ensembles:
        members = ensemble.members
        try:
            if members not in known:
                _check_members(ensemble, store)
                bootstrap = bootstrap or _bootstrap(store, ensemble.dataset, replicates)
                known[members] = _evaluate(ensemble, store, bootstrap, members in full)
            whole = ensemble in largest
            results.append(replace(known[members], ensemble=ensemble, full_size=whole))
        except Unreadable:  # nobody knows what it is: tables without it would count as complete
            raise
        except UserError as error:
            results.append(Missing(ensemble, str(error)))
    return results


def _bootstrap(store: RecordStore, dataset: str, replicates: int) -> Bootstrap:
    seeds = tuple(dict.fromkeys(ensemble.seed for ensemble in store.plan.ensembles))
    return _shared_bootstrap(seeds, len(store.labels(dataset, store.evaluated_on)), replicates)


# One in each process: all ensembles have the same resamples, and drawing them takes long.
_shared_bootstrap = cache(Bootstrap)


def _evaluate(
    ensemble: Ensemble, store: RecordStore, bootstrap: Bootstrap, full: bool
) -> EvaluatedEnsemble:
    validation, evaluated = (
        _Answers(_log_probabilities(ensemble, store, split), store.labels(ensemble.dataset, split))
        for split in ("validation", store.evaluated_on)
    )
    averaged = combination.average(evaluated.log_probabilities)
    by_key, temperature = _metrics(validation, evaluated, averaged)
    lineage = store.plan.lineage(ensemble.members)
    resampled = {key: metric for key, metric in by_key.items() if full or key[1] not in SLOW}
    weights = bootstrap.image_weights if bootstrap.replicates else None
    replicates = {} if weights is None else metrics.resample(resampled, weights)
    values = {key: metric.value() for key, metric in by_key.items()}
    for key in replicates:
        if key[1] in CENTRED:
            shift = values[key] - replicates[key].mean()
            replicates[key] = np.maximum(replicates[key] + shift, 0)
    return EvaluatedEnsemble(
        ensemble,
        store.cost(lineage),
        len(lineage),
        temperature,
        values,
        replicates,
        reliability(averaged, evaluated.labels),
        resampled_reliability=resampled_reliability(averaged, evaluated.labels, weights)
        if full and weights is not None
        else None,
    )


class _Answers(NamedTuple):
    """What an ensemble's networks predict for the images of one split, and what these show."""

    log_probabilities: np.ndarray  # (networks, images, classes)
    labels: np.ndarray  # (images,)


def _metrics(
    validation: _Answers, evaluated: _Answers, averaged: Prediction
) -> tuple[dict[MetricKey, Metric], float]:
    """Return every metric of an ensemble by its key, and the fitted temperature."""
    predicted, truth = evaluated
    classes = predicted.argmax(axis=-1)
    pairs = pairwise.pairs(classes, truth)
    temperature = metrics.fit_temperature(combination.average(validation[0]), validation.labels)
    weights = combination.super_learner_weights(*validation)
    by_key: dict[MetricKey, Metric] = {
        (AVERAGE, "negative_log_likelihood"): metrics.negative_log_likelihood(averaged, truth),
        (AVERAGE, "scaled_calibration_error"): metrics.calibration_error(
            metrics.scale_temperature(averaged, temperature), truth
        ),
        (AVERAGE, "risk_coverage"): metrics.area_under_risk_coverage(averaged, truth),
        (AVERAGE, "mean_member_error"): metrics.member_error_rate(classes, truth),
        (AVERAGE, "disagreement"): metrics.disagreement(classes),
        (AVERAGE, "q_statistic"): metrics.q_statistic(pairs),
        (AVERAGE, "error_correlation"): metrics.error_correlation(pairs),
        (AVERAGE, "divergence"): metrics.divergence(predicted),
        ("oracle", "test_error"): metrics.oracle_error_rate(classes, truth),
    }
    combined: dict[str, Prediction] = {
        AVERAGE: averaged,
        "vote": combination.vote(predicted),
        "super_learner": combination.average(predicted, weights),
    }
    for method, prediction in combined.items():
        by_key[method, "test_error"] = metrics.error_rate(prediction, truth)
        by_key[method, "brier_score"] = metrics.brier_score(prediction, truth)
        by_key[method, "calibration_error"] = metrics.calibration_error(prediction, truth)
    return by_key, temperature


def _log_probabilities(ensemble: Ensemble, store: RecordStore, split: str) -> np.ndarray:
    """Return the log-probabilities of all networks, ``(networks, images, classes)``."""
    predictions = [store.predictions(member, split) for member in ensemble.members]
    classes = predictions[0].logits.shape[-1]
    for member, prediction in zip(ensemble.members, predictions, strict=True):
        if prediction.logits.shape[-1] != classes:
            raise UserError(
                f"{store.directory(member) / PREDICTIONS}: its networks tell "
                f"{prediction.logits.shape[-1]} classes apart, those of "
                f"{store.directory(ensemble.members[0]) / PREDICTIONS} {classes}; {RETRAIN}"
            )
    networks = sum(len(prediction.logits) for prediction in predictions)
    planned = sum(len(store.plan.trainings[member].networks) for member in ensemble.members)
    if networks != planned:
        last = store.directory(ensemble.members[-1]) / RECORD
        name = f"{ensemble.dataset}/{ensemble.architecture_set}/{ensemble.approach}"
        raise UserError(
            f"{last}: with it the ensemble {name} has {networks} networks, but the plan says "
            f"{planned}; {RETRAIN}"
        )
    parts = [store.log_probabilities(member, split) for member in ensemble.members]
    return np.concatenate(parts)


def _check_members(ensemble: Ensemble, store: RecordStore) -> None:
    """Refuse the same network of the same seed by two recipes: two trainings taken for one."""
    first: dict[tuple, TrainingId] = {}
    for member in ensemble.members:
        record = store.record(member)
        key = (tuple(network["id"] for network in record.networks), record.seed)
        earlier = first.setdefault(key, member)
        if store.record(earlier).recipe != record.recipe:
            raise UserError(
                f"{store.directory(member) / RECORD}: key 'recipe': the same network and seed as"
                f" {store.directory(earlier) / RECORD}, but trained by another recipe; an ensemble "
                f"takes one of them: change the plan, or {RETRAIN}"
            )
