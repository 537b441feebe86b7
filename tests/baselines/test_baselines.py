"""Baselines: hand-computed means, known truth, and scikit-learn's own checks."""

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skroute import full_feedback, logged_feedback
from skroute.baselines import (
    BestFixedModel,
    KNeighborsRouter,
    RandomRouter,
    RegressAndCompare,
    ThresholdRouter,
)
from skroute.baselines._ridge import GCVRidge
from skroute.datasets import make_routing_problem

ALL = (BestFixedModel, RandomRouter, RegressAndCompare, KNeighborsRouter, ThresholdRouter)
BY_UTILITY = (BestFixedModel, RegressAndCompare, KNeighborsRouter)


@parametrize_with_checks([router() for router in ALL])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def problem():
    return make_routing_problem(1500, 5, 3, regime="linear", random_state=0)


@pytest.fixture(scope="module")
def fresh(problem):
    return problem.draw(2000, random_state=1)


# --- what all share -------------------------------------------------------------------------


@pytest.mark.parametrize("Router", ALL)
def test_every_form_of_y_fits_and_scores(problem, fresh, Router):
    for y, y_test in (
        (problem.y, fresh.y),
        (pd.DataFrame({name: problem.y[name] for name in problem.y.dtype.names}), fresh.y_full),
        (problem.y_full, fresh.y_full),
    ):
        router = Router(cost_sensitivity=10.0).fit(problem.X, y)
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
def test_excluded_models_are_never_chosen(problem, fresh, Router):
    router = Router().fit(problem.X, problem.y)
    for down in (["model_0"], ["model_2"], "model_1", ["model_2", "model_0"]):
        labels = router.predict(fresh.X, exclude=down)
        assert not np.isin(labels, down).any()
    with pytest.raises(ValueError, match="unknown model 'gpt'"):
        router.predict(fresh.X, exclude="gpt")
    with pytest.raises(ValueError, match="every model"):
        router.predict(fresh.X, exclude=problem.models)


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
    assert search.cv_results_["rank_test_score"][1] == len(ALL)


def test_the_keywords_pass_through_a_pipeline(problem, fresh):
    pipeline = Pipeline([("reduce", PCA(3)), ("route", BestFixedModel())])
    pipeline.fit(problem.X, problem.y)
    labels = pipeline.predict(fresh.X, cost_sensitivity=1e6)
    assert set(labels) == {"model_0"}
    assert "model_0" not in pipeline.predict(fresh.X, cost_sensitivity=1e6, exclude=["model_0"])


# --- best fixed model -----------------------------------------------------------------------


def test_best_fixed_by_hand():
    X = np.zeros((4, 1))
    y = logged_feedback(
        ["a", "a", "b", "b"],
        [1.0, 0.0, 0.25, 0.75],
        cost=[1.0, 2.0, 3.0, 5.0],
        propensity=[0.5, 0.25, 0.5, 0.5],
    )
    fixed = BestFixedModel().fit(X, y)
    assert_allclose(fixed.mean_quality_, [(2 * 1 + 4 * 0) / 6, 0.5])
    assert_allclose(fixed.mean_cost_, [(2 * 1 + 4 * 2) / 6, 4.0])
    weighted = BestFixedModel().fit(X, y, sample_weight=[4.0, 1.0, 1.0, 3.0])
    assert_allclose(weighted.mean_quality_, [8 / 12, (0.25 + 3 * 0.75) / 4])


def test_best_fixed_without_propensities_is_plain_means():
    y = logged_feedback(["a", "b", "b"], [0.2, 0.4, 0.9], cost=[1.0, 2.0, 4.0])
    fixed = BestFixedModel().fit(np.zeros((3, 1)), y)
    assert_allclose(fixed.mean_quality_, [0.2, 0.65])
    assert_allclose(fixed.mean_cost_, [1.0, 3.0])


def test_best_fixed_with_some_propensities():
    y = logged_feedback(["a", "a", "b"], [1.0, 0.0, 0.5], propensity=[0.1, np.nan, np.nan])
    fixed = BestFixedModel().fit(np.zeros((3, 1)), y)
    # Of the two rows without a propensity, half show a.
    assert_allclose(fixed.mean_quality_, [10 / (10 + 2), 0.5])


def test_best_fixed_of_full_feedback_is_exact():
    quality = np.array([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]])
    fixed = BestFixedModel().fit(np.zeros((3, 1)), full_feedback(quality), sample_weight=[2, 1, 1])
    assert_allclose(fixed.mean_quality_, [1.5 / 4, 2.5 / 4])


def test_best_fixed_removes_the_bias_of_the_log():
    problem = make_routing_problem(30_000, 5, 3, logging="difficulty", strength=1.5, random_state=0)
    fixed = BestFixedModel().fit(problem.X, problem.y)
    assert_allclose(fixed.mean_quality_, problem.expected_quality.mean(axis=0), atol=0.02)


def test_a_model_without_weight_is_not_the_best():
    y = logged_feedback(["a", "b"], [0.1, 0.9], weight=[1.0, 0.0])
    fixed = BestFixedModel().fit(np.zeros((2, 1)), y)
    assert fixed.predict([[0.0]]) == ["a"]
    assert np.isnan(fixed.mean_quality_[1])
    assert fixed.predict([[0.0]], exclude="a") == ["b"]


# --- random ---------------------------------------------------------------------------------


def test_random_choices_are_uniform_and_independent_of_features():
    X = np.random.default_rng(0).normal(size=(9000, 4))
    router = RandomRouter(random_state=0).fit(X, np.tile(["a", "b", "c"], 3000))
    labels = router.predict(X)
    for rows in (X[:, 0] > 0, X[:, 0] <= 0, X[:, 3] > 1):
        share = [np.mean(labels[rows] == name) for name in "abc"]
        assert_allclose(share, 1 / 3, atol=5 * 0.5 / np.sqrt(rows.sum()))
    rest = router.predict(X, exclude="b")
    assert abs(np.mean(rest == "a") - 0.5) < 0.03


def test_a_query_gets_the_same_random_model_in_any_company():
    X = np.random.default_rng(0).normal(size=(9000, 4)).astype(np.float32)
    router = RandomRouter(random_state=0).fit(X, np.tile(["a", "b", "c"], 3000))
    labels = router.predict(X)
    order = np.random.default_rng(1).permutation(9000)
    assert_array_equal(router.predict(X[order]), labels[order])
    assert_array_equal(router.predict(X.astype(np.float64)), labels)
    assert_array_equal(router.predict(-0.0 * X[:5]), router.predict(0.0 * X[:5]))
    other = RandomRouter(random_state=1).fit(X, np.tile(["a", "b", "c"], 3000))
    assert 0.2 < np.mean(other.predict(X) == labels) < 0.5


# --- regress and compare --------------------------------------------------------------------


def test_regress_and_compare_is_one_regression_a_model(problem, fresh):
    router = RegressAndCompare(5.0, regressor=Ridge(alpha=3.0)).fit(problem.X, problem.y)
    for k, name in enumerate(problem.models):
        rows = problem.y["model"] == name
        for part, predicted in (
            ("quality", router.predict_quality(fresh.X)),
            ("cost", router.predict_cost(fresh.X)),
        ):
            by_hand = Ridge(alpha=3.0).fit(problem.X[rows], problem.y[part][rows])
            assert_allclose(predicted[:, k], by_hand.predict(fresh.X), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    "regressor",
    [None, RidgeCV(), KNeighborsRegressor(30), RandomForestRegressor(30, random_state=0)],
)
def test_regress_and_compare_beats_the_best_fixed_model(problem, fresh, regressor):
    router = RegressAndCompare(10.0, regressor=regressor).fit(problem.X, problem.y)
    fixed = BestFixedModel(10.0).fit(problem.X, problem.y)
    regret = fresh.regret(router.predict(fresh.X), 10.0)
    assert regret < 0.8 * fresh.regret(fixed.predict(fresh.X), 10.0)


def test_the_scale_of_queries_does_not_matter(problem, fresh):
    plain = RegressAndCompare(10.0).fit(problem.X, problem.y)
    scaled = RegressAndCompare(10.0).fit(1e-4 * problem.X.astype(float), problem.y)
    expected = plain.predict_quality(fresh.X)
    assert_allclose(scaled.predict_quality(1e-4 * fresh.X.astype(float)), expected, atol=1e-4)


def test_a_rare_model_does_not_win_by_one_lucky_answer(problem):
    y = problem.y[:100]
    model = np.where(np.arange(100) == 0, "rare", y["model"])
    quality = np.where(np.arange(100) == 0, 1.0, 0.8 * y["quality"] + 0.1)
    lucky = logged_feedback(model, quality)
    for router in (RegressAndCompare(), KNeighborsRouter()):
        predicted = router.fit(problem.X[:100], lucky).predict_quality(problem.X)
        assert predicted[:, 3].max() < 0.75


def test_a_regressor_that_is_none_is_told(problem):
    for router in (RegressAndCompare(regressor="ridge"), ThresholdRouter(regressor="ridge")):
        with pytest.raises(
            ValueError, match=r"regressor must have fit and predict, .* got 'ridge'"
        ):
            router.fit(problem.X, problem.y)


@pytest.mark.parametrize("shape", [(80, 10), (30, 60)])
def test_ridge_by_generalized_cross_validation(shape):
    rng = np.random.default_rng(0)
    X = rng.normal(size=shape)
    y = X[:, 0] + rng.normal(size=shape[0])
    penalties = np.logspace(-1, 4, 6)
    chosen = GCVRidge(penalties).fit(X, y)
    reference = Ridge(alpha=chosen.penalty_).fit(X, y)
    assert_allclose(chosen.predict(X), reference.predict(X), rtol=1e-6, atol=1e-8)

    def criterion(penalty):
        Z = X - X.mean(axis=0)
        hat = Z @ np.linalg.solve(Z.T @ Z + penalty * np.eye(shape[1]), Z.T) + 1 / shape[0]
        return np.mean((y - hat @ y) ** 2) / (1 - np.trace(hat) / shape[0]) ** 2

    assert chosen.penalty_ == penalties[np.argmin([criterion(p) for p in penalties])]
    weight = rng.integers(0, 3, size=shape[0])
    weighted = GCVRidge(penalties).fit(X, y, sample_weight=weight)
    repeated = GCVRidge(penalties).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-6, atol=1e-8)


# --- k nearest neighbours -------------------------------------------------------------------


def test_neighbours_are_those_of_the_model(problem, fresh):
    router = KNeighborsRouter(n_neighbors=20).fit(problem.X, problem.y)
    quality, cost = router.predict_quality(fresh.X), router.predict_cost(fresh.X)
    for k, name in enumerate(problem.models):
        rows = problem.y["model"] == name
        for part, predicted in (("quality", quality), ("cost", cost)):
            by_hand = KNeighborsRegressor(20).fit(problem.X[rows], problem.y[part][rows])
            assert_allclose(predicted[:, k], by_hand.predict(fresh.X), rtol=1e-5)


def test_neighbours_of_full_feedback(problem, fresh):
    router = KNeighborsRouter(n_neighbors=20).fit(problem.X, problem.y_full)
    quality = np.column_stack([problem.y_full["quality"][name] for name in problem.models])
    by_hand = KNeighborsRegressor(20).fit(problem.X, quality)
    assert_allclose(router.predict_quality(fresh.X), by_hand.predict(fresh.X), rtol=1e-5)


def test_weights_of_neighbours_count_up_to_their_number():
    X = np.arange(12.0)[:, None]
    y = logged_feedback(["a", "b"] * 6, np.arange(12.0), weight=np.repeat([2.0, 2.0, 1.0], 4))
    router = KNeighborsRouter(n_neighbors=3).fit(X, y)
    # Rows of a: 0, 2 (weight 2 each), then 4: two of row 0 and one of row 2; those of b likewise.
    assert_allclose(router.predict_quality([[0.0]]), [[(2 * 0 + 1 * 2) / 3, (2 * 1 + 1 * 3) / 3]])


def test_the_reference_set_is_capped_and_decided_by_the_seed(problem, fresh):
    first, second, other = (
        KNeighborsRouter(max_reference=50, random_state=seed).fit(problem.X, problem.y)
        for seed in (0, 0, 1)
    )
    assert_array_equal(first.predict_quality(fresh.X), second.predict_quality(fresh.X))
    assert not np.array_equal(first.predict_quality(fresh.X), other.predict_quality(fresh.X))
    for name in ("n_neighbors", "max_reference"):
        with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
            KNeighborsRouter(**{name: 0}).fit(problem.X, problem.y)


def test_a_model_without_weight_is_predicted_by_all():
    y = logged_feedback(["a", "b", "a"], [0.1, 0.9, 0.3], weight=[1.0, 0.0, 1.0])
    router = KNeighborsRouter().fit(np.arange(3.0)[:, None], y)
    assert_allclose(router.predict_quality([[0.0]])[0, 1], 0.2)


# --- threshold ------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_the_strong_model_gets_its_share(problem, fresh, share):
    router = ThresholdRouter(share).fit(problem.X, problem.y)
    assert router.models_ == ("model_0", "model_2")
    labels = router.predict(problem.X)
    assert set(labels) <= {"model_0", "model_2"}
    assert abs(np.mean(labels == "model_2") - share) <= 1 / len(labels)
    labels = router.calibrate(fresh.X).predict(fresh.X)
    assert abs(np.mean(labels == "model_2") - share) <= 1 / len(labels)


def test_the_share_goes_to_where_the_strong_model_gains_most(problem, fresh):
    router = ThresholdRouter(0.3).fit(problem.X, problem.y_full)
    labels = router.predict(fresh.X)
    gain = fresh.expected_quality[:, 2] - fresh.expected_quality[:, 0]
    assert gain[labels == "model_2"].mean() > gain[labels == "model_0"].mean() + 0.1


def test_weighted_shares_and_ties():
    X = np.arange(10.0)[:, None]
    quality = np.column_stack([np.zeros(10), np.repeat([0.0, 1.0, 2.0], [4, 3, 3])])

    class Exact:
        """Predicts what it was fitted on."""

        def get_params(self, deep=False):
            return {}

        def fit(self, X, y, sample_weight=None):
            self.y = y
            return self

        def predict(self, X):
            return self.y[np.asarray(X)[:, 0].astype(int)]

    y = full_feedback(quality, models=["weak", "strong"])
    pair = ("weak", "strong")

    def share(wanted, weight=None):
        router = ThresholdRouter(wanted, models=pair, regressor=Exact())
        return np.mean(router.fit(X, y, sample_weight=weight).predict(X) == "strong")

    # Equal gains stay together, and the share is not exceeded.
    assert [share(s) for s in (0.0, 0.2, 0.3, 0.5, 0.6, 0.99, 1.0)] == [0, 0, 0.3, 0.3, 0.6, 0.6, 1]
    # Weight 7 of 14 on the three best rows.
    heavy = np.repeat([1.0, 7 / 3], [7, 3])
    assert share(0.49, heavy) == 0
    assert share(0.5, heavy) == 0.3


def test_threshold_models_by_name_and_bad_arguments(problem):
    router = ThresholdRouter(0.5, models=("model_1", "model_0")).fit(problem.X, problem.y)
    assert router.models_ == ("model_1", "model_0")
    for models in (("model_1", "gpt"), ("model_1", "model_1"), ("model_1",)):
        with pytest.raises(ValueError, match=r"two labels \(weak, strong\) out of .*got "):
            ThresholdRouter(models=models).fit(problem.X, problem.y)
    with pytest.raises(ValueError, match=r"strong_share must be in \[0, 1\], got 1.5"):
        ThresholdRouter(1.5).fit(problem.X, problem.y)
    with pytest.raises(ValueError, match="takes no cost_sensitivity: strong_share sets the trade"):
        router.predict(problem.X, cost_sensitivity=1.0)


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
