"""Logs with a new model that has no traffic, and benchmarks of it, true qualities known."""

import numpy as np

from skroute import logged_feedback
from skroute.datasets import make_routing_problem

PROBLEM = make_routing_problem(700, n_features=6, n_models=4, random_state=1)
NEW = "model_1"
TRAFFIC = PROBLEM.y["model"] != NEW
X, LOG = PROBLEM.X[TRAFFIC], PROBLEM.y[TRAFFIC]
LOG["propensity"] /= (1 - PROBLEM.propensity[TRAFFIC, 1]).astype(LOG["propensity"].dtype)
MORE = PROBLEM.draw(200, random_state=2)


def with_benchmark(quality, models=PROBLEM.models, price=1.0, **columns):
    """Return the log and, after it, prior rows of some models, their quality (200, K) seen."""
    shown = np.flatnonzero(np.isin(PROBLEM.models, models))
    row, model = np.tile(np.arange(200), len(shown)), np.repeat(shown, 200)
    n_rows = len(LOG) + len(row)
    for name, value in columns.items():
        columns[name] = np.concatenate([value[: len(LOG)], np.full(len(row), value[-1])])
    y = logged_feedback(
        np.concatenate([LOG["model"], PROBLEM.models[model]]),
        np.concatenate([LOG["quality"], quality[row, model]]),
        cost=np.concatenate([LOG["cost"], price * MORE.expected_cost[row, model]]),
        propensity=np.concatenate([LOG["propensity"], np.full(len(row), np.nan)]),
        group=np.concatenate([np.arange(len(LOG)), len(LOG) + row]),
        prior=np.arange(n_rows) >= len(LOG),
        **columns,
    )
    return np.vstack([X, MORE.X[row]]), y


def seen(expected, seed=0):
    """Return answers that are right or wrong, with the expected quality."""
    return (np.random.default_rng(seed).random(expected.shape) < expected).astype(float)
