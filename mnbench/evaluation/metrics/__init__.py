"""What predictions are worth: error, likelihood, calibration, selective risk and diversity.

Open this folder to add a metric or to look up a definition. In come predicted log-probabilities and
labels; out goes a :class:`~mnbench.evaluation.metrics.metric.Metric`, which has a value on the
images and one on every bootstrap replicate. The trap: scikit-learn and torchmetrics take one set of
weights at a time; the tests compare every metric with theirs.
"""

from mnbench.evaluation.metrics.calibration import (
    calibration_error,
    fit_temperature,
    reliability,
    scale_temperature,
)
from mnbench.evaluation.metrics.classification import (
    brier_score,
    error_rate,
    member_error_rate,
    negative_log_likelihood,
    oracle_error_rate,
)
from mnbench.evaluation.metrics.metric import MeanMetric, Metric, resample
from mnbench.evaluation.metrics.pairwise import (
    disagreement,
    divergence,
    error_correlation,
    q_statistic,
)
from mnbench.evaluation.metrics.selective import area_under_risk_coverage

__all__ = [
    "MeanMetric",
    "Metric",
    "area_under_risk_coverage",
    "brier_score",
    "calibration_error",
    "disagreement",
    "divergence",
    "error_correlation",
    "error_rate",
    "fit_temperature",
    "member_error_rate",
    "negative_log_likelihood",
    "oracle_error_rate",
    "q_statistic",
    "reliability",
    "resample",
    "scale_temperature",
]
