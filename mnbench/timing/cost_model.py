"""From a calibration to the seconds of any step: as measured, or by what was measured of others.

Open it to change how a network's time is predicted that was not measured. The trap: FLOPs alone do
not say it, since small networks spend their time on elements and on starting operations; all
coefficients are 0 or more, so that no network is predicted to take less than nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import nnls

from mnbench.timing.calibration import Calibration, MeasuredKind
from mnbench.timing.kinds import Sizes, StepKind

LEAST = 1e-6  # seconds: errors are relative, and saving may take no time that a clock shows
Features = Callable[[Sizes, int], list[float]]


def _of_step(sizes: Sizes, batch_size: int) -> list[float]:
    """Return what the seconds of a step are a sum over."""
    per_image = [batch_size * sizes.training_flops, batch_size * sizes.elements, batch_size]
    return [*map(float, per_image), float(sizes.operations), float(sizes.parameters)]


def _of_epoch(sizes: Sizes, batch_size: int) -> list[float]:
    """Return what the seconds of saving an epoch are a sum over."""
    return [float(sizes.parameters), 1.0]


def _of_prediction(sizes: Sizes, batch_size: int) -> list[float]:
    """Return what the seconds of predicting an image are a sum over."""
    return [float(sizes.forward_flops), float(sizes.elements), 1.0]


@dataclass(frozen=True)
class Fit:
    """A sum of sizes, each with a coefficient of at least 0, fitted to what was measured."""

    features: Features
    coefficients: tuple[float, ...]

    @classmethod
    def to(
        cls,
        measured: Sequence[MeasuredKind],
        features: Features,
        seconds: Callable[[MeasuredKind], float],
    ) -> "Fit":
        """Return the fit with the least sum of squared relative errors.

        Args:
            measured: kinds, one at least.
            features: of sizes and a batch size.
            seconds: what is to be predicted.
        """
        rows = np.array([features(one.sizes, one.batch_size) for one in measured])
        target = np.array([seconds(one) for one in measured])
        rows = rows / target[:, None]
        # Sizes are of many orders of magnitude, and what is 0 for all has no coefficient.
        scale = np.where(rows.max(axis=0) > 0, rows.max(axis=0), 1.0)
        coefficients, _ = nnls(rows / scale, np.ones(len(target)))
        return cls(features, tuple(coefficients / scale))

    def __call__(self, sizes: Sizes, batch_size: int) -> float:
        """Return the seconds of networks of these sizes."""
        values = self.features(sizes, batch_size)
        return float(sum(a * b for a, b in zip(self.coefficients, values, strict=True)))


@dataclass(frozen=True)
class CostModel:
    """The seconds of steps and predictions on the calibrated machine."""

    calibration: Calibration

    def step_seconds(self, kind: StepKind) -> float:
        """Return the seconds of a step of a kind."""
        if own := self._own.get(kind.key):
            if own.batch_size == kind.batch_size:
                return own.step_seconds
            # There was time for a smaller batch only. A part of a step does not grow with its
            # images, and all kinds together tell that part better than one.
            whole, part = (self._any_step(own.sizes, n) for n in (kind.batch_size, own.batch_size))
            return own.step_seconds * whole / part
        return self._fits(kind.manner)[0](kind.sizes, kind.batch_size)

    def forward_seconds(self, kind: StepKind) -> float:
        """Return the seconds of predicting an image by a kind's networks."""
        if own := self._own.get(kind.key):
            return own.forward_seconds
        return self._fits(kind.manner)[1](kind.sizes, kind.batch_size)

    def epoch_seconds(self, kind: StepKind) -> float:
        """Return the seconds of an epoch's end, without validation: of saving it."""
        own = self._own.get(kind.key)
        return own.epoch_seconds if own else self._fits(kind.manner)[2](kind.sizes, 1)

    def knows(self, kind: StepKind) -> bool:
        """Return whether a kind itself was measured."""
        return kind.key in self._own

    @cached_property
    def _own(self) -> dict[str, MeasuredKind]:
        return {one.key: one for one in self.calibration.measured}

    @cached_property
    def _any_step(self) -> Fit:
        """What predicts a step from all kinds, in whatever manner they are trained."""
        return Fit.to(self.calibration.measured, _of_step, lambda one: one.step_seconds)

    @cached_property
    def _of_manner(self) -> dict[str, tuple[Fit, Fit, Fit]]:
        return {}

    def _fits(self, manner: str) -> tuple[Fit, Fit, Fit]:
        """Return what predicts a step, an image and the end of an epoch."""
        if manner not in self._of_manner:
            everything = self.calibration.measured
            # Without any of this manner, networks of others are the nearest that is known.
            measured = [one for one in everything if one.manner == manner] or everything
            self._of_manner[manner] = (
                Fit.to(measured, _of_step, lambda one: one.step_seconds),
                Fit.to(measured, _of_prediction, lambda one: one.forward_seconds),
                Fit.to(measured, _of_epoch, lambda one: max(one.epoch_seconds, LEAST)),
            )
        return self._of_manner[manner]
