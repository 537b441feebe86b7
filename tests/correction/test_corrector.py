import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeCV
from sklearn.model_selection import KFold
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from skroute import DRBiasCorrector, full_feedback, gain_feedback, logged_feedback
from skroute.correction._pseudo_outcomes import doubly_robust_outcome, residual_outcome
from skroute.datasets import make_gold_preference
from skroute.metrics import efficiency_gain_curve


@parametrize_with_checks([DRBiasCorrector()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def gain(y):
    return y["quality"]["primary"] - y["quality"]["alternative"]


def logged_problem(n=800, n_models=4, n_gold=200, seed=0, **options):
    return make_gold_preference(
        n, 10, n_models=n_models, n_gold=n_gold, random_state=seed, **options
    )


def test_doubly_robust_formula_by_hand():
    # Gold row: 0.5 - 0.2 + (1 - 0.25) / (0.25 * 0.75) * (0.9 - 0.5) = 0.3 + 4 * 0.4.
    # Preference row: 0.3 - 0.25 / 0.1875 * (0.8 - 0.2) = 0.3 - 0.8.
    pseudo, weight = doubly_robust_outcome(
        np.array([0.9, 0.8]), np.array([True, False]), 0.2 + np.zeros(2), 0.5 + np.zeros(2), 0.25
    )
    assert_allclose(pseudo, [1.9, -0.5])
    assert_array_equal(weight, [1, 1])


def test_residual_formula_by_hand():
    # m = 0.25 * 0.5 + 0.75 * 0.2 = 0.275.
    pseudo, weight = residual_outcome(
        np.array([0.9, 0.8]), np.array([True, False]), 0.2 + np.zeros(2), 0.5 + np.zeros(2), 0.25
    )
    assert_allclose(pseudo, [0.625 / 0.75, 0.525 / -0.25])
    assert_allclose(weight, [0.75**2, 0.25**2])


@pytest.mark.parametrize("formula", [doubly_robust_outcome, residual_outcome])
def test_pseudo_outcomes_of_the_truth_are_the_bias(formula):
    mu0, mu1 = np.array([0.1, 0.4, 0.6]), np.array([0.5, 0.2, 0.6])
    treated = np.array([True, False, True])
    pseudo, _ = formula(np.where(treated, mu1, mu0), treated, mu0, mu1, np.array([0.1, 0.5, 0.9]))
    assert_allclose(pseudo, mu1 - mu0)


@pytest.mark.parametrize("learner", ["dr", "r"])
def test_bias_error_falls_like_one_over_the_number_of_gold_labels(learner):
    """A bias linear in five features has six coefficients: its mean square error is about 6 / n."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6000, 5))
    truth = 0.1 + 0.3 * X[:, 0] - 0.2 * X[:, 1]
    noise = 0.3 * rng.normal(size=6000)
    errors = []
    for n_gold in (50, 200, 800):
        gold = np.zeros(6000, dtype=bool)
        gold[rng.choice(6000, n_gold, replace=False)] = True
        y = gain_feedback(X[:, 2] + np.where(gold, truth, 0.0) + noise, gold=gold)
        found = DRBiasCorrector(learner, random_state=0).fit(X, y).predict_bias(X)
        assert not found[:, 0].any()
        errors.append(np.mean((found[:, 1] - truth) ** 2) * n_gold / 0.3**2)
    # Times n, over the variance of the noise: no trend, and no more than three times theory.
    assert max(errors) < 3 * 6


@pytest.mark.parametrize("learner", ["dr", "r"])
def test_smooth_bias_is_recovered_better_with_more_gold(learner):
    errors = []
    for n_gold in (100, 400, 1600):
        problem = make_gold_preference(4000, 20, n_gold=n_gold, random_state=1)
        found = DRBiasCorrector(learner, random_state=0).fit(problem.X, problem.y)
        errors.append(np.mean((found.predict_bias(problem.X) - problem.bias)[:, 1] ** 2))
    assert errors[0] > errors[1] > errors[2]
    assert errors[0] < 0.25 * np.mean(problem.bias[:, 1] ** 2)


class Wrong(Ridge):
    """A regressor that is wrong everywhere."""

    def predict(self, X):
        return np.full(len(X), 0.7)


class Even(LogisticRegression):
    """A classifier that says 1/2 of everything."""

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


def mean_bias_error(n_queries, seed, **models):
    """Error of the mean bias over all queries where gold was drawn by a feature that matters."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_queries, 3))
    propensity = 1 / (1 + np.exp(1.0 - 0.7 * X[:, 0]))
    gold = rng.random(n_queries) < propensity
    truth = 0.2 + 0.5 * X[:, 0]
    quality = X[:, 1] + np.where(gold, truth, 0.0) + 0.3 * rng.normal(size=n_queries)
    corrector = DRBiasCorrector("dr", bias_model=LinearRegression(), random_state=0, **models).fit(
        X, gain_feedback(quality, gold=gold)
    )
    return np.mean(corrector.predict_bias(X)[:, 1]) - np.mean(truth)


ONE_WRONG = [
    {"outcome_model": Wrong(), "propensity_model": LogisticRegression()},
    {"outcome_model": LinearRegression(), "propensity_model": Even()},
]


@pytest.mark.parametrize("models", ONE_WRONG, ids=["outcome", "propensity"])
def test_one_wrong_nuisance_is_forgiven_as_rows_grow(models):
    error = [
        np.sqrt(np.mean([mean_bias_error(n, seed, **models) ** 2 for seed in range(6)]))
        for n in (500, 8000)
    ]
    assert error[1] < error[0]
    assert error[1] < 0.03


def test_two_wrong_nuisances_are_not_forgiven():
    wrong = {"outcome_model": Wrong(), "propensity_model": Even()}
    assert abs(np.mean([mean_bias_error(8000, seed, **wrong) for seed in range(3)])) > 0.1


def test_default_bias_model_overrules_wrong_outcome_models():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6000, 3))
    gold = rng.random(6000) < 0.3
    quality = np.where(gold, 0.5 + 0.5 * X[:, 0], 0.0) + 0.2 * rng.normal(size=6000)
    corrector = DRBiasCorrector(
        outcome_model=Wrong(), propensity_model=LogisticRegression(), random_state=0
    ).fit(X, gain_feedback(quality, gold=gold))
    error = corrector.predict_bias(X)[:, 1] - (0.5 + 0.5 * X[:, 0])
    assert np.sqrt(np.mean(error**2)) < 0.1


def efficiency(problem, test, rows, label, weight=None):
    model = RidgeCV(np.logspace(-2, 4, 13))
    model.fit(problem.X[rows], label[rows], None if weight is None else weight[rows])
    truth = test.expected_quality[:, 1]
    score = model.predict(test.X)
    return efficiency_gain_curve(gain_feedback(truth), score, strong="primary").mean()


def halves(problem):
    """Split into training and held-out queries of the same truth."""

    def part(rows):
        fields = {
            name: getattr(problem, name)[rows]
            for name in ("X", "y", "y_gold", "expected_quality", "bias", "gold_propensity")
        }
        return type(problem)(models=problem.models, **fields)

    return part(slice(0, 5000)), part(slice(5000, None))


@pytest.mark.parametrize("learner", ["dr", "r"])
def test_few_gold_labels_and_many_biased_ones_beat_either(learner):
    values = []
    for seed in range(6):
        whole = make_gold_preference(
            10000, 50, n_gold=200, bias=0.2, noise=0.5, preference_noise=0.4, random_state=seed
        )
        problem, test = halves(whole)
        everything = np.ones(len(problem.X), dtype=bool)
        corrected = DRBiasCorrector(learner, random_state=0).fit_correct(problem.X, problem.y)
        values.append(
            [
                efficiency(problem, test, everything, gain(corrected), corrected["weight"]),
                efficiency(problem, test, everything, gain(problem.y)),
                efficiency(problem, test, problem.y["gold"], gain(problem.y)),
                efficiency(problem, test, everything, gain(problem.y_gold)),
            ]
        )
    corrected, pooled, gold_only, all_gold = np.mean(values, axis=0)
    assert corrected > pooled > gold_only
    assert corrected > 0.7 * all_gold


def test_unbiased_preference_is_not_wasted():
    problem = make_gold_preference(3000, 20, n_gold=60, bias=0.0, random_state=0)
    corrector = DRBiasCorrector(random_state=0).fit(problem.X, problem.y)
    assert np.sqrt(np.mean(corrector.predict_bias(problem.X) ** 2)) < 0.08
    assert corrector.preference_weight_ > 0.7


def test_noisy_preference_gets_little_weight():
    problem = make_gold_preference(3000, 20, n_gold=200, preference_noise=2.0, random_state=0)
    corrector = DRBiasCorrector(random_state=0).fit(problem.X, problem.y)
    assert corrector.preference_weight_ == pytest.approx(0.01, rel=0.5)


def test_a_huge_bias_takes_weight_from_preference_rows():
    """However many rows share a bias that gold labels do not settle, they tell little."""
    weights = []
    for bias in (0.3, 3.0, 30.0):
        problem = logged_problem(1500, 11, 300, bias=bias)
        corrector = DRBiasCorrector(random_state=0).fit(problem.X, problem.y)
        weights.append(corrector.preference_weight_)
    assert weights[0] > 0.5
    assert weights[0] > 10 * weights[1] > 100 * weights[2]


def test_few_preference_rows_without_bias_keep_their_weight():
    problem = make_gold_preference(
        1000, 10, n_gold=900, bias=0.0, noise=0.5, preference_noise=0.5, random_state=0
    )
    corrector = DRBiasCorrector(random_state=0).fit(problem.X, problem.y)
    assert corrector.preference_weight_ > 0.6


def values_under(bias, seed):
    """Return values by labels of dr, r, both pooled, gold alone and all gold."""
    whole = make_gold_preference(
        10000, 50, n_gold=200, bias=bias, noise=0.5, preference_noise=0.5, random_state=seed
    )
    problem, test = halves(whole)
    everything = np.ones(len(problem.X), dtype=bool)
    values = []
    for learner in ("dr", "r"):
        corrected = DRBiasCorrector(learner, random_state=0).fit_correct(problem.X, problem.y)
        values.append(efficiency(problem, test, everything, gain(corrected), corrected["weight"]))
    return [
        *values,
        efficiency(problem, test, everything, gain(problem.y)),
        efficiency(problem, test, problem.y["gold"], gain(problem.y)),
        efficiency(problem, test, everything, gain(problem.y_gold)),
    ]


@pytest.mark.parametrize("bias", [0.0, 0.15, 0.3, 0.6, 0.9, 1.5])
def test_safe_at_any_size_of_the_bias(bias):
    """The gains' standard deviation is about 0.3; the bias goes from none to five times that."""
    values = np.mean([values_under(bias, seed) for seed in range(4)], axis=0)
    dr, r, pooled, gold_only, all_gold = values
    for corrected in (dr, r):
        assert corrected > max(pooled, gold_only) - 0.03 * all_gold


@pytest.mark.parametrize("learner", ["dr", "r"])
def test_bias_of_many_models_is_borrowed_between_them(learner):
    problem = logged_problem(3000, 8, 160)
    bias = (
        DRBiasCorrector(learner, random_state=0).fit(problem.X, problem.y).predict_bias(problem.X)
    )
    # Twenty gold labels a model: better than no correction by far.
    assert np.mean((bias - problem.bias) ** 2) < 0.3 * np.mean(problem.bias**2)


def test_a_model_without_gold_labels_borrows_the_common_bias():
    problem = logged_problem(3000, 4, 400)
    y = problem.y[~(problem.y["gold"] & (problem.y["model"] == "model_2"))]
    X = problem.X[~(problem.y["gold"] & (problem.y["model"] == "model_2"))]
    error = DRBiasCorrector(random_state=0).fit(X, y).predict_bias(problem.X) - problem.bias
    assert np.mean(error[:, 2] ** 2) < 0.5 * np.mean(problem.bias[:, 2] ** 2)


def test_full_feedback_of_several_models():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 4))
    truth = X[:, :3] / 3
    gold = np.arange(600) % 4 == 0
    quality = np.where(gold[:, None], truth, truth - [0.1, 0.3, 0.0]) + 0.1 * rng.normal(
        size=(600, 3)
    )
    y = full_feedback(quality, models=list("cab"), gold=gold)
    corrector = DRBiasCorrector(random_state=0).fit(X, y)
    assert corrector.classes_.tolist() == ["a", "b", "c"]
    assert_allclose(corrector.predict_bias(X).mean(axis=0), [0.3, 0.0, 0.1], atol=0.03)


def test_gold_rows_are_kept_and_preference_rows_moved_by_the_cross_fitted_bias():
    problem = logged_problem()
    y = problem.y
    corrector = DRBiasCorrector(random_state=0)
    corrected = corrector.fit_correct(problem.X, y)
    gold, column = y["gold"], np.searchsorted(corrector.classes_, y["model"])
    assert_array_equal(corrected["quality"][gold], y["quality"][gold])
    moved = y["quality"] + corrector.cross_fitted_bias_[np.arange(len(y)), column]
    assert_allclose(corrected["quality"][~gold], moved[~gold])
    assert_array_equal(corrected["weight"], np.where(gold, 1.0, corrector.preference_weight_))
    for name in ("model", "propensity", "gold"):
        assert_array_equal(corrected[name], y[name])


def test_the_bias_of_a_row_does_not_follow_its_own_label():
    """A deep tree repeats the labels it was fitted on, and cannot know those of other folds."""
    rng = np.random.default_rng(0)
    X, noise = rng.normal(size=(400, 2)), rng.normal(size=400)
    gold = np.arange(400) % 2 == 0
    corrector = DRBiasCorrector(
        outcome_model=Ridge(alpha=1e6), bias_model=DecisionTreeRegressor(), random_state=0
    ).fit(X, gain_feedback(noise, gold=gold))
    sign = np.where(gold, 1, -1)
    assert np.corrcoef(sign * noise, corrector.predict_bias(X)[:, 1])[0, 1] > 0.9
    assert abs(np.corrcoef(sign * noise, corrector.cross_fitted_bias_[:, 1])[0, 1]) < 0.2


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


@pytest.mark.parametrize("passthrough", [True, False])
def test_transform_appends_bias_columns(passthrough):
    problem = logged_problem()
    frame = pd.DataFrame(problem.X, columns=[f"x{j}" for j in range(10)])
    corrector = DRBiasCorrector(passthrough=passthrough, random_state=0)
    corrector.set_output(transform="pandas")
    fitted = corrector.fit_transform(frame, problem.y)
    names = [f"bias_model_{k}" for k in range(4)]
    assert list(fitted.columns) == (list(frame.columns) if passthrough else []) + names
    assert_allclose(fitted[names], corrector.cross_fitted_bias_)
    after = corrector.transform(frame)
    assert_allclose(after[names], corrector.predict_bias(frame))
    assert not np.allclose(after[names], fitted[names])


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
    kept = {
        name: problem.y[name]
        for name in ("cost", "propensity", "gold")
        if name in problem.y.dtype.names
    }
    kept |= {"group": np.arange(120) // 2, "time": np.arange(120.0)}
    y = logged_feedback(problem.y["model"], problem.y["quality"], **kept)
    for table in (y, pd.DataFrame({name: y[name] for name in y.dtype.names})):
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


def test_no_gold_rows_warn_and_leave_everything():
    problem = logged_problem(100, 3, 20)
    y = problem.y.copy()
    y["gold"] = False
    corrector = DRBiasCorrector()
    with pytest.warns(UserWarning, match="no gold rows"):
        corrected = corrector.fit_correct(problem.X, y)
    assert_array_equal(corrected["quality"], y["quality"])
    assert not corrector.transform(problem.X)[:, -3:].any()


def test_gold_rows_only_leave_everything():
    problem = logged_problem(100, 3, 20)
    y = problem.y.copy()
    y["gold"] = True
    corrected = DRBiasCorrector().fit_correct(problem.X, y)
    assert_array_equal(corrected["quality"], y["quality"])
    assert_array_equal(corrected["weight"], 1.0)


@pytest.mark.parametrize("n_gold", [1, 2, 5, 30])
@pytest.mark.parametrize("learner", ["dr", "r"])
def test_few_gold_rows(n_gold, learner):
    problem = make_gold_preference(200, 5, n_gold=n_gold, random_state=0)
    corrected = DRBiasCorrector(learner, random_state=0).fit_correct(problem.X, problem.y)
    assert np.isfinite(gain(corrected)).all()
    assert np.abs(gain(corrected)).max() < 5


def test_groups_stay_together_and_one_group_is_no_error():
    problem = make_gold_preference(120, 5, n_gold=40, random_state=0)
    for group in (np.arange(120) // 3, np.zeros(120, dtype=int)):
        y = gain_feedback(gain(problem.y), gold=problem.y["gold"], group=group)
        assert np.isfinite(DRBiasCorrector(random_state=0).fit_transform(problem.X, y)).all()


def test_constant_labels_and_constant_features():
    gold = np.arange(60) % 3 == 0
    X = np.ones((60, 2))
    level = DRBiasCorrector(random_state=0).fit(
        X, gain_feedback(np.where(gold, 0.4, 0.1), gold=gold)
    )
    assert_allclose(level.predict_bias(X)[:, 1], 0.3, atol=0.01)
    flat = DRBiasCorrector(random_state=0).fit(X, gain_feedback(np.full(60, 0.4), gold=gold))
    assert not flat.predict_bias(X).any()


def test_rows_of_weight_zero_do_not_count():
    problem = logged_problem(400, 3, 120)
    y, X = problem.y, problem.X
    weight = np.ones(400)
    weight[::5] = 0.0
    quality = np.where(weight > 0, y["quality"], 1e3)
    spoiled = logged_feedback(y["model"], quality, gold=y["gold"], weight=weight)
    bias = DRBiasCorrector(random_state=0).fit(X, spoiled).predict_bias(X)
    assert np.abs(bias).max() < 2


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
    assert_array_equal(*default)


def test_it_survives_joblib(tmp_path):
    problem = logged_problem(200, 3, 60)
    corrector = DRBiasCorrector(random_state=0).fit(problem.X, problem.y)
    joblib.dump(corrector, tmp_path / "corrector.joblib")
    loaded = joblib.load(tmp_path / "corrector.joblib")
    assert_allclose(loaded.transform(problem.X), corrector.transform(problem.X), rtol=1e-9)


def test_overlap_is_reported_and_no_row_is_dropped():
    problem = make_gold_preference(1000, 5, n_gold=50, selection=2.0, random_state=0)
    corrector = DRBiasCorrector(min_propensity=0.02, random_state=0).fit(problem.X, problem.y)
    own = np.where(problem.y["gold"], corrector.gold_propensity_, 1 - corrector.gold_propensity_)
    assert corrector.overlap_.smallest_propensity == own.min()
    assert corrector.overlap_.share_clipped == pytest.approx(np.mean(own < 0.02))
    assert np.corrcoef(corrector.gold_propensity_, problem.gold_propensity)[0, 1] > 0.7
    assert np.isfinite(corrector.cross_fitted_bias_).all()


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
