"""The interface of routers that predict quality and cost, and what they share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._utils import check_sample_weight
from ._base import BaseRouter
from ._envelope import FixedModels
from ._exploration import Prospects
from ._frontier import Budget, Frontier


class OutcomeRouter(BaseRouter):
    """Base of routers that predict outcomes; the highest ``quality - lambda * cost`` is chosen.

    A router implements `_predict_outcomes`, and may narrow `_served_range`. One that may choose by
    something else overrides `_decision_values` and `_frontier`.
    """

    @abstractmethod
    def _predict_outcomes(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return the predicted quality and cost, (n, K) each, for checked queries."""

    def predict_quality(self, X: Any) -> np.ndarray:
        """Predict the quality of every model's answer.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries.

        Returns
        -------
        quality : ndarray of shape (n, K)
            In the units of the feedback.
        """
        check_is_fitted(self, "classes_")
        return self._predict_outcomes(self._read(X))[0]

    def predict_cost(self, X: Any) -> np.ndarray:
        """Predict the cost of every model's answer.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries.

        Returns
        -------
        cost : ndarray of shape (n, K)
            Dollars.
        """
        check_is_fitted(self, "classes_")
        return self._predict_outcomes(self._read(X))[1]

    def frontier(
        self, X: Any, *, sample_weight: Any = None, exclude: Any = None, include: Any = None
    ) -> Frontier:
        """Return where the choice for each query changes as cost sensitivity grows.

        Utilities are affine in cost sensitivity, so the best choice of a query is the upper
        envelope of K lines: the changes are exact, and no grid is needed. The logits of a policy
        are affine between its knots, and as exact.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries.
        sample_weight : array-like of shape (n,), default=None
            How much each query counts in means and shares.
        exclude, include
            As in `predict`.

        Returns
        -------
        frontier : Frontier
            Over the range that the router serves, with the mean predicted quality and cost
            between changes.
        """
        check_is_fitted(self, "classes_")
        X = self._read(X)
        weight = check_sample_weight(sample_weight, len(X))
        return self._frontier(X, weight, self._excluded(exclude, include, len(X)))

    def cost_sensitivity_for_budget(
        self,
        X: Any,
        budget: float | None = None,
        *,
        volume: float | None = None,
        share: dict[Any, float] | None = None,
        sample_weight: Any = None,
        exclude: Any = None,
        include: Any = None,
    ) -> Budget:
        """Return the smallest cost sensitivity at which queries like `X` stay within a budget.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries such as those to come; no feedback is needed.
        budget : float, default=None
            Predicted mean cost in dollars per query, or a month where `volume` is given.
        volume : float, default=None
            Queries a month.
        share : dict of one label to a float, default=None
            Instead of a budget: the largest share of the queries that one model may get.
        sample_weight, exclude, include
            As in `frontier`.

        Returns
        -------
        budget : Budget
            Named tuple of the cost sensitivity, and the mean cost and the shares that come of it.

        Raises
        ------
        ValueError
            If not just one of `budget` and `share` is given, `volume` is without a budget or not
            positive, or no cost sensitivity that the router serves is enough.

        Notes
        -----
        Where choices are by predicted utility, their mean cost never rises as cost sensitivity
        grows: with two choices of a query at two cost sensitivities, the one at the larger is
        predicted to be the cheaper. So every larger value meets the budget too, but where all
        queries had one model up to there (``routing_start_`` of `CausalRouter`). A policy does not
        choose by predicted cost, and what it chooses may become dearer as cost sensitivity grows:
        a larger value may miss the budget again. All changes are looked at, so the value that is
        returned is the smallest one in both cases, and meets the budget.
        """
        if (budget is None) == (share is None):
            raise ValueError("give either budget or share")
        if share is not None and not _is_share(share):
            raise ValueError(
                f"share must name one model and its largest share in [0, 1], got {share!r}"
            )
        per_query = budget_per_query(budget, volume)
        frontier = self.frontier(X, sample_weight=sample_weight, exclude=exclude, include=include)
        if per_query is not None:
            return frontier.within_budget(per_query)
        assert share is not None  # one of the two is given
        ((label, most),) = share.items()
        return frontier.within_share(label, most)

    def _decision_values(self, X: Any, cost_sensitivity: float | np.ndarray) -> np.ndarray:
        return self._compare(X, *self._predict_outcomes(X), cost_sensitivity)

    def _prospects(self, X: Any, cost_sensitivity: float | np.ndarray) -> Prospects:
        quality, cost = self._predict_outcomes(X)
        decision = self._compare(X, quality, cost, cost_sensitivity)
        utility, error = quality - cost_sensitivity * cost, self._utility_error(cost_sensitivity)
        return Prospects(decision, utility, cost, error)

    def _utility_error(self, cost_sensitivity: float | np.ndarray) -> np.ndarray | None:
        """Return the standard error of predicted utilities, (K,) or (n, K), if it is known."""
        return None

    def _compare(
        self, X: Any, quality: np.ndarray, cost: np.ndarray, cost_sensitivity: float | np.ndarray
    ) -> np.ndarray:
        """Return decision values (n, K) for queries and what is predicted of them."""
        quality, cost = self._taken_for(X, quality, cost)
        fixed = self._fixed_models()
        with np.errstate(over="ignore", invalid="ignore"):
            values = quality - cost_sensitivity * cost
            if fixed is None:
                return values
            same = fixed.quality - cost_sensitivity * fixed.cost
        return np.where(np.less(cost_sensitivity, fixed.until), same, values)

    def _taken_for(
        self, X: Any, quality: np.ndarray, cost: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the quality and cost by which is chosen, where these are predicted."""
        return quality, cost

    def _fixed_models(self) -> FixedModels | None:
        """Return what is chosen at cost sensitivities where one model for all is better, if any."""
        return None

    def _served_range(self) -> tuple[float, float]:
        return 0.0, np.inf

    def _frontier(self, X: Any, weight: np.ndarray | None, excluded: np.ndarray | None) -> Frontier:
        predicted = self._predict_outcomes(X)
        ends, choosing = self._served_range(), self._taken_for(X, *predicted)
        fixed = self._fixed_models()
        return Frontier.of(*predicted, self.classes_, *ends, weight, excluded, choosing, fixed)


def budget_per_query(budget: float | None, volume: float | None) -> float | None:
    """Return a budget in dollars per query, where it is one a month for `volume` queries."""
    if volume is None:
        return None if budget is None else float(budget)
    if budget is None:
        raise ValueError(
            f"volume={volume!r} is the number of queries a month that a budget in dollars a month "
            "is for; give budget too, or leave volume out"
        )
    if not (isinstance(volume, Real) and 0 < volume < np.inf):
        raise ValueError(f"volume must be a positive number of queries a month, got {volume!r}")
    return float(budget) / float(volume)


def _is_share(share: Any) -> bool:
    return isinstance(share, Mapping) and len(share) == 1 and 0 <= next(iter(share.values())) <= 1
