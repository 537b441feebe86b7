import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from gold_labels import logged_problem
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from skroute import DRBiasCorrector, gain_feedback
from skroute.datasets import make_gold_preference


@parametrize_with_checks([DRBiasCorrector()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_the_bias_of_a_row_does_not_follow_its_own_label():
    """A deep tree repeats the labels it was fitted on, and cannot know those of other folds."""
    rng = np.random.default_rng(0)
    X, noise = rng.normal(size=(400, 2)), rng.normal(size=400)
    gold = np.arange(400) % 2 == 0
    corrector = DRBiasCorrector(
        outcome_model=Ridge(alpha=1e6), bias_model=DecisionTreeRegressor(), random_state=0
    )
    cross_fitted = corrector.fit_transform(X, gain_feedback(noise, gold=gold))[:, -1]
    sign = np.where(gold, 1, -1)
    assert np.corrcoef(sign * noise, corrector.predict_bias(X)[:, 1])[0, 1] > 0.9
    assert abs(np.corrcoef(sign * noise, cross_fitted)[0, 1]) < 0.2


@pytest.mark.parametrize("passthrough", [True, False])
def test_transform_appends_bias_columns(passthrough):
    problem = logged_problem()
    frame = pd.DataFrame(problem.X, columns=[f"x{j}" for j in range(10)])
    corrector = DRBiasCorrector(passthrough=passthrough, random_state=0)
    corrector.set_output(transform="pandas")
    fitted = corrector.fit_transform(frame, problem.y)
    names = [f"bias_model_{k}" for k in range(4)]
    assert list(fitted.columns) == (list(frame.columns) if passthrough else []) + names
    after = corrector.transform(frame)
    assert_allclose(after[names], corrector.predict_bias(frame))
    assert not np.allclose(after[names], fitted[names])


def test_no_gold_rows_warn_and_leave_everything():
    problem = logged_problem(100, 3, 20)
    y = problem.y.copy()
    y["gold"] = False
    corrector = DRBiasCorrector()
    with pytest.warns(UserWarning, match="no gold rows") as log:
        corrected = corrector.fit_correct(problem.X, y)
    assert log[0].filename == __file__
    assert_array_equal(corrected["quality"], y["quality"])
    assert not corrector.transform(problem.X)[:, -3:].any()


def test_gold_rows_only_leave_everything():
    problem = logged_problem(100, 3, 20)
    y = problem.y.copy()
    y["gold"] = True
    corrected = DRBiasCorrector().fit_correct(problem.X, y)
    assert_array_equal(corrected["quality"], y["quality"])
    assert_array_equal(corrected["weight"], 1.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_and_read_only_input(dtype):
    problem = logged_problem(300, 3, 90)
    X, y = problem.X.astype(dtype), problem.y.copy()
    X.flags.writeable = y.flags.writeable = False
    columns = DRBiasCorrector(random_state=0).fit_transform(X, y)
    assert columns.dtype == dtype
    reference = DRBiasCorrector(random_state=0).fit_transform(problem.X, problem.y)
    assert_allclose(columns, reference, atol=1e-3)


def test_n_jobs_and_repetition_do_not_change_the_result():
    problem = logged_problem(200, 3, 60)
    options = {"outcome_model": Ridge(), "bias_model": Ridge(), "random_state": 3}
    one = DRBiasCorrector(**options).fit_transform(problem.X, problem.y)
    assert_array_equal(
        one, DRBiasCorrector(n_jobs=2, **options).fit_transform(problem.X, problem.y)
    )
    default = [
        DRBiasCorrector(random_state=0).fit_transform(problem.X, problem.y) for _ in range(2)
    ]
    # Where arrays lie in memory can decide the last digit of a product.
    assert_allclose(*default, rtol=1e-9, atol=1e-12)


def test_it_survives_joblib(tmp_path):
    problem = logged_problem(200, 3, 60)
    corrector = DRBiasCorrector(random_state=0).fit(problem.X, problem.y)
    joblib.dump(corrector, tmp_path / "corrector.joblib")
    loaded = joblib.load(tmp_path / "corrector.joblib")
    assert_allclose(loaded.transform(problem.X), corrector.transform(problem.X), rtol=1e-9)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"learner": "x"}, "learner must be 'dr' or 'r'"),
        ({"min_propensity": 0.0}, "min_propensity must be in"),
        ({"min_propensity": 0.5}, "min_propensity must be in"),
        ({"propensity_model": Ridge()}, "propensity_model must be a classifier"),
        ({"bias_model": "ridge"}, "bias_model must be a regressor"),
        ({"outcome_model": "forest"}, "outcome_model must be a regressor"),
        ({"cv": 1}, "cv must be at least 2"),
    ],
)
def test_wrong_parameters_are_named(parameters, message):
    problem = logged_problem(100, 3, 30)
    with pytest.raises(ValueError, match=message):
        DRBiasCorrector(**parameters).fit(problem.X, problem.y)


def test_any_splitter_and_regressor_can_be_passed():
    problem = logged_problem(300, 3, 100)
    corrector = DRBiasCorrector(
        "r",
        outcome_model=Ridge(),
        propensity_model=LogisticRegression(),
        bias_model=Ridge(),
        cv=KFold(3),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bias = corrector.fit(problem.X, problem.y).predict_bias(problem.X)
    assert np.mean((bias - problem.bias) ** 2) < np.mean(problem.bias**2)


FITS = {
    "fit": lambda corrector, X, y: corrector.fit(X, y),
    "fit_transform": lambda corrector, X, y: corrector.fit_transform(X, y),
    "fit_correct": lambda corrector, X, y: corrector.fit_correct(X, y),
}


class Interrupted(Ridge):
    """A regressor whose fit is interrupted by whoever waits for it."""

    def fit(self, X, y, sample_weight=None):
        raise KeyboardInterrupt


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS.keys())
@pytest.mark.parametrize(
    ("parameters", "error"),
    [({"learner": "x"}, ValueError), ({"bias_model": Interrupted()}, KeyboardInterrupt)],
)
def test_a_fit_that_fails_changes_nothing(fit, parameters, error):
    problem, other = logged_problem(200, 3, 60), make_gold_preference(150, 4, n_gold=40)
    corrector = DRBiasCorrector(**parameters)
    with pytest.raises(error):
        fit(corrector, problem.X, problem.y)
    with pytest.raises(NotFittedError):
        corrector.transform(problem.X)
    corrector = DRBiasCorrector(random_state=0).fit(problem.X, problem.y)
    before = corrector.transform(problem.X)
    corrector.set_params(**parameters)
    fitted = {name: value for name, value in vars(corrector).items() if name.endswith("_")}
    with pytest.raises(error):
        fit(corrector, other.X, other.y)
    assert {name: vars(corrector)[name] for name in fitted} == fitted
    assert_array_equal(corrector.transform(problem.X), before)


def test_a_refit_forgets_what_no_longer_applies():
    problem, other = logged_problem(200, 3, 60), make_gold_preference(150, 10, n_gold=40)
    frame = pd.DataFrame(problem.X, columns=[f"x{j}" for j in range(10)])
    corrector = DRBiasCorrector(random_state=0).fit(frame, problem.y)
    corrector.fit_correct(other.X, other.y)
    assert corrector.classes_.tolist() == ["alternative", "primary"]
    assert not hasattr(corrector, "feature_names_in_")


@pytest.mark.parametrize(
    "models", [{}, {"outcome_model": Ridge(), "bias_model": Ridge()}], ids=["default", "ridge"]
)
def test_nothing_that_grows_with_the_log_is_kept(models):
    """Beyond the 4,000 rows that components and landmarks are learned from at most."""
    sizes = []
    for n_rows in (4000, 8000):
        problem = logged_problem(n_rows, 3, 200)
        corrector = DRBiasCorrector(random_state=0, **models).fit(problem.X, problem.y)
        sizes.append(len(pickle.dumps(corrector)))
    # A single number kept for each row would be 32,000 bytes.
    assert abs(sizes[1] - sizes[0]) < 4000


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_pickle_gives_the_same_numbers_to_the_bit(dtype):
    problem = logged_problem(400, 3, 120)
    X = problem.X.astype(dtype)
    corrector = DRBiasCorrector(random_state=0).fit(X, problem.y)
    again = pickle.loads(pickle.dumps(corrector))
    np.testing.assert_array_equal(again.predict_bias(X), corrector.predict_bias(X))
