"""The formulas of off-policy evaluation: arrays in, numbers out, one function a formula.

A row has the utility (or quality, or cost) ``reward`` of the logged model, the importance weight
``weight``, which is the policy's probability of the logged model over its propensity, the
prediction ``predicted`` for the logged model, and the prediction ``direct`` averaged over the
policy's choice. Every estimate is a weighted mean over rows plus, where it is self-normalized, a
ratio of two sums; `Terms` holds the parts, from which value, influence and bootstrap follow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..nuisance import shrink_weights

METHODS = ("dm", "ips", "snips", "dr", "sndr", "switch-dr", "dros")
NEED_PREDICTIONS = ("dm", "dr", "sndr", "switch-dr", "dros")
_GRID_SIZE = 25
# Standard errors that are added to an estimated bias, for an upper bound on its size.
_BIAS_ERRORS = 3.0
# A share of the sum that is 1 but for rounding.
_ALL_OF_IT = 1e-12


@dataclass(frozen=True)
class Terms:
    """Parts (n,) of an estimate ``mean(plain) + sum(numerator) / sum(denominator)``.

    Means and sums are weighted by rows. Without a ratio both its parts are None. A ratio whose
    denominator is 0 in every row counts as 0 beside a plain part, and is NaN alone.
    """

    plain: np.ndarray | None
    numerator: np.ndarray | None = None
    denominator: np.ndarray | None = None

    def columns(self, row_weight: np.ndarray) -> np.ndarray:
        """Return the weighted parts as (n, 4): plain, one, numerator, denominator."""
        stacked = np.zeros((len(row_weight), 4))
        stacked[:, 1] = row_weight
        for k, part in ((0, self.plain), (2, self.numerator), (3, self.denominator)):
            if part is not None:
                np.multiply(part, row_weight, out=stacked[:, k])
        return stacked

    def from_sums(self, sums: np.ndarray) -> np.ndarray:
        """Return the estimates (...,) that belong to sums (..., 4) of `columns`."""
        plain = sums[..., 0] / sums[..., 1]
        if self.numerator is None:
            return plain
        empty = np.nan if self.plain is None else 0.0
        ratio = np.full_like(plain, empty)
        np.divide(sums[..., 2], sums[..., 3], out=ratio, where=sums[..., 3] > 0)
        return plain + ratio

    def value(self, row_weight: np.ndarray) -> float:
        """Return the estimate."""
        return float(self.from_sums(self.columns(row_weight).sum(axis=0)))

    def influence(self, columns: np.ndarray) -> np.ndarray:
        """Return the influence (n_units,) on the estimate of the units that `columns` sums.

        Their root sum of squares is the standard error. Each residual is divided by the root of
        one minus its share of the sum below the line, as in the HC2 variance: exact for a plain
        mean, and close for a ratio of few effective rows. A unit with all of that sum leaves no
        other to judge by, which gives NaN.
        """
        influence = np.zeros(len(columns))
        if self.plain is not None:
            influence += _mean_influence(columns[:, 0], columns[:, 1])
        if self.numerator is not None:
            influence += _mean_influence(columns[:, 2], columns[:, 3])
        return influence


def _mean_influence(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return the influences on ``sum(above) / sum(below)``."""
    total = below.sum()
    if not total > 0:
        return np.full(len(below), np.nan)
    left = 1.0 - below / total
    residual = (above - above.sum() / total * below) / total
    lone = left < _ALL_OF_IT
    return np.where(lone, np.nan, residual / np.sqrt(np.where(lone, 1.0, left)))


def direct_method(direct: np.ndarray) -> Terms:
    """Mean prediction for what the policy chooses."""
    return Terms(direct)


def inverse_propensity(weight: np.ndarray, reward: np.ndarray) -> Terms:
    """``mean(w r)``."""
    return Terms(weight * reward)


def self_normalized_inverse_propensity(weight: np.ndarray, reward: np.ndarray) -> Terms:
    """``sum(w r) / sum(w)``."""
    return Terms(None, weight * reward, weight)


def doubly_robust(
    weight: np.ndarray, reward: np.ndarray, direct: np.ndarray, predicted: np.ndarray
) -> Terms:
    """``mean(direct + w (r - q))``; any other correction weight may stand for w."""
    return Terms(direct + weight * (reward - predicted))


def self_normalized_doubly_robust(
    weight: np.ndarray, reward: np.ndarray, direct: np.ndarray, predicted: np.ndarray
) -> Terms:
    """``mean(direct) + sum(w (r - q)) / sum(w)``."""
    return Terms(direct, weight * (reward - predicted), weight)


def switched(weight: np.ndarray, threshold: float) -> np.ndarray:
    """Drop the correction where the weight is above the threshold (Switch-DR)."""
    return np.where(weight <= threshold, weight, 0.0)


@dataclass(frozen=True)
class Outcome:
    """An outcome (n,) of the logged model, and predictions of it where there are any.

    `direct` is the prediction averaged over the policy's choice, `predicted` that for the logged
    model; both or neither is None.
    """

    reward: np.ndarray
    direct: Any = None
    predicted: Any = None

    def minus(self, scale: float, other: Outcome | None) -> Outcome:
        """Return this outcome minus `scale` times another."""
        if scale == 0 or other is None:
            return self
        reward = self.reward - scale * other.reward
        if self.direct is None:
            return Outcome(reward)
        return Outcome(
            reward,
            self.direct - scale * other.direct,
            self.predicted - scale * other.predicted,
        )


def estimate(method: str, weight: np.ndarray, outcome: Outcome, parameter: float = np.inf) -> Terms:
    """Return the terms of an estimate; `Terms.value` turns them into a number.

    Parameters
    ----------
    method : {"dm", "ips", "snips", "dr", "sndr", "switch-dr", "dros"}
    weight : ndarray of shape (n,)
        Importance weight: the policy's probability of the logged model over its propensity.
    outcome : Outcome
        With predictions for every method but "ips" and "snips".
    parameter : float, default=inf
        Threshold of "switch-dr", shrinkage of "dros".
    """
    reward, direct, predicted = outcome.reward, outcome.direct, outcome.predicted
    if method == "dm":
        return direct_method(direct)
    if method == "ips":
        return inverse_propensity(weight, reward)
    if method == "snips":
        return self_normalized_inverse_propensity(weight, reward)
    if method == "sndr":
        return self_normalized_doubly_robust(weight, reward, direct, predicted)
    if method == "switch-dr":
        weight = switched(weight, parameter)
    elif method == "dros":
        weight = shrink_weights(weight, parameter)
    return doubly_robust(weight, reward, direct, predicted)


def pick_parameter(
    method: str, weight: np.ndarray, outcome: Outcome, row_weight: np.ndarray
) -> float:
    """Return the threshold or shrinkage with the smallest estimated mean squared error.

    The error is the estimated variance plus the square of an upper bound on the bias: the gap to
    the doubly robust estimate plus three of its standard errors. Without the bound the pick shrinks
    far too much, since the estimated bias is noisy, and intervals cover 65 % in place of 95 %. Ties
    go to the larger parameter, nearer to doubly robust.
    """
    positive = weight[weight > 0]
    if len(positive) == 0:
        return np.inf
    if method == "switch-dr":
        grid = np.quantile(positive, np.linspace(0.0, 1.0, _GRID_SIZE))
        modify: Callable[[np.ndarray, float], np.ndarray] = switched
    else:
        grid = np.geomspace(positive.min() ** 2 / 100, positive.max() ** 2 * 100, _GRID_SIZE)
        modify = shrink_weights
    share = row_weight / row_weight.sum()
    residual = outcome.reward - outcome.predicted
    best, least = np.inf, np.inf
    for parameter in (np.inf, *np.unique(grid)[::-1]):
        modified = modify(weight, parameter)
        bias, bias_error = _mean_and_error((weight - modified) * residual, share)
        _, error = _mean_and_error(outcome.direct + modified * residual, share)
        risk = error**2 + (abs(bias) + _BIAS_ERRORS * bias_error) ** 2
        if risk < least:
            best, least = float(parameter), risk
    return best


def _mean_and_error(values: np.ndarray, share: np.ndarray) -> tuple[float, float]:
    mean = share @ values
    return mean, np.sqrt(share**2 @ (values - mean) ** 2)


def effective_sample_size(weight: np.ndarray) -> float:
    """Return ``sum(w)**2 / sum(w**2)``, 0 if all weights are."""
    square = float(weight @ weight)
    return float(weight.sum()) ** 2 / square if square > 0 else 0.0
