"""Ridge regressions of every model by itself, for full feedback."""

from __future__ import annotations

import numpy as np

from ._hierarchical import Moments

# Penalties that are tried, per row, where columns have total variance 1.
_PENALTIES = np.logspace(-5, 1, 13)


class OwnRidge:
    """Ridge regressions of all models, each with the penalty of least out-of-fold squared error.

    Nothing is shared between models, which must have answered the same queries. A constant is not
    penalized.

    Parameters
    ----------
    moments : list of Moments
        Of all rows, and of all rows but those each fold leaves out, as `Design.moments` has them.
    prior : ndarray of shape (M,)
        Prior variances of coefficients, up to a factor. The last column is the constant; others
        without a variance have coefficients of 0.

    Attributes
    ----------
    theta : ndarray of shape (K, M)
        Coefficients.
    theta_without_fold : list of ndarray of shape (K, M)
        The same without the rows that each fold leaves out.
    """

    def __init__(self, moments: list[Moments], prior: np.ndarray) -> None:
        total, *without_fold = moments
        every_path = [_Path(part, prior) for part in moments]
        scale = every_path[0].power * float(total.count[0])
        n_models = len(total.cross)
        error = np.zeros((len(_PENALTIES), n_models))
        for row, penalty in enumerate(_PENALTIES):
            alike = np.full(n_models, scale * penalty)
            for part, path in zip(without_fold, every_path[1:], strict=True):
                error[row] += _squared_error(total - part, path.coefficients(alike))
        # Of penalties that do alike the largest.
        best = len(_PENALTIES) - 1 - error[::-1].argmin(axis=0)
        self.theta, *self.theta_without_fold = (
            path.coefficients(scale * _PENALTIES[best]) for path in every_path
        )


class _Path:
    """All ridge regressions on given rows, by penalty."""

    def __init__(self, moments: Moments, prior: np.ndarray) -> None:
        self._shape, self._kept = moments.cross.shape, np.flatnonzero(prior[:-1])
        gram, kept = moments.gram[0].astype(np.float64), self._kept
        n_rows, total = max(gram[-1, -1], np.finfo(np.float64).tiny), gram[kept, -1]
        self._center, self._level = total / n_rows, moments.cross[:, -1] / n_rows
        self._scale = np.sqrt(prior[kept])
        scatter = gram[np.ix_(kept, kept)] - np.outer(total, self._center)
        scatter *= self._scale * self._scale[:, None]
        cross = self._scale * (moments.cross[:, kept] - self._level[:, None] * total)
        self.power = float(np.trace(scatter)) / n_rows
        self._value, self._vector = np.linalg.eigh(scatter)
        self._value = np.maximum(self._value, 0.0)
        self._cross = cross @ self._vector

    def coefficients(self, penalty: np.ndarray) -> np.ndarray:
        """Return coefficients (K, M) at penalties (K,)."""
        curvature = self._value + penalty[:, None]
        safe = np.where(curvature > 0, curvature, 1.0)  # columns that do not vary have no cross
        kept = self._scale * ((self._cross / safe) @ self._vector.T)
        theta = np.zeros(self._shape)
        theta[:, self._kept], theta[:, -1] = kept, self._level - kept @ self._center
        return theta


def _squared_error(held: Moments, theta: np.ndarray) -> np.ndarray:
    """Return the weighted squared error (K,) over rows with given moments."""
    fitted = np.einsum("ki,ki->k", theta @ held.gram[0], theta)
    return held.square - 2 * np.einsum("ki,ki->k", theta, held.cross) + fitted
