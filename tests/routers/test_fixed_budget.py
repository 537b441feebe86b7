"""Budgets: met on the queries of fit, and on others up to the error of two samples."""

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_array_equal
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skroute import CausalRouter, FixedBudgetRouter, RegretPolicyClassifier
from skroute.baselines import RandomRouter, RegressAndCompare
from skroute.datasets import make_routing_problem
from skroute.metrics import evaluation_predictions, policy_value, policy_value_scorer
from skroute.routers import split_router


@pytest.fixture(scope="module")
def problem():
    return make_routing_problem(2000, n_features=6, n_models=4, random_state=0)


@pytest.fixture(scope="module")
def router(problem):
    return CausalRouter(knots="auto", random_state=0).fit(problem.X[:1000], problem.y[:1000])


@parametrize_with_checks([FixedBudgetRouter(RegressAndCompare(), budget=1.0)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_every_budget_is_met_and_used_up_within_one_query(problem, router):
    X = problem.X[1000:]
    cost = router.predict_cost(X)
    levels = cost.mean(axis=0)
    for budget in np.linspace(levels.min(), levels.max(), 9):
        fixed = FixedBudgetRouter(FrozenEstimator(router), budget=budget).fit(X)
        chosen = np.searchsorted(fixed.classes_, fixed.predict(X))
        spent = cost[np.arange(len(X)), chosen].mean()
        assert spent == pytest.approx(fixed.budget_.mean_cost)
        assert spent <= budget * (1 + 1e-9)
        if fixed.budget_.cost_sensitivity > 0:
            # A little less cost sensitivity changes one query, and is too dear.
            frontier = router.frontier(X)
            assert frontier.mean_cost[frontier.mean_cost > budget].min() - spent < (
                np.ptp(cost, axis=1).max() / len(X) + 1e-15
            )


@pytest.mark.parametrize("seed", range(3))
def test_budget_of_one_half_is_what_the_other_half_spends(seed):
    problem = make_routing_problem(3000, n_features=6, n_models=4, random_state=seed)
    train, calibrate, held = np.split(np.arange(3000), 3)
    router = CausalRouter(knots="auto", random_state=0).fit(problem.X[train], problem.y[train])
    predicted = router.predict_cost(problem.X)
    levels = predicted[calibrate].mean(axis=0)
    for budget in np.linspace(levels.min(), levels.max(), 7):
        fixed = FixedBudgetRouter(FrozenEstimator(router), budget=budget)
        chosen = fixed.fit(problem.X[calibrate]).predict(problem.X)
        spent = predicted[np.arange(3000), np.searchsorted(router.classes_, chosen)]
        error = np.hypot(
            *(spent[part].std(ddof=1) / np.sqrt(len(part)) for part in (held, calibrate))
        )
        assert abs(spent[held].mean() - fixed.budget_.mean_cost) <= 4 * error + 1e-15


def test_share_of_one_model(problem, router):
    X = problem.X[1000:]
    dear = router.classes_[router.predict_cost(X).mean(axis=0).argmax()]
    fixed = FixedBudgetRouter(FrozenEstimator(router), share={dear: 0.3}).fit(X)
    share = np.mean(fixed.predict(X) == dear)
    assert share <= 0.3
    assert fixed.budget_.share[dear] == pytest.approx(share)
    assert share > 0.3 - 2 / len(X)


def test_a_frozen_router_is_not_fitted_again(problem, router):
    fixed = FixedBudgetRouter(FrozenEstimator(router), budget=0.01).fit(problem.X[:10])
    assert fixed.router_.estimator is router


def test_without_a_router_the_default_one_is_fitted(problem):
    fixed = FixedBudgetRouter(budget=0.005).fit(problem.X, problem.y)
    assert isinstance(fixed.router_, CausalRouter)
    assert fixed.budget_.mean_cost <= 0.005


@pytest.mark.parametrize("routing", [False, True])
def test_last_step_of_a_pipeline(problem, routing):
    with sklearn.config_context(enable_metadata_routing=routing):
        pipeline = make_pipeline(PCA(4), FixedBudgetRouter(CausalRouter(knots="auto"), budget=0.01))
        pipeline.fit(problem.X, problem.y)
        choice = pipeline.predict(problem.X)
        other = pipeline.predict(problem.X, exclude=choice[0])
    assert other[0] != choice[0]
    assert choice[0] not in other


def test_grid_search_over_the_router_inside(problem):
    fixed = FixedBudgetRouter(CausalRouter(knots="auto", random_state=0), budget=0.01)
    search = GridSearchCV(fixed, {"router__shrinkage": ["auto", 5.0]}, cv=2, error_score="raise")
    search.fit(problem.X, problem.y)
    assert search.best_estimator_.budget_.mean_cost <= 0.01


def test_score_is_the_mean_quality(problem, router):
    fixed = FixedBudgetRouter(FrozenEstimator(router), budget=0.005).fit(problem.X[:500])
    X, y = problem.X[500:], problem.y_full[500:]
    assert fixed.score(X, y) == pytest.approx(policy_value(y, fixed.predict(X)).value)


def test_methods_use_the_budget_unless_told_otherwise(problem, router):
    X = problem.X[:50]
    fixed = FixedBudgetRouter(FrozenEstimator(router), budget=0.005).fit(problem.X)
    own = fixed.budget_.cost_sensitivity
    for name in ("predict", "predict_proba", "decision_function"):
        of_router, of_fixed = getattr(router, name), getattr(fixed, name)
        assert_array_equal(of_fixed(X), of_router(X, cost_sensitivity=own))
        assert_array_equal(of_fixed(X, cost_sensitivity=0.5), of_router(X, cost_sensitivity=0.5))


def wrapped(kind):
    plain = RegressAndCompare()
    if kind == "pipeline":
        return make_pipeline(PCA(4), PCA(3), plain)
    if kind == "search":
        return GridSearchCV(plain, {"regressor": [None, Ridge()]}, cv=2)
    return GridSearchCV(
        make_pipeline(PCA(3), plain), {"regressandcompare__regressor": [None]}, cv=2
    )


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("kind", ["pipeline", "search", "search of a pipeline"])
def test_what_ends_in_a_router_can_be_wrapped(problem, kind, frozen):
    X, y = problem.X[:300], problem.y[:300]
    router = wrapped(kind)
    if frozen:
        router = FrozenEstimator(router.fit(X, y))
    fixed = FixedBudgetRouter(router, budget=0.005).fit(X, y)
    parts = split_router(fixed.router_)
    inside, own = parts.transform(X), fixed.budget_.cost_sensitivity
    assert own > 0
    assert fixed.cost_sensitivity == own
    for name in ("predict", "predict_proba", "decision_function"):
        asked = getattr(parts.router, name)(inside, cost_sensitivity=own, exclude="model_0")
        assert_array_equal(getattr(fixed, name)(X, exclude="model_0"), asked)
    for name in ("predict_quality", "predict_cost", "query_features"):
        assert_array_equal(getattr(fixed, name)(X), getattr(parts.router, name)(inside))
    frontier, asked = fixed.frontier(X), parts.router.frontier(inside)
    assert_array_equal(frontier.mean_cost, asked.mean_cost)
    assert fixed.cost_sensitivity_for_budget(X, 0.005) == fixed.budget_
    assert fixed.training_queries_.share_seen(fixed.query_features(X)) == 1.0
    expected = policy_value(problem.y_full[:300], fixed.predict(X)).value
    assert fixed.score(X, problem.y_full[:300]) == pytest.approx(expected)


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("kind", ["pipeline", "search of a pipeline"])
def test_weights_reach_the_router_at_the_end(problem, kind, routing):
    X, y, weight = problem.X[:200], problem.y[:200], np.arange(200) % 3
    with sklearn.config_context(enable_metadata_routing=routing):
        router = wrapped(kind)
        if routing:
            asking = RegressAndCompare().set_fit_request(sample_weight=True)
            asking.set_score_request(sample_weight=True)
            step = {"estimator__regressandcompare": asking, "regressandcompare": asking}
            router.set_params(**{k: v for k, v in step.items() if k in router.get_params()})
            if kind == "search of a pipeline":  # weights for Pipeline.score need scikit-learn 1.7
                scorer = policy_value_scorer.set_score_request(sample_weight=True)
                router.set_params(scoring=scorer)
        fixed = FixedBudgetRouter(router, budget=0.01).fit(X, y, sample_weight=weight)
        parts = split_router(fixed.router_)
        alone = RegressAndCompare().fit(parts.transform(X), y, sample_weight=weight)
    assert_array_equal(fixed.predict_quality(X), alone.predict_quality(parts.transform(X)))


def test_score_values_quality_whatever_the_cost_sensitivity(problem, router):
    fixed = FixedBudgetRouter(FrozenEstimator(router), budget=0.005).fit(problem.X)
    X, y = problem.X[1000:], problem.y[1000:]
    assert fixed.cost_sensitivity > fixed.score_cost_sensitivity == 0.0
    known = evaluation_predictions(X, y, models=fixed.classes_)
    assert fixed.score(X, y) == pytest.approx(policy_value(y, fixed.predict(X), **known).value)
    assert policy_value_scorer(fixed, X, y) == pytest.approx(fixed.score(X, y))


@pytest.mark.parametrize("limit", [{"budget": 0.004}, {"share": {"model_3": 0.2}}])
def test_integer_weights_equal_repetition(problem, limit):
    X, y, weight = problem.X[:600], problem.y[:600], np.arange(600) % 3
    times = np.repeat(np.arange(600), weight)

    def fit(rows, sample_weight=None):
        folds = KFold(5).split(np.arange(600))
        fold = np.concatenate([np.full(len(held), k) for k, (_, held) in enumerate(folds)])[rows]
        cv = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(5)]
        router = CausalRouter(knots="auto", cv=cv, random_state=0)
        return FixedBudgetRouter(router, **limit).fit(X[rows], y[rows], sample_weight)

    weighted, repeated = fit(np.arange(600), weight).budget_, fit(times).budget_
    assert weighted.mean_cost == pytest.approx(repeated.mean_cost, rel=1e-6)
    assert weighted.share == pytest.approx(repeated.share)
    once = fit(np.arange(600)).budget_
    assert abs(once.mean_cost - weighted.mean_cost) > 1e-6 * once.mean_cost


def test_a_budget_a_month(problem, router):
    X = problem.X[1000:]
    month = router.cost_sensitivity_for_budget(X, 600.0, volume=200_000)
    assert month == router.cost_sensitivity_for_budget(X, 0.003)
    fixed = FixedBudgetRouter(FrozenEstimator(router), budget=600.0, volume=200_000).fit(X)
    assert fixed.budget_ == month
    with pytest.raises(ValueError, match=r"volume=1000 is the number .* give budget too"):
        router.cost_sensitivity_for_budget(X, share={"model_0": 0.5}, volume=1000)
    for volume in (0, -1.0, np.nan, np.inf, [1000]):
        with pytest.raises(ValueError, match="volume must be a positive number"):
            router.cost_sensitivity_for_budget(X, 600.0, volume=volume)


@pytest.mark.parametrize("given", [{}, {"budget": 1.0, "share": {"a": 0.5}}])
def test_budget_or_share_is_needed(problem, given):
    with pytest.raises(ValueError, match="either budget or share"):
        FixedBudgetRouter(**given).fit(problem.X, problem.y)


def test_a_budget_below_the_cheapest_choice_is_refused(problem):
    with pytest.raises(ValueError, match="no cost sensitivity"):
        FixedBudgetRouter(budget=1e-9).fit(problem.X, problem.y)


def test_a_router_that_serves_one_cost_sensitivity_says_so(problem):
    with pytest.raises(ValueError, match="knots"):
        FixedBudgetRouter(CausalRouter(), budget=1e-4).fit(problem.X, problem.y)


def test_joint_policy_inside():
    problem = make_routing_problem(600, n_features=4, n_models=3, random_state=1)
    router = CausalRouter(knots="auto", policy=RegretPolicyClassifier(), random_state=0)
    fixed = FixedBudgetRouter(router, budget=0.003).fit(problem.X, problem.y)
    assert fixed.budget_.mean_cost <= 0.003


def test_a_router_without_predicted_costs_is_refused(problem):
    with pytest.raises(ValueError, match="ends in RandomRouter, which predicts no costs"):
        FixedBudgetRouter(RandomRouter(), budget=0.1).fit(problem.X, problem.y)


@pytest.mark.parametrize(
    "share", [0.2, {}, {"model_0": 2.0}, {"model_0": np.nan}, {"a": 0, "b": 0}]
)
def test_a_share_is_of_one_model(problem, router, share):
    with pytest.raises(ValueError, match=r"share must name one model and its .* in \[0, 1\], got "):
        router.cost_sensitivity_for_budget(problem.X, share=share)
