import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor

from skroute.feedback import full_feedback, logged_feedback, read_feedback
from skroute.nuisance import PerModelOutcome, make_outcome_model


def make_log(n=300, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    action = rng.integers(0, 2, n)
    quality = np.where(action == 0, X[:, 0], 2 - X[:, 1])
    cost = np.where(action == 0, 1e-4, 1e-2) * (9 + X[:, 2])
    return X, action, quality, cost


def test_each_model_has_its_own_regressions():
    X, action, quality, cost = make_log()
    y = read_feedback(logged_feedback(np.array(["a", "b"])[action], quality, cost=cost))
    model = PerModelOutcome(LinearRegression()).fit(X, y)
    predicted_quality, predicted_cost = model.predict(X)
    assert_allclose(predicted_quality, np.column_stack([X[:, 0], 2 - X[:, 1]]), atol=1e-8)
    assert_allclose(predicted_cost[action == 1, 1], cost[action == 1])


def test_full_feedback_uses_every_row_for_every_model():
    X, _, _, _ = make_log()
    quality = np.column_stack([X[:, 0], X[:, 1]])
    y = read_feedback(full_feedback(quality, models=["a", "b"]))
    predicted, cost = PerModelOutcome(LinearRegression()).fit(X, y).predict(X)
    assert_allclose(predicted, quality, atol=1e-8)
    assert_allclose(cost, 0.0)


def test_a_rare_model_gets_a_mean_shrunk_towards_all_rows():
    X = np.zeros((23, 2))
    y = read_feedback(logged_feedback(["a"] * 20 + ["b"] * 3, [0.5] * 20 + [1.0] * 3))
    predicted, _ = PerModelOutcome(Ridge()).fit(X, y).predict(X[:1])
    pooled = (20 * 0.5 + 3) / 23
    assert_allclose(predicted, [[0.5, (3 + 5 * pooled) / 8]])


def test_weights_equal_repetition():
    X, action, quality, cost = make_log(60)
    weight = np.random.default_rng(1).integers(0, 3, 60)
    rows = np.repeat(np.arange(60), weight)
    y = read_feedback(logged_feedback(action, quality, cost=cost))
    weighted = PerModelOutcome(Ridge()).fit(X, y.reweighted(weight.astype(float)))
    repeated = PerModelOutcome(Ridge()).fit(X[rows], y.take(rows))
    for one, other in zip(weighted.predict(X), repeated.predict(X), strict=True):
        assert_allclose(one, other)


def test_a_regressor_without_weights_is_refused_only_if_they_matter():
    X, action, quality, _ = make_log(60)
    y = read_feedback(logged_feedback(action, quality))
    model = PerModelOutcome(KNeighborsRegressor(3))
    model.fit(X, y)
    with pytest.raises(ValueError, match=r"^regressor KNeighborsRegressor takes no sample_weight"):
        model.fit(X, y.reweighted(np.linspace(1, 2, 60)))


def test_what_is_no_regressor_is_refused():
    with pytest.raises(ValueError, match="outcome_model must be a regressor"):
        make_outcome_model("ridge")


def test_boosted_trees_by_name():
    X, action, quality, cost = make_log(600)
    y = read_feedback(logged_feedback(action, np.where(quality > 1, 1.0, 0.0), cost=cost))
    model = make_outcome_model("xgboost", random_state=0)
    predicted, _ = model.fit(X, y).predict(X)
    seen = (quality > 1).astype(float)
    assert np.mean((predicted[np.arange(600), action] > 0.5) == seen) > 0.95


@pytest.mark.parametrize(("n_rows", "regressed"), [(9, False), (10, True)])
def test_ten_rows_make_a_regression(n_rows, regressed):
    X = np.arange(30.0)[:, None]
    y = read_feedback(logged_feedback(["a"] * (30 - n_rows) + ["b"] * n_rows, X[:, 0]))
    predicted, _ = PerModelOutcome(LinearRegression()).fit(X, y).predict(X)
    assert bool(np.ptp(predicted[:, 1]) > 0) is regressed


def test_the_size_of_the_boosted_trees():
    chosen = make_outcome_model("xgboost", random_state=0).regressor.get_params()
    expected = {"n_estimators": 100, "max_depth": 3, "learning_rate": 0.05, "n_jobs": 1}
    assert expected.items() <= chosen.items()


def test_an_outcome_model_is_copied():
    model = PerModelOutcome(Ridge())
    copy = make_outcome_model(model)
    assert copy is not model
    assert isinstance(copy.regressor, Ridge)


def test_quality_is_learned_from_judged_rows_and_cost_from_all():
    X, action, quality, cost = make_log()
    quality += np.random.default_rng(0).normal(size=300)
    judged = np.random.default_rng(1).random(300) < 0.4
    seen = np.where(judged, quality, np.nan)
    partly, whole = (
        read_feedback(logged_feedback(action, values, cost=cost)) for values in (seen, quality)
    )
    # A regressor that takes no weights will do.
    model = PerModelOutcome(KNeighborsRegressor())
    found = model.fit(X, partly).predict(X)
    assert_allclose(found[0], model.fit(X[judged], whole.take(judged)).predict(X)[0])
    assert_allclose(found[1], model.fit(X, whole).predict(X)[1])
