"""Ridge regression that chooses its penalty and treats integer weights as repetition."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import eigh
from sklearn.base import BaseEstimator, RegressorMixin


class GCVRidge(RegressorMixin, BaseEstimator):
    """Ridge regression whose penalty minimizes the generalized cross-validation criterion.

    `sklearn.linear_model.RidgeCV` leaves out a weighted row with its whole weight, so that a row of
    weight 2 is not two rows. The criterion here counts the weights.

    Parameters
    ----------
    penalties : ndarray of shape (p,)

    Notes
    -----
    ``n RSS / (n - df)**2`` with n the sum of weights (Golub, Heath, Wahba, *Generalized
    cross-validation as a method for choosing a good ridge parameter*, Technometrics 21(2), 1979,
    equation 1.4), from one eigendecomposition of the smaller of the two Gram matrices.
    """

    def __init__(self, penalties: Any) -> None:
        self.penalties = penalties

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: Any = None) -> GCVRidge:
        """Fit on X (n, d) and targets (n,)."""
        weight = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, float)
        root = np.sqrt(weight)[:, None]
        self.center_ = np.average(X, axis=0, weights=weight)
        self.intercept_ = np.average(y, weights=weight)
        Z, target = root * (X - self.center_), root[:, 0] * (y - self.intercept_)
        wide = Z.shape[0] <= Z.shape[1]
        value, vector = eigh(Z @ Z.T if wide else Z.T @ Z)
        value = np.maximum(value, 0.0)
        # Coordinates of the fitted target along the left singular vectors, squared.
        along = vector.T @ (target if wide else Z.T @ target)
        power = along**2 if wide else along**2 / np.where(value > 0, value, np.inf)
        shrink = value / (value + np.asarray(self.penalties)[:, None])
        residual = target @ target - (shrink * (2.0 - shrink)) @ power
        freedom = np.maximum(weight.sum() - 1.0 - shrink.sum(axis=1), 1e-3)
        self.penalty_ = self.penalties[int(np.argmin(residual / freedom**2))]
        coordinates = vector @ (along / (value + self.penalty_))
        self.coef_ = Z.T @ coordinates if wide else coordinates
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        return (X - self.center_) @ self.coef_ + self.intercept_
