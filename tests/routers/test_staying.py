"""Routers stay with a log that did not explore."""

import warnings

import numpy as np
import pytest
import skops.io
from numpy.testing import assert_allclose

import skroute
from skroute import CausalRouter, RegretPolicyClassifier, logged_feedback
from skroute.feedback import read_feedback
from skroute.nuisance import ChoiceModel, NoExplorationWarning
from skroute.routers._staying import LoggedChoices, put_last

FIXED = pytest.mark.filterwarnings("ignore::skroute.routers.FixedModelWarning")
CAREFUL = pytest.mark.filterwarnings("ignore::skroute.nuisance.NoExplorationWarning")
POLICY = RegretPolicyClassifier(max_iter=20, tol=1.0)
RULES = {
    "threshold": lambda X: X[:, 0] > 0,
    "product": lambda X: X[:, 0] * X[:, 1] > 0,
}


def log_by(rule, n_rows=1000, seed=0, explored=0.0):
    """Return queries, who was chosen and a log in which the cheap model looks good everywhere."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 6))
    hard = RULES[rule](X) ^ (rng.random(n_rows) < explored)
    quality = 0.9 + 0.05 * rng.normal(size=n_rows)
    label, cost = np.where(hard, "strong", "weak"), np.where(hard, 0.01, 0.0005)
    return X, label, logged_feedback(label, quality, cost=cost)


def fitted(router, X, y):
    with pytest.warns(NoExplorationWarning, match="explored too little"):
        return router.fit(X, y)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("policy", [None, POLICY])
def test_the_router_keeps_a_rule(rule, policy):
    X, _, y = log_by(rule)
    router = fitted(CausalRouter(10.0, policy=policy, random_state=0), X, y)
    test, label, _ = log_by(rule, seed=1)
    assert np.mean(router.predict(test) == label) > 0.95


def test_every_choice_agrees_and_exclusion_reaches_the_rest():
    X, label, y = log_by("threshold")
    router = fitted(CausalRouter(knots="auto", random_state=0), X, y)
    frontier = router.frontier(X)
    for value in (0.0, 1.0, 1e6):
        choice = router.predict(X, cost_sensitivity=value)
        assert np.mean(choice == label) > 0.95
        assert (frontier.choice_at(value) == choice).all()
        best = router.predict_proba(X, cost_sensitivity=value).argmax(axis=1)
        assert (router.classes_[best] == choice).all()
    assert (router.predict(X, exclude="strong") == "weak").all()
    assert np.isfinite(router.decision_function(X)).all()


@CAREFUL
def test_a_policy_over_knots_stays_on_its_frontier():
    X, label, y = log_by("threshold")
    router = CausalRouter(knots=[0.0, 50.0], policy=POLICY, random_state=0).fit(X, y)
    frontier = router.frontier(X)
    for value in (0.0, 20.0, 50.0):
        choice = router.predict(X, cost_sensitivity=value)
        assert np.mean(choice == label) > 0.95
        assert (frontier.choice_at(value) == choice).all()


@FIXED
def test_a_log_that_explored_is_left_alone():
    X, _, y = log_by("threshold", explored=0.05)
    with warnings.catch_warnings():
        warnings.simplefilter("error", NoExplorationWarning)
        router = CausalRouter(10.0, random_state=0).fit(X, y)
    assert router.logged_choices_ is None
    assert not router.overlap_.support.poor


@FIXED
@CAREFUL
def test_a_refit_forgets_what_was_logged():
    X, _, y = log_by("threshold")
    router = CausalRouter(random_state=0).fit(X, y)
    assert router.logged_choices_ is not None
    assert router.fit(*log_by("threshold", explored=0.3)[::2]).logged_choices_ is None


@FIXED
@CAREFUL
@pytest.mark.parametrize("rule", RULES)
def test_it_comes_back_from_skops(rule):
    X, _, y = log_by(rule, 400)
    router = CausalRouter(10.0, random_state=0).fit(X, y)
    router.logged_choices_ = LoggedChoices(
        ChoiceModel.of(X, read_feedback(y), "trees" if rule == "product" else "logistic")
    )
    again = skops.io.loads(skops.io.dumps(router), trusted=skroute.trusted_types())
    assert (again.predict(X) == router.predict(X)).all()


def test_untried_come_last_in_their_order():
    values = np.array([[3.0, 1.0, 2.0, 9.0], [1.0, 1.0, 1.0, 1.0]], dtype=np.float32)
    untried = np.array([[True, False, False, True], [True, False, True, False]])
    moved = put_last(values, untried)
    assert moved.dtype == np.float32
    assert_allclose(moved, [[-13.0, 1.0, 2.0, -7.0], [0.0, 1.0, 0.0, 1.0]])
    assert_allclose(put_last(values, np.zeros_like(untried)), values)
