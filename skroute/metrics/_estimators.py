"""The off-policy estimators: arrays in, numbers out, one function a formula, one list of all.

A formula takes the importance weight (n,) of each row, which is the policy's probability of the
logged model over its propensity, and over that of its quality being seen, and an `Outcome`:
utility, quality or cost. It returns `Terms`, from which value, error and bootstrap follow. A
further estimator is a function and an entry of `ESTIMATORS`; a parameter of its own is an argument
of `policy_value` and `policy_difference` as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..nuisance import shrink_weights
from ._terms import Terms

_GRID_SIZE = 25
# Standard errors that are added to an estimated bias, for an upper bound on its size.
_BIAS_ERRORS = 3.0


@dataclass(frozen=True)
class Outcome:
    """What the logged models achieved: the utility, the quality or the cost of each row (n,).

    `direct` is its prediction averaged over the policy's choice, `predicted` that for the logged
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


def direct_method(importance: np.ndarray, outcome: Outcome) -> Terms:
    """Mean prediction for what the policy chooses."""
    return Terms(outcome.direct)


def inverse_propensity(importance: np.ndarray, outcome: Outcome) -> Terms:
    """``mean(w r)``."""
    return Terms(importance * outcome.reward)


def self_normalized_inverse_propensity(importance: np.ndarray, outcome: Outcome) -> Terms:
    """``sum(w r) / sum(w)``."""
    return Terms(None, importance * outcome.reward, importance)


def doubly_robust(importance: np.ndarray, outcome: Outcome) -> Terms:
    """``mean(direct + w (r - q))``."""
    return Terms(outcome.direct + importance * (outcome.reward - outcome.predicted))


def self_normalized_doubly_robust(importance: np.ndarray, outcome: Outcome) -> Terms:
    """``mean(direct) + sum(w (r - q)) / sum(w)``."""
    residual = outcome.reward - outcome.predicted
    return Terms(outcome.direct, importance * residual, importance)


def switched(importance: np.ndarray, threshold: float) -> np.ndarray:
    """Drop the correction where the importance weight is above the threshold."""
    return np.where(importance <= threshold, importance, 0.0)


def _threshold_grid(importance: np.ndarray) -> np.ndarray:
    return np.quantile(importance, np.linspace(0.0, 1.0, _GRID_SIZE))


def _shrinkage_grid(importance: np.ndarray) -> np.ndarray:
    low, high = importance.min() ** 2 / 100, importance.max() ** 2 * 100
    return np.geomspace(low, high, _GRID_SIZE)


@dataclass(frozen=True)
class Parameter:
    """What an estimator changes importance weights by before it uses them; infinity: not at all."""

    name: str  # argument of policy_value, and field of its result
    positive: bool  # whether a value must be above 0; else 0 is allowed
    change: Callable[[np.ndarray, float], np.ndarray]  # importance weights (n,), value -> changed
    grid: Callable[[np.ndarray], np.ndarray]  # positive importance weights -> values to pick from


@dataclass(frozen=True)
class Estimator:
    """An off-policy estimator: its name in a sentence, its formula and what that needs."""

    title: str
    terms: Callable[[np.ndarray, Outcome], Terms]  # importance weights (n,), outcome -> terms
    needs_predictions: bool = True
    needs_propensities: bool = True
    parameter: Parameter | None = None

    def estimate(
        self, importance: np.ndarray, outcome: Outcome, parameter: float | None = None
    ) -> Terms:
        """Return the terms of the estimate."""
        if self.parameter is not None and parameter is not None:
            importance = self.parameter.change(importance, parameter)
        return self.terms(importance, outcome)


ESTIMATORS = {
    "dm": Estimator("direct method", direct_method, needs_propensities=False),
    "ips": Estimator("inverse propensity", inverse_propensity, needs_predictions=False),
    "snips": Estimator(
        "self-normalized inverse propensity",
        self_normalized_inverse_propensity,
        needs_predictions=False,
    ),
    "dr": Estimator("doubly robust", doubly_robust),
    "sndr": Estimator("self-normalized doubly robust", self_normalized_doubly_robust),
    "switch-dr": Estimator(
        "doubly robust with a switch to predictions",
        doubly_robust,
        parameter=Parameter("switch_threshold", False, switched, _threshold_grid),
    ),
    "dros": Estimator(
        "doubly robust with shrunk importance weights",
        doubly_robust,
        parameter=Parameter("shrinkage", True, shrink_weights, _shrinkage_grid),
    ),
}


def pick_parameter(
    parameter: Parameter, importance: np.ndarray, outcome: Outcome, row_weight: np.ndarray
) -> float:
    """Return the value of a parameter with the smallest estimated mean squared error.

    The error is the estimated variance plus the square of an upper bound on the bias: the gap to
    the doubly robust estimate plus three of its standard errors. Without the bound the pick shrinks
    far too much, since the estimated bias is noisy, and intervals cover 65 % in place of 95 %. Ties
    go to the larger parameter, nearer to doubly robust.
    """
    positive = importance[importance > 0]
    if len(positive) == 0:
        return np.inf
    share = row_weight / row_weight.sum()
    residual = outcome.reward - outcome.predicted
    best, least = np.inf, np.inf
    for value in (np.inf, *np.unique(parameter.grid(positive))[::-1]):
        changed = parameter.change(importance, value)
        bias, bias_error = _mean_and_error((importance - changed) * residual, share)
        _, error = _mean_and_error(outcome.direct + changed * residual, share)
        risk = error**2 + (abs(bias) + _BIAS_ERRORS * bias_error) ** 2
        if risk < least:
            best, least = float(value), risk
    return best


def _mean_and_error(values: np.ndarray, share: np.ndarray) -> tuple[float, float]:
    mean = share @ values
    return mean, np.sqrt(share**2 @ (values - mean) ** 2)


def effective_sample_size(weight: np.ndarray) -> float:
    """Return ``sum(w)**2 / sum(w**2)``, 0 if all weights are."""
    square = float(weight @ weight)
    return float(weight.sum()) ** 2 / square if square > 0 else 0.0
