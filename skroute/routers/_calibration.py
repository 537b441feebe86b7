"""Correct what an outcome model predicts, by its out-of-fold errors, before anything is chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._utils import Folds
from ..feedback import Feedback
from ..nuisance import intercept_correction

_TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class Calibration:
    """Trust in the differences between models, and an intercept correction for each model.

    Predicted qualities are split into each model's mean, what all models share of a query, and the
    deviation of each model. Only the deviations make one query's choice differ from another's.
    They are multiplied by `trust`, so that deviations that predict nothing leave the best fixed
    model. Then the doubly robust intercept corrections are added.

    Attributes
    ----------
    trust : float
        In [0, 1].
    mean : ndarray of shape (K,)
        Mean prediction of each model's quality.
    quality_intercept, cost_intercept : ndarray of shape (K,)
        What is added to each model's predictions.
    """

    trust: float
    mean: np.ndarray
    quality_intercept: np.ndarray
    cost_intercept: np.ndarray

    @classmethod
    def of(
        cls,
        feedback: Feedback,
        quality: np.ndarray,
        cost: np.ndarray,
        inverse_propensity: np.ndarray | None,
        shrinkage: float | str,
        folds: Folds,
    ) -> Calibration:
        """Calibrate out-of-fold predictions (n, K) on a table.

        `inverse_propensity` is (n,), or None for full feedback, whose intercepts are 0.
        """
        mean = feedback.weight @ quality / feedback.weight.sum()
        trust = deviation_trust(feedback, quality, _deviation(quality, mean), folds)
        trusted = cls(trust, mean, np.zeros_like(mean), np.zeros_like(mean))
        if inverse_propensity is None or feedback.action is None:
            return trusted
        rows, action = np.arange(len(feedback)), feedback.action
        quality, cost = trusted.apply(quality, cost)

        def intercepts(residual: np.ndarray) -> np.ndarray:
            return intercept_correction(
                residual,
                action,
                inverse_propensity,
                feedback.n_models,
                sample_weight=feedback.weight,
                shrinkage=shrinkage,
            )

        # Costs differ between models by orders of magnitude, so their intercepts are relative.
        total = np.bincount(action, feedback.weight * cost[rows, action], feedback.n_models)
        count = np.bincount(action, feedback.weight, feedback.n_models)
        unit = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
        unit = np.where(unit > 0, unit, 1.0)
        return cls(
            trust,
            mean,
            intercepts(feedback.quality - quality[rows, action]),
            unit * intercepts((feedback.cost - cost[rows, action]) / unit[action]),
        )

    def apply(self, quality: np.ndarray, cost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return calibrated predictions of quality and cost, (n, K) each."""
        distrusted = (1 - self.trust) * _deviation(quality, self.mean)
        return quality - distrusted + self.quality_intercept, cost + self.cost_intercept


def deviation_trust(
    feedback: Feedback, predicted: np.ndarray, deviation: np.ndarray, folds: Folds
) -> float:
    """Return how far predicted deviations between models may be believed, in [0, 1].

    ``z**2 / (1 + z**2)``, where z is the t-value of the out-of-fold deviations as predictors of the
    outcomes that were seen, with errors clustered by group; 0 if z is negative. For one normal
    estimate of variance v around a truth of size b, ``b**2 / (b**2 + v)`` is the factor that
    minimizes the squared error. Deviations are the part of the out-of-fold predictions of quality,
    (n, K) each, that is the models' own.
    """
    fold = np.empty(len(feedback), dtype=np.intp)
    for code, (_, held) in enumerate(folds):
        fold[held] = code
    rows, models = np.arange(len(feedback)), np.arange(feedback.n_models)
    if feedback.action is None:
        row, model = np.repeat(rows, feedback.n_models), np.tile(models, len(feedback))
        quality = feedback.quality.ravel()
    else:
        row, model, quality = rows, feedback.action, feedback.quality
    weight, slope = feedback.weight[row], deviation[row, model]
    target = quality - predicted[row, model] + slope
    # A model whose held-out outcomes are high has lower ones left to train on. Levels of a fold
    # are so bound to look wrong; they are taken out, cell by cell.
    cell = fold[row] * feedback.n_models + model
    total = np.bincount(cell, weight)
    level = np.bincount(cell, weight * slope) / np.where(total > 0, total, 1.0)
    slope = slope - level[cell]
    power, covered = weight @ slope**2, weight @ (slope * target)
    if power <= _TINY or covered <= 0:
        return 0.0
    target = target - (np.bincount(cell, weight * target) / np.where(total > 0, total, 1.0))[cell]
    score = slope * (target - covered / power * slope)
    if feedback.group is not None:
        variance = (np.bincount(feedback.group[row], weight * score) ** 2).sum()
    elif feedback.action is None:
        by_row = score.reshape(len(feedback), -1).sum(axis=1)
        variance = feedback.weight @ by_row**2
    else:
        variance = weight @ score**2
    return float(covered**2 / (covered**2 + variance))


def _deviation(quality: np.ndarray, mean: np.ndarray) -> np.ndarray:
    centred = quality - mean
    return centred - centred.mean(axis=1, keepdims=True)
