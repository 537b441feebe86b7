"""A router that spends what it is told to."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ._base import RouterMixin
from ._causal import CausalRouter


def _router_has(name: str) -> Any:
    """Return whether the router of a FixedBudgetRouter, fitted or not, has a method."""

    def has(owner: FixedBudgetRouter) -> bool:
        router = getattr(owner, "router_", owner.router)
        return router is None or hasattr(router, name)

    return has


class FixedBudgetRouter(RouterMixin, MetaEstimatorMixin, BaseEstimator):
    """Router whose cost sensitivity is set by a budget instead of by hand.

    `fit` fits a router, and then finds the smallest cost sensitivity at which the queries it was
    given stay within the budget. In a pipeline it stands where the router would.

    Parameters
    ----------
    router : estimator, default=None
        A router that serves a range of cost sensitivities. None is
        ``CausalRouter(knots="auto")``. A fitted one, wrapped in `sklearn.frozen.FrozenEstimator`,
        is not fitted again: then `fit` needs only the queries to calibrate on.
    budget : float, default=None
        Mean cost in dollars per query.
    share : dict of one label to a float, default=None
        Instead of a budget: the largest share of the queries that one model may get.

    Attributes
    ----------
    router_ : estimator
        The fitted router.
    budget_ : Budget
        Named tuple of the cost sensitivity that is used, and of the predicted mean cost and the
        shares that come of it on the queries of `fit`.
    classes_ : ndarray of shape (K,)
        Labels of the models.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had any.

    Raises
    ------
    ValueError
        If not just one of `budget` and `share` is given, or no cost sensitivity that the router
        serves is enough.

    See Also
    --------
    skroute.CausalRouter.cost_sensitivity_for_budget : The same without a pipeline.

    Notes
    -----
    The budget is met by predicted costs on the queries of `fit`: by other queries from the same
    source up to the error of two samples, and as far as costs are predicted without bias.

    `score` is the mean quality of the models chosen: candidates share the budget, so that utility
    at some cost sensitivity would count the cost twice.

    Examples
    --------
    >>> from skroute import FixedBudgetRouter
    >>> from skroute.datasets import make_routing_problem
    >>> problem = make_routing_problem(n_queries=600, n_models=3, random_state=0)
    >>> router = FixedBudgetRouter(budget=0.002).fit(problem.X, problem.y)
    >>> bool(router.budget_.mean_cost <= 0.002)
    True
    """

    def __init__(
        self,
        router: Any = None,
        *,
        budget: float | None = None,
        share: dict[Any, float] | None = None,
    ) -> None:
        self.router = router
        self.budget = budget
        self.share = share

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> FixedBudgetRouter:
        """Fit the router, then find the cost sensitivity that meets the budget on `X`.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries.
        y : table of feedback of shape (n,)
            Their feedback. A frozen router needs none.
        sample_weight : array-like of shape (n,), default=None
            Given to the router, and how much each query counts in the budget.

        Returns
        -------
        self : FixedBudgetRouter
        """
        if (self.budget is None) == (self.share is None):
            raise ValueError("give either budget or share")
        router = CausalRouter(knots="auto") if self.router is None else clone(self.router)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        self.router_ = router.fit(X, y, **weights)
        for name in ("classes_", "n_features_in_", "feature_names_in_"):
            if hasattr(self.router_, name):
                setattr(self, name, getattr(self.router_, name))
        self.budget_ = self.router_.cost_sensitivity_for_budget(
            X, self.budget, share=self.share, **weights
        )
        return self

    @property
    def cost_sensitivity(self) -> float:
        """The cost sensitivity of `score`: none, as the budget takes care of cost."""
        return 0.0

    @available_if(_router_has("decision_function"))
    def decision_function(
        self, X: Any, *, cost_sensitivity: Any = None, exclude: Any = None
    ) -> np.ndarray:
        """Return the value of every model for every query; the highest is chosen.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries.
        cost_sensitivity : float or array-like of shape (n,), default=None
            None: the one that meets the budget.
        exclude : label, sequence of labels or bool array of shape (n, K), default=None
            As in `predict`.

        Returns
        -------
        value : ndarray of shape (n, K)
        """
        own = self._own(cost_sensitivity)
        return self.router_.decision_function(X, cost_sensitivity=own, exclude=exclude)

    @available_if(_router_has("predict_proba"))
    def predict_proba(
        self, X: Any, *, cost_sensitivity: Any = None, exclude: Any = None
    ) -> np.ndarray:
        """Return the router's probabilities.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries.
        cost_sensitivity : float or array-like of shape (n,), default=None
            None: the one that meets the budget.
        exclude : label, sequence of labels or bool array of shape (n, K), default=None
            As in `predict`.

        Returns
        -------
        probability : ndarray of shape (n, K)
        """
        own = self._own(cost_sensitivity)
        return self.router_.predict_proba(X, cost_sensitivity=own, exclude=exclude)

    def _own(self, cost_sensitivity: Any) -> Any:
        check_is_fitted(self)
        return self.budget_.cost_sensitivity if cost_sensitivity is None else cost_sensitivity

    def _decide(self, X: Any, cost_sensitivity: Any) -> np.ndarray:
        return self.router_._decide(X, self._own(cost_sensitivity))

    def _queries(self, X: Any) -> Any:
        return self.router_._queries(X)
