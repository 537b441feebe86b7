"""Correct what an outcome model predicts, by its out-of-fold errors, before anything is chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._utils import Folds, ShortRepr
from ..feedback import Feedback
from ..nuisance import Evidence, cross_fit_judged, intercept_correction
from ._caution import caution_of, mean_error
from ._frontier import Frontier

# Estimated probabilities that a row was judged are raised to this: outcome models have seen the
# other rows, and a few rows of large weight would be noise.
_LEAST_JUDGED = 0.1
# Parts of the trust that are tried, and between which shares of all changes of choice.
_PARTS, _LOOKS = np.arange(10, 0, -1) / 10, np.arange(1, 9) / 10
# What sums of equal choices may differ by, relatively.
_ROUNDING = 1e-12


@dataclass(frozen=True, repr=False)
class Calibration(ShortRepr):
    """Trust in what predictions say of single queries, and what is added for each model.

    Predicted qualities are split into each model's mean, what all models share of a query, and the
    deviation of each model; predicted costs into each model's mean and relative deviations from it.
    Only the deviations make one query's choice differ from another's. They are multiplied by their
    trust, so that deviations that predict nothing leave the best fixed model. Then the doubly
    robust intercept corrections are added. Choices are made as if each model were somewhat worse
    and dearer than that, by what is not known of it.

    Attributes
    ----------
    trust, cost_trust : float
        In [0, 1]; both 0: the router is a fixed model at every cost sensitivity. With full feedback
        the part of `trust` is taken by which out-of-fold choices were worth the most.
    mean, mean_cost : ndarray of shape (K,)
        Mean predictions of each model.
    quality_intercept, cost_intercept : ndarray of shape (K,)
        What is added to each model's predictions.
    quality_caution, cost_caution : ndarray of shape (K,)
        By how much worse and dearer each model is taken to be where one is chosen.
    quality_error, cost_error : ndarray of shape (K,)
        Standard errors of each model's predictions for one query: of its mean, and of quality also
        of how it differs from other models, as far as the outcome model tells
        (``quality_error_`` of `skroute.nuisance.JointOutcome`).
    """

    trust: float
    cost_trust: float
    mean: np.ndarray
    mean_cost: np.ndarray
    quality_intercept: np.ndarray
    cost_intercept: np.ndarray
    quality_caution: np.ndarray
    cost_caution: np.ndarray
    quality_error: np.ndarray
    cost_error: np.ndarray

    @classmethod
    def of(
        cls,
        feedback: Feedback,
        quality: np.ndarray,
        cost: np.ndarray,
        inverse_propensity: np.ndarray | None,
        inverse_judged: np.ndarray | float,
        shrinkage: float | str,
        caution: float,
        folds: Folds,
        known: Feedback | None = None,
        deviation_error: np.ndarray | float = 0.0,
    ) -> Calibration:
        """Calibrate out-of-fold predictions (n, K) on a table.

        `inverse_propensity` is (n,), or None for full feedback, whose intercepts are 0.
        `inverse_judged` is one by the probability that a row was judged, given query and model,
        (n,), or 1. Quality is calibrated by the rows that were judged, cost by all.
        Where outcome models learned from more, the prior rows of a benchmark, that table is `known`
        and says what is not known of models without traffic. `deviation_error` (K,) is the standard
        error of predicted differences between models for one query.
        """
        known = feedback if known is None else known
        weight, nothing = feedback.weight, np.zeros(feedback.n_models)
        judged = feedback.judged_only()
        mean, mean_cost = (weight @ values / weight.sum() for values in (quality, cost))
        # Costs differ between models by orders of magnitude, so all of them is relative.
        unit = _mean_seen(feedback, cost)
        relative = cost / unit
        trust = deviation_trust(Evidence(judged, folds), quality, _deviation(quality, mean))
        evidence = Evidence(feedback, folds, _seen_cost(feedback, unit))
        cost_trust = deviation_trust(evidence, relative, relative - mean_cost / unit)
        if feedback.action is None:
            dear = (1 - cost_trust) * (cost - mean_cost)
            trust *= part_worth_most(feedback, quality, cost - dear, mean, trust)
        trusted = cls(trust, cost_trust, mean, mean_cost, *(6 * [nothing]))
        quality, cost = trusted.apply(quality, cost)
        learned = known.judged_only()
        residual = learned.quality - feedback.own(quality)
        cost_residual = _seen_cost(feedback, unit) - feedback.own(cost / unit)
        intercept, cost_intercept = nothing, nothing
        inverse_quality = inverse_propensity
        if inverse_propensity is not None:
            inverse_quality = inverse_propensity * inverse_judged
            intercept, cost_intercept = (
                intercept_correction(
                    part,
                    table.action,
                    inverse,
                    table.n_models,
                    sample_weight=table.weight,
                    group=table.group,
                    shrinkage=shrinkage,
                )
                for part, table, inverse in (
                    (residual, judged, inverse_quality),
                    (cost_residual, feedback, inverse_propensity),
                )
            )
            residual = residual - intercept[feedback.action]
            cost_residual = cost_residual - cost_intercept[feedback.action]
        cost_residual = cost_residual * (
            unit if inverse_propensity is None else unit[feedback.action]
        )
        cost_intercept = unit * cost_intercept
        error = mean_error(learned, residual, inverse_quality)
        cost_error = mean_error(known, cost_residual, inverse_propensity)
        return cls(
            trust,
            cost_trust,
            mean,
            mean_cost,
            intercept,
            cost_intercept,
            caution_of(error, mean + intercept, caution),
            caution_of(cost_error, mean_cost + cost_intercept, caution),
            np.hypot(error, deviation_error),
            cost_error,
        )

    def apply(self, quality: np.ndarray, cost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return calibrated predictions of quality and cost, (n, K) each."""
        distrusted = (1 - self.trust) * _deviation(quality, self.mean)
        dear = (1 - self.cost_trust) * (cost - self.mean_cost)
        return quality - distrusted + self.quality_intercept, cost - dear + self.cost_intercept

    def cautious(self, quality: np.ndarray, cost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what calibrated predictions are taken for where a model is chosen."""
        return quality - self.quality_caution, cost + self.cost_caution

    def utility_error(self, cost_sensitivity: float | np.ndarray) -> np.ndarray:
        """Return the standard error of predicted utilities, (K,), or (n, K) of a column lambda."""
        return np.hypot(self.quality_error, cost_sensitivity * self.cost_error)

    def means_taken(self) -> tuple[np.ndarray, np.ndarray]:
        """Return what mean predictions are taken for where one model is chosen for all, (K,)."""
        means = self.mean + self.quality_intercept, self.mean_cost + self.cost_intercept
        return self.cautious(*means)


def inverse_of_judged(
    X: np.ndarray, feedback: Feedback, folds: Folds, n_jobs: int | None
) -> np.ndarray | float:
    """Return one by the probability that a row was judged, given query and model: (n,), or 1.

    Probabilities are estimated out of fold; low ones are raised.
    """
    judged = feedback.judged
    if judged.all():
        return 1.0
    probability = cross_fit_judged(X, feedback, judged, folds, n_jobs=n_jobs)
    return 1 / np.maximum(probability, _LEAST_JUDGED)


def deviation_trust(evidence: Evidence, predicted: np.ndarray, deviation: np.ndarray) -> float:
    """Return how far predicted deviations between models may be believed, in [0, 1].

    Their calibration slope: that of the outcomes that were seen on the out-of-fold deviations, at
    most 1, and 0 where it is within its own standard error, with errors clustered by group. The
    outcome model has shrunk them already by what it knows of their noise; the slope takes back what
    that missed (Cox, *Two further applications of a model for binary regression*, 1958). Deviations
    are the part of the out-of-fold predictions, (n, K) each, that is the models' own.
    """
    slope, error = evidence.slope(predicted - deviation, deviation)
    return min(slope, 1.0) if slope > error else 0.0


def part_worth_most(
    feedback: Feedback, quality: np.ndarray, cost: np.ndarray, mean: np.ndarray, trust: float
) -> float:
    """Return the part of trust in deviations by which out-of-fold choices were worth the most.

    The calibration slope is that of all models. Choices are made among the best of them, which are
    closer, and the best of many noisy predictions is too good to be true where each is calibrated.
    With full feedback it is known what choices were worth, at cost sensitivities from 0 up between
    which choices change.

    Parameters
    ----------
    feedback : Feedback
        Full feedback.
    quality, cost : ndarray of shape (n, K)
        Out-of-fold predictions of quality as they are, and of cost as they are trusted.
    mean : ndarray of shape (K,)
        Mean predicted qualities.
    trust : float

    Returns
    -------
    part : float
        In tenths, the largest of those that are worth the same.
    """
    weight, rows, labels = feedback.weight, np.arange(len(quality)), np.arange(feedback.n_models)
    deviation = _deviation(quality, mean)
    trusted = [quality - (1 - part * trust) * deviation for part in _PARTS]
    frontier = Frontier.of(trusted[0], cost, labels, 0.0, np.inf, weight)
    worth = np.zeros(len(_PARTS))
    for value in np.unique(np.r_[0.0, frontier.change_quantiles(_LOOKS)]):
        seen = feedback.quality - value * feedback.cost
        choices = [(each - value * cost).argmax(axis=1) for each in trusted]
        worth += [weight @ seen[rows, chosen] for chosen in choices]
    same = worth >= worth.max() - _ROUNDING * np.abs(worth).max()
    return float(_PARTS[same.argmax()])


def _deviation(quality: np.ndarray, mean: np.ndarray) -> np.ndarray:
    centred = quality - mean
    return centred - centred.mean(axis=1, keepdims=True)


def _seen_cost(feedback: Feedback, unit: np.ndarray) -> np.ndarray:
    return feedback.cost / (unit if feedback.action is None else unit[feedback.action])


def _mean_seen(feedback: Feedback, cost: np.ndarray) -> np.ndarray:
    """Return the mean predicted cost (K,) of each model over the rows that show it; 1 for none."""
    own, weight, n_models = feedback.own(cost), feedback.weight, feedback.n_models
    if feedback.action is None:
        unit = weight @ own / weight.sum()
    else:
        total = np.bincount(feedback.action, weight * own, n_models)
        count = np.bincount(feedback.action, weight, n_models)
        unit = np.divide(total, count, out=np.zeros(n_models), where=count > 0)
    return np.where(unit > 0, unit, 1.0)
