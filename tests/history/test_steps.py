"""A step in a series is found where there is one, and hardly ever elsewhere."""

import numpy as np
import pytest

from skroute.history._steps import largest_step

ONES = np.ones(200)


def noise(seed, n=200):
    return np.random.default_rng(seed).normal(size=n)


def test_a_step_is_where_and_as_large_as_it_is():
    value = noise(0)
    value[120:] += 3.0
    step = largest_step(np.arange(200.0), value, ONES)
    assert step.time == pytest.approx(120, abs=1)
    assert step.size == pytest.approx(3.0, abs=0.3)
    assert step.p_value < 1e-9
    order = np.random.default_rng(1).permutation(200)
    assert largest_step(np.arange(200.0)[order], value[order], ONES) == step


DRAWS = {
    "normal": lambda rng: rng.normal(size=80),
    "rare": lambda rng: rng.random(300) < 0.1,
    "neighbours": lambda rng: np.convolve(rng.normal(size=305), np.ones(6), "valid"),
    "groups": lambda rng: np.repeat(rng.normal(size=60), 5),
}


@pytest.mark.parametrize("kind", DRAWS)
def test_false_alarms(kind):
    found = 0
    for seed in range(400):
        value = DRAWS[kind](np.random.default_rng(seed)).astype(float)
        n = len(value)
        group = np.repeat(np.arange(n // 5), 5) if kind == "groups" else None
        found += largest_step(np.arange(float(n)), value, np.ones(n), group).p_value < 0.01
    # At a nominal 1 %; series that remember are harder.
    assert found <= 400 * (0.05 if kind == "neighbours" else 0.025)


def test_no_step_within_a_moment():
    value = noise(0)
    value[110:] += 2.0
    assert largest_step(np.arange(200) // 50 * 1.0, value, ONES).time == 2.0
    assert largest_step(np.zeros(200), value, ONES) is None


def test_too_few_rows_tell_nothing():
    assert largest_step(np.arange(39.0), noise(0, 39), np.ones(39)) is None
    assert largest_step(np.arange(0.0), np.zeros(0), np.zeros(0)) is None


def test_constants():
    assert largest_step(np.arange(200.0), np.zeros(200), ONES).p_value == 1.0
    exact = largest_step(np.arange(200.0), np.repeat([1.0, 0.5], 100), ONES)
    assert (exact.time, exact.size, exact.p_value) == (100.0, -0.5, 0.0)
