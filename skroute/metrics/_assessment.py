"""One policy on one table: from checked arguments to the estimates of its value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._utils import warn
from ..nuisance import OverlapWarning
from ._estimators import ESTIMATORS, Estimator, Outcome, effective_sample_size, pick_parameter
from ._intervals import standard_error, sum_by_cluster
from ._options import Options
from ._policies import Policy
from ._spans import read_policies
from ._tables import CountedTable
from ._terms import Estimate, Part, Terms
from ._warnings import FewClustersWarning

# With less than this behind them, 95 % intervals cover clearly less than 95 % (measured by
# benchmarks/policy_value_coverage.py).
FEWEST_EFFECTIVE_ROWS = 30.0
_LARGEST_SHARE = 0.05
# The mean weight is 1 in expectation; further off than this many standard errors is not chance.
_WEIGHT_ERRORS = 3.0
_ROUNDING = 1e-6
# With fewer, how unequal they are decides what an interval covers.
_FEWEST_CLUSTERS = 20


@dataclass(frozen=True)
class Assessment:
    """The estimates of a policy's utility, quality and cost on a table, and importance weights.

    `method` is a name of `ESTIMATORS`, "exact" or "logged", `parameter` the value that it used.
    `importance` (n,), the weights behind the quality, is None for "dm" without propensities, `cost`
    where it has no predictions. `unavailable` is the share of the rows in which the policy chooses
    a model that was not there.
    """

    table: CountedTable
    options: Options
    method: str
    utility: Estimate
    quality: Estimate
    cost: Estimate | None
    importance: Any
    parameter: float | None = None
    unavailable: float = 0.0

    @property
    def parameters(self) -> dict[str, float | None]:
        """The parameter that was used, by its name; None for those of other estimators."""
        used = ESTIMATORS[self.method].parameter if self.method in ESTIMATORS else None
        names = [known.parameter.name for known in ESTIMATORS.values() if known.parameter]
        return {
            name: self.parameter if used is not None and used.name == name else None
            for name in names
        }

    def overlap(self) -> tuple[float, float, float]:
        """Return effective sample size, largest and mean importance weight."""
        if self.importance is None:
            return np.nan, np.nan, np.nan
        row_weight = self.table.weight
        size = effective_sample_size(row_weight * self.importance)
        mean = float(np.average(self.importance, weights=row_weight))
        return size, float(self.importance.max()), mean

    def warn_if_poor(self, name: str) -> None:
        """Say why the estimate should not be trusted."""
        self._warn_of_few_clusters()
        estimated = self.method in ESTIMATORS and ESTIMATORS[self.method].needs_propensities
        if not estimated:
            return
        row_weight = self.table.weight
        weighted = row_weight * self.importance
        size, largest, mean = self.overlap()
        share = float(weighted.max() / weighted.sum()) if weighted.any() else 0.0
        reasons = []
        if size < FEWEST_EFFECTIVE_ROWS:
            reasons.append(f"it rests on {size:.1f} effective rows")
        elif share > _LARGEST_SHARE:
            reasons.append(f"one row carries {share:.0%} of all weight (largest {largest:.3g})")
        spread = Estimate.of("weight", Terms(self.importance))
        columns = sum_by_cluster(spread.columns(row_weight), self.table.cluster)
        error = standard_error(spread.influence(columns))
        if abs(mean - 1.0) > _WEIGHT_ERRORS * error + _ROUNDING:
            reasons.append(
                f"its importance weights average {mean:.3g} in place of 1, so that it chooses "
                "models which the log hardly shows there, or the propensities are wrong"
            )
        cost = np.inf if self.cost is None else self.cost.value(row_weight)
        if cost < 0 <= self.table.feedback.cost.min(initial=0.0):
            reasons.append(f"its mean cost comes to {cost:.2g} dollars, which no cost can be")
        if reasons:
            warn(
                OverlapWarning.about_policy(
                    name, reasons, effective_sample_size=size, largest_share=share, mean_weight=mean
                )
            )

    def _warn_of_few_clusters(self) -> None:
        if self.table.cluster is None:
            return
        n_clusters = int(self.table.cluster.max()) + 1
        if n_clusters < _FEWEST_CLUSTERS:
            warn(
                FewClustersWarning(
                    f"The interval rests on {n_clusters} independent groups. With fewer than "
                    f"{_FEWEST_CLUSTERS} it is wide, and right only if groups are alike in kind. "
                    "Collect more groups.",
                    n_clusters=n_clusters,
                )
            )


def assess_all(
    table: CountedTable,
    policies: Sequence[Any],
    options: Options,
    names: Sequence[str],
    *,
    all_rows: bool = False,
) -> Iterator[Assessment]:
    """Assess several policies on the rows that all of them choose for; None wrote the log.

    Unless `all_rows` are asked for, these are rows of the time in which all chosen models were
    there.
    """
    table, read, unavailable = read_policies(table, policies, names, all_rows=all_rows)
    for policy, name, share in zip(read, names, unavailable, strict=True):
        yield replace(assess(table, policy, options, name), unavailable=share)


def assess(table: CountedTable, policy: Policy | None, options: Options, name: str) -> Assessment:
    feedback = table.feedback
    if policy is None and table.all_scored:
        seen = feedback.quality.astype(np.float64), feedback.cost.astype(np.float64)
        return _observed(table, options, "logged", *seen)
    if policy is None or feedback.logged:
        return _assess_logged(table, policy, options, name)
    if options.method not in ("auto", "exact") and table.all_scored:
        raise ValueError(
            f"method {options.method!r} is for logged feedback, but y is full feedback, whose "
            "value is exact. Use method='auto'."
        )
    cost = policy.average(table.cost)
    if table.all_scored:
        return _observed(table, options, "exact", policy.average(table.quality), cost)
    direct = None if table.quality is None else policy.average(table.quality)
    method = _method(options.method, table)
    # What every model achieved is known where it is scored, so that only that has to be likely.
    quality = Outcome(policy.average(feedback.quality), direct, direct)
    known = Outcome(cost, cost, cost)
    return _estimate(table, options, method, np.ones(len(cost)), quality, known)


def _observed(
    table: CountedTable, options: Options, method: str, quality: np.ndarray, cost: np.ndarray
) -> Assessment:
    """Return the assessment of a policy whose quality and cost are known in every row."""
    of_quality, of_cost = Estimate.of("quality", Terms(quality)), Estimate.of("cost", Terms(cost))
    utility = Estimate.of("utility", Terms(quality - options.cost_sensitivity * cost))
    importance = np.ones(len(quality))
    return Assessment(table, options, method, utility, of_quality, of_cost, importance)


def _assess_logged(
    table: CountedTable, policy: Policy | None, options: Options, name: str
) -> Assessment:
    method = _method(options.method, table)
    importance = _importance(table, policy, method, name)
    feedback, predicts = table.feedback, ESTIMATORS[method].needs_predictions
    quality = _outcome(table, policy, feedback.quality, table.quality if predicts else None)
    cost = None
    if table.cost is not None or not predicts:
        cost = _outcome(table, policy, feedback.cost, table.cost if predicts else None)
    return _estimate(table, options, method, importance, quality, cost)


def _estimate(
    table: CountedTable,
    options: Options,
    method: str,
    importance: Any,
    quality: Outcome,
    cost: Outcome | None,
) -> Assessment:
    """Estimate quality, cost and utility; `importance` (n,) is that of what all rows tell."""
    estimator, scale = ESTIMATORS[method], options.cost_sensitivity
    judged = importance
    if importance is not None and not table.all_scored:
        judged = importance * table.judged_weight()
        reward = 0.0 if quality.predicted is None else quality.predicted
        quality = Outcome(
            np.where(table.scored, quality.reward, reward), quality.direct, quality.predicted
        )
    parameter = None
    if estimator.parameter is not None:
        parameter = options.parameters.get(estimator.parameter.name)
        if parameter is None:
            utility = quality.minus(scale, cost) if table.all_scored else quality
            parameter = pick_parameter(estimator.parameter, judged, utility, table.weight)
        parameter = float(parameter)
    of_quality = _estimate_quality(table, estimator, importance, judged, quality, parameter)
    of_cost = None
    if cost is not None:
        of_cost = Estimate.of("cost", estimator.estimate(importance, cost, parameter))
    if cost is None or not table.all_scored:
        utility_estimate = of_quality.minus(scale, of_cost)
    else:
        utility = quality.minus(scale, cost)
        utility_estimate = Estimate.of("utility", estimator.estimate(judged, utility, parameter))
    return Assessment(
        table, options, method, utility_estimate, of_quality, of_cost, judged, parameter
    )


def _estimate_quality(
    table: CountedTable,
    estimator: Estimator,
    importance: Any,
    judged: Any,
    quality: Outcome,
    parameter: float | None,
) -> Estimate:
    if importance is None or table.all_scored:
        return Estimate.of("quality", estimator.estimate(judged, quality, parameter))
    parts = []
    if table.preference is not None and quality.direct is not None:
        said, quality = _helped_by_judge(table, importance, judged, quality)
        parts.append(Part(estimator.estimate(importance, said, parameter), "preference"))
    # Of the rows that were unlikely to be scored few are, so that the squared weights of those that
    # are mostly fall short of what is expected of them.
    expected = (table.weight * importance) ** 2 / table.judged_propensity
    seen = expected @ table.judged_weight()
    spread = float(np.sqrt(expected.sum() / seen)) if seen > 0 else 1.0
    terms = estimator.estimate(judged, quality, parameter)
    residual = quality.reward if quality.predicted is None else quality.reward - quality.predicted
    unseen = _variance(residual[table.scored], table.weight[table.scored])
    return Estimate((*parts, Part(terms, "quality", spread=spread, unseen=unseen)))


def _variance(values: np.ndarray, weight: np.ndarray) -> float:
    if not len(values):
        return 0.0
    return float(np.average((values - np.average(values, weights=weight)) ** 2, weights=weight))


def _helped_by_judge(
    table: CountedTable, importance: np.ndarray, judged: np.ndarray, quality: Outcome
) -> tuple[Outcome, Outcome]:
    """Return two outcomes whose estimates, over all rows and scored ones, sum to the quality.

    What the judge said beyond its prediction is averaged over all rows, times a slope, and
    subtracted where rows are scored: the slope is that of least variance, so that a judge who errs
    as gold quality does helps, and another one does no harm.
    """
    rows = np.arange(len(importance))
    said = table.feedback.judge_label - table.preference[rows, table.feedback.action]
    own, every = (table.weight * weight for weight in (judged, importance))
    moved = (own / (own.sum() or 1.0) - every / (every.sum() or 1.0)) * said
    residual = own / (own.sum() or 1.0) * (quality.reward - quality.predicted)
    power = float(moved @ moved)
    explained = (float(residual @ moved) / power if power > 0 else 0.0) * said
    nothing = np.zeros(len(said))
    beyond = Outcome(quality.reward - explained, quality.direct, quality.predicted)
    return Outcome(explained, nothing, nothing), beyond


def _method(method: str, table: CountedTable) -> str:
    if method == "auto":
        return "snips" if table.quality is None else "sndr"
    if method == "exact":
        what = "logged feedback" if table.feedback.logged else "not gold in every row"
        raise ValueError(
            f"method 'exact' is for full feedback, but y is {what}. Use method='auto'."
        )
    if ESTIMATORS[method].needs_predictions and table.quality is None:
        raise ValueError(
            f"method {method!r} needs predicted_quality. Give it, or use method='snips'."
        )
    return method


def _importance(table: CountedTable, policy: Policy | None, method: str, name: str) -> Any:
    if policy is None:
        return np.ones(len(table.feedback))
    estimator = ESTIMATORS[method]
    if not estimator.needs_propensities and np.isnan(table.propensity).any():
        return None
    importance = policy.of(table.feedback.action) / table.require_propensity(
        f"method {method!r} needs the probability with which the log chose its model. Estimate it "
        "and pass propensity=, or use method='dm'."
    )
    if not estimator.needs_predictions and not importance.any():
        raise ValueError(
            f"{name} never chooses the logged model in any of the {len(importance)} rows used, so "
            f"that method {method!r} has nothing to go by. Give predicted_quality."
        )
    return importance


def _outcome(
    table: CountedTable, policy: Policy | None, reward: np.ndarray, predicted: Any
) -> Outcome:
    """Return what was achieved in every row, with predictions (n, K) or None."""
    reward = reward.astype(np.float64)
    if predicted is None:
        return Outcome(reward)
    # Where the logged model is not in the list its weight is 0, whatever is predicted.
    action = np.maximum(table.feedback.action, 0)
    own = predicted[np.arange(len(reward)), action].astype(np.float64)
    return Outcome(reward, own if policy is None else policy.average(predicted), own)
