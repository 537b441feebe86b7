"""One regression a model and outcome, of any scikit-learn kind."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from .._utils import DocumentedMixin, Folds, VersionedMixin, out_of_fold
from ..feedback import Feedback
from ._fitting import fit_weighted
from ._joint import weighted_mean

# A model with fewer rows gets a mean instead of a regression of its own.
_FEWEST_ROWS = 10
# That mean counts this many rows of the mean over all models, so that one lucky row is no winner.
_PRIOR_ROWS = 5.0


class PerModelOutcome(VersionedMixin, DocumentedMixin, BaseEstimator):
    """Outcome model that fits a clone of one regressor for every model's quality and cost.

    A model with fewer than 10 rows is predicted by its mean, shrunk towards that of all rows.
    Targets are standardized, so that regressors with absolute tolerances see dollars and quality
    on one scale.

    Parameters
    ----------
    regressor : regressor
        Any scikit-learn regressor.

    Notes
    -----
    Costs 2 K fits of the regressor on the rows of one model each.
    """

    # A regressor does not say how well it knows differences between models.
    quality_error_ = 0.0

    def __init__(self, regressor: Any) -> None:
        self.regressor = regressor

    def fit(self, X: Any, feedback: Feedback) -> PerModelOutcome:
        """Fit on a table; rows without quality teach costs alone."""
        models, judged = range(feedback.n_models), feedback.judged_only()
        self.quality_ = [self._fit_one(X, judged, judged.quality, k) for k in models]
        self.cost_ = [self._fit_one(X, feedback, feedback.cost, k) for k in models]
        return self

    def cross_fit(
        self, X: Any, feedback: Feedback, folds: Folds, n_jobs: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Fit on a table; return out-of-fold predictions of quality and cost, (n, K) each."""

        def held_out(train: np.ndarray, held: np.ndarray) -> np.ndarray:
            model = clone(self).fit(X[train], feedback.take(train))
            return np.stack(model.predict(X[held]), axis=-1)

        both = out_of_fold(held_out, folds, n_jobs=n_jobs)
        self.fit(X, feedback)
        return both[..., 0], both[..., 1]

    def predict(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return predicted quality and cost, (n, K) each."""
        return self._predict(X, self.quality_), self._predict(X, self.cost_)

    def _fit_one(
        self, X: Any, feedback: Feedback, outcome: np.ndarray, k: int
    ) -> tuple[Any, float, float]:
        """Return (regressor or None, mean, scale) of one model's outcome."""
        action, weight = feedback.action, feedback.weight
        # Of the training rows of a fold none may be judged.
        pooled = weighted_mean(outcome, weight) if weight.any() else 0.0
        if action is None:
            rows, target = weight > 0, outcome[:, k]
        else:
            rows, target = (action == k) & (weight > 0), outcome
        target, mine = np.asarray(target[rows], dtype=np.float64), weight[rows]
        if mine.sum() < _FEWEST_ROWS:
            mean = (mine @ target + _PRIOR_ROWS * pooled) / (mine.sum() + _PRIOR_ROWS)
            return None, float(mean), 0.0
        mean = np.average(target, weights=mine)
        scale = np.sqrt(np.average((target - mean) ** 2, weights=mine))
        if scale <= 1e-12 * abs(mean):
            return None, float(mean), 0.0
        standardized = (target - mean) / scale
        regressor = fit_weighted(self.regressor, X[rows], standardized, mine, parameter="regressor")
        return regressor, float(mean), float(scale)

    @staticmethod
    def _predict(X: Any, fitted: list[tuple[Any, float, float]]) -> np.ndarray:
        columns = np.empty((len(X), len(fitted)))
        for k, (regressor, mean, scale) in enumerate(fitted):
            columns[:, k] = mean
            if regressor is not None:
                columns[:, k] += scale * np.ravel(regressor.predict(X))
        return columns
