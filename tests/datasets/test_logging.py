"""Logs simulated from full feedback."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skroute import full_feedback, logged_feedback
from skroute.datasets import simulate_log
from skroute.feedback import read_feedback

MODES = ("linear", "difficulty", "uniform")


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 4)).astype(np.float32)
    hard = X[:, 0] > 0
    quality = rng.uniform(size=(3000, 3)) < np.where(
        hard[:, None], [0.1, 0.3, 0.5], [0.6, 0.8, 0.9]
    )
    return X, full_feedback(quality, rng.uniform(size=(3000, 3)), models=["weak", "mid", "strong"])


@pytest.mark.parametrize("mode", MODES)
def test_each_row_shows_one_true_outcome_and_its_propensity(table, mode):
    X, y = table
    log = simulate_log(X, y, mode=mode, floor=0.3, random_state=0)
    for name in ("weak", "mid", "strong"):
        rows = log["model"] == name
        assert rows.any()
        assert_array_equal(log["quality"][rows], y["quality"][name][rows])
        assert_array_equal(log["cost"][rows], y["cost"][name][rows])
    assert (log["propensity"] >= 0.1 - 1e-12).all()
    assert (log["propensity"] <= 0.8 + 1e-12).all()
    # Inverse propensities of a model sum to the number of rows, in expectation.
    for name in ("weak", "mid", "strong"):
        weight = np.where(log["model"] == name, 1 / log["propensity"], 0.0)
        assert abs(weight.mean() - 1) < 5 * weight.std() / np.sqrt(len(weight))


def test_difficulty_sends_the_hard_queries_to_the_strong_model(table):
    X, y = table
    log = simulate_log(X, y, mode="difficulty", random_state=0)
    hard = X[:, 0] > 0
    share = [np.mean(log["model"][rows] == "strong") for rows in (hard, ~hard)]
    assert share[0] > 2 * share[1]
    # The plain mean of the strong model is confounded downwards.
    strong = log["model"] == "strong"
    assert log["quality"][strong].mean() < y["quality"]["strong"].mean() - 0.1


def test_a_row_own_outcomes_do_not_move_its_propensity():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2))
    quality = rng.uniform(size=(80, 3))
    for mode in MODES:
        log = simulate_log(X, full_feedback(quality), mode=mode, random_state=0)
        changed = quality.copy()
        # The same mean a model and, in other rows, the same mean quality.
        changed[0] = quality[0] + [0.2, -0.2, 0.0]
        changed[1] = quality[1] + [-0.2, 0.2, 0.0]
        again = simulate_log(X, full_feedback(changed), mode=mode, random_state=0)
        assert_allclose(again["propensity"], log["propensity"], atol=1e-12)
        assert_array_equal(again["model"], log["model"])


def test_strength_zero_and_mode_uniform_choose_every_model_alike(table):
    for options in (
        {"mode": "uniform"},
        {"strength": 0.0},
        {"mode": "difficulty", "strength": 0.0},
    ):
        assert_allclose(simulate_log(*table, **options, random_state=0)["propensity"], 1 / 3)


def test_more_rows_than_the_reference_set():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6000, 2))
    y = full_feedback((X[:, :1] < 0) * np.ones(2))
    log = simulate_log(X, y, mode="difficulty", random_state=0)
    assert len(log) == 6000


@pytest.mark.parametrize("n_rows", [1, 2, 5])
@pytest.mark.parametrize("mode", MODES)
def test_few_rows(n_rows, mode):
    X = np.ones((n_rows, 2))
    log = simulate_log(X, full_feedback(np.full((n_rows, 2), 0.5)), mode=mode, random_state=0)
    assert_allclose(log["propensity"], log["propensity"][0])
    assert np.isfinite(log["propensity"]).all()


def test_the_other_columns_are_carried():
    quality = np.array([[0.0, 1.0], [0.5, 0.25], [0.75, 0.5]], dtype=np.float32)
    y = full_feedback(
        quality,
        gold=[True, False, True],
        group=["a", "b", "a"],
        weight=[1.0, 2.0, 0.5],
        time=[30.0, 20.0, 10.0],
    )
    X = np.arange(6.0).reshape(3, 2)
    log = simulate_log(X, y, random_state=0)
    assert log["group"].tolist() == ["a", "b", "a"]
    assert log["gold"].tolist() == [True, False, True]
    assert log["weight"].tolist() == [1.0, 2.0, 0.5]
    assert log["time"].tolist() == [30.0, 20.0, 10.0]
    assert_array_equal(simulate_log(X, read_feedback(y), random_state=0)["time"], log["time"])
    assert log["quality"].dtype == np.float32
    frame = {"quality:model_0": quality[:, 0], "quality:model_1": quality[:, 1]}
    frame |= {name: y[name] for name in ("gold", "group", "weight")}
    for table in (pd.DataFrame(frame), pl.DataFrame(frame)):
        same = simulate_log(X, table, random_state=0)
        assert_array_equal(same["model"], log["model"])
        assert same["group"].tolist() == ["a", "b", "a"]
    assert set(simulate_log(X, full_feedback(quality), random_state=0).dtype.names) == {
        *("model", "quality", "cost", "propensity")
    }


def test_the_seed_decides(table):
    first, second, other = (simulate_log(*table, random_state=seed) for seed in (1, 1, 2))
    assert_array_equal(first, second)
    assert not np.array_equal(first["model"], other["model"])


def test_bad_arguments_are_told(table):
    X, y = table
    with pytest.raises(ValueError, match=r"mode must be one of .*got 'hard'"):
        simulate_log(X, y, mode="hard")
    with pytest.raises(ValueError, match="strength must be a finite number"):
        simulate_log(X, y, strength=np.inf)
    with pytest.raises(ValueError, match=r"floor must be in \(0, 1\], got 1.5"):
        simulate_log(X, y, floor=1.5)
    with pytest.raises(ValueError, match="X has 2999 rows and y has 3000"):
        simulate_log(X[1:], y)
    with pytest.raises(ValueError, match="logged already"):
        simulate_log(X[:2], logged_feedback(["a", "b"], [0.5, 0.5]))
    with pytest.raises(ValueError, match="NaN"):
        simulate_log(np.full_like(X, np.nan), y)


def test_labels_count_as_full_feedback():
    log = simulate_log(np.eye(4), ["a", "b", "a", "b"], mode="uniform", random_state=0)
    assert read_feedback(log).quality.tolist() == [
        float(shown == true) for shown, true in zip(log["model"], "abab", strict=True)
    ]
