"""One policy on one table: from checked arguments to the terms of its estimate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._utils import check_cost_sensitivity
from ..nuisance import OverlapWarning
from ._estimators import (
    ESTIMATORS,
    Outcome,
    Terms,
    effective_sample_size,
    pick_parameter,
)
from ._intervals import INTERVALS, standard_error, sum_by_cluster
from ._policies import Policy, read_policy
from ._tables import CountedTable
from ._warnings import warn

# With less than this behind them, 95 % intervals cover clearly less than 95 % (measured by
# benchmarks/policy_value_coverage.py).
_FEWEST_EFFECTIVE_ROWS = 30.0
_LARGEST_SHARE = 0.05
# The mean weight is 1 in expectation; further off than this many standard errors is not chance.
_WEIGHT_ERRORS = 3.0
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Options:
    """What to estimate and how, checked; `parameters` are those of `ESTIMATORS`, None: picked."""

    cost_sensitivity: float = 0.0
    method: str = "auto"
    interval: str = "normal"
    confidence: float = 0.95
    parameters: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_cost_sensitivity(self.cost_sensitivity)
        known = ["auto", *ESTIMATORS, "exact"]
        if self.method not in known:
            raise ValueError(f"method must be one of {known}, got {self.method!r}")
        if self.interval not in INTERVALS:
            raise ValueError(f"interval must be one of {list(INTERVALS)}, got {self.interval!r}")
        if not (_is_number(self.confidence) and 0 < self.confidence < 1):
            raise ValueError(f"confidence must be between 0 and 1, got {self.confidence!r}")
        for name, value in self.parameters.items():
            if value is not None:
                self._check_parameter(name, value)

    def _check_parameter(self, name: str, value: Any) -> None:
        parameters = {method: known.parameter for method, known in ESTIMATORS.items()}
        owners = {m: known for m, known in parameters.items() if known and known.name == name}
        if self.method not in owners:
            raise ValueError(
                f"{name}={value!r} has no meaning for method {self.method!r}. Use "
                f"method={next(iter(owners))!r} or leave it out."
            )
        positive = owners[self.method].positive
        if not _is_number(value) or value < 0 or (positive and value == 0):
            need = "a positive number" if positive else "a number of at least 0"
            raise ValueError(f"{name} must be {need}, got {value!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not np.isnan(value)


@dataclass(frozen=True)
class Assessment:
    """The terms of a policy's utility, quality and cost on a table, and its importance weights.

    `method` is a name of `ESTIMATORS`, "exact" or "logged", `parameter` the value that it used.
    `importance` (n,) is None for "dm" without propensities, `cost` where it has no predictions.
    """

    table: CountedTable
    options: Options
    method: str
    utility: Terms
    quality: Terms
    cost: Terms | None
    importance: Any
    parameter: float | None = None

    @property
    def parameters(self) -> dict[str, float | None]:
        """The parameter that was used, by its name; None for those of other estimators."""
        used = ESTIMATORS[self.method].parameter if self.method in ESTIMATORS else None
        names = [known.parameter.name for known in ESTIMATORS.values() if known.parameter]
        return {
            name: self.parameter if used is not None and used.name == name else None
            for name in names
        }

    def columns(self) -> np.ndarray:
        """Return the weighted parts of the utility, summed by cluster."""
        return sum_by_cluster(self.utility.columns(self.table.weight), self.table.cluster)

    def overlap(self) -> tuple[float, float, float]:
        """Return effective sample size, largest and mean importance weight."""
        if self.importance is None:
            return np.nan, np.nan, np.nan
        row_weight = self.table.weight
        size = effective_sample_size(row_weight * self.importance)
        mean = float(np.average(self.importance, weights=row_weight))
        return size, float(self.importance.max()), mean

    def warn_if_poor(self, name: str) -> None:
        """Say why the estimate should not be trusted, as an `OverlapWarning`."""
        if self.method not in ESTIMATORS or not ESTIMATORS[self.method].needs_propensities:
            return
        row_weight = self.table.weight
        weighted = row_weight * self.importance
        size, largest, mean = self.overlap()
        share = float(weighted.max() / weighted.sum()) if weighted.any() else 0.0
        reasons = []
        if size < _FEWEST_EFFECTIVE_ROWS:
            reasons.append(f"it rests on {size:.1f} effective rows")
        elif share > _LARGEST_SHARE:
            reasons.append(f"one row carries {share:.0%} of all weight (largest {largest:.3g})")
        spread = Terms(self.importance)
        columns = sum_by_cluster(spread.columns(row_weight), self.table.cluster)
        error = standard_error(spread.influence(columns))
        if abs(mean - 1.0) > _WEIGHT_ERRORS * error + _ROUNDING:
            reasons.append(
                f"its importance weights average {mean:.3g} in place of 1, so that it chooses "
                "models which the log hardly shows there, or the propensities are wrong"
            )
        if reasons:
            warn(
                OverlapWarning.about_policy(
                    name, reasons, effective_sample_size=size, largest_share=share, mean_weight=mean
                )
            )


def assess(table: CountedTable, policy: Any, options: Options, name: str) -> Assessment:
    """Work out the terms of one policy; None is the policy that wrote the log."""
    feedback = table.feedback
    if policy is None and feedback.logged:
        quality, cost = (part.astype(np.float64) for part in (feedback.quality, feedback.cost))
        return _observed(table, options, "logged", quality, cost)
    if policy is None:
        raise ValueError(
            f"{name} is None, the policy that wrote the log, but y is full feedback, which has no "
            "log. Give labels or probabilities."
        )
    read = read_policy(policy, feedback.classes, len(table.counted), name).take(table.rows)
    if feedback.logged:
        return _assess_logged(table, read, options, name)
    return _assess_full(table, read, options)


def _assess_full(table: CountedTable, policy: Policy, options: Options) -> Assessment:
    if options.method not in ("auto", "exact"):
        raise ValueError(
            f"method {options.method!r} is for logged feedback, but y is full feedback, whose "
            "value is exact. Use method='auto'."
        )
    quality, cost = policy.average(table.quality), policy.average(table.cost)
    return _observed(table, options, "exact", quality, cost)


def _observed(
    table: CountedTable, options: Options, method: str, quality: np.ndarray, cost: np.ndarray
) -> Assessment:
    """Return the assessment of a policy whose quality and cost are known in every row."""
    utility = Terms(quality - options.cost_sensitivity * cost)
    importance = np.ones(len(quality))
    return Assessment(table, options, method, utility, Terms(quality), Terms(cost), importance)


def _assess_logged(table: CountedTable, policy: Policy, options: Options, name: str) -> Assessment:
    method = _logged_method(options.method, table)
    estimator = ESTIMATORS[method]
    importance = _importance(table, policy, method, name)
    predicts, feedback = estimator.needs_predictions, table.feedback
    quality = _outcome(table, policy, feedback.quality, table.quality if predicts else None)
    cost = None
    if table.cost is not None or not predicts:
        cost = _outcome(table, policy, feedback.cost, table.cost if predicts else None)
    utility = quality.minus(options.cost_sensitivity, cost)
    parameter = None
    if estimator.parameter is not None:
        parameter = options.parameters.get(estimator.parameter.name)
        if parameter is None:
            parameter = pick_parameter(estimator.parameter, importance, utility, table.weight)
        parameter = float(parameter)
    return Assessment(
        table=table,
        options=options,
        method=method,
        utility=estimator.estimate(importance, utility, parameter),
        quality=estimator.estimate(importance, quality, parameter),
        cost=None if cost is None else estimator.estimate(importance, cost, parameter),
        importance=importance,
        parameter=parameter,
    )


def _logged_method(method: str, table: CountedTable) -> str:
    if method == "auto":
        return "snips" if table.quality is None else "sndr"
    if method == "exact":
        raise ValueError(
            "method 'exact' is for full feedback, but y is logged feedback. Use method='auto'."
        )
    if ESTIMATORS[method].needs_predictions and table.quality is None:
        raise ValueError(
            f"method {method!r} needs predicted_quality. Give it, or use method='snips'."
        )
    return method


def _importance(table: CountedTable, policy: Policy, method: str, name: str) -> Any:
    estimator = ESTIMATORS[method]
    if not estimator.needs_propensities and np.isnan(table.propensity).any():
        return None
    importance = policy.of(table.feedback.action) / table.require_propensity(method)
    if not estimator.needs_predictions and not importance.any():
        raise ValueError(
            f"{name} never chooses the logged model in any of the {len(importance)} rows used, so "
            f"that method {method!r} has nothing to go by. Give predicted_quality."
        )
    return importance


def _outcome(table: CountedTable, policy: Policy, reward: np.ndarray, predicted: Any) -> Outcome:
    """Return what was achieved in every row, with predictions (n, K) or None."""
    reward = reward.astype(np.float64)
    if predicted is None:
        return Outcome(reward)
    # Where the logged model is not in the list its weight is 0, whatever is predicted.
    action = np.maximum(table.feedback.action, 0)
    own = predicted[np.arange(len(reward)), action].astype(np.float64)
    return Outcome(reward, policy.average(predicted), own)
