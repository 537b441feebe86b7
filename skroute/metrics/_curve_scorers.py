"""Scorers of curves: the frontier over cost sensitivities, and the ranking for a strong model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._utils import as_numbers
from ..feedback import read_feedback
from ._cost_quality import average_improvement_in_quality, read_cost_range
from ._fitted_policy import FittedPolicy
from ._scorers import WeightedScorer, as_call, check_features, make_evaluator
from ._two_models import (
    average_performance_gap_recovered,
    call_performance_threshold,
    efficiency_gain_curve,
)

# What each metric makes of a table, the ranking of its queries, and the two models.
_TWO_MODEL_METRICS: dict[str, Callable[..., float]] = {
    "apgr": average_performance_gap_recovered,
    "neg_cpt": lambda *table, **pair: -call_performance_threshold(*table, **pair),
    "efficiency_gain": lambda *table, **pair: efficiency_gain_curve(*table, **pair).mean(),
}


@dataclass(frozen=True)
class AIQScorer(WeightedScorer):
    """Made by `make_aiq_scorer`."""

    cost_sensitivities: tuple[float, ...]
    cost_range: tuple[float, float]
    null_quality: float
    features: Callable[[Any], Any] | None

    def __repr__(self) -> str:
        return as_call("make_aiq_scorer", self, "cost_sensitivities")

    def __call__(self, estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the score of a fitted estimator on a table of feedback; higher is better."""
        policy = FittedPolicy.of(estimator, X)
        choices = [policy.choose(value) for value in self.cost_sensitivities]
        policy.warn_if_trained_on()
        evaluator = make_evaluator(
            policy, X, read_feedback(y), sample_weight, np.concatenate(choices), self.features
        )
        quality, cost = np.transpose([evaluator.quality_and_cost(choice) for choice in choices])
        return average_improvement_in_quality(
            # Costs are at least 0, whatever the noise of an estimate says.
            np.maximum(cost, 0.0),
            quality,
            cost_range=self.cost_range,
            null_quality=self.null_quality,
        )


@dataclass(frozen=True)
class TwoModelScorer:
    """Made by `make_two_model_scorer`."""

    metric: str
    strong: Any
    weak: Any

    def __repr__(self) -> str:
        return as_call("make_two_model_scorer", self, "metric")

    def __call__(self, estimator: Any, X: Any, y: Any) -> float:
        """Return the score of a fitted estimator on a table of feedback; higher is better."""
        policy = FittedPolicy.of(estimator, X)
        ranking = policy.rank(self.strong, self.weak)
        policy.warn_if_trained_on()
        return _TWO_MODEL_METRICS[self.metric](y, ranking, strong=self.strong, weak=self.weak)


def make_aiq_scorer(
    cost_sensitivities: ArrayLike,
    *,
    cost_range: tuple[float, float],
    null_quality: float = 0.0,
    features: Callable[[Any], Any] | None = None,
) -> AIQScorer:
    """Make a scorer of the frontier that a router reaches at several cost sensitivities (AIQ).

    Parameters
    ----------
    cost_sensitivities : array-like of shape (m,)
        Cost sensitivities that the router serves, such as `CausalRouter` does with `knots`. An
        estimator that has none is a single policy.
    cost_range : tuple of two float
        Low and high end of mean cost, dollars per query: the range in which routers compare.
    null_quality : float, default=0.0
        Quality of giving no answer at cost 0.
    features : callable, default=None
        As in `make_policy_scorer`.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, sample_weight=None)`` returns the mean quality of the frontier
        over the range.

    Raises
    ------
    ValueError
        If an argument is not as described.

    See Also
    --------
    average_improvement_in_quality : The measure.

    Notes
    -----
    Quality and cost are estimated, and warnings given, as by `make_policy_scorer`, with one fit of
    the evaluation models for all cost sensitivities. A mean cost estimated below 0 counts as 0.

    Examples
    --------
    >>> from skroute import CausalRouter
    >>> from skroute.datasets import make_routing_problem
    >>> from skroute.metrics import make_aiq_scorer
    >>> problem = make_routing_problem(900, n_models=3, random_state=0)
    >>> test = problem.draw(900, random_state=1)
    >>> router = CausalRouter(knots=[0.0, 100.0], random_state=0).fit(problem.X, problem.y)
    >>> aiq = make_aiq_scorer([0.0, 10.0, 30.0, 100.0], cost_range=(0.0, 0.01))
    >>> 0.5 < aiq(router, test.X, test.y) < 1.0
    True
    """
    values = as_numbers("cost_sensitivities", cost_sensitivities, minimum=0.0)
    if len(values) == 0:
        raise ValueError("cost_sensitivities is empty; give at least one")
    ends = read_cost_range(cost_range)
    return AIQScorer(tuple(values.tolist()), ends, float(null_quality), check_features(features))


def make_two_model_scorer(metric: str = "apgr", *, strong: Any, weak: Any = None) -> TwoModelScorer:
    """Make a scorer of how well an estimator ranks queries for a strong model; full feedback only.

    Parameters
    ----------
    metric : {"apgr", "neg_cpt", "efficiency_gain"}, default="apgr"
        `average_performance_gap_recovered`; minus `call_performance_threshold` at half the gap;
        the mean of `efficiency_gain_curve` from 20 to 80 % of the queries.
    strong, weak
        As in `efficiency_gain_curve`.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y)`` returns a float; higher is better.

    Raises
    ------
    ValueError
        If `metric` is unknown.

    Notes
    -----
    It warns as `make_policy_scorer`. Queries are ranked by the difference between the two models
    in ``decision_function``, else by the strong model's share of their ``predict_proba``. With cost
    sensitivity 0 a router's is the gain in quality, which is what these measures are about.

    Examples
    --------
    >>> from skroute import CausalRouter
    >>> from skroute.datasets import make_routing_problem
    >>> from skroute.metrics import make_two_model_scorer
    >>> problem = make_routing_problem(900, n_models=2, random_state=0)
    >>> test = problem.draw(900, random_state=1)
    >>> router = CausalRouter(random_state=0).fit(problem.X, problem.y)
    >>> make_two_model_scorer(strong="model_1")(router, test.X, test.y_full) > 0.5
    True
    """
    if metric not in _TWO_MODEL_METRICS:
        raise ValueError(f"metric must be one of {list(_TWO_MODEL_METRICS)}, got {metric!r}")
    return TwoModelScorer(metric, strong, weak)
