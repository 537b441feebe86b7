"""What queries do not explain of an outcome."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh

# Ridge penalties, in rows, of features of mean squared norm 1.
_PENALTIES = np.logspace(-1, 5, 13)


def remainders(
    Z: np.ndarray,
    row: np.ndarray,
    model: np.ndarray,
    value: np.ndarray,
    weight: np.ndarray,
    n_models: int,
) -> np.ndarray:
    """Return values (m,) less what features Z (n, r) of their rows explain, model by model.

    First what all models share, then what is each model's own; both by ridge regressions whose
    penalties minimize the generalized cross-validation criterion. Means of models remain none.
    """
    mass = np.bincount(model, weight, n_models)
    mean = np.bincount(model, weight * value, n_models) / np.where(mass > 0, mass, 1.0)
    rest = _ridge_rest(Z[row], value - mean[model], weight)
    for k in range(n_models):
        own = np.flatnonzero(model == k)
        if len(own) > 1:
            rest[own] = _ridge_rest(Z[row[own]], rest[own], weight[own])
    return rest


def _ridge_rest(Z: np.ndarray, value: np.ndarray, weight: np.ndarray) -> np.ndarray:
    if not len(value):
        return value
    Z = Z - np.average(Z, axis=0, weights=weight)
    value = value - np.average(value, weights=weight)
    spread, vector = eigh(Z.T @ (weight[:, None] * Z))
    spread = np.maximum(spread, 0.0)
    along = vector.T @ (Z.T @ (weight * value))
    shrunk = 1 / (spread + _PENALTIES[:, None])
    freedom = (spread * shrunk).sum(axis=1)
    explained = 2 * (along**2 * shrunk).sum(axis=1) - (along**2 * spread * shrunk**2).sum(axis=1)
    left = np.maximum(float(weight @ value**2) - explained, 0.0)
    total = weight.sum()
    best = int(np.argmin(left / np.maximum(total - 1 - freedom, 1e-3) ** 2))
    rest = value - Z @ (vector @ (along * shrunk[best]))
    return rest - np.average(rest, weights=weight)
