"""What makes the penalty mean the same on every problem: one scale for X, one for the utilities."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

_BLOCK = 4096  # rows converted to float64 at a time


class FeatureScaling(NamedTuple):
    """Policies are fitted on ``(X - center) / scale``, which is never formed.

    `scale` makes the mean squared norm of a row 1, so a weight vector of a given norm moves logits
    by as much whatever the units of X, and repeating features changes nothing.
    """

    center: NDArray[np.float64]
    scale: float

    def fold(self, coef: NDArray, intercept: NDArray) -> tuple[NDArray, NDArray]:
        """Coefficients on X itself, from those on the scaled features."""
        raw = coef / self.scale
        return raw, intercept - self.center @ raw

    def unfold(self, raw: NDArray, intercept: NDArray) -> tuple[NDArray, NDArray]:
        """The inverse of `fold`."""
        return raw * self.scale, intercept + self.center @ raw

    def chain(self, raw_gradient: NDArray, intercept_gradient: NDArray) -> NDArray:
        """Gradient in the scaled coefficients, from that in the raw ones (intercept held apart)."""
        return (raw_gradient - np.outer(self.center, intercept_gradient)) / self.scale


def feature_scaling(X: Any, sample_weight: NDArray | None) -> FeatureScaling:
    """Weighted center and scale of X in float64, with a few rows in memory at a time.

    Sparse X is scaled, not centered, so that it stays sparse.
    """
    n_rows, n_features = X.shape
    weight = np.ones(n_rows) if sample_weight is None else np.asarray(sample_weight, np.float64)
    total = weight.sum()
    if sparse.issparse(X):
        squares = X.multiply(X).sum(axis=1)
        scale = np.sqrt(float(weight @ np.asarray(squares, dtype=np.float64).ravel()) / total)
        return FeatureScaling(np.zeros(n_features), scale if scale > 0 else 1.0)
    center = np.zeros(n_features)
    for start in range(0, n_rows, _BLOCK):
        block = np.asarray(X[start : start + _BLOCK], dtype=np.float64)
        center += weight[start : start + _BLOCK] @ block
    center /= total
    squared = 0.0
    for start in range(0, n_rows, _BLOCK):
        block = X[start : start + _BLOCK] - center
        squared += weight[start : start + _BLOCK] @ np.einsum("ij,ij->i", block, block)
    scale = float(np.sqrt(squared / total))
    # A constant X leaves rounding errors, not information.
    smallest = 1e-12 * float(np.abs(center).max(initial=0.0))
    return FeatureScaling(center, scale if scale > smallest else 1.0)


def utility_spread(utility: NDArray, sample_weight: NDArray | None) -> float:
    """Weighted mean of ``max_k u - min_k u``: what a wrong choice can cost. 1 if nothing can."""
    spread = utility.max(axis=1).astype(np.float64) - utility.min(axis=1)
    mean = float(np.average(spread, weights=sample_weight))
    return mean if mean > 0 else 1.0
