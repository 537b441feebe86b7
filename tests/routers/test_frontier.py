import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skroute.routers._frontier import Frontier


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


def make_knots(n=30, n_models=4, n_knots=4, seed=0):
    """Return values at knots that say nothing of quality and cost."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n_knots, n, n_models))
    quality, cost = rng.random((n, n_models)), 0.1 * rng.random((n, n_models))
    knots = np.r_[0.0, rng.uniform(0.1, 3, n_knots - 1).cumsum()]
    classes = np.array([f"m{k}" for k in range(n_models)])
    frontier = Frontier.between_knots(iter(values), knots, quality, cost, classes)
    return values, knots, quality, cost, frontier


def interpolated(values, knots, value):
    left = min(np.searchsorted(knots, value, side="right") - 1, len(knots) - 2)
    position = (value - knots[left]) / (knots[left + 1] - knots[left])
    return (1 - position) * values[left] + position * values[left + 1]


def test_between_knots_by_hand():
    # b takes over in the middle of the first interval, a returns at a quarter of the second.
    values = np.array([[[1.0, 0.0]], [[0.0, 1.0]], [[3.0, 0.0]]])
    quality, cost = np.array([[0.2, 0.9]]), np.array([[0.3, 0.1]])
    frontier = Frontier.between_knots(
        values, np.array([0, 2, 6]), quality, cost, np.array(["a", "b"])
    )
    assert_allclose(frontier.cost_sensitivity, [1.0, 3.0])
    assert frontier.before.tolist() == [0, 1]
    assert frontier.after.tolist() == [1, 0]
    assert_allclose(frontier.mean_cost, [0.3, 0.1, 0.3])
    assert_allclose(frontier.mean_quality, [0.2, 0.9, 0.2])
    assert (frontier.low, frontier.high) == (0.0, 6.0)


@given(
    seed=st.integers(0, 10_000),
    n_models=st.integers(1, 8),
    n_knots=st.integers(2, 6),
    share=st.floats(0, 1),
)
def test_choices_between_knots_are_those_of_interpolated_values(seed, n_models, n_knots, share):
    values, knots, _, _, frontier = make_knots(20, n_models, n_knots, seed)
    value = share * knots[-1]
    decision = interpolated(values, knots, value)
    chosen = np.searchsorted(frontier.classes, frontier.choice_at(value))
    assert_allclose(decision[np.arange(20), chosen], decision.max(axis=1), atol=1e-12)


def test_the_curve_between_knots_is_that_of_the_choices():
    values, knots, quality, cost, frontier = make_knots()
    edges = np.r_[0.0, frontier.cost_sensitivity, knots[-1]]
    assert (np.diff(edges) >= 0).all()
    for state in range(len(edges) - 1):
        decision = interpolated(values, knots, (edges[state] + edges[state + 1]) / 2)
        rows, chosen = np.arange(30), decision.argmax(axis=1)
        assert frontier.mean_cost[state] == pytest.approx(cost[rows, chosen].mean())
        assert frontier.mean_quality[state] == pytest.approx(quality[rows, chosen].mean())


def test_affine_values_give_the_frontier_of_utilities():
    quality, cost, expected = make(high=40.0)
    knots = np.array([0.0, 3.0, 10.0, 40.0])
    values = (quality - knot * cost for knot in knots)
    frontier = Frontier.between_knots(values, knots, quality, cost, expected.classes)
    assert_allclose(frontier.cost_sensitivity, expected.cost_sensitivity, rtol=1e-9)
    assert_array_equal(frontier.row, expected.row)
    assert_array_equal(frontier.after, expected.after)
    assert_allclose(frontier.mean_cost, expected.mean_cost, rtol=1e-9)


@given(seed=st.integers(0, 1000), share=st.floats(0, 1))
def test_budgets_are_met_at_the_smallest_value_where_mean_cost_can_rise(seed, share):
    values, knots, _, cost, frontier = make_knots(seed=seed)
    low, high = frontier.mean_cost.min(), frontier.mean_cost.max()
    budget = low + (0.01 + 0.99 * share) * (high - low)
    met = frontier.within_budget(budget)
    decision = interpolated(values, knots, met.cost_sensitivity)
    assert cost[np.arange(30), decision.argmax(axis=1)].mean() == pytest.approx(met.mean_cost)
    assert met.mean_cost <= budget * (1 + 1e-9)  # but for rounding
    before = frontier.cost_sensitivity < met.cost_sensitivity
    assert (frontier.mean_cost[:-1][before] > budget).all()


def test_mean_cost_can_rise_with_cost_sensitivity_and_the_budget_be_missed_again():
    values = np.array([[[1.0, 0.0]], [[0.0, 1.0]], [[3.0, 0.0]]])
    quality, cost = np.array([[0.2, 0.9]]), np.array([[0.3, 0.1]])
    frontier = Frontier.between_knots(values, np.array([0, 2, 6]), quality, cost, np.arange(2))
    met = frontier.within_budget(0.2)
    assert 1.0 < met.cost_sensitivity < 3.0
    assert met.mean_cost == pytest.approx(0.1)
    assert frontier.mean_cost[-1] > 0.2


def test_one_knot_is_one_state():
    values, cost = np.array([[[0.0, 1.0], [2.0, 1.0]]]), np.array([[0.1, 0.2], [0.3, 0.4]])
    frontier = Frontier.between_knots(values, np.array([5.0]), cost, cost, np.array(["a", "b"]))
    assert frontier.choice_at(5.0).tolist() == ["b", "a"]
    assert_allclose(frontier.mean_cost, [0.25])
    assert frontier.within_budget(0.3).cost_sensitivity == 5.0


def test_the_choice_at_a_cost_sensitivity_may_be_one_of_some():
    _, _, frontier = make(200, 5, 3, high=50.0)
    for at in (0.0, 3.21, 50.0, float(frontier.cost_sensitivity[7])):
        some = frontier.choices(4, at=at)
        assert len(some) in (len(frontier.choices(4)), len(frontier.choices(4)) + 1)
        assert any((labels == frontier.choice_at(at)).mean() > 0.99 for labels in some)
    assert len(frontier.choices(4, at=60.0)) == len(frontier.choices(4))
