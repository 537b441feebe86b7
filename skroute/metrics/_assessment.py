"""One policy on one table: from checked arguments to the terms of its estimate."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..nuisance import OverlapWarning
from ._estimators import (
    METHODS,
    NEED_PREDICTIONS,
    Outcome,
    Terms,
    effective_sample_size,
    estimate,
    pick_parameter,
)
from ._evidence import Evidence
from ._intervals import INTERVALS, standard_error, sum_by_unit
from ._policies import Policy, read_policy

# With less than this behind them, 95 % intervals cover clearly less than 95 % (measured by
# benchmarks/policy_value_coverage.py).
_FEWEST_EFFECTIVE_ROWS = 30.0
_LARGEST_SHARE = 0.05
# The mean weight is 1 in expectation; further off than this many standard errors is not chance.
_WEIGHT_ERRORS = 3.0
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Options:
    """How to estimate, checked."""

    method: str
    shrinkage: float | None
    switch_threshold: float | None
    interval: str
    confidence: float

    def __post_init__(self) -> None:
        known = ["auto", *METHODS, "exact"]
        if self.method not in known:
            raise ValueError(f"method must be one of {known}, got {self.method!r}")
        if self.interval not in INTERVALS:
            raise ValueError(f"interval must be one of {list(INTERVALS)}, got {self.interval!r}")
        if not (_is_number(self.confidence) and 0 < self.confidence < 1):
            raise ValueError(f"confidence must be between 0 and 1, got {self.confidence!r}")
        self._check_parameter("shrinkage", "dros", "a positive number")
        self._check_parameter("switch_threshold", "switch-dr", "a number of at least 0")

    def _check_parameter(self, name: str, method: str, need: str) -> None:
        value = getattr(self, name)
        if value is None:
            return
        if self.method != method:
            raise ValueError(
                f"{name}={value!r} has no meaning for method {self.method!r}. Use "
                f"method={method!r} or leave it out."
            )
        if not _is_number(value) or value < 0 or (value == 0 and name == "shrinkage"):
            raise ValueError(f"{name} must be {need}, got {value!r}")

    @property
    def parameter(self) -> float | None:
        value = self.shrinkage if self.shrinkage is not None else self.switch_threshold
        return None if value is None else float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not np.isnan(value)


@dataclass(frozen=True)
class Assessment:
    """The terms of a policy's utility, quality and cost, and its importance weights.

    `importance` (n,) is None for "dm" without propensities.
    """

    evidence: Evidence
    options: Options
    method: str
    parameter: float | None
    importance: Any
    utility: Terms
    quality: Terms
    cost: Terms | None

    def columns(self) -> np.ndarray:
        """Return the weighted parts of the utility, summed by independent unit."""
        return sum_by_unit(self.utility.columns(self.evidence.weight), self.evidence.unit)

    def overlap(self) -> tuple[float, float, float]:
        """Return effective sample size, largest and mean importance weight."""
        if self.importance is None:
            return np.nan, np.nan, np.nan
        row_weight = self.evidence.weight
        size = effective_sample_size(row_weight * self.importance)
        mean = float(np.average(self.importance, weights=row_weight))
        return size, float(self.importance.max()), mean

    def warn_if_poor(self, name: str) -> None:
        """Say why the estimate should not be trusted, as an `OverlapWarning`."""
        if self.method in ("exact", "logged", "dm"):
            return
        row_weight = self.evidence.weight
        weighted = row_weight * self.importance
        size, largest, mean = self.overlap()
        share = float(weighted.max() / weighted.sum()) if weighted.any() else 0.0
        reasons = []
        if size < _FEWEST_EFFECTIVE_ROWS:
            reasons.append(f"it rests on {size:.1f} effective rows")
        elif share > _LARGEST_SHARE:
            reasons.append(f"one row carries {share:.0%} of all weight (largest {largest:.3g})")
        spread = Terms(self.importance)
        columns = sum_by_unit(spread.columns(row_weight), self.evidence.unit)
        error = standard_error(spread.influence(columns))
        if abs(mean - 1.0) > _WEIGHT_ERRORS * error + _ROUNDING:
            reasons.append(
                f"its importance weights average {mean:.3g} in place of 1, so that it chooses "
                "models which the log hardly shows there, or the propensities are wrong"
            )
        if reasons:
            warning = OverlapWarning.about_policy(
                name, reasons, effective_sample_size=size, largest_share=share, mean_weight=mean
            )
            warnings.warn(warning, stacklevel=3)


def assess(evidence: Evidence, policy: Any, options: Options, name: str) -> Assessment:
    """Work out the terms of one policy; None is the policy that wrote the log."""
    if policy is None:
        return _assess_log(evidence, options, name)
    read = read_policy(policy, evidence.feedback.classes, len(evidence.used), name)
    read = read.take(evidence.rows)
    if evidence.feedback.logged:
        return _assess_logged(evidence, read, options, name)
    return _assess_full(evidence, read, options)


def _assess_log(evidence: Evidence, options: Options, name: str) -> Assessment:
    feedback = evidence.feedback
    if not feedback.logged:
        raise ValueError(
            f"{name} is None, the policy that wrote the log, but y is full feedback, which has no "
            "log. Give labels or probabilities."
        )
    quality, cost = (part.astype(np.float64) for part in (feedback.quality, feedback.cost))
    return _observed(evidence, options, "logged", quality, cost)


def _assess_full(evidence: Evidence, policy: Policy, options: Options) -> Assessment:
    if options.method not in ("auto", "exact"):
        raise ValueError(
            f"method {options.method!r} is for logged feedback, but y is full feedback, whose "
            "value is exact. Use method='auto'."
        )
    quality, cost = (policy.average(part) for part in (evidence.quality, evidence.cost))
    return _observed(evidence, options, "exact", quality, cost)


def _observed(
    evidence: Evidence, options: Options, method: str, quality: np.ndarray, cost: np.ndarray
) -> Assessment:
    """Return the assessment of a policy whose outcome is known in every row."""
    return Assessment(
        evidence=evidence,
        options=options,
        method=method,
        parameter=None,
        importance=np.ones(len(quality)),
        utility=Terms(quality - evidence.cost_sensitivity * cost),
        quality=Terms(quality),
        cost=Terms(cost),
    )


def _assess_logged(evidence: Evidence, policy: Policy, options: Options, name: str) -> Assessment:
    method = _logged_method(options.method, evidence)
    importance = _importance(evidence, policy, method, name)
    direct = method in NEED_PREDICTIONS
    quality = _outcome(evidence, policy, evidence.feedback.quality, evidence.quality, direct)
    cost = None
    if evidence.cost is not None or not direct:
        cost = _outcome(evidence, policy, evidence.feedback.cost, evidence.cost, direct)
    utility = quality.minus(evidence.cost_sensitivity, cost)
    parameter = options.parameter
    if method in ("switch-dr", "dros") and parameter is None:
        parameter = pick_parameter(method, importance, utility, evidence.weight)
    used = np.inf if parameter is None else parameter
    return Assessment(
        evidence=evidence,
        options=options,
        method=method,
        parameter=parameter,
        importance=importance,
        utility=estimate(method, importance, utility, used),
        quality=estimate(method, importance, quality, used),
        cost=None if cost is None else estimate(method, importance, cost, used),
    )


def _logged_method(method: str, evidence: Evidence) -> str:
    if method == "auto":
        return "snips" if evidence.quality is None else "sndr"
    if method == "exact":
        raise ValueError(
            "method 'exact' is for full feedback, but y is logged feedback. Use method='auto'."
        )
    if method in NEED_PREDICTIONS and evidence.quality is None:
        raise ValueError(
            f"method {method!r} needs predicted_quality. Give it, or use method='snips'."
        )
    return method


def _importance(evidence: Evidence, policy: Policy, method: str, name: str) -> Any:
    if method == "dm" and np.isnan(evidence.propensity).any():
        return None
    propensity = evidence.require_propensity(method)
    importance = policy.of(np.asarray(evidence.feedback.action)) / propensity
    if method in ("ips", "snips") and not importance.any():
        raise ValueError(
            f"{name} never chooses the logged model in any of the {len(importance)} rows used, so "
            f"that method {method!r} has nothing to go by. Give predicted_quality."
        )
    return importance


def _outcome(
    evidence: Evidence, policy: Policy, reward: np.ndarray, matrix: Any, direct: bool
) -> Outcome:
    reward = reward.astype(np.float64)
    if not direct:
        return Outcome(reward)
    # Where the logged model is not in the list its weight is 0, whatever is predicted.
    action = np.maximum(np.asarray(evidence.feedback.action), 0)
    predicted = matrix[np.arange(len(reward)), action].astype(np.float64)
    return Outcome(reward, policy.average(matrix), predicted)
