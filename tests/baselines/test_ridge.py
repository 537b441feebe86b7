"""Ridge regression by generalized cross-validation, against the criterion by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge

from skroute.baselines._ridge import GCVRidge


@pytest.mark.parametrize("shape", [(80, 10), (30, 60)])
def test_ridge_by_generalized_cross_validation(shape):
    rng = np.random.default_rng(0)
    X = rng.normal(size=shape)
    y = X[:, 0] + rng.normal(size=shape[0])
    penalties = np.logspace(-1, 4, 6)
    chosen = GCVRidge(penalties).fit(X, y)
    reference = Ridge(alpha=chosen.penalty_).fit(X, y)
    assert_allclose(chosen.predict(X), reference.predict(X), rtol=1e-6, atol=1e-8)

    def criterion(penalty):
        Z = X - X.mean(axis=0)
        hat = Z @ np.linalg.solve(Z.T @ Z + penalty * np.eye(shape[1]), Z.T) + 1 / shape[0]
        return np.mean((y - hat @ y) ** 2) / (1 - np.trace(hat) / shape[0]) ** 2

    assert chosen.penalty_ == penalties[np.argmin([criterion(p) for p in penalties])]
    weight = rng.integers(0, 3, size=shape[0])
    weighted = GCVRidge(penalties).fit(X, y, sample_weight=weight)
    repeated = GCVRidge(penalties).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-6, atol=1e-8)
