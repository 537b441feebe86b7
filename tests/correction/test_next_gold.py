"""Which rows to label next."""

import numpy as np
import pytest
from gold_labels import logged_problem
from numpy.testing import assert_array_equal

from skroute import full_feedback, gain_feedback, logged_feedback
from skroute.correction import _next_gold, next_gold_rows
from skroute.datasets import make_gold_preference


def test_rows_without_gold_each_once():
    problem = logged_problem(300, 3, 60)
    rows = next_gold_rows(problem.X, problem.y, 40)
    assert len(np.unique(rows)) == 40
    assert not problem.y["gold"][rows].any()
    assert_array_equal(rows[:10], next_gold_rows(problem.X, problem.y, 10))


def test_no_more_than_there_are():
    problem = make_gold_preference(60, 3, n_gold=40, random_state=0)
    rows = next_gold_rows(problem.X, problem.y, 100)
    assert_array_equal(np.sort(rows), np.flatnonzero(~problem.y["gold"]))


def test_rows_that_were_never_judged_and_rows_of_weight_zero():
    problem = logged_problem(300, 3, 60)
    y = problem.y
    quality = np.where((np.arange(300) % 3 == 0) & ~y["gold"], np.nan, y["quality"])
    weight = np.where(np.arange(300) % 3 == 1, 0.0, 1.0)
    table = logged_feedback(y["model"], quality, gold=y["gold"], weight=weight)
    rows = next_gold_rows(problem.X, table, 30)
    assert np.isnan(quality[rows]).any()
    assert (weight[rows] > 0).all()


def decisive(seed):
    """Two models, level where the first column is low; where it is high one wins by far."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(1000, 3))
    clear = X[:, 0] > 0
    gain = np.where(clear, 3.0, 0.0) + 0.1 * X[:, 1]
    gold = np.zeros(1000, dtype=bool)
    gold[rng.choice(1000, 60, replace=False)] = True
    return X, gain_feedback(gain + 0.3 * rng.normal(size=1000), gold=gold), clear


def test_labels_go_where_they_decide():
    for seed in range(3):
        X, y, clear = decisive(seed)
        assert clear[next_gold_rows(X, y, 40)].mean() < 0.15


def test_labels_go_to_a_contender_without_gold():
    rng = np.random.default_rng(0)
    X, action = rng.normal(size=(900, 3)), rng.integers(3, size=900)
    gold = (action > 0) & (rng.random(900) < 0.2)
    quality = np.array([0.5, 0.5, 0.1])[action] + 0.1 * rng.normal(size=900)
    y = logged_feedback(np.array(list("abc"))[action], quality, gold=gold)
    shown = y["model"][next_gold_rows(X, y, 20)]
    assert np.mean(shown == "a") > 0.6
    assert np.mean(shown == "c") < 0.1


def test_full_feedback_of_several_models():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = full_feedback(X @ rng.normal(size=(3, 4)), gold=np.arange(200) < 40)
    rows = next_gold_rows(X, y, 5)
    assert (rows >= 40).all()


def test_a_sample_of_many_is_decided_by_random_state(monkeypatch):
    monkeypatch.setattr(_next_gold, "_MOST_CANDIDATES", 50)
    problem = logged_problem(300, 3, 60)
    found = [next_gold_rows(problem.X, problem.y, 20, random_state=s) for s in (0, 0, 1)]
    assert_array_equal(found[0], found[1])
    assert set(found[0]) != set(found[2])


@pytest.mark.parametrize("n_rows", [0, -1, 1.5, "a"])
def test_numbers_of_rows_that_are_none(n_rows):
    problem = logged_problem(100, 2, 30)
    with pytest.raises(ValueError, match="n_rows"):
        next_gold_rows(problem.X, problem.y, n_rows)


@pytest.mark.parametrize("gold", [True, False])
def test_one_source_alone_is_refused(gold):
    y = logged_feedback(["a", "b"] * 10, np.arange(20) / 20, gold=np.full(20, gold))
    with pytest.raises(ValueError, match="needs gold and preference-based rows"):
        next_gold_rows(np.arange(20.0)[:, None], y, 3)


def test_no_quality_that_varies_leaves_nothing_to_decide():
    y = full_feedback(np.tile([0.2, 0.4], (20, 1)), gold=np.arange(20) < 5)
    with pytest.raises(ValueError, match="the same quality in all rows"):
        next_gold_rows(np.arange(20.0)[:, None], y, 3)


def test_what_is_known_is_not_read_off_a_row_of_no_weight():
    X, y, _ = decisive(0)
    gain = y["quality"]["primary"]
    quality = np.column_stack([np.zeros(1000), gain])
    quality[0, 0] = 50.0
    weight = np.append(0.0, np.ones(999))
    spoiled = full_feedback(quality, gold=y["gold"], weight=weight)
    quality[0, 0] = 0.0
    clean = full_feedback(quality, gold=y["gold"], weight=weight)
    assert_array_equal(next_gold_rows(X, spoiled, 5), next_gold_rows(X, clean, 5))
