"""What routers share that choose by predicted quality and cost."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._utils import check_sample_weight
from ._frontier import Budget, Frontier


class OutcomeRouterMixin:
    """Mixin of routers whose choice is the highest predicted ``quality - lambda * cost``.

    A router implements ``_predict_outcomes(X)``, which validates X and returns quality and cost,
    (n, K) each, and may narrow ``_served_range()``. One that may choose by something else overrides
    ``_trace(X, sample_weight)``.
    """

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
        check_is_fitted(self)
        return self._predict_outcomes(X)[0]

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
        check_is_fitted(self)
        return self._predict_outcomes(X)[1]

    def frontier(self, X: Any, *, sample_weight: Any = None) -> Frontier:
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

        Returns
        -------
        frontier : Frontier
            Over the range that the router serves, with the mean predicted quality and cost
            between changes.
        """
        check_is_fitted(self)
        return self._trace(X, sample_weight)

    def cost_sensitivity_for_budget(
        self,
        X: Any,
        budget: float | None = None,
        *,
        share: dict[Any, float] | None = None,
        sample_weight: Any = None,
    ) -> Budget:
        """Return the smallest cost sensitivity at which queries like `X` stay within a budget.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries such as those to come; no feedback is needed.
        budget : float, default=None
            Predicted mean cost in dollars per query.
        share : dict of one label to a float, default=None
            Instead of a budget: the largest share of the queries that one model may get.
        sample_weight : array-like of shape (n,), default=None
            How much each query counts.

        Returns
        -------
        budget : Budget
            Named tuple of the cost sensitivity, and the mean cost and the shares that come of it.

        Raises
        ------
        ValueError
            If not just one of `budget` and `share` is given, or no cost sensitivity that the
            router serves is enough.

        Notes
        -----
        Where choices are by predicted utility, their mean cost never rises as cost sensitivity
        grows: with two choices of a query at two cost sensitivities, the one at the larger is
        predicted to be the cheaper. So every larger value meets the budget too. A policy does not
        choose by predicted cost, and what it chooses may become dearer as cost sensitivity grows:
        a larger value may miss the budget again. All changes are looked at, so the value that is
        returned is the smallest one in both cases, and meets the budget.
        """
        if (budget is None) == (share is None):
            raise ValueError("give either budget or share")
        if share is None:
            return self.frontier(X, sample_weight=sample_weight).within_budget(float(budget))
        if len(share) != 1:
            raise ValueError(f"share must name one model, got {list(share)}")
        ((label, most),) = share.items()
        return self.frontier(X, sample_weight=sample_weight).within_share(label, most)

    def _trace(self, X: Any, sample_weight: Any) -> Frontier:
        quality, cost = self._predict_outcomes(X)
        weight = check_sample_weight(sample_weight, len(quality))
        return Frontier.of(quality, cost, self.classes_, *self._served_range(), weight)

    def _served_range(self) -> tuple[float, float]:
        return 0.0, np.inf
