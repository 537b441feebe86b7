"""A router that spends what it is told to."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn import get_config
from sklearn.base import MetaEstimatorMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array

from .._utils import atomic_fit, split_router
from ._causal import CausalRouter
from ._exploration import Exploration
from ._frontier import Frontier
from ._outcomes import OutcomeRouter, budget_per_query


class FixedBudgetRouter(MetaEstimatorMixin, OutcomeRouter):
    """Router whose cost sensitivity is set by a budget instead of by hand.

    `fit` fits a router, and then finds the smallest cost sensitivity at which the queries it was
    given stay within the budget. In a pipeline it stands where the router would.

    Parameters
    ----------
    router : estimator, default=None
        A router that serves a range of cost sensitivities, or a pipeline or a search that ends in
        one. None is ``CausalRouter(knots="auto")``. A fitted one, wrapped in
        `sklearn.frozen.FrozenEstimator`, is not fitted again: then `fit` needs only the queries to
        calibrate on.
    budget, share, volume
        As in `CausalRouter.cost_sensitivity_for_budget`: one of the first two, and for a budget a
        month the queries a month.

    Attributes
    ----------
    router_ : estimator
        The fitted router, pipeline or search.
    budget_ : Budget
        Named tuple of the cost sensitivity that is used, and of the predicted mean cost and the
        shares that come of it on the queries of `fit`.
    cost_sensitivity : float
        The one of `budget_`, at which it chooses.
    classes_, gone_, moves_, left_out_, training_queries_, n_features_in_, feature_names_in_
        Those of the router, see `skroute.routers.BaseRouter`.

    Raises
    ------
    ValueError
        As `CausalRouter.cost_sensitivity_for_budget`.

    See Also
    --------
    skroute.CausalRouter.cost_sensitivity_for_budget : The same, for one call.

    Notes
    -----
    The budget is met by predicted costs on the queries of `fit`: by other queries from the same
    source up to the error of two samples, and as far as costs are predicted without bias.

    All else is asked of the router: what it predicts, its probabilities, its frontier.

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
        volume: float | None = None,
    ) -> None:
        self.router = router
        self.budget = budget
        self.share = share
        self.volume = volume

    @atomic_fit
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> FixedBudgetRouter:
        """Fit the router, then find the cost sensitivity that meets the budget on `X`.

        Parameters
        ----------
        X, y, sample_weight
            As in `CausalRouter.fit`. A frozen router needs no `y`. Weights also say how much each
            query counts in the budget.

        Returns
        -------
        self : FixedBudgetRouter
        """
        if (self.budget is None) == (self.share is None):
            raise ValueError("give either budget or share")
        per_query = budget_per_query(self.budget, self.volume)
        router = CausalRouter(knots="auto") if self.router is None else clone(self.router)
        weights = {} if sample_weight is None else {_weight_keyword(router): sample_weight}
        self.router_ = router.fit(X, y, **weights)
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.router_, name):
                setattr(self, name, getattr(self.router_, name))
        if not hasattr(self._router, "cost_sensitivity_for_budget"):
            raise ValueError(
                f"router ends in {type(self._router).__name__}, which predicts no costs, so that "
                "no budget can be set. Give a CausalRouter or a RegressAndCompare."
            )
        self.classes_ = self._router.classes_
        self.budget_ = self._router.cost_sensitivity_for_budget(
            self._read(X),
            per_query,
            share=self.share,
            sample_weight=sample_weight,
        )
        return self

    @property
    def cost_sensitivity(self) -> float:
        """The cost sensitivity that meets the budget."""
        return self.budget_.cost_sensitivity

    @property
    def score_cost_sensitivity(self) -> float:
        """The cost sensitivity of `score`: none, as the budget takes care of cost."""
        return 0.0

    @property
    def left_out_(self) -> np.ndarray:
        """Labels of the models that the router leaves out; what is assigned goes to the router."""
        return self._router.left_out_

    @left_out_.setter
    def left_out_(self, labels: Any) -> None:
        self._router.left_out_ = labels

    @property
    def gone_(self) -> np.ndarray:
        """Labels of the models that are gone by the column `time` of the log."""
        return self._router.gone_

    @property
    def moves_(self) -> Any:
        """Costs and qualities of models that moved over time."""
        return self._router.moves_

    @property
    def training_queries_(self) -> Any:
        """By which scorers recognize the log that the router was fitted on."""
        return self._router.training_queries_

    @property
    def _router(self) -> Any:
        return split_router(self.router_).router

    def _read(self, X: Any) -> Any:
        """Return the queries as they reach the router, which checks them."""
        X = split_router(self.router_).transform(X)
        if issparse(X):  # it has no length that could be asked for before the router refuses it
            check_array(X, input_name="X")
        return X

    def _query_columns(self, X: Any) -> np.ndarray:
        return self._router.query_features(X)

    def _resolve(self, cost_sensitivity: Any, n_rows: int) -> Any:
        return self.cost_sensitivity if cost_sensitivity is None else cost_sensitivity

    # What is excluded was settled before the router is asked, and what it leaves out is part of it.

    def _decision_values(self, X: Any, cost_sensitivity: Any) -> np.ndarray:
        router = self._router
        return router.decision_function(
            X, cost_sensitivity=cost_sensitivity, include=router.left_out_
        )

    def _probabilities(
        self, X: Any, cost_sensitivity: Any, excluded: np.ndarray | None
    ) -> np.ndarray:
        router, served = self._router, {"cost_sensitivity": cost_sensitivity}
        return router.predict_proba(X, exclude=excluded, include=router.left_out_, **served)

    def _explore(
        self, X: Any, cost_sensitivity: Any, excluded: np.ndarray | None, options: Exploration
    ) -> np.ndarray:
        router, served = self._router, {"cost_sensitivity": cost_sensitivity, **vars(options)}
        return router.exploration_proba(X, exclude=excluded, include=router.left_out_, **served)

    def _predict_outcomes(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        return self._router.predict_quality(X), self._router.predict_cost(X)

    def _frontier(self, X: Any, weight: np.ndarray | None, excluded: np.ndarray | None) -> Frontier:
        router = self._router
        return router.frontier(X, sample_weight=weight, exclude=excluded, include=router.left_out_)


def _weight_keyword(estimator: Any) -> str:
    """Return the keyword of `fit` that hands sample weights to the router at the end.

    With metadata routing every step asks for what it wants; without, a pipeline is told the step.
    """
    if isinstance(estimator, Pipeline) and not get_config()["enable_metadata_routing"]:
        name, last = estimator.steps[-1]
        return f"{name}__{_weight_keyword(last)}"
    searched = getattr(estimator, "estimator", None)
    return "sample_weight" if searched is None else _weight_keyword(searched)
