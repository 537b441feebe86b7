"""Regress and compare."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._utils import atomic_fit
from ..nuisance import PerModelOutcome
from ..routers import OutcomeRouter, read_fit_input
from ._ridge import GCVRidge

_PENALTIES = np.logspace(0, 5, 11)


class RegressAndCompare(OutcomeRouter):
    """Predict every model's quality and cost by regressions, and choose the best prediction.

    Parameters
    ----------
    cost_sensitivity : float, default=0.0
        Quality given up per dollar saved.
    regressor : regressor, default=None
        Any scikit-learn regressor; a clone is fitted for each model's quality and each model's
        cost, on the rows that show the model. None: ridge regression whose penalty is chosen by
        generalized cross-validation among 11 values from 1 to 100,000 times the mean squared
        distance of the queries from their mean, so that the scale of X does not matter.

    Attributes
    ----------
    outcome_model_ : PerModelOutcome
        The fitted regressions.
    classes_, gone_, moves_, left_out_, training_queries_, n_features_in_, feature_names_in_
        As of every router, see `skroute.routers.BaseRouter`.

    Notes
    -----
    Fits and predicts as `skroute.nuisance.PerModelOutcome`. No correction is made for how the log
    came about.

    Examples
    --------
    >>> from skroute.baselines import RegressAndCompare
    >>> from skroute.datasets import make_routing_problem
    >>> problem = make_routing_problem(2000, regime="linear", random_state=0)
    >>> test = problem.draw(1000, random_state=1)
    >>> router = RegressAndCompare(cost_sensitivity=10.0).fit(problem.X, problem.y)
    >>> round(test.regret(router.predict(test.X), 10.0), 2)
    0.02
    """

    def __init__(self, cost_sensitivity: float = 0.0, *, regressor: Any = None) -> None:
        self.cost_sensitivity = cost_sensitivity
        self.regressor = regressor

    @atomic_fit
    def fit(
        self, X: ArrayLike, y: Any, sample_weight: ArrayLike | None = None
    ) -> RegressAndCompare:
        """Fit the regressions.

        Parameters
        ----------
        X, y, sample_weight
            As in `skroute.CausalRouter.fit`; the regressor has to take weights where there are any.

        Returns
        -------
        self : RegressAndCompare
        """
        X, feedback = read_fit_input(self, X, y, sample_weight)
        regressor = make_regressor(self.regressor, X, feedback.weight)
        self.outcome_model_ = PerModelOutcome(regressor).fit(X, feedback)
        return self

    def _predict_outcomes(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        return self.outcome_model_.predict(X)


def make_regressor(regressor: Any, X: np.ndarray, weight: np.ndarray) -> Any:
    """Return `regressor`, or a ridge regression with penalties on the scale of X for None."""
    if regressor is None:
        centre = np.average(X, axis=0, weights=weight)
        spread = np.average(((X - centre) ** 2).sum(axis=1), weights=weight)
        return GCVRidge(_PENALTIES * (spread or 1.0))
    if not (hasattr(regressor, "fit") and hasattr(regressor, "predict")):
        raise ValueError(f"regressor must have fit and predict, or be None; got {regressor!r}")
    return regressor
