"""Cost against quality of a family of policies, and the area under its frontier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._utils import ShortRepr, as_numbers
from ._assessment import assess_all
from ._options import Options
from ._tables import read_table


@dataclass(frozen=True, repr=False)
class CostQualityCurve(ShortRepr):
    """Mean cost and mean quality of several policies, in the order in which they were given.

    Attributes
    ----------
    cost : ndarray of shape (m,)
        Dollars per query.
    quality : ndarray of shape (m,)
    """

    cost: np.ndarray
    quality: np.ndarray

    def frontier(self, *, null_quality: float | None = None) -> CostQualityCurve:
        """Return the corners of the non-decreasing concave hull, by ascending cost.

        Every point on it can be had by choosing one of two policies at random for each query.

        Parameters
        ----------
        null_quality : float, default=None
            Quality of giving no answer at cost 0, as a further policy. None: not an option.
        """
        cost, quality = self.cost, self.quality
        if null_quality is not None:
            cost, quality = np.append(cost, 0.0), np.append(quality, float(null_quality))
        return CostQualityCurve(*_upper_hull(cost, quality))


def cost_quality_curve(
    y: Any,
    policies: Sequence[ArrayLike],
    *,
    method: str = "auto",
    predicted_quality: ArrayLike | None = None,
    predicted_cost: ArrayLike | None = None,
    predicted_preference: ArrayLike | None = None,
    models: ArrayLike | None = None,
    propensity: ArrayLike | None = None,
    judged_propensity: ArrayLike | None = None,
) -> CostQualityCurve:
    """Return mean cost and mean quality of each of several policies.

    Parameters
    ----------
    y : table of n rows
        Full or logged feedback, see `skroute.feedback`.
    policies : sequence of array-like of shape (n,) or (n, K)
        One policy a point: those of a router at several cost sensitivities, say, or of fixed
        models. Each is as in `policy_value`.
    method, predicted_quality, predicted_cost, predicted_preference, models, propensity, \
            judged_propensity : optional
        As in `policy_value`; on logged feedback both means are estimated by the same method.

    Returns
    -------
    curve : CostQualityCurve
        A point a policy, in the order of `policies`; `CostQualityCurve.frontier` gives the best.

    Raises
    ------
    ValueError
        As `policy_value`; or if there are no policies, or the method needs predictions of the
        cost that were not given.

    Notes
    -----
    Warnings are those of `policy_value`, for each policy. Time is O(n m) for m policies
    given as labels. No array is larger than one policy.

    References
    ----------
    Hu et al., *RouterBench: A Benchmark for Multi-LLM Routing System*, arXiv 2403.12031, section 3.

    Examples
    --------
    >>> from skroute import full_feedback
    >>> from skroute.metrics import cost_quality_curve
    >>> y = full_feedback([[0.25, 1.0], [0.5, 0.5]], [[0, 2], [0, 2]], models=["small", "large"])
    >>> policies = [["small", "small"], ["large", "small"], ["large", "large"]]
    >>> curve = cost_quality_curve(y, policies)
    >>> curve.cost
    array([0., 1., 2.])
    >>> curve.quality
    array([0.375, 0.75 , 0.75 ])
    >>> curve.frontier().cost
    array([0., 1.])
    """
    table = read_table(
        y,
        predicted_quality=predicted_quality,
        predicted_cost=predicted_cost,
        predicted_preference=predicted_preference,
        models=models,
        propensity=propensity,
        judged_propensity=judged_propensity,
    )
    options = Options(method=method)
    if len(policies) == 0:
        raise ValueError("policies is empty; give at least one policy")
    cost, quality = np.empty(len(policies)), np.empty(len(policies))
    names = [f"policies[{k}]" for k in range(len(policies))]
    for k, assessment in enumerate(assess_all(table, policies, options, names)):
        if assessment.cost is None:
            raise ValueError(
                f"method {assessment.method!r} needs predicted_cost for the cost of a policy. Give "
                "it, or use method='snips'."
            )
        assessment.warn_if_poor(names[k])
        cost[k] = assessment.cost.value(assessment.table.weight)
        quality[k] = assessment.quality.value(assessment.table.weight)
    return CostQualityCurve(cost, quality)


def average_improvement_in_quality(
    cost: ArrayLike,
    quality: ArrayLike,
    *,
    cost_range: tuple[float, float] | None = None,
    null_quality: float = 0.0,
) -> float:
    """Return the mean quality of a router's frontier over a range of cost (AIQ).

    Parameters
    ----------
    cost : array-like of shape (m,)
        Mean cost of each of the router's policies, dollars per query, at least 0.
    quality : array-like of shape (m,)
        Mean quality of each.
    cost_range : tuple of two float, default=None
        Low and high end of the range, the same for all routers that are compared: the smallest and
        the largest cost among all of them, say. None: from the smallest to the largest of `cost`,
        which does not compare between routers.
    null_quality : float, default=0.0
        Quality of giving no answer at cost 0, which is always an option: below its cheapest policy
        a router mixes that policy with no answer.

    Returns
    -------
    aiq : float
        Mean quality over the range, in the units of `quality`. If the range is a single cost, the
        quality of the frontier there.

    Raises
    ------
    ValueError
        If an array is empty, has a missing or negative value, or lengths differ; or if `cost_range`
        is not two ascending numbers of at least 0.

    See Also
    --------
    cost_quality_curve : Cost and quality of policies.

    Notes
    -----
    The frontier is the least concave function that does not decrease and lies on or above all
    points, which mixtures of two policies attain; past the dearest policy it is flat. The integral
    is exact. It is divided by the length of the range and not by the largest cost, and every router
    is integrated over the same range, so that values compare. Time is O(m log m).

    References
    ----------
    Hu et al., *RouterBench: A Benchmark for Multi-LLM Routing System*, arXiv 2403.12031, section 3.

    Examples
    --------
    >>> from skroute.metrics import average_improvement_in_quality
    >>> average_improvement_in_quality([1.0, 3.0], [0.5, 0.75])
    0.625
    >>> average_improvement_in_quality([1.0, 3.0], [0.5, 0.75], cost_range=(0.0, 5.0))
    0.6
    """
    cost = as_numbers("cost", cost, minimum=0.0).astype(np.float64)
    quality = as_numbers("quality", quality).astype(np.float64)
    if len(cost) == 0 or len(cost) != len(quality):
        raise ValueError(
            f"cost and quality must be of one length of at least 1, got {len(cost)} and "
            f"{len(quality)}"
        )
    low, high = read_cost_range((cost.min(), cost.max()) if cost_range is None else cost_range)
    frontier = CostQualityCurve(cost, quality).frontier(null_quality=null_quality)
    if low == high:
        return float(np.interp(low, frontier.cost, frontier.quality))
    return mean_between(frontier.cost, frontier.quality, low, high)


def mean_between(x: np.ndarray, value: np.ndarray, low: float, high: float) -> float:
    """Return the mean of a piecewise linear curve between two ends."""
    grid = np.concatenate([[low], x[(x > low) & (x < high)], [high]])
    height = np.interp(grid, x, value)
    return float(np.sum(np.diff(grid) * (height[1:] + height[:-1])) / 2 / (high - low))


def read_cost_range(cost_range: Any) -> tuple[float, float]:
    ends = as_numbers("cost_range", cost_range, minimum=0.0)
    if len(ends) != 2 or ends[0] > ends[1]:
        raise ValueError(f"cost_range must be two ascending numbers, got {cost_range!r}")
    return float(ends[0]), float(ends[1])


def _upper_hull(cost: np.ndarray, quality: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of the non-decreasing concave hull by a scan over ascending cost."""
    order = np.lexsort((-quality, cost))
    corners: list[tuple[float, float]] = []
    for point in zip(cost[order].tolist(), quality[order].tolist(), strict=True):
        if corners and point[1] <= corners[-1][1]:
            continue
        while len(corners) > 1 and _rises_more(corners[-2], corners[-1], point):
            corners.pop()
        corners.append(point)
    hull = np.array(corners)
    return hull[:, 0], hull[:, 1]


def _rises_more(
    first: tuple[float, float], middle: tuple[float, float], last: tuple[float, float]
) -> bool:
    """Whether the middle point lies on or below the line from first to last."""
    to_middle = (middle[1] - first[1]) * (last[0] - first[0])
    to_last = (last[1] - first[1]) * (middle[0] - first[0])
    return to_middle <= to_last
