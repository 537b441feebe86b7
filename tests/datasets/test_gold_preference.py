import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skroute.datasets import make_gold_preference


def gain(y):
    return y["quality"]["primary"] - y["quality"]["alternative"]


def test_labels_follow_the_stated_truth():
    problem = make_gold_preference(4000, 10, n_gold=1500, noise=0.1, random_state=0)
    gold = problem.y["gold"]
    assert gold.sum() == 1500
    expected = problem.expected_quality[:, 1] - np.where(gold, 0.0, problem.bias[:, 1])
    error = gain(problem.y) - expected
    for rows, spread in ((gold, 0.1), (~gold, 0.2)):
        assert abs(error[rows].mean()) < 4 * spread / np.sqrt(rows.sum())
        assert error[rows].std() == pytest.approx(spread, rel=0.1)
    assert np.sqrt(np.mean(problem.bias[:, 1] ** 2)) == pytest.approx(0.3)
    assert_array_equal(gain(problem.y)[gold], gain(problem.y_gold)[gold])


def test_selection_draws_gold_by_the_first_feature():
    drawn = make_gold_preference(3000, 5, n_gold=300, selection=1.5, random_state=0)
    assert drawn.X[drawn.y["gold"], 0].mean() > 0.5
    assert drawn.gold_propensity.sum() == pytest.approx(300)
    even = make_gold_preference(3000, 5, n_gold=300, random_state=0)
    assert np.ptp(even.gold_propensity) == 0


def test_log_of_many_models():
    problem = make_gold_preference(3000, 5, n_models=12, n_gold=300, noise=0.0, random_state=0)
    assert problem.models[[0, -1]].tolist() == ["model_00", "model_11"]
    column = np.searchsorted(problem.models, problem.y["model"])
    rows = np.arange(3000)
    gold = problem.y["gold"]
    assert_array_equal(problem.y["quality"][gold], problem.expected_quality[rows, column][gold])
    assert problem.bias.shape == (3000, 12)
    # The log is biased: strong models got queries that are high in the second feature.
    assert np.corrcoef(column, problem.X[:, 1])[0, 1] > 0.2


def test_seed_decides():
    one, two = (make_gold_preference(50, 3, n_gold=5, random_state=4) for _ in range(2))
    assert_array_equal(one.X, two.X)
    assert_array_equal(one.y, two.y)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_queries": 1}, "n_queries must be at least 2"),
        ({"n_features": 0}, "n_features must be at least 1"),
        ({"n_models": 1}, "n_models must be at least 2"),
        ({"n_queries": 100, "n_gold": 100}, "n_gold must be from 1"),
        ({"n_gold": 0}, "n_gold must be from 1"),
        ({"bias": -1.0}, "bias must be at least 0"),
        ({"noise": float("nan")}, "noise must be at least 0"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_gold_preference(**arguments)
