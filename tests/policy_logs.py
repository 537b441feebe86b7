"""Logs to value policies on, and the simplest of estimators, shared by the tests of metrics."""

import warnings

import numpy as np
from sklearn.base import BaseEstimator

from skroute import logged_feedback
from skroute.metrics import policy_value
from skroute.nuisance import OverlapWarning

METHODS = ["dm", "ips", "snips", "dr", "sndr", "switch-dr", "dros"]


def small_log(**columns):
    return logged_feedback(
        ["a", "b", "a", "b"],
        [1.0, 0.0, 0.5, 1.0],
        cost=[0.1, 0.2, 0.1, 0.2],
        propensity=[0.5, 0.5, 0.25, 0.8],
        **columns,
    )


# Chooses the logged model in rows 0, 2 and 3: weights 2, 0, 4, 1.25.
CHOICE = ["a", "a", "a", "b"]
QUALITY = np.array([[0.8, 0.3], [0.6, 0.2], [0.4, 0.9], [0.5, 0.7]])
COST = np.array([[0.1, 0.3], [0.1, 0.1], [0.2, 0.2], [0.1, 0.25]])


def value_of(y, policy, **options):
    """Four rows overlap poorly, which these tests are not about."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OverlapWarning)
        return policy_value(y, policy, **options)


def big_log(n=400, seed=0, **columns):
    """Three models, a row-wise policy and predictions."""
    rng = np.random.default_rng(seed)
    logging = rng.dirichlet(np.full(3, 5.0), n)
    action = (rng.random((n, 1)) > logging.cumsum(axis=1)[:, :-1]).sum(axis=1)
    y = logged_feedback(
        np.array(["x", "y", "z"])[action],
        rng.random(n),
        cost=rng.random(n) / 50,
        propensity=logging[np.arange(n), action],
        **columns,
    )
    return y, rng.dirichlet(np.ones(3), n), rng.random((n, 3)), rng.random((n, 3)) / 50


def lengths(texts):
    return np.array([[len(text)] for text in texts], dtype=float)


class Constant(BaseEstimator):
    """An estimator with nothing but labels."""

    def __init__(self, label="a"):
        self.label = label

    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.full(len(X), self.label)
