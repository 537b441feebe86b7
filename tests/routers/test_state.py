"""Fits of routers happen as a whole or not at all, and keep nothing that grows with the log."""

import pickle

import numpy as np
import pandas as pd
import pytest
from every_router import METHODS, PROBLEM, ROUTERS, X, Y
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.exceptions import NotFittedError

from skroute import CausalRouter, FixedBudgetRouter
from skroute.baselines import KNeighborsRouter, RegressAndCompare, ThresholdRouter
from skroute.datasets import make_routing_problem


class Interrupted(RegressorMixin, BaseEstimator):
    """Is interrupted while it is fitted."""

    def fit(self, X, y):
        raise KeyboardInterrupt

    def predict(self, X):
        return np.zeros(len(X))


def other_log():
    y = Y.copy()
    y["model"] = np.char.replace(y["model"], "model", "other")
    return y


def state_of(router):
    return {name: id(value) for name, value in vars(router).items()}


def interrupting(router):
    """Return parameters by which the next fit is interrupted late, or None."""
    for name in ("outcome_model", "regressor", "router__regressor"):
        if name in router.get_params():
            return {name: Interrupted()}
    return None


def test_a_refit_that_is_interrupted_changes_nothing(router, monkeypatch):
    changed = interrupting(router)
    if changed is None:
        monkeypatch.setattr("skroute.routers._reading.TrainingQueries", None)
    else:
        router.set_params(**changed)
    before, labels = state_of(router), router.predict(X)
    with pytest.raises((KeyboardInterrupt, AttributeError)):
        router.fit(X[:, :3], other_log())
    assert state_of(router) == before
    assert_array_equal(router.predict(X), labels)


def test_a_first_fit_that_fails_leaves_a_router_unfitted(router, monkeypatch):
    router = clone(router)
    before = state_of(router)
    monkeypatch.setattr("skroute.routers._reading.TrainingQueries", None)
    with pytest.raises(AttributeError):
        router.fit(X, Y)
    assert state_of(router) == before
    for method in (*METHODS, "query_features"):
        with pytest.raises(NotFittedError):
            getattr(router, method)(X)
    with pytest.raises(NotFittedError):
        router.score(X, Y)


def test_a_budget_that_fails_leaves_the_fitted_router():
    router = FixedBudgetRouter(RegressAndCompare(), budget=0.01).fit(X, Y)
    router.set_params(budget=-1.0)
    before, labels = state_of(router), router.predict(X)
    with pytest.raises(ValueError, match="no cost sensitivity"):
        router.fit(X, other_log())
    assert state_of(router) == before
    assert_array_equal(router.predict(X), labels)


def test_a_calibration_that_fails_leaves_the_threshold():
    router = ThresholdRouter().fit(X, Y)
    before = state_of(router)
    with pytest.raises(ValueError, match="NaN"):
        router.calibrate(np.full((3, 4), np.nan))
    assert state_of(router) == before


def test_a_refit_removes_what_no_longer_applies():
    router = CausalRouter(random_state=0).fit(pd.DataFrame(X, columns=list("abcd")), Y)
    assert router.overlap_.share_clipped == 0.0
    router.fit(X, PROBLEM.y_full)
    assert not hasattr(router, "overlap_")
    assert not hasattr(router, "feature_names_in_")
    router.fit(X, Y)
    assert router.overlap_.share_clipped == 0.0


@pytest.mark.parametrize("name", ROUTERS)
def test_a_saved_router_does_not_grow_with_the_log(name):
    def saved(n_rows):
        problem = make_routing_problem(n_rows, n_features=4, n_models=3, random_state=1)
        router = clone(ROUTERS[name])
        if isinstance(router, KNeighborsRouter):
            router.set_params(max_reference=100)
        return len(pickle.dumps(router.fit(problem.X, problem.y)))

    assert saved(6000) <= saved(3000) + 100
