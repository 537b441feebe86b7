"""Hierarchical ridge regression of all models at once, with penalties by marginal likelihood.

Model k has coefficients ``theta_k ~ N(theta, diag(tau_d))`` around shared ones ``theta ~ N(0,
diag(tau_s))``, and outcomes ``phi' theta_k`` plus noise of variance ``noise_k``. What all models
have in common, above all how hard a query is, is so learned from all rows, and each model's
deviation is penalized alike: no model gets a lucky penalty of its own. Everything rests on the
Gram matrices of each fold and model, which are formed once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack
from scipy.optimize import minimize

# Prior variance of the shared constant; targets have mean 0 and variance 1.
_CONSTANT_VARIANCE = 4.0
# Strength with which log noises are drawn to each other: two observations of each ratio.
_NOISE_STRENGTH = 2.0
# Logarithms of the scales are rounded to multiples of this.
_LOG_STEP = 0.05


@dataclass(frozen=True)
class Moments:
    """Weighted sums over the rows of each model.

    Attributes
    ----------
    gram : ndarray of shape (K, M, M)
        ``sum w phi phi'``.
    cross : ndarray of shape (K, M)
        ``sum w phi z``.
    square : ndarray of shape (K,)
        ``sum w z**2``.
    count : ndarray of shape (K,)
        ``sum w``.
    """

    gram: np.ndarray
    cross: np.ndarray
    square: np.ndarray
    count: np.ndarray

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
    """Posterior means ``theta`` (K, M) of the coefficients, given moments and variances."""

    def __init__(self, moments: Moments, variances: Variances) -> None:
        n_models, n_features = moments.cross.shape
        diagonal = np.diag_indices(n_features)
        self.precision = precision = 1 / variances.deviation
        outer = np.diag(1 / variances.shared)
        pull = np.zeros(n_features)
        self.log_determinant = 0.0
        # Covariance (M, M) of each model's coefficients if the shared ones were known.
        self.inner = np.empty((n_models, n_features, n_features))
        self.cross = moments.cross / variances.noise[:, None]
        for k in range(n_models):
            system = moments.gram[k] / variances.noise[k]
            system[diagonal] += precision
            self.inner[k], log_determinant = _invert(system)
            self.log_determinant += log_determinant
            outer -= precision[:, None] * self.inner[k] * precision
            outer[diagonal] += precision
            pull += precision * (self.inner[k] @ self.cross[k])
        self.outer, log_determinant = _invert(outer)
        self.log_determinant += log_determinant
        self.pull = pull
        self.shared = self.outer @ pull
        self.theta = np.einsum("kij,kj->ki", self.inner, self.cross + precision * self.shared)


def fit_variances(moments: Moments, prior: np.ndarray, max_iter: int = 15) -> Variances:
    """Maximize the marginal likelihood over the scales of the prior and the noises.

    Parameters
    ----------
    moments : Moments
    prior : ndarray of shape (J, M)
        Prior variance of every coefficient per unit of J scales; the last column, the constant's,
        is zero.

    Notes
    -----
    L-BFGS on 2 J + 2 + K logarithms. An iteration inverts K + 1 matrices of (M, M).
    """
    search = _Evidence(moments, prior)
    n_scales, n_models = len(prior), len(moments.count)
    start = np.r_[np.full(n_scales, 0.05), np.full(n_scales, 0.02), 0.1, 0.6, np.ones(n_models)]
    low = np.r_[np.full(2 * n_scales, 1e-4), 1e-2, 1e-3, np.full(n_models, 1e-2)]
    high = np.r_[np.full(2 * n_scales + 2, 10.0), np.full(n_models, 20.0)]
    result = minimize(
        search,
        np.log(start),
        jac=True,
        method="L-BFGS-B",
        bounds=np.log(np.column_stack([low, high])),
        # A thousandth of a unit of log-likelihood per thousand rows decides nothing.
        options={"maxiter": max_iter, "ftol": 1e-6},
    )
    # The maximum is flat: its last digits are those of the machine, and decide nothing.
    return search.variances(_LOG_STEP * np.round(result.x / _LOG_STEP))


class _Evidence:
    """Minus the log marginal likelihood and its gradient in the logarithms of the scales."""

    def __init__(self, moments: Moments, prior: np.ndarray) -> None:
        self.moments, self.prior = moments, prior

    def variances(self, logs: np.ndarray) -> Variances:
        n_scales = len(self.prior)
        scale = np.exp(logs)
        shared = scale[:n_scales] @ self.prior
        deviation = scale[n_scales : 2 * n_scales] @ self.prior
        shared[-1], deviation[-1] = _CONSTANT_VARIANCE, scale[2 * n_scales]
        return Variances(shared, deviation, scale[2 * n_scales + 1] * scale[2 * n_scales + 2 :])

    def __call__(self, logs: np.ndarray) -> tuple[float, np.ndarray]:
        moments, n_scales, scale = self.moments, len(self.prior), np.exp(logs)
        variances = self.variances(logs)
        posterior = Posterior(moments, variances)
        ratio = logs[2 * n_scales + 2 :]
        explained = posterior.pull @ posterior.shared + np.einsum(
            "ki,kij,kj->", posterior.cross, posterior.inner, posterior.cross, optimize=True
        )
        value = (
            moments.count @ np.log(variances.noise)
            + len(moments.count) * np.log(variances.deviation).sum()
            + np.log(variances.shared).sum()
            + posterior.log_determinant
            + (moments.square / variances.noise).sum()
            - explained
            + _NOISE_STRENGTH * (ratio @ ratio)
        )
        # By Fisher's identity the gradient is that of the expected complete-data likelihood.
        deviation_square, misfit = _expected_squares(moments, variances, posterior)
        shared_square = posterior.shared**2 + np.diag(posterior.outer)
        to_shared = 1 - shared_square / variances.shared
        to_deviation = len(moments.count) - deviation_square / variances.deviation
        to_noise = moments.count - misfit
        gradient = np.concatenate(
            [
                scale[:n_scales] * (self.prior @ (to_shared / variances.shared)),
                scale[n_scales : 2 * n_scales]
                * (self.prior @ (to_deviation / variances.deviation)),
                [to_deviation[-1], to_noise.sum()],
                to_noise + 2 * _NOISE_STRENGTH * ratio,
            ]
        )
        return value / 2, gradient / 2


def _expected_squares(
    moments: Moments, variances: Variances, posterior: Posterior
) -> tuple[np.ndarray, np.ndarray]:
    """Return posterior means of ``sum_k (theta_k - theta)**2`` and of each model's misfit.

    The misfit (K,) is ``sum w (z - phi' theta_k)**2 / noise_k``.
    """
    n_models, n_features = moments.cross.shape
    precision, outer_diagonal = posterior.precision, np.diag(posterior.outer)
    deviation_square = np.zeros(n_features)
    misfit = np.empty(n_models)
    for k in range(n_models):
        inner, theta = posterior.inner[k], posterior.theta[k]
        weighted = inner * precision
        mixed = weighted @ posterior.outer
        spread = np.einsum("ij,ij->i", mixed, weighted)
        own, between = np.diag(inner), np.diag(mixed)
        deviation_square += (
            (theta - posterior.shared) ** 2 + own + spread - 2 * between + outer_diagonal
        )
        at_mean = moments.square[k] - 2 * theta @ moments.cross[k] + theta @ moments.gram[k] @ theta
        misfit[k] = at_mean / variances.noise[k] + n_features - precision @ (own - between + spread)
    return deviation_square, misfit


def _invert(matrix: np.ndarray) -> tuple[np.ndarray, float]:
    """Return inverse and log determinant of a positive definite matrix, which is overwritten."""
    lower, info = lapack.dpotrf(matrix, lower=1, overwrite_a=1)
    if info:
        raise np.linalg.LinAlgError("a system of the outcome model is not positive definite")
    log_determinant = 2 * float(np.log(np.diag(lower)).sum())
    inverse, _ = lapack.dpotri(lower, lower=1, overwrite_c=1)
    return np.tril(inverse) + np.tril(inverse, -1).T, log_determinant
