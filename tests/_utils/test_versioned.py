"""Saved objects remember the version of skroute, and warn when another one loads them."""

import copy
import pickle
import warnings

import joblib
import numpy as np
import pytest
from sklearn.base import clone

import skroute
from skroute import CausalRouter, DRBiasCorrector, FixedBudgetRouter, RegretPolicyClassifier
from skroute.baselines import (
    BestFixedModel,
    KNeighborsRouter,
    RandomRouter,
    RegressAndCompare,
    ThresholdRouter,
)
from skroute.datasets import make_routing_problem
from skroute.feedback import read_feedback
from skroute.nuisance import JointOutcome, PerModelOutcome
from skroute.policy import IntervalPolicy

VERSION = "skroute._utils._versioned.__version__"
OBJECTS = [
    BestFixedModel(),
    CausalRouter(),
    DRBiasCorrector(),
    FixedBudgetRouter(BestFixedModel(), budget=1.0),
    IntervalPolicy(np.arange(2.0), [], [], 0.0, 0),
    JointOutcome(),
    KNeighborsRouter(),
    PerModelOutcome(None),
    RandomRouter(),
    RegressAndCompare(),
    RegretPolicyClassifier(),
    ThresholdRouter(),
]


@pytest.mark.parametrize("saved", OBJECTS, ids=lambda saved: type(saved).__name__)
def test_another_version_warns(saved, monkeypatch):
    monkeypatch.setattr(VERSION, "0.0.1")
    stored = pickle.dumps(saved)
    monkeypatch.undo()
    with pytest.warns(skroute.InconsistentVersionWarning, match=r"saved by skroute 0\.0\.1") as log:
        loaded = pickle.loads(stored)
    warning = log[-1].message  # the object's own, after those of its parts
    assert warning.estimator_name == type(saved).__name__
    assert (warning.original, warning.current) == ("0.0.1", skroute.__version__)
    assert "_skroute_version" not in vars(loaded)


def test_an_object_that_does_not_say_warns():
    state = vars(BestFixedModel()).copy()
    with pytest.warns(skroute.InconsistentVersionWarning) as log:
        BestFixedModel().__setstate__(state)
    assert log[0].message.original == "unknown"
    assert "_skroute_version" not in state


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]
)
def test_copies_are_equal_and_silent(duplicate):
    problem = make_routing_problem(200, n_models=3, random_state=0)
    model = JointOutcome(random_state=0).fit(problem.X, read_feedback(problem.y))
    again = duplicate(model)
    np.testing.assert_array_equal(again.predict(problem.X), model.predict(problem.X))
    assert vars(again).keys() == vars(model).keys()
    assert "_skroute_version" not in vars(model)
    assert clone(model).get_params() == model.get_params()


def test_routers_that_joblib_loads_warn(monkeypatch, tmp_path):
    problem = make_routing_problem(600, n_models=3, random_state=0)
    router = CausalRouter(random_state=0).fit(problem.X, problem.y)
    monkeypatch.setattr(VERSION, "0.0.1")
    joblib.dump(router, tmp_path / "router.joblib")
    monkeypatch.undo()
    with warnings.catch_warnings(record=True) as log:
        warnings.simplefilter("always")
        loaded = joblib.load(tmp_path / "router.joblib")
    assert {entry.category for entry in log} == {skroute.InconsistentVersionWarning}
    assert log[-1].message.estimator_name == "CausalRouter"
    np.testing.assert_array_equal(loaded.predict(problem.X), router.predict(problem.X))
