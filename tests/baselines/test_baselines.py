"""What all baselines share, and scikit-learn's own checks."""

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skroute import baselines, logged_feedback
from skroute.baselines import (
    BestFixedModel,
    KNeighborsRouter,
    RandomRouter,
    RegressAndCompare,
    ThresholdRouter,
)
from skroute.routers import OutcomeRouter

ALL = [getattr(baselines, name) for name in baselines.__all__]
BY_UTILITY = [router for router in ALL if issubclass(router, OutcomeRouter)]


@parametrize_with_checks([router() for router in ALL])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("Router", ALL)
def test_every_form_of_y_fits_and_scores(problem, fresh, Router):
    for y, y_test in (
        (problem.y, fresh.y),
        (pd.DataFrame({name: problem.y[name] for name in problem.y.dtype.names}), fresh.y_full),
        (problem.y_full, fresh.y_full),
    ):
        router = Router(cost_sensitivity=10.0)
        if "random_state" in router.get_params():
            router.set_params(random_state=0)
        router.fit(problem.X, y)
        labels = router.predict(fresh.X)
        assert set(labels) <= set(problem.models)
        value = router.score(fresh.X, y_test)
        truth = fresh.true_utility(10.0).max(axis=1).mean() - fresh.regret(labels, 10.0)
        assert abs(value - truth) < 0.08


@pytest.mark.parametrize("Router", ALL)
def test_labels_keep_their_type(Router):
    X = np.random.default_rng(0).normal(size=(40, 2))
    for labels in (np.array([10, 9] * 20), np.array(["b", "a"] * 20), np.array([True, False] * 20)):
        router = Router().fit(X, logged_feedback(labels, np.linspace(0, 1, 40)))
        assert router.predict(X).dtype == labels.dtype
        assert router.classes_.tolist() == sorted(np.unique(labels).tolist(), key=str)


@pytest.mark.parametrize("Router", ALL)
def test_bad_input_is_told(problem, Router):
    X, y = problem.X[:50], problem.y[:50]
    with pytest.raises(ValueError, match=r"y shows one model only .*model_1.* 1 class"):
        Router().fit(X, logged_feedback(["model_1"] * 50, np.zeros(50)))
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[49, 50\]"):
        Router().fit(X[:49], y)
    with pytest.raises(ValueError, match="cost_sensitivity must be a finite number of at least 0"):
        Router(cost_sensitivity=-1).fit(X, y)
    with pytest.raises(ValueError, match="cost_sensitivity must be a finite number"):
        Router(cost_sensitivity=None).fit(X, y)
    half = np.arange(50) < 25
    weighted = logged_feedback(y["model"], y["quality"], weight=half.astype(float))
    with pytest.raises(ValueError, match="leave no row with a weight above 0"):
        Router().fit(X, weighted, sample_weight=~half)
    with pytest.raises(ValueError, match="features"):
        Router().fit(X, y).predict(X[:, :3])


@pytest.mark.parametrize("Router", ALL)
def test_preference_rows_are_warned_about(problem, Router):
    y = problem.y[:60]
    mixed = logged_feedback(y["model"], y["quality"], gold=np.arange(60) < 40)
    message = f"20 of 60 rows have a preference-based quality, which {Router.__name__} takes"
    with pytest.warns(UserWarning, match=message):
        Router().fit(problem.X[:60], mixed)


@pytest.mark.parametrize("Router", ALL)
def test_weights_are_repetitions(problem, fresh, Router):
    rng = np.random.default_rng(0)
    weight = rng.integers(0, 4, size=200)
    X, y = problem.X[:200], problem.y[:200]
    weighted = Router().fit(X, y, sample_weight=weight.astype(float))
    repeated = Router().fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    if Router is RandomRouter:
        repeated.key_ = weighted.key_
    assert_array_equal(weighted.predict(fresh.X), repeated.predict(fresh.X))
    column = logged_feedback(*(y[n] for n in ("model", "quality")), cost=y["cost"], weight=weight)
    in_table = logged_feedback(*(y[n] for n in ("model", "quality")), cost=y["cost"])
    one = Router().fit(X, column)
    other = Router().fit(X, in_table, sample_weight=weight)
    if Router is RandomRouter:
        other.key_ = one.key_
    assert_array_equal(one.predict(fresh.X), other.predict(fresh.X))


@pytest.mark.parametrize("Router", BY_UTILITY)
def test_any_cost_sensitivity_is_served_from_one_fit(problem, fresh, Router):
    router = Router().fit(problem.X, problem.y)
    quality, cost = router.predict_quality(fresh.X), router.predict_cost(fresh.X)
    rows = np.random.default_rng(0).uniform(0, 50, size=len(fresh.X))
    for sensitivity in (0.0, 7.5, rows):
        utility = quality - np.reshape(sensitivity, (-1, 1)) * cost
        assert_array_equal(
            router.predict(fresh.X, cost_sensitivity=sensitivity),
            problem.models[utility.argmax(axis=1)],
        )
        if np.ndim(sensitivity) == 0:
            same = Router(sensitivity).fit(problem.X, problem.y)
            expected = router.predict(fresh.X, cost_sensitivity=sensitivity)
            assert_array_equal(same.predict(fresh.X), expected)
    with pytest.raises(ValueError, match=r"a number or have shape \(2000,\), got \(3,\)"):
        router.predict(fresh.X, cost_sensitivity=[1.0, 2.0, 3.0])
    rows[7] = np.nan
    with pytest.raises(ValueError, match="finite and at least 0; row 7 has nan"):
        router.predict(fresh.X, cost_sensitivity=rows)
    with pytest.raises(ValueError, match="at least 0, got -2"):
        router.predict(fresh.X, cost_sensitivity=-2)


@pytest.mark.parametrize("Router", ALL)
def test_they_persist_and_clone(problem, fresh, Router, tmp_path):
    router = Router(cost_sensitivity=3.0).fit(problem.X, problem.y)
    joblib.dump(router, tmp_path / "router.joblib")
    again = joblib.load(tmp_path / "router.joblib")
    assert_array_equal(again.predict(fresh.X), router.predict(fresh.X))
    assert clone(router).get_params() == router.get_params()


def test_they_stand_in_one_grid_search(problem):
    pipeline = Pipeline([("reduce", PCA(3)), ("route", BestFixedModel())])
    candidates = [router(cost_sensitivity=10.0) for router in ALL]
    search = GridSearchCV(pipeline, {"route": candidates}, cv=2, error_score="raise")
    search.fit(problem.X, problem.y)
    assert len(search.cv_results_["mean_test_score"]) == len(ALL)
    # The value of chance is the worst, in a problem with signal.
    assert search.cv_results_["rank_test_score"][ALL.index(RandomRouter)] == len(ALL)


def test_a_rare_model_does_not_win_by_one_lucky_answer(problem):
    y = problem.y[:100]
    model = np.where(np.arange(100) == 0, "rare", y["model"])
    quality = np.where(np.arange(100) == 0, 1.0, 0.8 * y["quality"] + 0.1)
    lucky = logged_feedback(model, quality)
    for router in (RegressAndCompare(), KNeighborsRouter()):
        predicted = router.fit(problem.X[:100], lucky).predict_quality(problem.X)
        assert predicted[:, 3].max() < 0.75


def test_scores_are_policy_values_not_agreement_with_the_log(problem):
    scores = {
        router.__name__: cross_val_score(
            router(10.0) if router is not ThresholdRouter else router(cost_sensitivity=10.0),
            problem.X,
            problem.y_full,
        ).mean()
        for router in ALL
    }
    utility = problem.true_utility(10.0)
    assert abs(scores["BestFixedModel"] - utility.mean(axis=0).max()) < 0.05
    assert abs(scores["RandomRouter"] - utility.mean()) < 0.05
    assert scores["RegressAndCompare"] > scores["BestFixedModel"] + 0.05
