"""Outcome models of both label sources: expected gold and preference quality of every model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state

from .._utils import Folds, out_of_fold
from ..feedback import Feedback
from ..nuisance import (
    Design,
    Moments,
    SpectralFeatures,
    Variances,
    fit_variances,
    make_outcome_model,
    single_threaded,
    weighted_mean,
)
from ._transfer import AveragedTransfer

_N_COMPONENTS, _N_RADIAL = 128, 64
# Columns, over all models, in which a model may differ from the others in more than its intercept.
_MODEL_COLUMNS = 128


class JointSources(BaseEstimator):
    """Outcome models of gold and preference, learned together: a hierarchical ridge.

    The coefficients of model k and source t are ``shared + model_k + source_t + (model_k,
    source_t)``, on spectral features; models differ in their intercept and along the leading
    components. So the many preference labels teach what the sources have in common, and a few gold
    labels of any model teach how they differ. Penalties and the noise of each source maximize the
    marginal likelihood where either source departs from what both share. The coefficients are then
    those of preference as gold plus a bias, averaged over its size (`AveragedTransfer`).

    Notes
    -----
    With M <= 321 + K columns and F folds, time is O(n M**2 + F M**3), memory O(n M + M**2).
    """

    def __init__(self, random_state: Any = None) -> None:
        self.random_state = random_state

    @single_threaded
    def cross_fit(
        self, X: np.ndarray, feedback: Feedback, folds: Folds, n_jobs: int | None = None
    ) -> np.ndarray:
        """Fit on a table; return out-of-fold expected quality (n, K, 2): preference, gold.

        `n_jobs` is not used: the work of all folds together is that of one pass over the rows.
        """
        phi, target, total, variances = self._learn_variances(X, feedback)
        transfer = AveragedTransfer(total, variances)
        self.theta_ = transfer.theta
        predicted = np.empty((len(phi), feedback.n_models, 2))
        for train, held in folds:
            left_out = np.setdiff1d(np.arange(len(phi)), train)
            rest = total - self._moments(phi, target, feedback, left_out)
            predicted[held] = self._both(phi[held], transfer.theta_of(rest))
        return predicted

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return expected quality (n, K, 2): preference, gold."""
        return self._both(self.features_.transform(X), self.theta_)

    @single_threaded
    def compare(self, X: np.ndarray, feedback: Feedback) -> tuple[float, float]:
        """Return the noise variance of gold by that of preference, and what preference tells.

        The second is the information about gold quality as `AveragedTransfer` gives it.
        """
        _, _, total, variances = self._learn_variances(X, feedback)
        noise = variances.noise
        return float(noise[1] / noise[0]), AveragedTransfer(total, variances).information

    def _learn_variances(
        self, X: np.ndarray, feedback: Feedback
    ) -> tuple[np.ndarray, np.ndarray, Moments, Variances]:
        """Return features (n, M), scaled quality, moments of all rows, and variances."""
        self.features_ = SpectralFeatures(_N_COMPONENTS, n_radial=_N_RADIAL)
        self.features_.fit(X, feedback.weight, check_random_state(self.random_state))
        self._lay_out_columns(feedback.n_models)
        quality = np.asarray(feedback.quality, dtype=np.float64)
        self.mean_ = weighted_mean(quality, feedback.weight)
        self.scale_ = np.sqrt(weighted_mean((quality - self.mean_) ** 2, feedback.weight)) or 1.0
        phi, target = self.features_.transform(X), (quality - self.mean_) / self.scale_
        total = self._moments(phi, target, feedback, np.arange(len(phi)))
        return phi, target, total, fit_variances(total, self._prior())

    def _lay_out_columns(self, n_models: int) -> None:
        """Set, for each model, the column of its own and the shared part of each coefficient."""
        n_shared = self.features_.n_features
        leading = np.arange(min(self.features_.components_.shape[1], _MODEL_COLUMNS // n_models))
        # Of a single model, what is its own and what is shared is the same.
        own = np.append(leading, n_shared - 1) if n_models > 1 else leading[:0]
        shift = n_models * len(own)
        self.own_ = own
        self.columns_ = [
            np.r_[k * len(own) + np.arange(len(own)), shift + np.arange(n_shared)]
            for k in range(n_models)
        ]

    def _prior(self) -> np.ndarray:
        """Return the prior variance of every column per unit of each scale."""
        prior, own = self.features_.prior, self.own_
        n_scales, n_models = len(prior), len(self.columns_)
        if not len(own):
            return prior
        intercept = np.append(np.zeros(len(own) - 1), 1.0)
        rows = [prior[0, own], prior[1, own], intercept]
        by_model = np.tile(np.vstack(rows), n_models)
        return np.block(
            [
                [np.zeros((n_scales, by_model.shape[1])), prior],
                [by_model, np.zeros((len(rows), prior.shape[1]))],
            ]
        )

    def _moments(
        self, phi: np.ndarray, target: np.ndarray, feedback: Feedback, rows: np.ndarray
    ) -> Moments:
        """Return the moments of both sources over some rows."""
        n_columns = self.columns_[-1][-1] + 1
        gram, cross = np.zeros((2, n_columns, n_columns)), np.zeros((2, n_columns))
        square, count = np.zeros(2), np.zeros(2)
        feature = np.r_[self.own_, np.arange(phi.shape[1])]  # of each of a model's columns
        for source in (0, 1):
            mine = rows[feedback.gold[rows] == source]
            (by_model,) = Design(phi[mine], feedback.take(mine), []).moments(target[mine])
            for k, columns in enumerate(self.columns_):
                gram[source][np.ix_(columns, columns)] += by_model.gram[k][np.ix_(feature, feature)]
                cross[source][columns] += by_model.cross[k][feature]
            square[source], count[source] = sum(by_model.square), sum(by_model.count)
        return Moments(gram, cross, square, count)

    def _both(self, phi: np.ndarray, theta: np.ndarray) -> np.ndarray:
        values = np.empty((len(phi), len(self.columns_), 2))
        for k, columns in enumerate(self.columns_):
            coefficients = theta[:, columns[len(self.own_) :]].copy()
            coefficients[:, self.own_] += theta[:, columns[: len(self.own_)]]
            values[:, k] = phi @ coefficients.T
        return self.mean_ + self.scale_ * values


class SeparateSources(BaseEstimator):
    """Outcome models that fit clones of one regressor for each source and model.

    A source without a row is predicted as the other one.
    """

    def __init__(self, regressor: Any) -> None:
        self.regressor = regressor

    def fit(self, X: np.ndarray, feedback: Feedback) -> SeparateSources:
        """Fit on a table."""
        # Models of cost are not needed; of a constant none is fitted.
        free = replace(feedback, cost=np.broadcast_to(np.float64(0), feedback.quality.shape))
        self.models_ = []
        for rows in (~free.gold, free.gold):
            taught = rows & (free.weight > 0)
            model = make_outcome_model(self.regressor)
            self.models_.append(model.fit(X[taught], free.take(taught)) if taught.any() else None)
        return self

    def cross_fit(
        self, X: np.ndarray, feedback: Feedback, folds: Folds, n_jobs: int | None = None
    ) -> np.ndarray:
        """Fit on a table; return out-of-fold expected quality (n, K, 2): preference, gold."""

        def held_out(train: np.ndarray, held: np.ndarray) -> np.ndarray:
            return clone(self).fit(X[train], feedback.take(train)).predict(X[held])

        predicted = out_of_fold(held_out, folds, n_jobs=n_jobs)
        self.fit(X, feedback)
        return predicted

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return expected quality (n, K, 2): preference, gold."""
        known = [None if m is None else m.predict(X)[0] for m in self.models_]
        fallback = next(values for values in known if values is not None)
        return np.stack([fallback if values is None else values for values in known], axis=2)


def make_source_outcomes(regressor: Any, random_state: Any) -> JointSources | SeparateSources:
    """Return unfitted outcome models of both sources; None is the joint one."""
    return JointSources(random_state) if regressor is None else SeparateSources(regressor)
