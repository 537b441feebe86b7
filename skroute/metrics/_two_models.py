"""Curves of a router between two models, as the share of queries for the strong one grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._utils import ShortRepr, as_numbers
from ..feedback import read_feedback
from ._cost_quality import mean_between
from ._policies import check_length
from ._tables import rows_that_count

# Sums of weights miss a share of the gap by less than this.
_ROUNDING = 1e-12


@dataclass(frozen=True, repr=False)
class EfficiencyGainCurve(ShortRepr):
    """Quality gained over random routing, by share of queries that the strong model answers.

    Attributes
    ----------
    share : ndarray of shape (m,)
        Ascending from 0 to 1.
    gain : ndarray of shape (m,)
        Mean quality over all queries minus that of random routing at the same share; 0 at both
        ends.
    """

    share: np.ndarray
    gain: np.ndarray

    def mean(self, low: float = 0.2, high: float = 0.8) -> float:
        """Return the mean gain over a range of shares."""
        if not 0 <= low < high <= 1:
            raise ValueError(f"low and high must be 0 <= low < high <= 1, got {low!r}, {high!r}")
        return mean_between(self.share, self.gain, low, high)


def efficiency_gain_curve(
    y: Any, score: ArrayLike, *, strong: str, weak: str | None = None
) -> EfficiencyGainCurve:
    """Return the quality gained over random routing as the strong model answers more queries.

    The queries with the highest scores go to the strong model, the rest to the weak one.

    Parameters
    ----------
    y : table of n rows
        Full feedback, see `skroute.feedback`; that of `gain_feedback` serves as well.
    score : array-like of shape (n,)
        How much a query is worth the strong model, higher is more; only the order counts.
    strong : str
        Label of the strong (primary) model.
    weak : str, default=None
        Label of the weak (alternative) model. None: the other one of two.

    Returns
    -------
    curve : EfficiencyGainCurve
        A point for each distinct score, and share 0. `EfficiencyGainCurve.mean` gives its mean.

    Raises
    ------
    ValueError
        If `y` is logged feedback, a label is unknown, or `score` is not n finite numbers.

    Notes
    -----
    With gain g of the strong model over the weak one and share s, the value is the sum of g over
    the top s of all queries, divided by n, minus s times the mean of g [1]_. Queries of equal score
    are a straight line, as if they were drawn at random, so the order of rows does not matter.
    Rows count by their weight; where some are gold and some are not, only gold rows are used. Time
    is O(n log n).

    References
    ----------
    .. [1] Zhang, Xie, Yang, Wu, *Meta-Router: Bridging Gold-standard and Preference-based
       Evaluations in LLM Routing*, ICLR 2026, arXiv 2509.25535.

    Examples
    --------
    >>> from skroute import gain_feedback
    >>> from skroute.metrics import efficiency_gain_curve
    >>> y = gain_feedback([0.0, 1.0, 0.0, 1.0])
    >>> curve = efficiency_gain_curve(y, [0.1, 0.9, 0.2, 0.8], strong="primary")
    >>> curve.share
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    >>> curve.gain
    array([0.   , 0.125, 0.25 , 0.125, 0.   ])
    >>> print(f"{curve.mean(0.25, 0.75):.4f}")
    0.1875
    """
    share, gained, _ = _gained(y, score, strong, weak)
    return EfficiencyGainCurve(share, gained - share * gained[-1])


def average_performance_gap_recovered(
    y: Any, score: ArrayLike, *, strong: str, weak: str | None = None
) -> float:
    """Return the mean share of the quality gap between two models that a router recovers (APGR).

    Parameters
    ----------
    y, score, strong, weak
        As in `efficiency_gain_curve`.

    Returns
    -------
    apgr : float
        0.5 for random routing; higher is better.

    Raises
    ------
    ValueError
        If `y` is logged feedback, a label is unknown, `score` is not n finite numbers, or the
        strong model is no better than the weak one on average.

    See Also
    --------
    call_performance_threshold : Share of strong calls that recovers a given share of the gap.

    Notes
    -----
    The performance gap recovered is (quality of the router - that of the weak model) over (that of
    the strong model - that of the weak one) [1]_. It is integrated exactly over the share of calls
    to the strong model, where the paper takes ten thresholds. Queries of equal score count as drawn
    at random. Rows count as in `efficiency_gain_curve`. Time is O(n log n).

    References
    ----------
    .. [1] Ong et al., *RouteLLM: Learning to Route LLMs with Preference Data*, arXiv 2406.18665,
       section 3.

    Examples
    --------
    >>> from skroute import full_feedback
    >>> from skroute.metrics import average_performance_gap_recovered
    >>> y = full_feedback([[1, 1], [0, 1], [1, 1], [0, 1]], models=["small", "large"])
    >>> average_performance_gap_recovered(y, [0.1, 0.9, 0.2, 0.8], strong="large")
    0.75
    """
    share, recovered = _recovered(y, score, strong, weak)
    return mean_between(share, recovered, 0.0, 1.0)


def call_performance_threshold(
    y: Any,
    score: ArrayLike,
    *,
    strong: str,
    weak: str | None = None,
    recovered: float = 0.5,
) -> float:
    """Return the smallest share of strong calls that recovers a share of the quality gap (CPT).

    Parameters
    ----------
    y, score, strong, weak
        As in `efficiency_gain_curve`.
    recovered : float, default=0.5
        Share of the performance gap to recover, in (0, 1]: 0.5 is CPT(50 %).

    Returns
    -------
    share : float
        In (0, 1]; `recovered` itself for random routing, lower is better.

    Raises
    ------
    ValueError
        As `average_performance_gap_recovered`, or if `recovered` is not in (0, 1].

    See Also
    --------
    average_performance_gap_recovered : Mean over all shares.

    Notes
    -----
    The curve is linear between the points of distinct scores, and its first crossing is taken. Rows
    count as in `efficiency_gain_curve`. Time is O(n log n).

    References
    ----------
    Ong et al., *RouteLLM: Learning to Route LLMs with Preference Data*, arXiv 2406.18665,
    section 3.

    Examples
    --------
    >>> from skroute import full_feedback
    >>> from skroute.metrics import call_performance_threshold
    >>> y = full_feedback([[1, 1], [0, 1], [1, 1], [0, 1]], models=["small", "large"])
    >>> call_performance_threshold(y, [0.1, 0.9, 0.2, 0.8], strong="large")
    0.25
    """
    if not 0 < recovered <= 1:
        raise ValueError(f"recovered must be above 0 and at most 1, got {recovered!r}")
    share, curve = _recovered(y, score, strong, weak)
    # The curve starts at 0 and ends at 1, so there is a first point at or above.
    k = int(np.argmax(curve >= recovered - _ROUNDING))
    left, right = curve[k - 1], curve[k]
    part = min((recovered - left) / (right - left), 1.0)
    return float(share[k - 1] + part * (share[k] - share[k - 1]))


def _recovered(
    y: Any, score: ArrayLike, strong: str, weak: str | None
) -> tuple[np.ndarray, np.ndarray]:
    share, gained, names = _gained(y, score, strong, weak)
    if gained[-1] <= 0:
        raise ValueError(
            f"strong={names[0]!r} is no better than weak={names[1]!r}: its mean quality is "
            f"{-gained[-1]:.4g} lower, so that there is no gap to recover. Exchange them, or use "
            "efficiency_gain_curve."
        )
    return share, gained / gained[-1]


def _gained(
    y: Any, score: ArrayLike, strong: str, weak: str | None
) -> tuple[np.ndarray, np.ndarray, tuple[str, str]]:
    """Return shares of strong calls, quality gained over the weak model there, and the names."""
    feedback = read_feedback(y)
    if feedback.logged:
        raise ValueError(
            "y is logged feedback, but both models' outcomes are needed. Give full feedback."
        )
    names = [str(label) for label in feedback.classes]
    pair = read_pair(names, strong, weak, "y")
    score = as_numbers("score", score)
    check_length("score", score, len(feedback))
    counted = rows_that_count(feedback)
    strong_quality, weak_quality = (feedback.quality[counted, names.index(name)] for name in pair)
    weight = feedback.weight[counted] / feedback.weight[counted].sum()
    distinct, place = np.unique(-score[counted].astype(np.float64), return_inverse=True)
    gain = strong_quality.astype(np.float64) - weak_quality
    share = np.cumsum(np.bincount(place, weight, len(distinct)))
    gained = np.cumsum(np.bincount(place, weight * gain, len(distinct)))
    share[-1] = 1.0
    return np.append(0.0, share), np.append(0.0, gained), pair


def read_pair(names: list[str], strong: Any, weak: Any, owner: str) -> tuple[str, str]:
    """Return the names of two models of `owner`; `weak` may be None where it is the other one."""
    if weak is None:
        others = [name for name in names if name != str(strong)]
        if len(others) != 1 and str(strong) in names:
            raise ValueError(f"weak must name a model, since {owner} has {len(names)}: {names}")
        weak = others[0]
    for argument, name in (("strong", strong), ("weak", weak)):
        if str(name) not in names:
            raise ValueError(f"{argument}={name!r} is not a model of {owner}; it has {names}")
    if str(strong) == str(weak):
        raise ValueError(f"strong and weak are the same model, {strong!r}. Name two.")
    return str(strong), str(weak)
