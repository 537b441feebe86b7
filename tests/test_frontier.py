import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skroute._frontier import Frontier


def make(n=50, n_models=6, seed=0, high=100.0, low=0.0):
    rng = np.random.default_rng(seed)
    quality, cost = rng.random((n, n_models)), 0.1 * rng.random((n, n_models))
    classes = np.array([f"m{k}" for k in range(n_models)])
    return quality, cost, Frontier.of(quality, cost, classes, low, high)


def test_by_hand():
    quality, cost = np.array([[0.5, 0.9, 0.7]]), np.array([[0.0, 0.4, 0.1]])
    frontier = Frontier.of(quality, cost, np.array(["a", "b", "c"]), 0.0, 10.0)
    # b meets c at .2 / .3 and a at 1; c meets a at 2
    assert_allclose(frontier.cost_sensitivity, [2 / 3, 2.0])
    assert frontier.before.tolist() == [1, 2]
    assert frontier.after.tolist() == [2, 0]
    assert_allclose(frontier.mean_cost, [0.4, 0.1, 0.0])
    assert_allclose(frontier.mean_quality, [0.9, 0.7, 0.5])


@given(seed=st.integers(0, 10_000), n_models=st.integers(1, 12), value=st.floats(0, 50))
def test_choices_equal_those_of_the_utilities(seed, n_models, value):
    quality, cost, frontier = make(20, n_models, seed, high=50.0)
    best = (quality - value * cost).argmax(axis=1)
    utility = quality - value * cost
    chosen = np.array([frontier.classes.tolist().index(name) for name in frontier.choice_at(value)])
    rows = np.arange(20)
    assert_allclose(utility[rows, chosen], utility[rows, best], atol=1e-12)


def test_the_curve_is_that_of_the_choices():
    quality, cost, frontier = make()
    assert (np.diff(frontier.mean_cost) <= 1e-15).all()
    edges = np.r_[0.0, frontier.cost_sensitivity, 100.0]
    for state in (0, 3, len(edges) // 2, len(edges) - 2):
        value = (edges[state] + edges[state + 1]) / 2
        chosen = (quality - value * cost).argmax(axis=1)
        assert frontier.mean_cost[state] == pytest.approx(cost[np.arange(50), chosen].mean())
        assert frontier.mean_quality[state] == pytest.approx(quality[np.arange(50), chosen].mean())


@given(seed=st.integers(0, 1000), budget=st.floats(0.005, 0.1))
def test_budgets_are_met_within_one_query(seed, budget):
    quality, cost, frontier = make(40, 5, seed, high=1e6)
    if budget < frontier.mean_cost.min():
        with pytest.raises(ValueError, match="no cost sensitivity"):
            frontier.within_budget(budget)
        return
    met = frontier.within_budget(budget)
    chosen = (quality - met.cost_sensitivity * cost).argmax(axis=1)
    assert cost[np.arange(40), chosen].mean() == pytest.approx(met.mean_cost)
    assert met.mean_cost <= budget
    state = int(np.searchsorted(-frontier.mean_cost, -met.mean_cost))
    if state > 0:
        assert frontier.mean_cost[state - 1] > budget
    assert sum(met.share.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_shares_are_met_within_one_query(share):
    rng = np.random.default_rng(0)
    gain = rng.random(100)
    quality, cost = np.column_stack([np.zeros(100), gain]), np.tile([0.0, 1.0], (100, 1))
    frontier = Frontier.of(quality, cost, np.array(["small", "large"]), 0.0, 2.0)
    met = frontier.within_share("large", share)
    assert met.share["large"] == share
    assert met.mean_cost == pytest.approx(share)
    with pytest.raises(ValueError, match="unknown model 'huge'"):
        frontier.within_share("huge", 0.5)


def test_equal_queries_change_together():
    quality, cost = np.tile([0.0, 0.5], (10, 1)), np.tile([0.0, 1.0], (10, 1))
    frontier = Frontier.of(quality, cost, np.array(["small", "large"]), 0.0, 2.0)
    met = frontier.within_budget(0.55)
    assert met.mean_cost == 0.0
    assert met.cost_sensitivity > 0.5


def test_one_cost_for_all_never_changes():
    quality, cost = np.random.default_rng(0).random((5, 3)), np.full((5, 3), 0.1)
    frontier = Frontier.of(quality, cost, np.arange(3), 0.0, 1e9)
    assert len(frontier.row) == 0
    assert_array_equal(frontier.choice_at(1e9), quality.argmax(axis=1))


def test_outside_the_range_is_refused():
    _, _, frontier = make()
    with pytest.raises(ValueError, match=r"within \[0, 100\], got 101"):
        frontier.choice_at(101.0)
