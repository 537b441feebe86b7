"""The best fixed model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._utils import atomic_fit
from ..feedback import Feedback
from ..routers import OutcomeRouter, read_fit_input


class BestFixedModel(OutcomeRouter):
    """One model for every query: the one of the highest mean utility.

    Parameters
    ----------
    cost_sensitivity : float, default=0.0
        Quality given up per dollar saved.

    Attributes
    ----------
    mean_quality_, mean_cost_ : ndarray of shape (K,)
        Estimated means over all queries; NaN for a model whose rows all weigh 0, and the quality
        of one that was never judged.
    classes_, gone_, moves_, left_out_, training_queries_, n_features_in_, feature_names_in_
        As of every router, see `skroute.routers.BaseRouter`.

    Notes
    -----
    From logged feedback the means are self-normalized inverse propensity estimates. Rows without a
    recorded propensity are taken to be logged independently of the query, which leaves plain means
    where no row has one; these are biased if the strong models got the hard queries, and means of
    quality if hard queries were judged more often than others. Linear in rows. `predict_proba` is 1
    for the model that is chosen.

    Examples
    --------
    >>> from skroute import logged_feedback
    >>> from skroute.baselines import BestFixedModel
    >>> y = logged_feedback(["a", "b", "a", "b"], [0.5, 0.7, 0.5, 0.9], cost=[0, 0.1, 0, 0.1])
    >>> fixed = BestFixedModel(cost_sensitivity=2.0).fit([[0], [1], [2], [3]], y)
    >>> fixed.predict([[4]]), fixed.predict([[4]], cost_sensitivity=10.0)
    (array(['b'], dtype='<U1'), array(['a'], dtype='<U1'))
    """

    def __init__(self, cost_sensitivity: float = 0.0) -> None:
        self.cost_sensitivity = cost_sensitivity

    @atomic_fit
    def fit(self, X: ArrayLike, y: Any, sample_weight: ArrayLike | None = None) -> BestFixedModel:
        """Estimate every model's mean quality and cost.

        Parameters
        ----------
        X, y, sample_weight
            As in `skroute.CausalRouter.fit`; of X only the number of rows counts.

        Returns
        -------
        self : BestFixedModel
        """
        _, feedback = read_fit_input(self, X, y, sample_weight)
        self.mean_quality_, self.mean_cost_ = mean_outcomes(feedback)
        return self

    def _predict_outcomes(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        return np.tile(self.mean_quality_, (len(X), 1)), np.tile(self.mean_cost_, (len(X), 1))


def mean_outcomes(feedback: Feedback) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean quality and cost of every model (K,) each, NaN where no row weighs."""
    if feedback.action is None:
        quality, cost = feedback.quality.astype(np.float64), feedback.cost.astype(np.float64)
        weight = feedback.weight
        return np.average(quality, axis=0, weights=weight), np.average(cost, axis=0, weights=weight)
    action, n_models = feedback.action, feedback.n_models
    propensity, judged = _marginal_propensity(feedback), feedback.judged_only()

    def means(outcome: np.ndarray, weight: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            total = np.bincount(action, weight * outcome, n_models)
            return total / np.bincount(action, weight, n_models)

    return (
        means(judged.quality, judged.weight / propensity),
        means(feedback.cost, feedback.weight / propensity),
    )


def _marginal_propensity(feedback: Feedback) -> np.ndarray:
    """Recorded propensities; for other rows how often their model is among those other rows."""
    unknown = np.isnan(feedback.propensity)
    count = np.bincount(
        feedback.action[unknown], weights=feedback.weight[unknown], minlength=feedback.n_models
    )
    share = count / (count.sum() or 1.0)
    propensity = np.where(unknown, share[feedback.action], feedback.propensity)
    return np.where(feedback.weight > 0, propensity, 1.0)
