"""Features in which a linear model is flexible: principal components and a kernel on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh
from sklearn.utils.extmath import randomized_svd

from .._utils import ShortRepr
from ._columns_scale import ColumnScale
from ._fitting import single_threaded

# Rows from which components and landmarks are learned, rows mapped at a time, and rows predicted at
# a time: their kernel stays in the cache.
_FITTED_ROWS, _BLOCK, _PREDICTED_BLOCK = 4000, 4096, 512
# More rows than these are predicted by one thread: saying so takes as long as some hundred rows.
_MANY_ROWS = 4096
# Beyond this many features a randomized decomposition is cheaper than an exact one.
_EXACT_FEATURES = 600
# Share of the kernel's variance over the landmarks that the radial features have to explain.
_KEPT_VARIANCE = 0.99
# Share of the squared spectrum of X that the components explain, if that takes more than the least.
_KEPT_SPECTRUM, _FEWEST_COMPONENTS = 0.99, 128
_TINY = np.finfo(np.float64).tiny


class SpectralFeatures:
    """Map queries to principal components, radial basis features and a constant.

    The kernel sees each component times its own standard deviation once more. In an embedding that
    damps the many directions of noise, so that distances show its clusters; isotropic inputs are
    left as they are.

    Parameters
    ----------
    n_components : int
        Largest number of principal components.
    n_landmarks, n_radial : int
        Rows whose kernel is decomposed, and the largest number of eigenfunctions that are kept.
    width : float
        Squared length scale of the kernel, where inputs have mean squared norm 1.

    Attributes
    ----------
    n_features : int
        Number M of features, the constant included; it is the last.
    prior : ndarray of shape (3, M)
        Variance of each coefficient per unit of three scales: components alike, components in
        proportion to their variance, radial features. The constant has none.

    Notes
    -----
    Fitting takes O(d**2) for each of at most 4,000 rows, mapping O(d * n_components + n_landmarks *
    n_radial) for a row.

    References
    ----------
    Williams, Seeger, *Using the Nystroem method to speed up kernel machines*, NIPS 2000.
    """

    def __init__(
        self,
        n_components: int = 256,
        n_landmarks: int = 512,
        n_radial: int = 96,
        width: float = 0.25,
    ) -> None:
        self.n_components = n_components
        self.n_landmarks = n_landmarks
        self.n_radial = n_radial
        self.width = width

    def fit(
        self, X: np.ndarray, weight: np.ndarray, random_state: np.random.RandomState
    ) -> SpectralFeatures:
        """Learn columns, scale, components and landmarks from rows of positive weight."""
        rows = np.flatnonzero(weight > 0)
        counted = X if len(rows) == len(X) else X[rows]
        extremes = np.stack([counted.min(axis=0), counted.max(axis=0)]).astype(np.float64)
        if len(rows) > _FITTED_ROWS:
            rows = np.sort(random_state.choice(rows, _FITTED_ROWS, replace=False))
        share = weight[rows] / weight[rows].sum()
        self.columns_ = ColumnScale.of(X[rows], weight[rows], extremes)
        Z = self.columns_.transform(X[rows].astype(np.float64))
        self.scale_ = float(np.sqrt(share @ np.einsum("ij,ij->i", Z, Z))) or 1.0
        Z /= self.scale_
        variance, components = _components(Z * np.sqrt(share)[:, None], self.n_components)
        # As pickle will lay them out, so that products are the same to the bit before and after.
        self.components_ = np.ascontiguousarray(components)
        self.damping_ = np.sqrt(variance / max(float(variance @ variance), _TINY))
        damped = (Z @ self.components_) * self.damping_
        self._fit_landmarks(damped, random_state)
        r, m = len(variance), self.radial_.shape[1]
        self.n_features = r + m + 1
        self.prior = np.zeros((3, self.n_features))
        self.prior[0, :r] = 1.0
        self.prior[1, :r] = self.damping_**2
        self.prior[2, r : r + m] = 1.0
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return features (n, M) in the dtype of X."""
        r = self.components_.shape[1]
        components = self.projection().astype(X.dtype)
        offset = self.columns_.center.astype(X.dtype) @ components
        damping = self.damping_.astype(X.dtype)
        landmarks, radial = self.landmarks_.astype(X.dtype), self.radial_.astype(X.dtype)
        features = np.empty((len(X), self.n_features), dtype=X.dtype)
        features[:, -1] = 1
        for start in range(0, len(X), _BLOCK):
            block = slice(start, start + _BLOCK)
            projected = self.columns_.squash(X[block]) @ components - offset
            features[block, :r] = projected
            features[block, r:-1] = self._kernel(projected * damping, landmarks) @ radial
        return features

    def readout(self, theta: np.ndarray, dtype: np.dtype) -> Readout:
        """Return ``transform(X) @ theta.T`` as one function of X, for coefficients theta (p, M)."""
        r = self.components_.shape[1]
        projection = (self.projection() * self.damping_).astype(dtype)
        landmarks = self.landmarks_ / self.width
        half_norm = np.einsum("ij,ij->i", self.landmarks_, landmarks) / 2
        return Readout(
            columns=self.columns_,
            projection=projection,
            # Of the rounded projection, or a far center would leave its rounding error.
            offset=self.columns_.center.astype(dtype) @ projection,
            linear=(theta[:, :r] / self.damping_).T.astype(dtype),
            constant=theta[:, -1].astype(np.float64),
            landmarks=landmarks.T.astype(dtype),
            half_norm=half_norm.astype(dtype),
            radial=(self.radial_ @ theta[:, r:-1].T).astype(dtype),
            width=self.width,
        )

    def projection(self) -> np.ndarray:
        """Return what squashed columns are multiplied by to give components, (d, r)."""
        return self.components_ / (self.columns_.scale * self.scale_)[:, None]

    def _fit_landmarks(self, damped: np.ndarray, random_state: np.random.RandomState) -> None:
        # Repeated rows would count twice, where a weight of two must not.
        distinct = np.unique(damped, axis=0)
        if len(distinct) > self.n_landmarks:
            chosen = random_state.choice(len(distinct), self.n_landmarks, replace=False)
            distinct = distinct[np.sort(chosen)]
        value, vector = eigh(self._kernel(distinct, distinct))
        value, vector = value[::-1], vector[:, ::-1]
        n_kept = 1 + int(np.searchsorted(value.cumsum(), _KEPT_VARIANCE * value.sum()))
        kept = slice(min(n_kept, self.n_radial))
        self.landmarks_, self.radial_ = distinct, vector[:, kept] / np.sqrt(value[kept])

    def _kernel(self, A: np.ndarray, B: np.ndarray) -> np.ndarray:
        kernel = A @ B.T
        kernel *= 2
        kernel -= np.einsum("ij,ij->i", A, A)[:, None]
        kernel -= np.einsum("ij,ij->i", B, B)
        np.minimum(kernel, 0, out=kernel)
        kernel /= 2 * self.width
        return np.exp(kernel, out=kernel)


@dataclass(frozen=True, repr=False)
class PrincipalComponents(ShortRepr):
    """Leading principal components of columns on one scale, whose rows have mean squared norm 1.

    Attributes
    ----------
    columns : ColumnScale
    projection : ndarray of shape (d, r)
        What squashed and centred columns are multiplied by.
    """

    columns: ColumnScale
    projection: np.ndarray

    @classmethod
    def of(cls, X: np.ndarray, weight: np.ndarray, most: int) -> PrincipalComponents:
        """Learn at most `most` components from rows (n, d) of positive weight (n,)."""
        columns, share = ColumnScale.of(X, weight), weight / weight.sum()
        Z = columns.transform(X.astype(np.float64))
        norm = float(np.sqrt(share @ np.einsum("ij,ij->i", Z, Z))) or 1.0
        projection = np.diag(1 / norm / columns.scale)
        if Z.shape[1] > most:
            _, leading = _components(Z * np.sqrt(share)[:, None], most)
            projection = projection @ leading
        return cls(columns, projection)

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Return components (n, r) in the dtype of X."""
        centred = self.columns.squash(X) - self.columns.center.astype(X.dtype)
        return centred @ self.projection.astype(X.dtype)


@dataclass(frozen=True, repr=False)
class Readout(ShortRepr):
    """A fitted linear model on `SpectralFeatures`, with all that does not depend on X multiplied.

    Called with X (n, d) it returns (n, p) float64, worked out in the dtype of its tables. Time
    O(d r + n_landmarks (r + p)) for a row, memory O(n p).
    """

    columns: ColumnScale
    projection: np.ndarray
    offset: np.ndarray
    linear: np.ndarray
    constant: np.ndarray
    landmarks: np.ndarray
    half_norm: np.ndarray
    radial: np.ndarray
    width: float

    def __call__(self, X: np.ndarray) -> np.ndarray:
        in_blocks = single_threaded(self._in_blocks) if len(X) > _MANY_ROWS else self._in_blocks
        return in_blocks(X)

    def _in_blocks(self, X: np.ndarray) -> np.ndarray:
        values = np.empty((len(X), len(self.constant)))
        for start in range(0, len(X), _PREDICTED_BLOCK):
            block = slice(start, start + _PREDICTED_BLOCK)
            np.add(self._block(X[block]), self.constant, out=values[block])
        return values

    def _block(self, X: np.ndarray) -> np.ndarray:
        X = self.columns.squash(X.astype(self.projection.dtype, copy=False))
        damped = X @ self.projection
        damped -= self.offset
        kernel = damped @ self.landmarks
        kernel -= self.half_norm
        kernel -= np.einsum("ij,ij->i", damped, damped)[:, None] / (2 * self.width)
        np.minimum(kernel, 0, out=kernel)
        np.exp(kernel, out=kernel)
        return damped @ self.linear + kernel @ self.radial


def _components(Z: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the variances (r,), largest first, and directions (d, r) of weighted centred rows."""
    n_rows, n_features = Z.shape
    if min(n_rows, n_features) <= _EXACT_FEATURES:
        wide = n_features > n_rows
        value, vector = eigh(Z @ Z.T if wide else Z.T @ Z)
        value, vector = value[::-1], vector[:, ::-1]
        kept = slice(_n_kept(value, most))
        value, vector = value[kept], vector[:, kept]
        return (value, Z.T @ vector / np.sqrt(value)) if wide else (value, vector)
    _, singular, rows = randomized_svd(Z, most, n_iter=3, random_state=0)
    kept = slice(_n_kept(singular**2, most))
    return singular[kept] ** 2, rows[kept].T


def _n_kept(variance: np.ndarray, most: int) -> int:
    """Return how many components cover the squared spectrum, which is what the kernel sees."""
    square = np.maximum(variance, 0) ** 2
    covering = 1 + int(np.searchsorted(square.cumsum(), _KEPT_SPECTRUM * square.sum()))
    positive = int(np.count_nonzero(variance > 1e-10 * max(float(variance[0]), _TINY)))
    return min(max(covering, _FEWEST_COMPONENTS), positive, most)
