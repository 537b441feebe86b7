"""A problem that tests of policies share."""

import numpy as np


def problem(n_rows=400, seed=0, dtype=np.float64):
    """Three models, best in three directions of the plane; two features of noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 4))
    directions = np.array([[0.0, 1.0], [-1.0, -0.5], [1.0, -0.5]])
    utility = X[:, :2] @ directions.T + 0.1 * rng.normal(size=(n_rows, 3))
    return X.astype(dtype), utility.astype(dtype)


def regret(policy, X, utility):
    return np.mean(utility.max(axis=1)) - policy.score(X, utility)
