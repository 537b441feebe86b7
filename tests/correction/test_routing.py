"""The corrector inside, in front of and beside a router."""

import joblib
import numpy as np
import pytest
from gold_labels import logged_problem
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skroute import CausalRouter, DRBiasCorrector, full_feedback, logged_feedback
from skroute.correction import correct_by_columns
from skroute.datasets import make_gold_preference
from skroute.feedback import read_feedback


def pipeline(corrector, **options):
    router = CausalRouter(bias_correction="upstream", random_state=0, **options)
    return Pipeline([("debias", corrector), ("route", router)])


def test_inside_equals_alone():
    problem = logged_problem(600, n_gold=150)
    corrector = DRBiasCorrector(random_state=0)
    inside = CausalRouter(bias_correction=corrector, random_state=0).fit(problem.X, problem.y)
    corrected = DRBiasCorrector(random_state=0).fit_correct(problem.X, problem.y)
    table = logged_feedback(
        corrected["model"],
        corrected["quality"],
        propensity=corrected["propensity"],
        weight=corrected["weight"],
    )
    alone = CausalRouter(random_state=0).fit(problem.X, table)
    assert_array_equal(inside.predict_quality(problem.X), alone.predict_quality(problem.X))
    assert not hasattr(corrector, "classes_")
    assert_array_equal(inside.bias_correction_.classes_, inside.classes_)


@pytest.mark.parametrize("n_models", [2, 4])
@pytest.mark.parametrize("learner", ["dr", "r"])
def test_all_three_uses_give_the_same_labels_and_weights(learner, n_models):
    problem = logged_problem(600, n_models, 150, preference_noise=0.5)
    X, y = problem.X, problem.y
    corrector = DRBiasCorrector(learner, random_state=0)
    alone = read_feedback(corrector.fit_correct(X, y))
    inside = clone(corrector).fit_correct_feedback(X, read_feedback(y))
    queries, upstream = correct_by_columns(clone(corrector).fit_transform(X, y), read_feedback(y))
    assert_array_equal(queries, X)
    assert (corrector.preference_weight_ > 0).all()
    assert (corrector.preference_weight_ < 0.7).all()
    for other in (inside, upstream):
        assert_array_equal(other.quality, alone.quality)
        assert_allclose(other.weight, alone.weight, rtol=1e-9)
        assert other.gold.all()


def test_upstream_equals_alone():
    problem = logged_problem(600, n_gold=150, preference_noise=0.5)
    fitted = pipeline(DRBiasCorrector(random_state=0)).fit(problem.X, problem.y)
    corrected = DRBiasCorrector(random_state=0).fit_correct(problem.X, problem.y)
    table = logged_feedback(
        corrected["model"],
        corrected["quality"],
        propensity=corrected["propensity"],
        weight=corrected["weight"],
    )
    alone = CausalRouter(random_state=0).fit(problem.X, table)
    assert_allclose(
        fitted[-1].predict_quality(fitted[:-1].transform(problem.X)),
        alone.predict_quality(problem.X),
        atol=1e-6,
    )
    assert_array_equal(fitted.predict(problem.X), alone.predict(problem.X))


def test_bias_columns_decide_nothing_after_the_fit():
    problem = logged_problem(600, n_gold=150)
    fitted = pipeline(DRBiasCorrector(random_state=0)).fit(problem.X, problem.y)
    X = fitted[:-1].transform(problem.X)
    other = X.copy()
    other[:, -4:] = 7.0
    router = fitted[-1]
    assert_array_equal(router.predict(X), router.predict(other))
    assert router.score(X, problem.y) == router.score(other, problem.y)


def test_grid_search_over_the_whole_pipeline(tmp_path):
    """On logged feedback with a gold column and no propensities; a warning would be an error."""
    problem = make_gold_preference(1200, 60, n_models=3, n_gold=800, random_state=0)
    y = problem.y
    y = logged_feedback(y["model"], y["quality"], gold=y["gold"])
    search = GridSearchCV(
        Pipeline(
            [
                ("reduce", PCA(50)),
                ("debias", DRBiasCorrector()),
                ("route", CausalRouter(bias_correction="upstream")),
            ]
        ),
        {"debias__learner": ["r", "dr"], "route__shrinkage": ["auto", 5.0]},
        error_score="raise",
    ).fit(problem.X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    joblib.dump(search.best_estimator_, tmp_path / "router.joblib")
    loaded = joblib.load(tmp_path / "router.joblib")
    assert_array_equal(loaded.predict(problem.X), search.predict(problem.X))
    assert loaded.score(problem.X, y) == search.best_estimator_.score(problem.X, y)


def test_full_feedback_is_corrected_too():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 3))
    gold = np.arange(500) % 5 == 0
    truth = np.column_stack([0.5 + 0 * X[:, 0], 0.5 + 0.2 * X[:, 0]])
    quality = truth + 0.05 * rng.normal(size=truth.shape)
    quality[~gold, 0] += 0.5
    y = full_feedback(quality, models=["a", "b"], gold=gold)
    router = CausalRouter(bias_correction=DRBiasCorrector(), random_state=0).fit(X, y)
    best = np.where(X[:, 0] > 0, "b", "a")
    assert np.mean(router.predict(X) == best) > 0.9


def true_regret(router, X, problem):
    column = np.searchsorted(problem.models, router.predict(X))
    quality = problem.expected_quality
    return np.mean(quality.max(axis=1) - quality[np.arange(len(X)), column])


def test_correction_improves_true_regret_on_a_log_of_many_models():
    """Paired over seeds: corrected, against ignoring the bias and against gold rows alone."""
    regrets = []
    for seed in range(8):
        problem = logged_problem(1500, 11, 300, seed, bias=0.4)
        X, y = problem.X, problem.y
        with_warning = CausalRouter(random_state=0)
        with pytest.warns(UserWarning, match="preference-based"):
            with_warning.fit(X, y)
        gold_only = CausalRouter(random_state=0).fit(X[y["gold"]], y[y["gold"]])
        corrected = CausalRouter(
            bias_correction=DRBiasCorrector(random_state=0), random_state=0
        ).fit(X, y)
        regrets.append([true_regret(r, X, problem) for r in (corrected, with_warning, gold_only)])
    corrected, ignored, gold_only = np.transpose(regrets)
    for other in (ignored, gold_only):
        gain = other - corrected
        assert gain.mean() > 2 * gain.std(ddof=1) / np.sqrt(len(gain))


@pytest.mark.parametrize("value", ["downstream", PCA(), 3])
def test_wrong_corrections_are_named(value):
    problem = logged_problem(100, 3, 30)
    with pytest.raises(ValueError, match="bias_correction must be a DRBiasCorrector"):
        CausalRouter(bias_correction=value).fit(problem.X, problem.y)


def test_upstream_without_columns_says_so():
    problem = logged_problem(100, 3, 30)
    with pytest.raises(ValueError, match="reads the last 3 columns"):
        CausalRouter(bias_correction="upstream").fit(problem.X[:, :3], problem.y)
