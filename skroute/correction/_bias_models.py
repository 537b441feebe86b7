"""Final models of the bias: regressions of pseudo-outcomes on query and model."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state

from .._utils import Folds, out_of_fold
from ..feedback import Feedback
from ..nuisance import (
    Design,
    HierarchicalRidge,
    Moments,
    SpectralFeatures,
    fit_weighted,
    single_threaded,
    weighted_mean,
)
from ._pseudo_outcomes import PseudoOutcomes

_N_COMPONENTS, _N_RADIAL = 64, 32


class HierarchicalBias(BaseEstimator):
    """Bias model that starts at the difference of the outcome models and learns where it is off.

    The departure of the pseudo-outcomes from that difference is regressed on spectral features by a
    hierarchical ridge over models. Three are averaged by their marginal likelihoods: nothing is
    off, each model's intercept is, or functions of the query are too. So noise leaves the
    difference alone, and a clear departure overrules it.
    """

    def __init__(self, random_state: Any = None) -> None:
        self.random_state = random_state

    @single_threaded
    def cross_fit(
        self,
        X: np.ndarray,
        feedback: Feedback,
        pseudo: PseudoOutcomes,
        start: np.ndarray,
        folds: Folds,
        n_jobs: int | None = None,
    ) -> np.ndarray:
        """Fit on pseudo-outcomes; return the out-of-fold bias (n, K).

        `start` (n, K) is the difference of the outcome models.
        """
        self.features_ = SpectralFeatures(_N_COMPONENTS, n_radial=_N_RADIAL)
        self.features_.fit(X, feedback.weight, check_random_state(self.random_state))
        phi = self.features_.transform(X)
        departure = pseudo.value - feedback.own(start)
        # Weighted least squares is least squares on rows scaled by the root of their weight.
        root = np.sqrt(pseudo.weight)
        if root.ndim == 2:  # T - e does not depend on the model
            root = root.mean(axis=1)
        target = departure * (root if departure.ndim == 1 else root[:, None])
        scale = np.sqrt(weighted_mean(target**2, feedback.weight))
        predicted = np.zeros((len(phi), feedback.n_models))
        self.theta_ = np.zeros((feedback.n_models, phi.shape[1]))
        if scale == 0:
            return start
        scaled, constant = target / scale, np.zeros((1, 1))
        fits = [
            HierarchicalRidge(Design(root[:, None] * columns, feedback, folds), scaled, prior)
            for columns, prior in ((phi[:, -1:], constant), (phi, self.features_.prior))
        ]
        likelihoods = [_log_likelihood_of_noise(fits[0].moments[0])]
        likelihoods += [fit.log_likelihood for fit in fits]
        _, *shares = softmax(likelihoods)
        for fit, share in zip(fits, shares, strict=True):
            columns = phi[:, -fit.theta.shape[1] :]
            self.theta_[:, -columns.shape[1] :] += share * scale * fit.theta
            for (_, held), theta in zip(folds, fit.theta_without_fold, strict=True):
                predicted[held] += share * scale * (columns[held] @ theta.T)
        return start + predicted

    def predict(self, X: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Return the bias (n, K), `start` (n, K) being the difference of the outcome models."""
        return start + self.features_.transform(X) @ self.theta_.T


def _log_likelihood_of_noise(moments: Moments) -> float:
    """Return the log likelihood of a target without any signal, as `HierarchicalRidge` counts it.

    Each model has a noise of its own, the likeliest.
    """
    seen = moments.square > 0
    square, count = moments.square[seen], moments.count[seen]
    return -float(count @ (np.log(square / count) + 1)) / 2


class RegressorBias(BaseEstimator):
    """Bias model that is any regressor, on the query and an indicator for each model."""

    def __init__(self, regressor: Any) -> None:
        self.regressor = regressor

    def cross_fit(
        self,
        X: np.ndarray,
        feedback: Feedback,
        pseudo: PseudoOutcomes,
        start: np.ndarray,
        folds: Folds,
        n_jobs: int | None = None,
    ) -> np.ndarray:
        """Fit on pseudo-outcomes; return the out-of-fold bias (n, K). `start` is not used."""

        def held_out(train: np.ndarray, held: np.ndarray) -> np.ndarray:
            of_train = PseudoOutcomes(*(values[train] for values in pseudo))
            return clone(self)._fit(X[train], feedback.take(train), of_train).predict(X[held])

        bias = out_of_fold(held_out, folds, n_jobs=n_jobs)
        self._fit(X, feedback, pseudo)
        return bias

    def predict(self, X: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
        """Return the bias (n, K)."""
        columns = [
            np.ravel(self.regressor_.predict(self._with_model(X, np.full(len(X), k))))
            for k in range(self.n_models_)
        ]
        return np.column_stack(columns)

    def _fit(self, X: np.ndarray, feedback: Feedback, pseudo: PseudoOutcomes) -> RegressorBias:
        self.n_models_ = feedback.n_models
        model, row_weight = feedback.action, feedback.weight
        if model is None:
            model = np.tile(np.arange(self.n_models_), len(X))
            X, row_weight = (np.repeat(part, self.n_models_, axis=0) for part in (X, row_weight))
        weight = pseudo.weight.ravel() * row_weight
        used = weight > 0
        weight = weight[used]
        self.regressor_ = fit_weighted(
            self.regressor,
            self._with_model(X[used], model[used]),
            pseudo.value.ravel()[used],
            weight if np.ptp(weight) > 0 else np.ones_like(weight),
            parameter="bias_model",
        )
        return self

    def _with_model(self, X: np.ndarray, model: np.ndarray) -> np.ndarray:
        if self.n_models_ == 1:
            return X
        return np.hstack([X, np.eye(self.n_models_, dtype=X.dtype)[model]])


def make_bias_model(regressor: Any, random_state: Any) -> HierarchicalBias | RegressorBias:
    """Return an unfitted bias model; None is the hierarchical one."""
    return HierarchicalBias(random_state) if regressor is None else RegressorBias(regressor)
