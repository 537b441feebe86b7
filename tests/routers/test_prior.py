import numpy as np
import pytest
from prior_logs import LOG, MORE, NEW, PROBLEM, X, seen, with_benchmark
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skroute import (
    CausalRouter,
    FixedBudgetRouter,
    RegretPolicyClassifier,
    logged_feedback,
    report,
)
from skroute.baselines import (
    BestFixedModel,
    KNeighborsRouter,
    RandomRouter,
    RegressAndCompare,
    ThresholdRouter,
)
from skroute.correction import PriorModelsWarning
from skroute.metrics import evaluation_predictions, policy_value
from skroute.nuisance import NoExplorationWarning

TEST = PROBLEM.draw(2000, random_state=3)
LAMBDA = 20.0
RIGHT = seen(MORE.expected_quality)
expected = pytest.mark.filterwarnings(
    "ignore::skroute.correction.PriorModelsWarning",
    # No traffic, so no effective rows.
    "ignore:The log overlaps poorly. few effective rows for the models model_1 .0.0.",
)


@pytest.fixture(scope="module")
def without():
    return CausalRouter(LAMBDA, random_state=0).fit(X, LOG)


def share(router):
    return float(np.mean(router.predict(TEST.X) == NEW))


@expected
def test_sixty_rows_of_nine_tenths_take_nothing(without):
    # Taken for traffic they take most of it.
    queries = PROBLEM.draw(60, random_state=4).X
    model, quality = np.append(LOG["model"], [NEW] * 60), np.append(LOG["quality"], [0.9] * 60)
    cost = np.append(LOG["cost"], [5e-4] * 60)
    y = logged_feedback(model, quality, cost=cost)
    router = CausalRouter(LAMBDA, random_state=0)
    assert share(router.fit(np.vstack([X, queries]), y)) > 0.6
    propensity = np.append(LOG["propensity"], [np.nan] * 60)
    prior = np.arange(len(y)) >= len(LOG)
    y = logged_feedback(model, quality, cost=cost, propensity=propensity, prior=prior)
    with pytest.warns(PriorModelsWarning, match="nothing tells how well it predicts"):
        router.fit(np.vstack([X, queries]), y)
    assert share(router) < 0.02
    regret = TEST.regret(router.predict(TEST.X), LAMBDA)
    assert regret < TEST.regret(without.predict(TEST.X), LAMBDA) + 0.005


@expected
@pytest.mark.parametrize("knots", [None, "auto"])
def test_a_benchmark_that_is_right_helps(without, knots):
    router = CausalRouter(LAMBDA, knots=knots, random_state=0).fit(*with_benchmark(RIGHT))
    regret = TEST.regret(router.predict(TEST.X), LAMBDA)
    assert regret < 0.8 * TEST.regret(without.predict(TEST.X), LAMBDA)
    assert share(router) > 0.03
    cost = router.predict_cost(TEST.X).mean(axis=0)
    np.testing.assert_allclose(cost, TEST.expected_cost.mean(axis=0), rtol=0.15)


@expected
def test_costs_of_traffic_stay_those_of_traffic(without):
    router = CausalRouter(LAMBDA, random_state=0).fit(*with_benchmark(RIGHT, price=3.0))
    known = router.classes_ != NEW
    cost = router.predict_cost(TEST.X).mean(axis=0)[known]
    np.testing.assert_allclose(cost, without.predict_cost(TEST.X).mean(axis=0), rtol=0.1)


@expected
def test_propensities_and_overlap_are_those_of_traffic(without):
    router = CausalRouter(LAMBDA, random_state=0).fit(*with_benchmark(RIGHT))
    known = router.classes_ != NEW
    size = router.overlap_.effective_sample_size
    np.testing.assert_allclose(size[known], without.overlap_.effective_sample_size)
    assert size[~known].tolist() == [0.0]
    for name in ("models_tried", "share_certain", "tried_error"):
        found, alone = (getattr(r.overlap_.support, name) for r in (router, without))
        assert found == pytest.approx(alone, nan_ok=True)
    assert router.logged_choices_ is None


@expected
def test_a_log_that_did_not_explore_still_says_so():
    log = LOG.copy()
    log["model"] = np.where(X[:, 0] > 0, "model_3", "model_0")
    log["propensity"] = 1.0
    queries, y = with_benchmark(RIGHT)
    y["model"][: len(log)], y["propensity"][: len(log)] = log["model"], log["propensity"]
    with pytest.warns(NoExplorationWarning):
        router = CausalRouter(LAMBDA, random_state=0).fit(queries, y)
    assert set(router.predict(TEST.X)) <= {"model_0", "model_3"}


@expected
def test_values_of_policies_are_those_of_traffic(without):
    queries, y = with_benchmark(RIGHT)
    labels = without.predict(queries)
    for method in ("snips", "ips"):
        both = policy_value(y, labels, method=method)
        alone = policy_value(LOG, labels[: len(LOG)], method=method)
        assert (both.value, both.standard_error) == pytest.approx(
            (alone.value, alone.standard_error)
        )
    known = evaluation_predictions(X, LOG, models=PROBLEM.models)
    both = policy_value(y, labels, **evaluation_predictions(queries, y))
    alone = policy_value(LOG, labels[: len(LOG)], **known)
    assert both.value == pytest.approx(alone.value, abs=0.01)
    assert without.score(queries, y) == pytest.approx(without.score(X, LOG), abs=0.01)


@expected
@pytest.mark.parametrize(
    "router",
    [BestFixedModel(), KNeighborsRouter(), RandomRouter(), RegressAndCompare(), ThresholdRouter()],
    ids=lambda router: type(router).__name__,
)
def test_other_routers_leave_new_models_out(router):
    queries, y = with_benchmark(RIGHT)
    with pytest.warns(UserWarning, match=r"does not read prior rows.*\['model_1'\].*left out"):
        router = clone(router).fit(queries, y)
    assert list(router.left_out_) == [NEW]
    assert share(router) == 0
    alone = clone(router).fit(X, LOG)
    if not isinstance(router, RandomRouter):
        assert router.predict(TEST.X).tolist() == alone.predict(TEST.X).tolist()


@expected
@pytest.mark.filterwarnings("ignore::skroute.nuisance.OverlapWarning")
def test_searches_pipelines_budgets_and_policies():
    queries, y = with_benchmark(RIGHT)
    router = CausalRouter(LAMBDA, cv=3, random_state=0)
    pipeline = make_pipeline(StandardScaler(), router)
    folds = KFold(2, shuffle=True, random_state=0)
    search = GridSearchCV(pipeline, {"causalrouter__caution": [0.0, 0.75]}, cv=folds)
    search.fit(queries, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert share(search.best_estimator_) > 0
    budget = FixedBudgetRouter(CausalRouter(knots="auto", random_state=0), budget=0.002)
    assert budget.fit(queries, y).predict(TEST.X).shape == (2000,)
    policy = CausalRouter(LAMBDA, policy=RegretPolicyClassifier(), random_state=0)
    assert policy.fit(queries, y).predict(TEST.X).shape == (2000,)


def test_a_report_is_of_traffic(without):
    queries, y = with_benchmark(RIGHT)
    with pytest.raises(ValueError, match=r"y has 800 rows of a benchmark \(column 'prior'\)"):
        report(without, queries, y)
