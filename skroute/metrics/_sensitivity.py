"""What a hidden reason for the log's choices could do to a value: marginal sensitivity model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from .._utils import ShortRepr
from ._contrast import Contrast

# A sign that holds up to here is said to hold always.
_LARGEST_GAMMA = 1e4


@dataclass(frozen=True, repr=False)
class SensitivityBounds(ShortRepr):
    """Between which ends a value, or a gain, lies if hidden reasons are of limited strength.

    Attributes
    ----------
    gamma : float
        Strength that was allowed for.
    value : float
        The estimate for gamma 1, without hidden reasons.
    low, high : float
        Ends of the estimate over all propensities that gamma allows.
    interval_low, interval_high : float
        Ends of the confidence interval, which allows for chance as well.
    share_estimated : float
        Share of the rows' weight whose propensity was estimated: gamma concerns these alone. 0: the
        log drew all its models at random by known propensities, and no hidden reason can matter.
    confidence : float
        As it was given.
    """

    gamma: float
    value: float
    low: float
    high: float
    interval_low: float
    interval_high: float
    share_estimated: float
    confidence: float


def sensitivity_bounds(
    y: Any,
    policy: ArrayLike | None,
    policy_b: ArrayLike | None = "zero",
    *,
    gamma: float = 1.5,
    cost_sensitivity: float = 0.0,
    predicted_quality: ArrayLike | None = None,
    predicted_cost: ArrayLike | None = None,
    predicted_preference: ArrayLike | None = None,
    models: ArrayLike | None = None,
    propensity: ArrayLike | None = None,
    judged_propensity: ArrayLike | None = None,
    confidence: float = 0.95,
    n_replicates: int = 1000,
) -> SensitivityBounds:
    r"""Bound a policy's value, or its gain, if the queries do not explain the log's choices.

    All values from logs assume that, given the query, the log's choice had nothing to do with how
    good the answer would be. If people chose by what no column shows (urgency, say, or a first
    answer that was bad), this is not so. Here the odds of each choice may be off by a factor of up
    to `gamma`, whichever way is worst.

    Parameters
    ----------
    y : table of n rows
        Logged feedback, see `skroute.feedback`.
    policy : array-like of shape (n,) or (n, K), or None
        As in `policy_value`; None is the policy that wrote the log.
    policy_b : array-like of shape (n,) or (n, K), None or "zero", default="zero"
        What `policy` is compared with: a policy, None for the one that wrote the log, or "zero" for
        the value of `policy` alone.
    gamma : float, default=1.5
        Largest factor, at least 1, between the odds of the logged model given the query and its
        odds given all that decided.
    cost_sensitivity, predicted_quality, predicted_cost, models, propensity, judged_propensity
        As in `policy_value`. Rows with a propensity in `y` were drawn by it, so that gamma does not
        concern them; those whose propensity is in `propensity` alone are subject to it.
    predicted_preference : ignored
        Not used, present so that all of `evaluation_predictions` can be passed on.
    confidence : float, default=0.95
        Nominal coverage of the interval, in (0, 1).
    n_replicates : int, default=1000
        Resamples behind the interval, with a fixed seed.

    Returns
    -------
    bounds : SensitivityBounds

    Raises
    ------
    ValueError
        If an argument is not as described, `y` is full feedback, a propensity is missing, or a
        policy chooses a model that the log never shows.

    See Also
    --------
    flip_gamma : The strength at which a gain is no longer sure.
    policy_value, policy_difference : What is estimated, and warnings where the log says too little.

    Notes
    -----
    This is the marginal sensitivity model [1]_: with nominal propensity p the inverse of the true
    one lies between :math:`1 + (1/p - 1) / \Gamma` and :math:`1 + (1/p - 1) \Gamma`. The estimate
    is normalized by logged model,

    .. math:: \textstyle \frac1n \sum_i \sum_k D_k(x_i) \hat m_k(x_i) + \sum_k \frac
        {\sum_{i: t_i = k} w_i D_k(x_i) (y_i - \hat m_k(x_i))} {\sum_{i: t_i = k} w_i},

    with D the probabilities of `policy` minus those of `policy_b`, m the predictions (0 without)
    and y the utility. Each model's fraction is largest where weights w are at their upper end above
    some threshold in :math:`D_k (y - \hat m_k)` and at their lower end below it, so that a sort
    finds the exact ends; time is O(n log n). The mean of the log itself needs no weights.

    The interval takes the lower percentile of the lower ends and the upper percentile of the upper
    ends over resamples of the rows, or of the groups [2]_. Propensities and predictions are taken
    as given. The bounds are valid but not the narrowest: they let weights be whatever gamma allows,
    without asking that these explain how often each kind of query got each model [3]_. Who was
    judged is taken as known.

    References
    ----------
    .. [1] Tan, *A Distributional Approach for Causal Inference Using Propensity Scores*, Journal of
       the American Statistical Association 2006, section 4.
    .. [2] Zhao, Small, Bhattacharya, *Sensitivity Analysis for Inverse Probability Weighting
       Estimators via the Percentile Bootstrap*, Journal of the Royal Statistical Society B 2019,
       sections 3 and 4.
    .. [3] Dorn, Guo, *Sharp Sensitivity Analysis for Inverse Propensity Weighting via Quantile
       Balancing*, Journal of the American Statistical Association 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from skroute import logged_feedback
    >>> from skroute.metrics import sensitivity_bounds
    >>> rng = np.random.default_rng(0)
    >>> large = rng.random(1000) < 0.5
    >>> quality = np.where(large, 0.8, 0.6) + rng.normal(0, 0.1, 1000)
    >>> y = logged_feedback(np.where(large, "large", "small"), quality)
    >>> bounds = sensitivity_bounds(
    ...     y, np.full(1000, "large"), None, gamma=2.0, propensity=np.full(1000, 0.5)
    ... )
    >>> print(f"{bounds.value:.2f}, between {bounds.low:.2f} and {bounds.high:.2f}")
    0.10, between 0.08 and 0.13
    """
    if not 1.0 <= gamma < np.inf:
        raise ValueError(f"gamma must be a finite number of at least 1, got {gamma!r}")
    contrast = Contrast.of(
        y,
        (policy, policy_b),
        ("policy", "policy_b"),
        cost_sensitivity=cost_sensitivity,
        predicted_quality=predicted_quality,
        predicted_cost=predicted_cost,
        models=models,
        propensity=propensity,
        judged_propensity=judged_propensity,
    )
    low, high = contrast.bounds(gamma)
    interval_low, interval_high = contrast.interval(gamma, confidence, n_replicates)
    return SensitivityBounds(
        gamma=float(gamma),
        value=contrast.bounds(1.0)[0],
        low=low,
        high=high,
        interval_low=interval_low,
        interval_high=interval_high,
        share_estimated=contrast.share_estimated,
        confidence=float(confidence),
    )


def flip_gamma(
    y: Any,
    policy_a: ArrayLike | None,
    policy_b: ArrayLike | None,
    *,
    interval: bool = False,
    cost_sensitivity: float = 0.0,
    predicted_quality: ArrayLike | None = None,
    predicted_cost: ArrayLike | None = None,
    predicted_preference: ArrayLike | None = None,
    models: ArrayLike | None = None,
    propensity: ArrayLike | None = None,
    judged_propensity: ArrayLike | None = None,
    confidence: float = 0.95,
    n_replicates: int = 1000,
) -> float:
    """Return the strength of hidden reasons at which the sign of a gain is no longer sure.

    Parameters
    ----------
    y, cost_sensitivity, predicted_quality, predicted_cost, models, propensity, judged_propensity
        As in `sensitivity_bounds`.
    predicted_preference : ignored
        As in `sensitivity_bounds`.
    policy_a, policy_b : array-like of shape (n,) or (n, K), or None
        The policies, as in `policy_difference`; None is the one that wrote the log.
    interval : bool, default=False
        Whether chance is allowed for as well: where the confidence interval reaches 0, rather than
        the estimate. Takes some 15 times as long as `sensitivity_bounds`.
    confidence, n_replicates
        As in `sensitivity_bounds`, for the interval.

    Returns
    -------
    gamma : float
        The smallest `gamma` whose bounds reach 0. 1 where they do so without hidden reasons; inf
        where they do not even at 10,000, or on a log that drew every model by known propensities.

    See Also
    --------
    sensitivity_bounds : What gamma means, and the bounds.

    Notes
    -----
    Errors are those of `sensitivity_bounds`. Both ends move apart as gamma grows, so that the
    root is the only one; it is found to 1e-6 of its logarithm, or 1e-3 for the interval.

    Examples
    --------
    >>> import numpy as np
    >>> from skroute import logged_feedback
    >>> from skroute.metrics import flip_gamma
    >>> rng = np.random.default_rng(0)
    >>> large = rng.random(1000) < 0.5
    >>> quality = np.where(large, 0.8, 0.6) + rng.normal(0, 0.1, 1000)
    >>> y = logged_feedback(np.where(large, "large", "small"), quality)
    >>> gamma = flip_gamma(y, np.full(1000, "large"), None, propensity=np.full(1000, 0.5))
    >>> 10 < gamma < 100
    True
    """
    contrast = Contrast.of(
        y,
        (policy_a, policy_b),
        ("policy_a", "policy_b"),
        cost_sensitivity=cost_sensitivity,
        predicted_quality=predicted_quality,
        predicted_cost=predicted_cost,
        models=models,
        propensity=propensity,
        judged_propensity=judged_propensity,
    )
    positive = contrast.bounds(1.0)[0] > 0

    def margin(log_gamma: float) -> float:
        """How far the end that is nearer to 0 is on its own side of it."""
        gamma = float(np.exp(log_gamma))
        if interval:
            low, high = contrast.interval(gamma, confidence, n_replicates)
        else:
            low, high = contrast.bounds(gamma)
        return low if positive else -high

    largest = float(np.log(_LARGEST_GAMMA))
    if not margin(0.0) > 0:
        return 1.0
    if margin(largest) > 0:
        return np.inf
    return float(np.exp(brentq(margin, 0.0, largest, xtol=1e-3 if interval else 1e-6)))
