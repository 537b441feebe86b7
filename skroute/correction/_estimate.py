"""The bias of every query and model, estimated from a table."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..feedback import Feedback
from ..nuisance import Overlap
from ._bias_models import make_bias_model
from ._labels import preference_weight
from ._nuisances import cross_fit_nuisances
from ._sources import models_that_vary, only_models


@dataclass(frozen=True)
class BiasEstimate:
    """A fitted bias.

    Attributes
    ----------
    cross_fitted : ndarray of shape (n, K)
        Bias on the rows it was learned from, each by models that were not fitted on its fold.
    varies : ndarray of bool of shape (K,)
        Models whose quality varies; the bias of the others is 0.
    preference_weight : float
        What a corrected preference row is worth beside a gold one.
    gold_propensity : ndarray of shape (n,) or None
    overlap : Overlap or None
    outcome_model, bias_model : object or None
        Fitted on all rows.
    """

    cross_fitted: np.ndarray
    varies: np.ndarray
    preference_weight: float = 1.0
    gold_propensity: np.ndarray | None = None
    overlap: Overlap | None = None
    outcome_model: Any = None
    bias_model: Any = None

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return the bias (n, K) by the models fitted on all rows."""
        bias = np.zeros((len(X), len(self.varies)))
        if self.varies.any():
            expected = self.outcome_model.predict(X)
            start = expected[:, :, 1] - expected[:, :, 0]
            bias[:, self.varies] = self.bias_model.predict(X, start)
        return bias


def estimate_bias(corrector: BaseEstimator, X: np.ndarray, feedback: Feedback) -> BiasEstimate:
    """Learn the bias by the parameters of a corrector.

    It is 0 where there is nothing to learn: with gold rows only, and, with a warning, without any.
    """
    counted = feedback.gold[feedback.weight > 0]
    bias = np.zeros((len(X), feedback.n_models))
    nothing = BiasEstimate(bias, np.zeros(feedback.n_models, dtype=bool))
    if not counted.any():
        warnings.warn(
            "y has no gold rows, so that the bias of its preference-based labels cannot be "
            "known and is taken as 0. Add some gold rows.",
            UserWarning,
            stacklevel=5,
        )
    varies = models_that_vary(feedback)
    if counted.all() or not counted.any() or not varies.any():
        return nothing
    feedback = only_models(feedback, varies)
    nuisances = cross_fit_nuisances(corrector, X, feedback)
    pseudo, weight = nuisances.pseudo_outcomes(corrector.learner, feedback)
    bias_model = make_bias_model(corrector.bias_model, nuisances.seed)
    bias[:, varies] = bias_model.cross_fit(
        X, feedback, pseudo, weight, nuisances.difference, nuisances.folds, corrector.n_jobs
    )
    return BiasEstimate(
        bias,
        varies,
        preference_weight(X, feedback),
        nuisances.gold_propensity,
        nuisances.overlap,
        nuisances.outcome_model,
        bias_model,
    )
