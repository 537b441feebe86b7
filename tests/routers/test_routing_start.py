"""Where one model for all queries is worth more than choosing by query."""

import numpy as np
import pytest

from skroute import CausalRouter, full_feedback
from skroute.datasets import make_routing_problem
from skroute.feedback import read_feedback
from skroute.routers import FixedModelWarning
from skroute.routers._routing_start import routing_start

MODELS = ["big", "small"]
QUALITY = np.array([[0.9, 0.5], [0.9, 0.5], [0.9, 0.8], [0.9, 0.8]])
COST = np.tile([0.4, 0.1], (4, 1))


def start(predicted, y=None, weight=None):
    y = full_feedback(QUALITY, COST, models=MODELS, weight=weight) if y is None else y
    means = QUALITY.mean(axis=0), COST.mean(axis=0)
    return routing_start(read_feedback(y), predicted, COST, *means)


def test_begins_where_choices_are_no_longer_worse():
    assert start(QUALITY) == 0
    # Small is thought better where it is worse, from 0 to the last change: big for all is better.
    wrong = QUALITY.copy()
    wrong[:2, 1] = 0.95
    # Two rows lose, two gain nothing, until it is the best for all of them.
    assert start(wrong) == pytest.approx((0.9 - 0.65) / 0.3)


def test_weights_are_repetitions():
    wrong = QUALITY.copy()
    wrong[:2, 1] = 0.95
    times = np.array([3, 1, 1, 2])
    y = full_feedback(QUALITY.repeat(times, 0), COST.repeat(times, 0), models=MODELS)
    means = [np.average(part, axis=0, weights=times) for part in (QUALITY, COST)]
    repeated = routing_start(
        read_feedback(y), wrong.repeat(times, 0), COST.repeat(times, 0), *means
    )
    weighted = full_feedback(QUALITY, COST, models=MODELS, weight=times.astype(float))
    assert repeated == routing_start(read_feedback(weighted), wrong, COST, *means)


def test_infinity_where_it_pays_nowhere():
    one = np.array([[0.9, 0.5]] * 4)
    y = full_feedback(one, np.zeros((4, 2)), models=MODELS)
    predicted = np.array([[0.9, 0.5]] * 3 + [[0.5, 0.9]])
    assert routing_start(
        read_feedback(y), predicted, np.zeros((4, 2)), one[0], np.zeros(2)
    ) == pytest.approx(np.inf)


@pytest.fixture(scope="module")
def noisy():
    """One model is the best for all; the cheaper ones are good for some queries that tell it."""
    rng = np.random.default_rng(23)
    X = rng.normal(size=(400, 4))
    other = [np.full(400, mean) for mean in (0.9, 0.86, 0.87)]
    mean = np.column_stack([other[0], 0.4 + 0.45 * (X[:, 0] > 0), *other[1:]])
    quality = (rng.random((400, 4)) < mean).astype(float)
    cost = np.tile([0.01, 0.001, 0.009, 0.01], (400, 1))
    return X, full_feedback(quality, cost, models=list("abcd"))


@pytest.fixture(scope="module")
def fitted(noisy):
    with pytest.warns(FixedModelWarning, match="routing_start_"):
        return CausalRouter(knots="auto", random_state=0).fit(*noisy)


def test_one_model_below_and_choices_above(noisy, fitted):
    X, begins = noisy[0], fitted.routing_start_
    assert 0 < begins < np.inf
    assert fitted.fixed_model_ == "a"
    assert set(fitted.predict(X, cost_sensitivity=0.99 * begins)) == {"a"}
    assert len(set(fitted.predict(X, cost_sensitivity=begins))) > 1
    by_row = fitted.predict(X, cost_sensitivity=np.where(np.arange(400) < 200, 0, begins))
    assert set(by_row[:200]) == {"a"}
    assert len(set(by_row[200:])) > 1
    assert set(fitted.predict(X, exclude="a")) == {"d"}


@pytest.mark.parametrize("exclude", [None, "a"])
def test_frontier_is_what_predict_chooses(noisy, fitted, exclude):
    X = noisy[0]
    frontier = fitted.frontier(X, exclude=exclude)
    assert (np.diff(frontier.cost_sensitivity) >= 0).all()
    for value in fitted.routing_start_ * np.array([0, 0.5, 0.999, 1.001, 2.0, 30.0]):
        chosen = fitted.predict(X, cost_sensitivity=value, exclude=exclude)
        np.testing.assert_array_equal(frontier.choice_at(value), chosen)
        passed = np.searchsorted(frontier.cost_sensitivity, value)
        place = np.searchsorted(fitted.classes_, chosen)
        cost = fitted.predict_cost(X)[np.arange(400), place].mean()
        assert frontier.mean_cost[passed] == pytest.approx(cost)
    budget = fitted.cost_sensitivity_for_budget(X, budget=0.006, exclude=exclude)
    chosen = fitted.predict(X, cost_sensitivity=budget.cost_sensitivity, exclude=exclude)
    place = np.searchsorted(fitted.classes_, chosen)
    assert fitted.predict_cost(X)[np.arange(400), place].mean() <= 0.006 * (1 + 1e-6)


def test_a_single_cost_sensitivity_below_it(noisy, fitted):
    X, y = noisy
    with pytest.warns(FixedModelWarning):
        router = CausalRouter(0.5 * fitted.routing_start_, random_state=0).fit(X, y)
    assert set(router.predict(X)) == {"a"}
    frontier = router.frontier(X)
    assert len(frontier.row) == 0
    assert set(frontier.choice_at(router.cost_sensitivity)) == {"a"}


def test_a_log_routes_from_the_start():
    problem = make_routing_problem(300, 4, 3, random_state=0)
    assert CausalRouter(random_state=0).fit(problem.X, problem.y).routing_start_ == 0
