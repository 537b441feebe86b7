"""Regress and compare: the regressions by hand, and what they are good for."""

import pytest
from numpy.testing import assert_allclose
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.neighbors import KNeighborsRegressor

from skroute.baselines import (
    BestFixedModel,
    RegressAndCompare,
    ThresholdRouter,
)


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


def test_a_regressor_that_is_none_is_told(problem):
    for router in (RegressAndCompare(regressor="ridge"), ThresholdRouter(regressor="ridge")):
        with pytest.raises(
            ValueError, match=r"regressor must have fit and predict, .* got 'ridge'"
        ):
            router.fit(problem.X, problem.y)
