"""From when to when a model was there."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skroute import full_feedback, logged_feedback
from skroute.feedback import read_feedback
from skroute.nuisance import Availability

HOUR = 3600.0


def available(model, time=None, **columns):
    time = np.arange(len(model)) * HOUR if time is None else time
    y = logged_feedback(model, np.zeros(len(model)), time=time, **columns)
    return Availability.of(read_feedback(y))


def log(n=1000, seed=0, share=0.5):
    return np.where(np.random.default_rng(seed).random(n) < share, "a", "b").astype("<U3")


def test_models_that_come_and_go():
    model = log()
    model[:400][model[:400] == "a"] = "b"
    model[600:][model[600:] == "b"] = "new"
    found = available(model)
    assert found.appeared.tolist() == [True, False, True]
    assert found.gone.tolist() == [False, True, False]
    time = np.arange(1000) * HOUR
    assert found.first[0] == time[np.flatnonzero(model == "a")[0]]
    assert found.last[1] == time[np.flatnonzero(model == "b")[-1]]
    at = found.at(time)
    assert at.shape == (1000, 3)
    assert_array_equal(at[:, 1], time <= found.last[1])
    assert at[np.arange(1000), np.searchsorted(["a", "b", "new"], model)].all()


@pytest.mark.parametrize(("since", "gone"), [(8, False), (12, True)])
def test_a_model_is_gone_below_one_in_a_thousand(since, gone):
    # At half of the rows, the chance of none in m more is about .5**m, and 2**-10 is .00098.
    model = np.r_[log(4000), np.full(since, "b")]
    model[3999] = "a"
    assert available(model).gone.tolist() == [gone, False]


def test_few_rows_say_little_of_a_rate():
    model = np.full(200, "b")
    model[[10, 20, 30]] = "a"
    # At a rate of 2 in 20 no row in 169 has a chance of 2e-8, but two rows show no such rate.
    assert not available(model).gone.any()
    model[[11, 13, 15, 17, 22, 25]] = "a"
    assert available(model).gone.tolist() == [True, False]
    assert not available(np.r_[["a"], np.full(500, "b")]).gone.any()


def test_a_model_that_was_away_before_is_not_gone():
    model = log(1000)
    model[300:450] = "b"
    away = np.r_[model, np.full(100, "b")]
    assert not available(away).gone.any()
    assert available(np.r_[model, np.full(200, "b")]).gone.tolist() == [True, False]


def test_at_most_one_in_a_thousand_where_nothing_happened():
    found = 0
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        model = rng.choice(list("abcdef"), 200, p=[0.5, 0.3, 0.1, 0.05, 0.03, 0.02])
        throughout = available(model)
        found += np.count_nonzero(throughout.gone) + np.count_nonzero(throughout.appeared)
    assert found <= 0.002 * 6 * 1000


def test_the_order_of_rows_and_equal_times_do_not_matter():
    model = log(1000)
    model[500:][model[500:] == "b"] = "c"
    week = np.arange(1000) // 100 * 7 * 24 * HOUR
    expected = available(model, week)
    assert expected.gone.tolist() == [False, True, False]
    order = np.random.default_rng(1).permutation(1000)
    again = available(model[order], week[order])
    assert_array_equal(again.first, expected.first)
    assert_array_equal(again.last, expected.last)


def test_rows_of_a_group_are_one_and_rows_without_weight_none():
    model = np.r_[log(100), np.full(12, "b")]
    assert available(model).gone.any()
    assert not available(model, group=np.r_[np.arange(100), np.full(12, 100)]).gone.any()
    assert not available(model, weight=np.r_[np.ones(100), np.zeros(12)]).gone.any()


def test_without_time_or_with_all_outcomes_models_are_there():
    y = logged_feedback(np.r_[log(100), np.full(50, "b")], np.zeros(150))
    assert Availability.of(read_feedback(y)).throughout
    y = full_feedback(np.zeros((4, 2)), time=np.arange(4))
    assert Availability.of(read_feedback(y)).throughout


def test_sessions_that_come_back_do_not_make_models_go():
    """Late groups are those of few rows, so that each model is in fewer of them."""
    rng = np.random.default_rng(0)
    for _ in range(40):
        group = rng.integers(900, size=2000)
        model = rng.choice(["a", "b", "c", "d"], 2000, p=[0.1, 0.2, 0.3, 0.4])
        y = logged_feedback(model, np.ones(2000), group=group, time=np.arange(2000.0))
        assert Availability.of(read_feedback(y)).throughout
