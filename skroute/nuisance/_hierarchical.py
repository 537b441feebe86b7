"""Hierarchical ridge regression of all models at once, with penalties by marginal likelihood.

Model k has coefficients ``theta_k ~ N(theta, diag(deviation))`` around shared ones ``theta ~ N(0,
diag(shared))``, and outcomes ``phi' theta_k`` plus noise of variance ``noise_k``. What all models
have in common, above all how hard a query is, is so learned from all rows, and each model's
deviation is penalized alike: no model gets a lucky penalty of its own. Everything rests on the
Gram matrices of each fold and model, which are formed once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import blas, lapack
from scipy.optimize import minimize

from .._utils import Folds
from ..feedback import Feedback

# Prior variance of the shared constant; targets have mean 0 and variance 1.
_CONSTANT_VARIANCE = 4.0
# Logarithms of the models' noises have a normal prior of this precision around their mean.
_NOISE_STRENGTH = 2.0
# What the log-likelihood bends by in the logarithm of a scale is about the square of this.
_SCALE_CURVATURE = 3.0
# Logarithms of the scales are rounded to multiples of this.
_LOG_STEP = 0.05


class HierarchicalRidge:
    """A hierarchical ridge of one target on a design, with penalties learned from all rows.

    Parameters
    ----------
    design : Design
    target : ndarray of shape (n,) or (n, K)
        Shaped like the quality of the design's table, of mean near 0 and variance near 1.
    prior : ndarray of shape (J, M)
        As in `fit_variances`.

    Attributes
    ----------
    theta : ndarray of shape (K, M)
        Posterior means of the coefficients.
    theta_without_fold : list of ndarray of shape (K, M)
        The same without the rows that each fold leaves out.
    log_likelihood : float
        Log marginal likelihood of the target, up to a constant of the data.
    moments : list of Moments
        Of all rows, and of all rows but those each fold leaves out.
    variances : Variances
        What the penalties come from.
    own_error : ndarray of shape (K,)
        Root mean square, over the rows, of the posterior standard deviation of a prediction of each
        model if what all models share were known.
    """

    def __init__(self, design: Design, target: np.ndarray, prior: np.ndarray) -> None:
        self.moments = total, *without_fold = design.moments(target)
        self.variances = variances = fit_variances(total, prior)
        posterior = Posterior(total, variances)
        self.theta = posterior.theta
        self.log_likelihood = posterior.log_likelihood(total)
        self.theta_without_fold = [Posterior(part, variances).theta for part in without_fold]
        self.own_error = np.sqrt(_mean_variance(total, posterior.own_covariance))


class Design:
    """Features (n, M) of all rows, the folds, and the Gram matrices behind every fit on them."""

    def __init__(self, features: np.ndarray, feedback: Feedback, folds: Folds) -> None:
        self.features, self.feedback = features, feedback
        everything = np.arange(len(features))
        self.held = [held for _, held in folds]
        left_out = [np.setdiff1d(everything, train) for train, _ in folds]
        self._parts = [everything, *left_out]
        self._grams = [self._gram(rows) for rows in self._parts]

    def moments(self, target: np.ndarray) -> list[Moments]:
        """Return the moments of all rows, and of all rows but those each fold leaves out."""
        total, *left_out = [
            self._moments(rows, gram, target)
            for rows, gram in zip(self._parts, self._grams, strict=True)
        ]
        return [total, *(total - part for part in left_out)]

    def _by_model(self, rows: np.ndarray) -> list[np.ndarray]:
        action, n_models = self.feedback.action, self.feedback.n_models
        if action is None:
            return [rows] * n_models
        return [rows[action[rows] == k] for k in range(n_models)]

    def _gram(self, rows: np.ndarray) -> np.ndarray:
        n_models, n_features = self.feedback.n_models, self.features.shape[1]
        if self.feedback.logged:
            return np.stack([self._weighted_gram(mine) for mine in self._by_model(rows)])
        gram = self._weighted_gram(rows)
        return np.broadcast_to(gram, (n_models, n_features, n_features))

    def _weighted_gram(self, rows: np.ndarray) -> np.ndarray:
        scaled = self.features[rows] * np.sqrt(self.feedback.weight[rows])[:, None]
        return scaled.T @ scaled

    def _moments(self, rows: np.ndarray, gram: np.ndarray, target: np.ndarray) -> Moments:
        cross = np.empty(gram.shape[:2])
        square, count = np.empty(len(gram)), np.empty(len(gram))
        for k, mine in enumerate(self._by_model(rows)):
            z = target[mine] if target.ndim == 1 else target[mine, k]
            weight = self.feedback.weight[mine]
            cross[k] = (weight * z) @ self.features[mine]
            square[k], count[k] = weight @ z**2, weight.sum()
        return Moments(gram, cross, square, count)


@dataclass(frozen=True)
class Moments:
    """Weighted sums over the rows of each model."""

    gram: np.ndarray  # sum w phi phi', (K, M, M)
    cross: np.ndarray  # sum w phi z, (K, M)
    square: np.ndarray  # sum w z**2, (K,)
    count: np.ndarray  # sum w, (K,)

    def __sub__(self, other: Moments) -> Moments:
        return Moments(
            self.gram - other.gram,
            self.cross - other.cross,
            self.square - other.square,
            self.count - other.count,
        )


@dataclass(frozen=True)
class Variances:
    """Prior variances (M,) of shared coefficients and of deviations, and noise (K,)."""

    shared: np.ndarray
    deviation: np.ndarray
    noise: np.ndarray


class Posterior:
    """Posterior of the coefficients, given moments and variances.

    Attributes
    ----------
    theta : ndarray of shape (K, M)
        Means of each model's coefficients.
    shared, shared_covariance : ndarray of shape (M,) and (M, M)
        Mean and covariance of the shared coefficients.
    own_covariance : ndarray of shape (K, M, M)
        Covariance of each model's coefficients if the shared ones were known.
    """

    def __init__(self, moments: Moments, variances: Variances) -> None:
        n_models, n_features = moments.cross.shape
        diagonal = np.diag_indices(n_features)
        self.variances = variances
        self.precision = precision = 1 / variances.deviation
        shared_precision = np.diag(1 / variances.shared)
        self._weighted_mean = np.zeros(n_features)  # of the shared ones, times their precision
        self._log_determinant = 0.0
        self.own_covariance = np.empty((n_models, n_features, n_features))
        self._cross = moments.cross / variances.noise[:, None]
        for k in range(n_models):
            system = moments.gram[k] / variances.noise[k]
            system[diagonal] += precision
            self.own_covariance[k], log_determinant = _invert(system)
            self._log_determinant += log_determinant
            shared_precision -= precision[:, None] * self.own_covariance[k] * precision
            shared_precision[diagonal] += precision
            self._weighted_mean += precision * (self.own_covariance[k] @ self._cross[k])
        self.shared_covariance, log_determinant = _invert(shared_precision)
        self._log_determinant += log_determinant
        self.shared = self.shared_covariance @ self._weighted_mean
        self.theta = np.einsum(
            "kij,kj->ki", self.own_covariance, self._cross + precision * self.shared
        )

    def log_likelihood(self, moments: Moments) -> float:
        """Return the log marginal likelihood of the moments up to a constant of the data."""
        variances = self.variances
        explained = self._weighted_mean @ self.shared + np.einsum(
            "ki,kij,kj->", self._cross, self.own_covariance, self._cross, optimize=True
        )
        minus_twice = (
            moments.count @ np.log(variances.noise)
            + len(moments.count) * np.log(variances.deviation).sum()
            + np.log(variances.shared).sum()
            + self._log_determinant
            + (moments.square / variances.noise).sum()
            - explained
        )
        return -float(minus_twice) / 2


def _mean_variance(moments: Moments, covariance: np.ndarray) -> np.ndarray:
    """Return the mean variance (K,) of predictions by coefficients of covariances (K, M, M)."""
    gram = moments.gram.sum(axis=0) / moments.count.sum()
    return np.einsum("kij,ij->k", covariance, gram)


def fit_variances(moments: Moments, prior: np.ndarray, max_iter: int = 8) -> Variances:
    """Maximize the marginal likelihood over the scales of the prior and the noises.

    `prior` (J, M) is the prior variance of every coefficient per unit of J scales; the last column,
    the constant's, is zero. L-BFGS runs on 2 J + 1 + K logarithms, and an iteration inverts K + 1
    matrices of (M, M).
    """
    objective = _Objective(moments, prior)
    n_scales, n_models = len(prior), len(moments.count)
    start = np.r_[np.full(n_scales, 0.05), np.full(n_scales, 0.02), 0.1, np.full(n_models, 0.6)]
    low = np.r_[np.full(2 * n_scales, 1e-4), 1e-2, np.full(n_models, 1e-4)]
    high = np.r_[np.full(2 * n_scales + 1, 10.0), np.full(n_models, 20.0)]
    # In these units the curvatures are alike: a noise is known from all rows of its model.
    of_noise = np.sqrt(moments.count / 2 + _NOISE_STRENGTH)
    unit = np.r_[np.full(2 * n_scales, _SCALE_CURVATURE), 1.0, of_noise]

    def scaled(logs: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = objective(logs / unit)
        return value, gradient / unit

    result = minimize(
        scaled,
        np.log(start) * unit,
        jac=True,
        method="L-BFGS-B",
        bounds=np.log(np.column_stack([low, high])) * unit[:, None],
        # A thousandth of a unit of log-likelihood per thousand rows decides nothing.
        options={"maxiter": max_iter, "ftol": 1e-6},
    )
    # The maximum is flat: its last digits are those of the machine, and decide nothing.
    return objective.variances(_LOG_STEP * np.round(result.x / unit / _LOG_STEP))


class _Objective:
    """Minus the log of marginal likelihood times prior of the noises, and its gradient.

    It is a function of logarithms (2 J + 1 + K,): of the J scales of the shared coefficients, of
    the J scales of the deviations, of the variance of the deviations' constant, and of each model's
    noise.
    """

    def __init__(self, moments: Moments, prior: np.ndarray) -> None:
        self.moments, self.prior = moments, prior

    def variances(self, logs: np.ndarray) -> Variances:
        n_scales = len(self.prior)
        scale = np.exp(logs)
        shared = scale[:n_scales] @ self.prior
        deviation = scale[n_scales : 2 * n_scales] @ self.prior
        shared[-1], deviation[-1] = _CONSTANT_VARIANCE, scale[2 * n_scales]
        return Variances(shared, deviation, scale[2 * n_scales + 1 :])

    def __call__(self, logs: np.ndarray) -> tuple[float, np.ndarray]:
        moments, n_scales, scale = self.moments, len(self.prior), np.exp(logs)
        variances = self.variances(logs)
        posterior = Posterior(moments, variances)
        noise = logs[2 * n_scales + 1 :]
        ratio = noise - noise.mean()
        value = _NOISE_STRENGTH * (ratio @ ratio) / 2 - posterior.log_likelihood(moments)
        # By Fisher's identity the gradient is that of the expected complete-data likelihood.
        deviation_square, misfit = _expected_squares(moments, posterior)
        shared_square = posterior.shared**2 + np.diag(posterior.shared_covariance)
        to_shared = 1 - shared_square / variances.shared
        to_deviation = len(moments.count) - deviation_square / variances.deviation
        to_noise = moments.count - misfit
        gradient = np.concatenate(
            [
                scale[:n_scales] * (self.prior @ (to_shared / variances.shared)),
                scale[n_scales : 2 * n_scales]
                * (self.prior @ (to_deviation / variances.deviation)),
                [to_deviation[-1]],
                to_noise + 2 * _NOISE_STRENGTH * ratio,
            ]
        )
        return value, gradient / 2


def _expected_squares(moments: Moments, posterior: Posterior) -> tuple[np.ndarray, np.ndarray]:
    """Return posterior means of ``sum_k (theta_k - theta)**2`` and of each model's misfit.

    The misfit (K,) is ``sum w (z - phi' theta_k)**2 / noise_k``.
    """
    n_models, n_features = moments.cross.shape
    precision, shared_variance = posterior.precision, np.diag(posterior.shared_covariance)
    shared_root = np.linalg.cholesky(posterior.shared_covariance)
    deviation_square = np.zeros(n_features)
    misfit = np.empty(n_models)
    for k in range(n_models):
        covariance, theta = posterior.own_covariance[k], posterior.theta[k]
        weighted = covariance * precision
        root = blas.dtrmm(1.0, shared_root, weighted, side=1, lower=1)
        spread = np.einsum("ij,ij->i", root, root)
        own = np.diag(covariance)
        between = np.einsum("ij,ij->i", weighted, posterior.shared_covariance)
        deviation_square += (
            (theta - posterior.shared) ** 2 + own + spread - 2 * between + shared_variance
        )
        at_mean = moments.square[k] - 2 * theta @ moments.cross[k] + theta @ moments.gram[k] @ theta
        unsure = n_features - precision @ (own - between + spread)
        misfit[k] = at_mean / posterior.variances.noise[k] + unsure
    return deviation_square, misfit


def _invert(matrix: np.ndarray) -> tuple[np.ndarray, float]:
    """Return inverse and log determinant of a positive definite matrix, which is overwritten."""
    lower, info = lapack.dpotrf(matrix, lower=1, overwrite_a=1)
    if info:
        raise np.linalg.LinAlgError("a system of the outcome model is not positive definite")
    log_determinant = 2 * float(np.log(np.diag(lower)).sum())
    half, _ = lapack.dpotri(lower, lower=1, overwrite_c=1)  # above its diagonal are zeros
    inverse = half + half.T
    inverse[np.diag_indices_from(inverse)] /= 2
    return inverse, log_determinant
