import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from skroute import full_feedback, logged_feedback
from skroute.metrics import (
    CostQualityCurve,
    average_improvement_in_quality,
    cost_quality_curve,
    policy_value,
)

points = st.lists(st.tuples(st.integers(0, 20), st.integers(-10, 20)), min_size=1, max_size=12).map(
    lambda pairs: np.array(pairs, dtype=float)
)


def test_curve_on_full_feedback():
    y = full_feedback([[0.2, 0.9], [0.6, 0.8]], [[0.0, 1.0], [0.0, 3.0]], models=["s", "l"])
    curve = cost_quality_curve(y, [["l", "l"], ["s", "s"], ["l", "s"]])
    np.testing.assert_allclose(curve.cost, [2.0, 0.0, 0.5])
    np.testing.assert_allclose(curve.quality, [0.85, 0.4, 0.75])
    frontier = curve.frontier()
    np.testing.assert_allclose(frontier.cost, [0.0, 0.5, 2.0])
    np.testing.assert_allclose(frontier.quality, [0.4, 0.75, 0.85])


def test_curve_on_a_log_equals_policy_value():
    rng = np.random.default_rng(0)
    action = rng.integers(0, 2, 300)
    y = logged_feedback(
        np.array(["a", "b"])[action],
        rng.random(300),
        cost=0.01 + 0.02 * action,
        propensity=[0.5] * 300,
    )
    policies = [np.full(300, "a"), np.full(300, "b"), np.tile([0.3, 0.7], (300, 1)), None]
    quality, cost = rng.random((300, 2)), np.tile([0.01, 0.03], (300, 1))
    for options in [{}, {"predicted_quality": quality, "predicted_cost": cost}]:
        curve = cost_quality_curve(y, policies, **options)
        for k, policy in enumerate(policies):
            result = policy_value(y, policy, **options)
            assert curve.cost[k] == result.mean_cost
            assert curve.quality[k] == result.mean_quality
    with pytest.raises(ValueError, match="'sndr' needs predicted_cost for the cost of a policy"):
        cost_quality_curve(y, policies, predicted_quality=quality)
    with pytest.raises(ValueError, match=r"policies\[1\], row 0: chooses 'c'"):
        cost_quality_curve(y, [policies[0], np.full(300, "c")])
    with pytest.raises(ValueError, match="policies is empty"):
        cost_quality_curve(y, [])


def test_frontier_leaves_out_what_mixing_beats():
    curve = CostQualityCurve(np.array([0, 1, 2, 3, 2, 4.0]), np.array([0, 1, 1.2, 2, 0, 1.9]))
    frontier = curve.frontier()
    np.testing.assert_allclose(frontier.cost, [0, 1, 3])
    np.testing.assert_allclose(frontier.quality, [0, 1, 2])


@given(points)
def test_frontier_is_the_least_rising_concave_function_above_all_points(pairs):
    cost, quality = pairs.T
    frontier = CostQualityCurve(cost, quality).frontier()
    assert (np.diff(frontier.cost) > 0).all()
    assert (np.diff(frontier.quality) > 0).all()
    slopes = np.diff(frontier.quality) / np.diff(frontier.cost)
    assert (np.diff(slopes) < 0).all()
    assert (np.interp(cost, frontier.cost, frontier.quality) >= quality - 1e-12).all()
    given_points = {tuple(pair) for pair in pairs.tolist()}
    corners = list(zip(frontier.cost.tolist(), frontier.quality.tolist(), strict=True))
    assert given_points.issuperset(corners)


def test_frontier_equals_a_convex_hull_library():
    rng = np.random.default_rng(0)
    for _ in range(20):
        cost, quality = rng.random((2, 40))
        # A far corner below and a flat end make the library's hull that of the frontier.
        far = np.array([[cost.min(), -9.0], [9.0, quality.max()], [9.0, -9.0]])
        hull = ConvexHull(np.vstack([np.column_stack([cost, quality]), far]))
        expected = sorted(cost[k] for k in hull.vertices if k < 40)
        frontier = CostQualityCurve(cost, quality).frontier()
        np.testing.assert_allclose(frontier.cost, expected)


def test_aiq_by_hand():
    # Frontier (0, 0), (1, .5), (3, .75); the point at 2 lies below it.
    cost, quality = [3.0, 1.0, 2.0], [0.75, 0.5, 0.4]
    assert average_improvement_in_quality(cost, quality) == pytest.approx(0.625)
    wide = average_improvement_in_quality(cost, quality, cost_range=(0.0, 5.0))
    assert wide == pytest.approx((0.25 + 1.25 + 1.5) / 5)
    tail = average_improvement_in_quality(cost, quality, cost_range=(4.0, 5.0))
    assert tail == pytest.approx(0.75)
    assert average_improvement_in_quality(cost, quality, cost_range=(2, 2)) == 0.625
    assert average_improvement_in_quality([2.0], [0.5]) == 0.5
    # Half of the queries unanswered at -1.
    low = average_improvement_in_quality([2.0], [0.5], cost_range=(0, 2), null_quality=-1.0)
    assert low == pytest.approx(-0.25)


def test_aiq_compares_over_a_shared_range():
    """A cheap router must not lose for being cheap, nor a dear one win by its own start."""
    shared = (0.0, 10.0)
    cheap = average_improvement_in_quality([1.0], [0.6], cost_range=shared)
    dear = average_improvement_in_quality([10.0], [0.6], cost_range=shared)
    assert cheap == pytest.approx((0.3 + 9 * 0.6) / 10)
    assert dear == pytest.approx(0.3)


@given(points, st.randoms())
def test_aiq_ignores_order_and_rises_with_more_policies(pairs, random):
    shuffled = pairs.tolist()
    random.shuffle(shuffled)
    options = {"cost_range": (0.0, 25.0)}
    aiq = average_improvement_in_quality(*pairs.T, **options)
    assert average_improvement_in_quality(*np.transpose(shuffled), **options) == aiq
    more = np.vstack([pairs, [5.0, 15.0]])
    assert average_improvement_in_quality(*more.T, **options) >= aiq - 1e-9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], []), "length of at least 1, got 0 and 0"),
        (([1.0], [1.0, 2.0]), "got 1 and 2"),
        (([-1.0], [1.0]), "'cost', row 0: found -1"),
        (([1.0], [np.nan]), "'quality', row 0: found nan"),
        (([1.0], [1.0], (2.0, 1.0)), "cost_range must be two ascending"),
        (([1.0], [1.0], (2.0,)), "cost_range must be two ascending"),
        (([1.0], [1.0], (-2.0, 1.0)), "'cost_range', row 0: found -2"),
    ],
)
def test_aiq_names_wrong_input(arguments, message):
    cost, quality, *rest = arguments
    with pytest.raises(ValueError, match=message):
        average_improvement_in_quality(cost, quality, cost_range=rest[0] if rest else None)
