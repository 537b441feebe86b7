"""Final models of the bias: regressions of pseudo-outcomes on query and model."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import has_fit_parameter
from threadpoolctl import threadpool_limits

from .._utils import Folds, run_folds
from ..feedback import Feedback
from ..nuisance import Design, Moments, Posterior, SpectralFeatures, Variances, fit_variances
from ._sources import seen, weighted_mean

_N_COMPONENTS, _N_RADIAL = 64, 32


class HierarchicalBias(BaseEstimator):
    """Bias model that starts at the difference of the outcome models and learns where it is off.

    The departure of the pseudo-outcomes from that difference is regressed on spectral features by a
    hierarchical ridge over models. Two of them are averaged by their marginal likelihoods: one in
    which each model's level is off, and one in which functions of the query are as well. So noise
    leaves the difference alone, and evidence overrules it.
    """

    def __init__(self, random_state: Any = None) -> None:
        self.random_state = random_state

    def cross_fit(
        self,
        X: np.ndarray,
        feedback: Feedback,
        pseudo: np.ndarray,
        weight: np.ndarray,
        start: np.ndarray,
        folds: Folds,
        n_jobs: int | None = None,
    ) -> np.ndarray:
        """Fit on pseudo-outcomes; return the out-of-fold bias (n, K).

        `weight` is shaped like `pseudo`; `start` (n, K) is the difference of the outcome models.
        """
        with threadpool_limits(1, user_api="blas"):
            self.features_ = SpectralFeatures(_N_COMPONENTS, n_radial=_N_RADIAL)
            self.features_.fit(X, feedback.weight, check_random_state(self.random_state))
            departure = pseudo - seen(start, feedback)
            return start + self._cross_fit(X, feedback, departure, weight, folds)

    def predict(self, X: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Return the bias (n, K), `start` (n, K) being the difference of the outcome models."""
        return start + self.features_.transform(X) @ self.theta_.T

    def _cross_fit(
        self,
        X: np.ndarray,
        feedback: Feedback,
        departure: np.ndarray,
        weight: np.ndarray,
        folds: Folds,
    ) -> np.ndarray:
        phi = self.features_.transform(X)
        # Weighted least squares is least squares on rows scaled by the root of their weight.
        root = np.sqrt(weight)
        if root.ndim == 2:  # T - e does not depend on the model
            root = root.mean(axis=1)
        target = departure * (root if departure.ndim == 1 else root[:, None])
        scale = np.sqrt(weighted_mean(target**2, feedback.weight))
        predicted = np.zeros((len(phi), feedback.n_models))
        self.theta_ = np.zeros((feedback.n_models, phi.shape[1]))
        self.varies_ = 0.0
        if scale == 0:
            return predicted
        constant = np.zeros((1, 1))
        fits = [
            _Fit(columns * root[:, None], feedback, target / scale, prior, folds)
            for columns, prior in ((phi[:, -1:], constant), (phi, self.features_.prior))
        ]
        gain = np.clip(fits[1].log_evidence - fits[0].log_evidence, -50, 50)
        self.varies_ = float(1 / (1 + np.exp(-gain)))
        for fit, share in zip(fits, (1 - self.varies_, self.varies_), strict=True):
            columns = phi[:, -fit.theta.shape[1] :]
            self.theta_[:, -columns.shape[1] :] += share * scale * fit.theta
            for held, theta in zip(fit.held, fit.theta_without_fold, strict=True):
                predicted[held] += share * scale * (columns[held] @ theta.T)
        return predicted


class RegressorBias(BaseEstimator):
    """Bias model that is any regressor, on the query and an indicator for each model."""

    def __init__(self, regressor: Any) -> None:
        self.regressor = regressor

    def cross_fit(
        self,
        X: np.ndarray,
        feedback: Feedback,
        pseudo: np.ndarray,
        weight: np.ndarray,
        start: np.ndarray,
        folds: Folds,
        n_jobs: int | None = None,
    ) -> np.ndarray:
        """Fit on pseudo-outcomes; return the out-of-fold bias (n, K). `start` is not used."""

        def held_out(train: np.ndarray, held: np.ndarray) -> np.ndarray:
            part = clone(self)._fit(X[train], feedback.take(train), pseudo[train], weight[train])
            return part.predict(X[held])

        bias = np.empty((len(X), feedback.n_models))
        for (_, held), part in zip(folds, run_folds(held_out, folds, n_jobs=n_jobs), strict=True):
            bias[held] = part
        self._fit(X, feedback, pseudo, weight)
        return bias

    def predict(self, X: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
        """Return the bias (n, K)."""
        columns = [
            np.ravel(self.regressor_.predict(self._with_model(X, np.full(len(X), k))))
            for k in range(self.n_models_)
        ]
        return np.column_stack(columns)

    def _fit(
        self, X: np.ndarray, feedback: Feedback, pseudo: np.ndarray, weight: np.ndarray
    ) -> RegressorBias:
        self.n_models_ = feedback.n_models
        model = feedback.action
        row_weight = feedback.weight
        if model is None:
            model = np.tile(np.arange(self.n_models_), len(X))
            X, row_weight = (np.repeat(part, self.n_models_, axis=0) for part in (X, row_weight))
        weight = weight.ravel() * row_weight
        used = weight > 0
        self.regressor_, arguments = clone(self.regressor), {}
        if (weight[used] != weight[used][0]).any():
            if not has_fit_parameter(self.regressor_, "sample_weight"):
                raise ValueError(
                    f"bias_model {type(self.regressor_).__name__} takes no sample_weight, but "
                    "learner='r' or the rows have weights. Use a regressor that takes it."
                )
            arguments["sample_weight"] = weight[used]
        Z = self._with_model(X[used], model[used])
        self.regressor_.fit(Z, pseudo.ravel()[used], **arguments)
        return self

    def _with_model(self, X: np.ndarray, model: np.ndarray) -> np.ndarray:
        if self.n_models_ == 1:
            return X
        return np.hstack([X, np.eye(self.n_models_, dtype=X.dtype)[model]])


class _Fit:
    """A hierarchical ridge of one target, its evidence and its coefficients without each fold."""

    def __init__(
        self,
        columns: np.ndarray,
        feedback: Feedback,
        target: np.ndarray,
        prior: np.ndarray,
        folds: Folds,
    ) -> None:
        design = Design(columns, feedback, folds)
        total, *without_fold = design.moments(target)
        variances = fit_variances(total, prior)
        self.held = design.held
        self.log_evidence = _log_evidence(total, variances)
        self.theta = Posterior(total, variances).theta
        self.theta_without_fold = [Posterior(part, variances).theta for part in without_fold]


def _log_evidence(moments: Moments, variances: Variances) -> float:
    """Return the log marginal likelihood up to a constant of the data."""
    posterior = Posterior(moments, variances)
    explained = posterior.pull @ posterior.shared + np.einsum(
        "ki,kij,kj->", posterior.cross, posterior.inner, posterior.cross, optimize=True
    )
    misfit = (moments.square / variances.noise).sum() - explained
    complexity = (
        moments.count @ np.log(variances.noise)
        + len(moments.count) * np.log(variances.deviation).sum()
        + np.log(variances.shared).sum()
        + posterior.log_determinant
    )
    return float(-(misfit + complexity) / 2)


def make_bias_model(regressor: Any, random_state: Any) -> HierarchicalBias | RegressorBias:
    """Return an unfitted bias model; None is the hierarchical one."""
    return HierarchicalBias(random_state) if regressor is None else RegressorBias(regressor)
