"""What a handful of gold rows changes."""

import warnings

import numpy as np
import pytest
from gold_labels import logged_problem
from sklearn.tree import DecisionTreeRegressor

from skroute import DRBiasCorrector, gain_feedback, logged_feedback
from skroute.correction import FewGoldWarning, MissingGoldWarning
from skroute.correction._few_gold import told_by_gold
from skroute.feedback import read_feedback


def table(n_gold, weight=None):
    gold = np.arange(200) < n_gold
    return read_feedback(
        logged_feedback(np.tile(["a", "b"], 100), np.ones(200), gold=gold, weight=weight)
    )


@pytest.mark.parametrize(("n_gold", "told"), [(2, 1e-6), (10, 1 / 65), (20, 0.5), (30, 0.919)])
def test_departures_count_by_the_number_of_gold_rows(n_gold, told):
    assert told_by_gold(table(n_gold)) == pytest.approx(told, rel=0.01)


def test_a_gold_row_of_weight_two_is_two():
    assert told_by_gold(table(10, np.full(200, 2.0))) == told_by_gold(table(20))


def fit_with_few(X, y, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FewGoldWarning)
        warnings.simplefilter("ignore", MissingGoldWarning)
        return DRBiasCorrector(random_state=0, **options).fit(X, y)


@pytest.mark.parametrize("n_gold", [2, 5])
@pytest.mark.parametrize("options", [{}, {"outcome_model": DecisionTreeRegressor(random_state=0)}])
def test_few_gold_rows_tell_one_constant(n_gold, options):
    for seed in range(3):
        problem = logged_problem(60, 3, n_gold, seed=seed)
        X, y = problem.X, problem.y
        bias = fit_with_few(X, y, **options).predict_bias(X)
        assert bias.std() < 0.03 * np.ptp(y["quality"])


@pytest.mark.parametrize("seed", [9, 22])
def test_a_bias_by_two_gold_rows_stays_within_the_range_of_labels(seed):
    """Two of 60 gold rows have pseudo-outcomes that a wild function of the query would fit."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, 10)) / np.sqrt(np.arange(1, 11))
    gold = np.arange(60) < 2
    label = X @ rng.normal(size=10) + 0.2 * rng.normal(size=60)
    bias = fit_with_few(X, gain_feedback(label, gold=gold)).predict_bias(X)
    assert np.abs(bias).max() < np.ptp(label)


def test_one_constant_is_still_learned_from_ten():
    rng = np.random.default_rng(0)
    X, gold = rng.normal(size=(300, 5)), np.arange(300) < 10
    label = X[:, 0] + np.where(gold, 0.0, 2.0) + 0.2 * rng.normal(size=300)
    bias = fit_with_few(X, gain_feedback(label, gold=gold)).predict_bias(X)[:, 1]
    assert bias.mean() == pytest.approx(-2, abs=0.3)
