"""Logs that the tests of the router learn from, and the truth behind them."""

import numpy as np
import pandas as pd
import polars as pl

from skroute import logged_feedback


def make_log(n=400, n_models=3, *, seed=0, labels=None, strength=1.0):
    """Return X, log, propensities (n, K), true quality and cost (n, K); model k is good in x_k."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 6))
    quality = 0.5 + 0.2 * np.tanh(X[:, :n_models]) + 0.05 * np.arange(n_models)
    cost = 0.01 * (1.0 + np.arange(n_models)) * np.exp(0.2 * X[:, [5]])
    propensity = np.exp(strength * X[:, 1 : n_models + 1])
    propensity = 0.8 * propensity / propensity.sum(axis=1, keepdims=True) + 0.2 / n_models
    action = (propensity.cumsum(axis=1) < rng.random(n)[:, None]).sum(axis=1)
    action = np.minimum(action, n_models - 1)
    rows = np.arange(n)
    labels = np.array(["a", "b", "c", "d", "e"][:n_models] if labels is None else labels)
    y = logged_feedback(
        labels[action],
        quality[rows, action] + 0.1 * rng.normal(size=n),
        cost=cost[rows, action],
        propensity=propensity[rows, action],
    )
    return X, y, propensity, quality, cost


def frames(y):
    """Return a log in every form of table."""
    table = pd.DataFrame({name: y[name] for name in y.dtype.names})
    return {"structured": y, "pandas": table, "polars": pl.from_pandas(table)}


def regret(router, X, quality, cost, cost_sensitivity=0.0):
    utility = quality - cost_sensitivity * cost
    position = {label: k for k, label in enumerate(router.classes_.tolist())}
    chosen = [position[label] for label in router.predict(X).tolist()]
    return float(np.mean(utility.max(axis=1) - utility[np.arange(len(X)), chosen]))
