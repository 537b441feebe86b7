"""The share of a bill that a router saves at equal quality, and at a share of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t

from .._utils import ShortRepr, as_numbers, check_at_least
from ._assessment import assess
from ._cost_quality import CostQualityCurve
from ._intervals import infer, sum_by_cluster
from ._options import Options
from ._policies import Policy
from ._spans import read_policies
from ._tables import CountedTable, read_table
from ._terms import Estimate


@dataclass(frozen=True, repr=False)
class BillSaved(ShortRepr):
    """What is saved of the bill of a policy where others reach a share of its quality.

    Attributes
    ----------
    quality_share : ndarray of shape (r,)
        Shares of the quality to reach.
    share, low, high : ndarray of shape (r,)
        Share of the bill that is saved, and its interval. The share is NaN where no policy is
        estimated to reach the quality, `low` minus infinity where it may be that none does.
    cost, quality : float
        Mean cost and mean quality of the policy that is compared with.
    curve : CostQualityCurve
        Those of the others, in the order in which they were given.
    """

    quality_share: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    cost: float
    quality: float
    curve: CostQualityCurve


def bill_saved(
    y: Any,
    policies: Sequence[ArrayLike],
    reference: ArrayLike | None,
    *,
    quality_share: ArrayLike = (1.0, 0.95),
    confidence: float = 0.95,
    method: str = "auto",
    predicted_quality: ArrayLike | None = None,
    predicted_cost: ArrayLike | None = None,
    predicted_preference: ArrayLike | None = None,
    models: ArrayLike | None = None,
    propensity: ArrayLike | None = None,
    judged_propensity: ArrayLike | None = None,
) -> BillSaved:
    """Return what policies save of the bill of another one at its quality, with intervals.

    Parameters
    ----------
    y : table of n rows
        Full or logged feedback, see `skroute.feedback`.
    policies : sequence of array-like of shape (n,) or (n, K)
        Those of a router by growing cost sensitivity, from the best to the cheapest, such as
        ``Frontier.choices`` returns them. They must not have been fitted on these rows.
    reference : array-like of shape (n,) or (n, K), or None
        The policy whose bill is saved; None is the one that wrote the log.
    quality_share : float or array-like of shape (r,), default=(1.0, 0.95)
        Shares of its quality to reach.
    confidence : float, default=0.95
    method, predicted_quality, predicted_cost, predicted_preference, models, propensity, \
            judged_propensity : optional
        As in `policy_value`.

    Returns
    -------
    saved : BillSaved

    Raises
    ------
    ValueError
        As `policy_value`; or if the method needs predictions of the cost that were not given, or
        the reference costs nothing.

    See Also
    --------
    cost_quality_curve : The curve alone.

    Notes
    -----
    Between two neighbouring policies, one of the two is chosen at random for each query, so that
    quality and cost are linear between them. The saving is read where quality, by growing cost
    sensitivity, first falls below what is asked for.

    Its interval holds the savings at which a test finds no difference from the quality asked for
    [1]_: at a saving of s, the statistic is quality minus what is asked for minus the slope of the
    curve times (cost minus 1 - s of the bill), which has no sum but its error. So the interval
    allows for the errors of the quality, of the cost and of the bill, is wider where the curve is
    flat, and has no lower end where no policy is sure to reach the quality. Warnings about overlap
    are not raised: they are those of `cost_quality_curve`. Time is O(n m) for m policies.

    References
    ----------
    .. [1] Fieller, *Some Problems in Interval Estimation*, JRSS B 16 (1954).

    Examples
    --------
    >>> import numpy as np
    >>> from skroute import full_feedback
    >>> from skroute.metrics import bill_saved
    >>> rng = np.random.default_rng(0)
    >>> hard = rng.random(2000)
    >>> small = rng.random(2000) > hard
    >>> y = full_feedback(
    ...     np.column_stack([small, rng.random(2000) < 0.6]), [[1, 10]] * 2000, models=["s", "l"]
    ... )
    >>> policies = [np.where(hard > edge, "l", "s") for edge in np.linspace(0, 1, 21)]
    >>> saved = bill_saved(y, policies, np.full(2000, "l"))
    >>> print(f"{saved.share[0]:.0%} ({saved.low[0]:.0%} to {saved.high[0]:.0%})")
    72% (64% to 78%)
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
    shares = as_numbers("quality_share", np.atleast_1d(np.asarray(quality_share)))
    check_at_least(0, quality_share=shares.min())
    if len(policies) == 0:
        raise ValueError("policies is empty; give at least one policy")
    options = Options(method=method, confidence=confidence)
    names = ["reference", *(f"policies[{k}]" for k in range(len(policies)))]
    table, (old, *new), _ = read_policies(table, [reference, *policies], names)
    path = _Path(table, options, old, new)
    found = np.array([path.saved(float(share)) for share in shares])
    curve = CostQualityCurve(path.cost, path.quality)
    saved, low, high = found.T
    return BillSaved(shares, saved, low, high, path.old.cost, path.old.quality, curve)


@dataclass(frozen=True)
class _Means:
    """Mean quality and mean cost of a policy, and what they are estimated from."""

    quality: float
    cost: float
    of_quality: Estimate
    of_cost: Estimate

    @classmethod
    def of(cls, table: CountedTable, policy: Policy | None, options: Options, name: str) -> _Means:
        assessment = assess(table, policy, options, name)
        quality, cost = assessment.quality, assessment.cost
        if cost is None:
            raise ValueError(
                f"method {assessment.method!r} needs predicted_cost for the cost of a policy. Give "
                "it, or use method='snips'."
            )
        return cls(quality.value(table.weight), cost.value(table.weight), quality, cost)

    def influences(self, table: CountedTable) -> tuple[np.ndarray, np.ndarray]:
        """Return the influences (n_clusters,) of clusters on both."""
        columns = (part.columns(table.weight) for part in (self.of_quality, self.of_cost))
        quality, cost = (sum_by_cluster(each, table.cluster) for each in columns)
        return self.of_quality.influence(quality), self.of_cost.influence(cost)


class _Path:
    """Policies by growing cost sensitivity, beside the one whose bill they save.

    A place on it is a position among the policies; between two of them it is a fraction.
    """

    def __init__(
        self,
        table: CountedTable,
        options: Options,
        reference: Policy | None,
        policies: Sequence[Policy | None],
    ) -> None:
        self.table, self.options, self.policies = table, options, policies
        self.old = _Means.of(table, reference, options, "reference")
        if not self.old.cost > 0:
            raise ValueError("reference costs nothing, so that no share of its bill can be saved")
        self.old_influences = self.old.influences(table)
        self.quality, self.cost = np.empty(len(policies)), np.empty(len(policies))
        for k in range(len(policies)):
            # What a policy is estimated from are arrays of rows, needed again of a few alone.
            means = self._means(k)
            self.quality[k], self.cost[k] = means.quality, means.cost
        self.slope = _slopes(self.cost, self.quality)
        self.halves: dict[tuple[int, float], float] = {}

    def saved(self, share: float) -> tuple[float, float, float]:
        """Return the share of the bill that is saved at a share of the quality, with its ends."""
        above = self.quality - share * self.old.quality
        best, last = int(above.argmax()), len(above) - 1
        lost = best + int(np.argmax(np.r_[above[best:] < 0, True]))
        here = (
            self._saving(_crossing(lost - 1, lambda k: above[k], last)) if lost > best else np.nan
        )
        # Outwards from the estimate, as far as the test goes.
        start = min(max(lost - 1, best), last)
        if np.isnan(self._half(start, share)):
            return here, np.nan, np.nan
        first = start
        while first >= 0 and above[first] - self._half(first, share) < 0:
            first -= 1
        low = -np.inf
        if first >= 0:
            low = self._saving(_crossing(first, lambda k: above[k] - self._half(k, share), last))
        end = start
        while end < last and above[end + 1] + self._half(end + 1, share) >= 0:
            end += 1
        if above[end] + self._half(end, share) < 0:
            return here, low, np.nan
        return (
            here,
            low,
            self._saving(_crossing(end, lambda k: above[k] + self._half(k, share), last)),
        )

    def _means(self, place: int) -> _Means:
        return _Means.of(self.table, self.policies[place], self.options, f"policies[{place}]")

    def _saving(self, place: float) -> float:
        spent = np.interp(place, np.arange(len(self.cost)), self.cost)
        return float(1.0 - spent / self.old.cost)

    def _half(self, place: int, share: float) -> float:
        """Return half the width of the interval of the statistic at a policy's own saving."""
        if (place, share) not in self.halves:
            means = self._means(place)
            gap = infer(
                means.of_quality.minus(share, self.old.of_quality), self.table, self.options
            )
            (quality, cost), (old_quality, old_cost) = (
                means.influences(self.table),
                self.old_influences,
            )
            of_gap = quality - share * old_quality
            of_bill = cost - means.cost / self.old.cost * old_cost
            slope = self.slope[place]
            variance = gap.standard_error**2 + slope**2 * of_bill @ of_bill
            variance -= 2.0 * slope * of_gap @ of_bill
            tail = (1.0 - self.options.confidence) / 2
            reach = t.ppf(1.0 - tail, gap.degrees_of_freedom)
            self.halves[place, share] = float(reach * np.sqrt(max(variance, 0.0)))
        return self.halves[place, share]


def _slopes(cost: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """Return quality lost per dollar saved at each of m policies, over a quarter of the way."""
    place, reach = np.arange(len(cost)), max(len(cost) // 8, 1)
    left, right = np.maximum(place - reach, 0), np.minimum(place + reach, len(cost) - 1)
    saved, lost = cost[left] - cost[right], quality[left] - quality[right]
    slope = np.divide(lost, saved, out=np.zeros(len(cost)), where=saved > 0)
    return np.maximum(slope, 0.0)


def _crossing(place: int, height: Callable[[int], float], last: int) -> float:
    """Return where a curve falls to 0 after a place at which it is at least 0."""
    if place == last:
        return float(last)
    here, after = height(place), height(place + 1)
    return place + here / (here - after) if after < 0 else float(place)
