"""Logs in which something happened, or nothing."""

import numpy as np

from skroute import full_feedback, logged_feedback

DAY, START = 24 * 3600.0, 1_767_225_600.0
MODELS = np.array(["a", "b", "c"])
PRICE = np.array([1e-4, 1e-3, 1e-2])


def make_history(case="nothing", n=1500, *, seed=0, at=0.6, full=False, **more):
    """Return queries and a log of n rows in 50 days; `case` happens after a share `at` of them."""
    rng = np.random.default_rng(seed)
    late = np.arange(n) >= at * n
    X = rng.normal(size=(n, 8))
    if case == "queries":
        X[late, 0] += 1.5
    quality = 0.5 + 0.2 * np.tanh(X[:, :3]) + np.array([0.0, 0.1, 0.2])
    if case == "quality":
        quality[late, 1] -= 0.3
    cost = PRICE * np.exp(0.5 * X[:, [3]] + 0.3 * rng.normal(size=(n, 3)))
    if case == "price":
        cost[late, 2] /= 10
    quality = (rng.random((n, 3)) < quality).astype(float)
    time = START + np.arange(n) * 50 * DAY / n
    if full:
        return X, full_feedback(quality, cost, models=MODELS, time=time)
    action = rng.integers(0, 3, n)
    if case == "gone":
        action[late & (action == 0)] = 1
    if case == "appeared":
        action[~late & (action == 2)] = 1
    rows = np.arange(n)
    columns = {"cost": cost[rows, action], "time": time, **more}
    return X, logged_feedback(MODELS[action], quality[rows, action], **columns)
