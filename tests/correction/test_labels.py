import numpy as np
import pandas as pd
import polars as pl
import pytest
from gold_labels import logged_problem
from numpy.testing import assert_allclose, assert_array_equal

from skroute import DRBiasCorrector, logged_feedback
from skroute.datasets import make_gold_preference
from skroute.feedback import read_feedback


def test_gold_rows_are_kept_and_preference_rows_moved_by_the_cross_fitted_bias():
    problem = logged_problem()
    y = problem.y
    corrector = DRBiasCorrector(random_state=0)
    bias = corrector.fit_transform(problem.X, y)[:, -4:]
    corrected = corrector.fit_correct(problem.X, y)
    gold, column = y["gold"], np.searchsorted(corrector.classes_, y["model"])
    assert_array_equal(corrected["quality"][gold], y["quality"][gold])
    moved = y["quality"] + bias[np.arange(len(y)), column]
    assert_allclose(corrected["quality"][~gold], moved[~gold])
    assert_array_equal(
        corrected["weight"], np.where(gold, 1.0, corrector.preference_weight_[column])
    )
    for name in ("model", "propensity", "gold"):
        assert_array_equal(corrected[name], y[name])


def test_correct_uses_the_models_of_all_rows():
    problem = logged_problem()
    X, y = problem.X, problem.y
    corrector = DRBiasCorrector(random_state=0).fit(X[:600], y[:600])
    corrected = corrector.correct(X[600:], y[600:])
    column = np.searchsorted(corrector.classes_, y["model"][600:])
    bias = corrector.predict_bias(X[600:])[np.arange(200), column]
    judged = ~y["gold"][600:]
    assert_allclose(corrected["quality"][judged], (y["quality"][600:] + bias)[judged])
    with pytest.raises(ValueError, match="row 0 a model that was not fitted"):
        corrector.correct(X[:1], logged_feedback(["new"], [0.1], gold=[False]))


def as_frame(y):
    return pd.DataFrame({name: y[name] for name in y.dtype.names})


@pytest.mark.parametrize("form", ["pandas", "polars"])
def test_tables_come_back_in_their_form(form):
    problem = logged_problem(300, 3, 90)
    expected = DRBiasCorrector(random_state=0).fit_correct(problem.X, problem.y)
    table = as_frame(problem.y)
    table = pl.from_pandas(table) if form == "polars" else table
    corrected = DRBiasCorrector(random_state=0).fit_correct(problem.X, table)
    assert type(corrected) is type(table)
    assert_array_equal(corrected["quality"].to_numpy(), expected["quality"])
    assert_array_equal(corrected["weight"].to_numpy(), expected["weight"])
    assert "weight" not in table.columns


def test_the_columns_that_are_not_corrected_stay():
    problem = logged_problem(120, 3, 40)
    kept = {name: problem.y[name] for name in ("propensity", "gold")}
    kept |= {"cost": np.ones(120), "group": np.arange(120) // 2, "time": np.arange(120.0)}
    y = logged_feedback(problem.y["model"], problem.y["quality"], **kept)
    for table in (y, as_frame(y)):
        corrected = DRBiasCorrector(random_state=0).fit_correct(problem.X, table)
        for name, values in kept.items():
            assert_array_equal(corrected[name], values)


def test_full_feedback_frames():
    problem = make_gold_preference(300, 5, n_gold=90, random_state=0)
    y = problem.y
    table = pd.DataFrame(
        {f"quality:{name}": y["quality"][name] for name in ("primary", "alternative")}
        | {"gold": y["gold"]}
    )
    corrected = DRBiasCorrector(random_state=0).fit_correct(problem.X, table)
    expected = DRBiasCorrector(random_state=0).fit_correct(problem.X, y)
    assert_array_equal(corrected["quality:primary"], expected["quality"]["primary"])
    assert_array_equal(corrected["weight"], expected["weight"])


def test_a_table_that_was_read_comes_back_as_one():
    problem = logged_problem(300, 3, 90)
    expected = DRBiasCorrector(random_state=0).fit_correct(problem.X, problem.y)
    corrector = DRBiasCorrector(random_state=0)
    corrected = corrector.fit_correct(problem.X, read_feedback(problem.y))
    assert_array_equal(corrected.quality, expected["quality"])
    assert_array_equal(corrected.weight, expected["weight"])
    assert_array_equal(corrected.gold, problem.y["gold"])
    again = corrector.correct(problem.X, read_feedback(problem.y))
    assert_array_equal(again.quality, corrector.correct(problem.X, problem.y)["quality"])
