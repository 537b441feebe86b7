"""What a serving router's traffic came to, beside what the router predicts of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm

from .._utils import ShortRepr, as_interval, as_number, as_share, per_thousand, take_rows
from ..feedback import Feedback, index_of
from ..nuisance import squares_by_model
from ..plots import NamedRouter

# What happens by chance with a smaller probability is an alarm.
_ALARM = 0.01
# An answer that was less likely than this was not the main choice.
_MAIN = 0.5
# Gaps up to this, in quality or dollars, are rounding errors.
_ROUNDING = 1e-9


@dataclass(frozen=True, repr=False)
class MeanGap(ShortRepr):
    """What was seen less what was expected, and its standard error.

    Attributes
    ----------
    value, standard_error : float
        NaN where there is nothing to compare.
    n_rows : int
        Rows of the table, however often they count.
    """

    value: float
    standard_error: float
    n_rows: int

    @classmethod
    def of(cls, gap: np.ndarray, weight: np.ndarray, group: np.ndarray | None) -> MeanGap:
        """Return the mean of gaps (n,) of rows that count as `weight` (n,) says.

        Rows of a group are one observation.
        """
        n_rows, total = int(np.count_nonzero(weight)), float(weight.sum())
        if n_rows == 0:
            return cls(np.nan, np.nan, 0)
        mean = float(weight @ gap) / total
        one = np.zeros(len(gap), dtype=np.intp)
        (square,), (n_seen,) = squares_by_model(gap - mean, one, 1, weight, group)
        if not n_seen > 1:
            return cls(mean, np.nan, n_rows)
        return cls(mean, float(np.sqrt(square * n_seen / (n_seen - 1)) / total), n_rows)

    @property
    def low(self) -> float:
        """Lower end of a 95 % interval."""
        return self.value - norm.ppf(0.975) * self.standard_error

    @property
    def high(self) -> float:
        """Upper end of a 95 % interval."""
        return self.value + norm.ppf(0.975) * self.standard_error

    @property
    def written(self) -> str:
        """The gap with its interval, in words; "n/a" where there is none."""
        interval = as_interval(self.low, self.high, self.value, signed=True)
        return f"{as_number(self.value, self.low, self.high, signed=True)} ({interval})"

    @property
    def by_chance(self) -> float:
        """Probability that chance alone makes a gap as large; 1 where nothing is known."""
        if not self.standard_error > 0:
            known = self.standard_error == 0 and abs(self.value) > _ROUNDING
            return 0.0 if known else 1.0
        return float(2 * norm.sf(abs(self.value) / self.standard_error))


@dataclass(frozen=True, repr=False)
class ModelTraffic(ShortRepr):
    """What one model got and did.

    Attributes
    ----------
    model : label
    share, planned_share : float
        Of the queries: what it answered, and what the router chooses it for.
    cost, predicted_cost : float
        Dollars per query of its answers, seen and predicted; NaN without any.
    quality : MeanGap
        Quality of its judged answers less what was predicted of them.
    """

    model: Any
    share: float
    planned_share: float
    cost: float
    predicted_cost: float
    quality: MeanGap


@dataclass(frozen=True)
class TrafficFacts:
    """Gaps of all answers together, and of each model; as in `RoutingMonitor`."""

    models: tuple[ModelTraffic, ...]
    unknown_share: float
    quality: MeanGap
    cost: MeanGap
    mean_cost: float
    explored_share: float
    propensities: MeanGap
    utility_given_up: float

    @classmethod
    def of(cls, named: NamedRouter, rows: np.ndarray, feedback: Feedback) -> TrafficFacts:
        """Compare the rows of a table, whose models are the router's, with its predictions."""
        router, X = named.router, take_rows(named.policy.X, rows)
        quality, cost = router.predict_quality(X), router.predict_cost(X)
        chosen = index_of(router.predict(X), named.classes)
        weight, action, group = feedback.weight, feedback.action, feedback.group
        known = action >= 0
        own = np.arange(len(rows)), np.where(known, action, 0)
        judged = weight * (known & feedback.judged & feedback.gold)
        quality_gap = np.where(judged > 0, feedback.quality - quality[own], 0.0)
        cost_gap = np.where(known, feedback.cost - cost[own], 0.0)
        utility = quality - named.cost_sensitivity * cost
        given_up = np.where(known, utility[own[0], chosen] - utility[own], 0.0)
        total = weight.sum()
        models = []
        for k, label in enumerate(named.classes.tolist()):
            mine = weight * (action == k)
            answered = mine.sum()
            models.append(
                ModelTraffic(
                    label,
                    float(answered / total),
                    float(weight @ (chosen == k) / total),
                    float(mine @ feedback.cost / answered) if answered else np.nan,
                    float(mine @ cost[:, k] / answered) if answered else np.nan,
                    MeanGap.of(quality_gap, judged * (action == k), group),
                )
            )
        explored_share, propensities = _propensities(feedback)
        return cls(
            tuple(models),
            float(weight @ ~known / total),
            MeanGap.of(quality_gap, judged, group),
            MeanGap.of(cost_gap, weight * known, group),
            float(weight @ feedback.cost / total),
            explored_share,
            propensities,
            float(weight @ given_up / total),
        )

    def alarms(self) -> list[str]:
        """Return what stands out of chance, in words."""
        said = []
        if self.unknown_share > 0:
            said.append(
                f"{as_share(self.unknown_share)} of the answers are of models that the router does "
                "not know: fit it on a log that shows them."
            )
        if self.quality.by_chance < _ALARM:
            way = "better" if self.quality.value > 0 else "worse"
            said.append(
                f"Judged answers are {way} than predicted: {self.quality.written} on "
                f"{self.quality.n_rows:,} rows. Fit the router again."
            )
        if self.cost.by_chance < _ALARM:
            way = "more" if self.cost.value > 0 else "less"
            said.append(
                f"Answers cost {way} than predicted, by {per_thousand(abs(self.cost.value))} of "
                f"{per_thousand(self.mean_cost)} per 1,000 queries. Look at prices, and fit the "
                "router again."
            )
        if self.propensities.by_chance < _ALARM:
            way = "more" if self.propensities.value > 0 else "less"
            expected = self.explored_share - self.propensities.value
            said.append(
                f"Other models than the main choice answer {way} often than the propensities say: "
                f"{as_share(self.explored_share)} instead of {as_share(expected)}. What is logged "
                "is not what was drawn from, and estimates from this log are wrong."
            )
        return said


def _propensities(feedback: Feedback) -> tuple[float, MeanGap]:
    """Return the share of answers that were no main choice, and what it differs by."""
    recorded = feedback.weight * ~np.isnan(feedback.propensity)
    if not recorded.any():
        return np.nan, MeanGap(np.nan, np.nan, 0)
    propensity = np.where(recorded > 0, feedback.propensity, 1.0)
    other = propensity <= _MAIN
    share = float(recorded @ other / recorded.sum())
    if share > _MAIN:
        return share, MeanGap(np.nan, np.nan, 0)
    gap = np.where(other, 1.0, -(1 - propensity) / propensity)
    # A router that never explores says so, and is right.
    return share, MeanGap.of(gap, recorded, feedback.group)
