"""Two policies on the same table, compared row by row."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t

from .._utils import QUERIES, ShortRepr
from ._assessment import Assessment, assess_all
from ._intervals import infer
from ._options import Options
from ._policy_value import PolicyValue, summarize
from ._tables import CountedTable, read_table
from ._warnings import UnavailableModelsWarning


@dataclass(frozen=True, repr=False)
class PolicyDifference(ShortRepr):
    """The estimated difference between the values of two policies.

    Attributes
    ----------
    value : float
        Mean utility per query of policy a minus that of policy b.
    standard_error : float
        Standard error of the paired difference. NaN if that of a policy is.
    low, high : float
        Ends of the confidence interval.
    degrees_of_freedom : float
        Of the t-value of the difference.
    p_value : float
        Two-sided, of no difference, by that t-value.
    quality_difference, quality_low, quality_high : float
        The same estimate of the difference in mean quality, and its interval.
    cost_difference, cost_low, cost_high : float
        The same estimate of the difference in mean cost, dollars per query, and its interval.
        NaN where the method has no predictions of costs.
    cost_sensitivity : float
    a, b : PolicyValue
        Each policy by itself.
    """

    value: float
    standard_error: float
    low: float
    high: float
    degrees_of_freedom: float
    p_value: float
    quality_difference: float
    quality_low: float
    quality_high: float
    cost_difference: float
    cost_low: float
    cost_high: float
    cost_sensitivity: float
    a: PolicyValue
    b: PolicyValue

    @property
    def dollars_per_thousand_queries(self) -> tuple[float, float, float]:
        """The difference, and its low and high end, in dollars per thousand queries.

        This is the saving in cost that would be worth as much at equal quality: utility over cost
        sensitivity. NaN for a cost sensitivity of 0, which gives dollars no worth.
        """
        if self.cost_sensitivity == 0:
            return np.nan, np.nan, np.nan
        scale = QUERIES / self.cost_sensitivity
        return self.value * scale, self.low * scale, self.high * scale

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the ends of the interval of `value` at another confidence, by its t-value.

        Parameters
        ----------
        confidence : float
            Nominal coverage, in (0, 1).
        """
        if not 0 < confidence < 1:
            raise ValueError(f"confidence must be between 0 and 1, got {confidence!r}")
        half = float(t.ppf((1.0 + confidence) / 2, self.degrees_of_freedom)) * self.standard_error
        return self.value - half, self.value + half


def policy_difference(
    y: Any,
    policy_a: ArrayLike | None,
    policy_b: ArrayLike | None,
    *,
    cost_sensitivity: float = 0.0,
    method: str = "auto",
    predicted_quality: ArrayLike | None = None,
    predicted_cost: ArrayLike | None = None,
    predicted_preference: ArrayLike | None = None,
    models: ArrayLike | None = None,
    propensity: ArrayLike | None = None,
    judged_propensity: ArrayLike | None = None,
    shrinkage: float | None = None,
    switch_threshold: float | None = None,
    interval: str = "normal",
    confidence: float = 0.95,
    block_length: int | None = None,
) -> PolicyDifference:
    """Estimate by how much the value of one policy exceeds that of another on the same table.

    The error is that of the paired difference, which is much smaller than the two errors by
    themselves suggest where the policies mostly agree.

    Parameters
    ----------
    y : table of n rows
        Logged or full feedback, see `skroute.feedback`.
    policy_a, policy_b : array-like of shape (n,) or (n, K), or None
        The policies, a new one and today's, say, each as in `policy_value`. None is the policy
        that wrote the log.
    cost_sensitivity, method, models, confidence
        As in `policy_value`, the same for both policies.
    predicted_quality, predicted_cost, predicted_preference, propensity, judged_propensity
        As in `policy_value`, such as `evaluation_predictions` returns them.
    shrinkage, switch_threshold : float, default=None
        As in `policy_value`. None: picked for each policy by itself.
    interval : {"normal", "bootstrap", "block", "bernstein"}, default="normal"
        As in `policy_value`, of the difference; a resample of the bootstrap draws the same rows
        for both.
    block_length : int, default=None
        As in `policy_value`.

    Returns
    -------
    result : PolicyDifference
        Value of a minus value of b, with a paired error and interval, and each by itself.

    See Also
    --------
    policy_value : One policy, and the methods.

    Notes
    -----
    Errors, warnings and assumptions are those of `policy_value`, for each policy. The jackknife
    leaves each cluster out of both values at once, so that what the policies share cancels [1]_;
    degrees of freedom are those of the difference. Rows for which either policy chooses nothing
    are left out. Estimates are linear in
    the outcome, so with "dm" to "sndr" the difference is that in quality minus `cost_sensitivity`
    times that in cost; "switch-dr" and "dros" use the parameter picked for utility for all three.

    References
    ----------
    .. [1] Dudik, Erhan, Langford, Li, *Doubly Robust Policy Evaluation and Optimization*,
       Statistical Science 2014, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from skroute import logged_feedback
    >>> from skroute.metrics import policy_difference
    >>> rng = np.random.default_rng(0)
    >>> hard = rng.random(1000) < 0.3
    >>> large = rng.random(1000) < 0.5
    >>> quality = np.where(hard & ~large, 0.3, 0.8) + rng.normal(0, 0.1, 1000)
    >>> y = logged_feedback(
    ...     np.where(large, "large", "small"),
    ...     quality,
    ...     cost=np.where(large, 0.02, 0.001),
    ...     propensity=np.full(1000, 0.5),
    ... )
    >>> routed = np.where(hard, "large", "small")
    >>> result = policy_difference(y, routed, np.full(1000, "large"), cost_sensitivity=10)
    >>> print(f"{result.value:.3f} [{result.low:.3f}, {result.high:.3f}]")
    0.141 [0.128, 0.154]
    >>> print(f"${result.dollars_per_thousand_queries[0]:.1f} per thousand queries")
    $14.1 per thousand queries
    """
    parameters = {"shrinkage": shrinkage, "switch_threshold": switch_threshold}
    options = Options(cost_sensitivity, method, interval, confidence, block_length, parameters)
    table = read_table(
        y,
        cost_sensitivity=cost_sensitivity,
        predicted_quality=predicted_quality,
        predicted_cost=predicted_cost,
        predicted_preference=predicted_preference,
        models=models,
        propensity=propensity,
        judged_propensity=judged_propensity,
    )
    names = ["policy_a", "policy_b"]
    a, b = assess_all(table, [policy_a, policy_b], options, names)
    for assessment, name in zip((a, b), names, strict=True):
        assessment.warn_if_poor(name)
    return _difference(a, b, summarize(a), summarize(b))


def differences_of_pairs(
    y: Any,
    policies: Mapping[str, Any],
    pairs: Sequence[tuple[str, str]],
    values: Mapping[str, PolicyValue],
    *,
    kept: Sequence[str],
    cost_sensitivity: float,
    confidence: float,
    **known: Any,
) -> dict[tuple[str, str], PolicyDifference]:
    """Return the differences of pairs of named policies, each policy being assessed once.

    One of every pair has to be among `kept`: these stay in memory meanwhile. `values` are those of
    the policies by themselves. Nothing is warned of.
    """
    options = Options(cost_sensitivity, confidence=confidence)
    table = read_table(y, cost_sensitivity=cost_sensitivity, **known)
    order = [*kept, *(name for name in policies if name not in kept)]
    assessed: dict[str, Assessment] = {}
    found = _of_some_of_the_time(table, policies, pairs, values, options)
    chosen = [policies[name] for name in order]
    for name, assessment in zip(
        order, assess_all(table, chosen, options, order, all_rows=True), strict=True
    ):
        assessed[name] = assessment
        for pair in pairs:
            if pair not in found and name in pair and all(each in assessed for each in pair):
                a, b = pair
                found[pair] = _difference(assessed[a], assessed[b], values[a], values[b])
        if name not in kept:
            del assessed[name]
    return found


def _of_some_of_the_time(
    table: CountedTable,
    policies: Mapping[str, Any],
    pairs: Sequence[tuple[str, str]],
    values: Mapping[str, PolicyValue],
    options: Options,
) -> dict[tuple[str, str], PolicyDifference]:
    """Return the differences of pairs that choose models at times at which they were not there."""
    found = {}
    for pair in pairs:
        if any(values[name].share_unavailable > 0 for name in pair):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UnavailableModelsWarning)
                a, b = assess_all(table, [policies[name] for name in pair], options, pair)
            found[pair] = _difference(a, b, values[pair[0]], values[pair[1]])
    return found


def _difference(
    a: Assessment, b: Assessment, first: PolicyValue, second: PolicyValue
) -> PolicyDifference:
    """Return a minus b, given what each is by itself."""
    options = a.options
    difference = infer(a.utility.minus(1.0, b.utility), a.table, options)
    quality = infer(a.quality.minus(1.0, b.quality), a.table, options)
    cost = None
    if a.cost is not None and b.cost is not None:
        cost = infer(a.cost.minus(1.0, b.cost), a.table, options)
    return PolicyDifference(
        value=difference.value,
        standard_error=difference.standard_error,
        low=difference.low,
        high=difference.high,
        degrees_of_freedom=difference.degrees_of_freedom,
        p_value=difference.p_value,
        quality_difference=quality.value,
        quality_low=quality.low,
        quality_high=quality.high,
        cost_difference=np.nan if cost is None else cost.value,
        cost_low=np.nan if cost is None else cost.low,
        cost_high=np.nan if cost is None else cost.high,
        cost_sensitivity=float(options.cost_sensitivity),
        a=first,
        b=second,
    )
