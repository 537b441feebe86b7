import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skroute.routers._knots import place_knots, within_knots


def make(n=400, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((n, 5)), 0.1 * rng.random((n, 5)), np.ones(n)


def changes(quality, cost):
    """Return every cost sensitivity at which the best choice changes, by brute force."""
    found = []
    for q, c in zip(quality, cost, strict=True):
        dearer = c[:, None] > c
        meet = np.divide(q[:, None] - q, c[:, None] - c, out=np.zeros((5, 5)), where=dearer)
        values = meet[meet > 0]
        before, after = (
            (q - near * values[:, None] * c).argmax(axis=1) for near in (1 - 1e-6, 1 + 1e-6)
        )
        found.append(values[before != after])
    return np.sort(np.concatenate(found))


def test_none_and_given_ones_are_taken_as_they_are():
    quality, cost, weight = make(10)
    assert place_knots(None, 3.0, quality, cost, weight, interpolated=True).tolist() == [3.0]
    given = place_knots([0, 1, 4], 3.0, quality, cost, weight, interpolated=True)
    assert given.dtype == np.float64
    assert given.tolist() == [0.0, 1.0, 4.0]


def test_auto_stands_where_choices_change():
    quality, cost, weight = make()
    knots = place_knots("auto", 0.0, quality, cost, weight, interpolated=True)
    expected = np.quantile(
        changes(quality, cost), np.linspace(0, 0.95, 17)[1:], method="inverted_cdf"
    )
    assert_allclose(knots, np.r_[0.0, expected], rtol=1e-9)
    spanning = place_knots("auto", 0.0, quality, cost, weight, interpolated=False)
    assert spanning[-1] == pytest.approx(changes(quality, cost)[-1])


@pytest.mark.parametrize("interpolated", [False, True])
def test_weights_equal_repetition(interpolated):
    quality, cost, _ = make(60)
    weight = np.random.default_rng(1).integers(0, 4, 60)
    times = np.repeat(np.arange(60), weight)
    options = {"interpolated": interpolated}
    weighted = place_knots("auto", 0.0, quality, cost, weight, **options)
    ones = np.ones(len(times))
    repeated = place_knots("auto", 0.0, quality[times], cost[times], ones, **options)
    assert_array_equal(weighted, repeated)


def test_auto_spans_the_own_cost_sensitivity():
    quality, cost, weight = make()
    knots = place_knots("auto", 1e6, quality, cost, weight, interpolated=True)
    assert knots[-1] == 1e6
    assert len(knots) == 18


@pytest.mark.parametrize("interpolated", [False, True])
def test_auto_without_a_change_still_has_an_interval(interpolated):
    quality, cost, weight = make(20)
    no_cost = place_knots("auto", 0.0, quality, 0 * cost, weight, interpolated=interpolated)
    assert no_cost.tolist() == [0.0, 1.0]
    # Equal quality: the choice changes at 0 at once.
    at_zero = place_knots("auto", 0.0, 0 * quality, cost, weight, interpolated=interpolated)
    assert at_zero.tolist() == [0.0, 1.0]


def test_what_is_served():
    knots = 1.0, 4.0
    assert within_knots(None, 1.5, knots, 3) == 1.5
    assert within_knots(4.0, 1.5, knots, 3) == 4.0
    assert_array_equal(within_knots([1.0, 2.0, 3.0], 1.5, knots, 3), [[1.0], [2.0], [3.0]])
    for outside in (0.5, 5.0, np.array([1.0, 2.0, 4.5])):
        with pytest.raises(ValueError, match=r"knots from 1 to 4.*np\.clip"):
            within_knots(outside, 1.5, knots, 3)
    with pytest.raises(ValueError, match=r"cost_sensitivity=9 \(row 0\) is not served"):
        within_knots(None, 9.0, knots, 3)
