import copy
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from policy_logs import Constant, lengths
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline

from skroute import CausalRouter, full_feedback, logged_feedback
from skroute.baselines import (
    BestFixedModel,
    KNeighborsRouter,
    RandomRouter,
    RegressAndCompare,
    ThresholdRouter,
)
from skroute.datasets import make_routing_problem
from skroute.metrics import (
    make_policy_scorer,
    neg_policy_cost_scorer,
    neg_regret_scorer,
    policy_quality_scorer,
    policy_value_scorer,
    regret_score,
)

PROBLEM = make_routing_problem(400, n_features=5, n_models=3, random_state=0)
TEST = PROBLEM.draw(300, random_state=1)
X, Y = TEST.X, TEST.y
ROUTERS = [
    CausalRouter(10.0, random_state=0),
    BestFixedModel(10.0),
    KNeighborsRouter(10.0),
    RandomRouter(10.0, random_state=0),
    RegressAndCompare(10.0),
    ThresholdRouter(0.3, cost_sensitivity=10.0),
]


@pytest.fixture
def routing_enabled():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.fixture(scope="module")
def served():
    return CausalRouter(10.0, knots=[0.0, 50.0], random_state=0).fit(PROBLEM.X, PROBLEM.y)


@pytest.mark.parametrize("router", ROUTERS, ids=lambda router: type(router).__name__)
@pytest.mark.parametrize("y", [Y, TEST.y_full], ids=["logged", "full"])
def test_it_is_the_score_of_the_router(router, y):
    router = clone(router).fit(PROBLEM.X, PROBLEM.y)
    weight = np.random.default_rng(0).integers(0, 3, len(X)).astype(float)
    assert policy_value_scorer(router, X, y) == router.score(X, y)
    assert policy_value_scorer(router, X, y, sample_weight=weight) == router.score(X, y, weight)


def test_parts_make_up_the_value(served):
    value, quality, cost = (
        scorer(served, X, Y)
        for scorer in (policy_value_scorer, policy_quality_scorer, neg_policy_cost_scorer)
    )
    assert value == pytest.approx(quality + 10.0 * cost, abs=1e-12)
    assert 0.0 < quality < 1.0
    assert cost < 0.0


def test_exact_on_full_feedback_by_hand():
    router = BestFixedModel().fit([[0.0]] * 2, ["a", "b"])
    y = full_feedback([[0.25, 1.0], [0.5, 0.0]], [[0, 2], [0, 4]], models=["a", "b"])
    rows = [[1.0], [2.0]]
    router.mean_quality_ = np.array([0.0, 1.0])
    assert policy_quality_scorer(router, rows, y) == 0.5
    assert neg_policy_cost_scorer(router, rows, y) == -3.0
    assert neg_regret_scorer(router, rows, y) == -0.25
    assert policy_value_scorer(router, rows, y, sample_weight=[3, 1]) == 0.75
    assert neg_regret_scorer(router, rows, y, sample_weight=[3, 1]) == -0.125
    assert make_policy_scorer(cost_sensitivity=0.25)(router, rows, y) == 0.5 - 0.75


def test_a_pinned_cost_sensitivity_decides_choices_and_value(served):
    at_40 = make_policy_scorer(cost_sensitivity=40.0)
    own = CausalRouter(40.0, knots=[0.0, 50.0], random_state=0).fit(PROBLEM.X, PROBLEM.y)
    assert at_40(served, X, Y) == policy_value_scorer(own, X, Y)
    assert at_40(served, X, Y) != policy_value_scorer(served, X, Y)
    labels = served.predict(X, cost_sensitivity=40.0)
    regret = make_policy_scorer("neg_regret", cost_sensitivity=40.0)(served, X, TEST.y_full)
    assert regret == -regret_score(TEST.y_full, labels, cost_sensitivity=40.0)
    with pytest.raises(ValueError, match=r"cost_sensitivity=60 .* is not served"):
        make_policy_scorer(cost_sensitivity=60.0)(served, X, Y)
    with pytest.raises(ValueError, match="ThresholdRouter takes no cost_sensitivity"):
        at_40(ThresholdRouter().fit(PROBLEM.X, PROBLEM.y), X, Y)


def test_it_says_what_cannot_be_scored():
    with pytest.raises(ValueError, match=r"Constant has no cost_sensitivity of its own.*Name one"):
        policy_value_scorer(Constant("model_0"), X, Y)
    with pytest.raises(ValueError, match=r"chooses among \['0', '1', '2'\], of which y has none"):
        policy_quality_scorer(BestFixedModel().fit(X[:3], [0, 1, 2]), X, Y)
    with pytest.raises(ValueError, match="labels are text or integers"):
        policy_quality_scorer(LinearRegression().fit(X, Y["quality"]), X, Y)
    with pytest.raises(ValueError, match=r"must return one model label a row, got .*\(300, 2\)"):
        policy_value_scorer(LinearRegression().fit(X, X[:, :2]), X, Y)
    with pytest.raises(ValueError, match="y is logged feedback, which does not show the best"):
        neg_regret_scorer(ROUTERS[1].fit(PROBLEM.X, PROBLEM.y), X, Y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        policy_value_scorer(ROUTERS[1], X, Y[:5])
    with pytest.raises(ValueError, match="sample_weight is zero in every row"):
        policy_value_scorer(ROUTERS[1], X, Y, sample_weight=np.zeros(len(X)))
    half = np.arange(len(X)) % 2
    weighted = logged_feedback(Y["model"], Y["quality"], weight=half)
    with pytest.raises(ValueError, match="sample_weight and the column 'weight' leave no row"):
        policy_value_scorer(ROUTERS[1], X, weighted, sample_weight=1 - half)
    with pytest.raises(ValueError, match="requires y to be passed"):
        policy_value_scorer(ROUTERS[1], X, None)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        make_policy_scorer(features=lambda X: np.zeros((3, 1)))(ROUTERS[1], X, Y)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metric": "accuracy"}, "metric must be one of .*'value'.*got 'accuracy'"),
        ({"cost_sensitivity": -1.0}, "cost_sensitivity must be a finite number of at least 0"),
        ({"features": "X"}, "features must be a callable or None, got 'X'"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_policy_scorer(**arguments)


def test_scorers_are_values():
    scorer = make_policy_scorer("quality", cost_sensitivity=5, features=lengths)
    assert repr(scorer) == "make_policy_scorer('quality', cost_sensitivity=5.0, features=lengths)"
    assert repr(policy_value_scorer) == "make_policy_scorer('value')"
    for other in (pickle.loads(pickle.dumps(scorer)), copy.deepcopy(scorer)):
        assert other == scorer
        assert hash(other) == hash(scorer)
    assert scorer != make_policy_scorer("quality", cost_sensitivity=6, features=lengths)
    search = GridSearchCV(BestFixedModel(), {"cost_sensitivity": [1.0]}, scoring=scorer)
    assert clone(search).scoring == scorer


@pytest.mark.parametrize("form", ["structured", "pandas", "polars"])
def test_grid_search_and_cross_validate(form):
    frame = pd.DataFrame({name: PROBLEM.y[name] for name in PROBLEM.y.dtype.names})
    y = {"structured": PROBLEM.y, "pandas": frame, "polars": pl.from_pandas(frame)}[form]
    pipeline = Pipeline([("reduce", PCA(3)), ("route", BestFixedModel(10.0))])
    routes = [BestFixedModel(10.0), KNeighborsRouter(10.0), CausalRouter(10.0, random_state=0)]
    search = GridSearchCV(
        pipeline,
        {"route": routes},
        scoring=policy_value_scorer,
        cv=3,
        n_jobs=2,
        error_score="raise",
    ).fit(PROBLEM.X, y)
    expected = [
        cross_val_score(
            clone(pipeline).set_params(route=route), PROBLEM.X, y, cv=3, scoring=policy_value_scorer
        ).mean()
        for route in routes
    ]
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], expected)
    scoring = {"value": policy_value_scorer, "cost": make_policy_scorer("neg_cost")}
    result = cross_validate(pipeline, PROBLEM.X, y, cv=3, scoring=scoring, error_score="raise")
    assert result["test_value"].mean() == expected[0]
    assert (result["test_cost"] < 0).all()


@pytest.mark.usefixtures("routing_enabled")
def test_sample_weights_are_routed(served):
    weight = np.random.default_rng(0).integers(0, 3, len(PROBLEM.X)).astype(float)
    weighted = policy_value_scorer.set_score_request(sample_weight=True)
    assert policy_value_scorer != weighted
    router = clone(served).set_fit_request(sample_weight=True)
    options = {"cv": 3, "params": {"sample_weight": weight}, "error_score": "raise"}
    got = cross_validate(router, PROBLEM.X, PROBLEM.y, scoring=weighted, **options)["test_score"]
    plain = policy_value_scorer.set_score_request(sample_weight=False)
    other = cross_validate(
        router,
        PROBLEM.X,
        PROBLEM.y,
        scoring={"weighted": weighted, "plain": plain},
        return_estimator=True,
        return_indices=True,
        **options,
    )
    np.testing.assert_array_equal(other["test_weighted"], got)
    for fold, fitted in enumerate(other["estimator"]):
        held = other["indices"]["test"][fold]
        rows, y = PROBLEM.X[held], PROBLEM.y[held]
        assert got[fold] == fitted.score(rows, y, weight[held])
        assert other["test_plain"][fold] == fitted.score(rows, y)
    search = GridSearchCV(
        make_pipeline("passthrough", router),
        {"causalrouter__shrinkage": ["auto"]},
        scoring=make_policy_scorer(cost_sensitivity=40.0).set_score_request(sample_weight="w"),
        error_score="raise",
    )
    search.fit(PROBLEM.X, PROBLEM.y, sample_weight=weight, w=weight)
    assert np.isfinite(search.best_score_)


@pytest.mark.usefixtures("routing_enabled")
def test_weights_that_nobody_asked_for_are_refused(served):
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        cross_validate(
            clone(served).set_fit_request(sample_weight=True),
            PROBLEM.X,
            PROBLEM.y,
            scoring=policy_value_scorer,
            params={"sample_weight": np.ones(len(PROBLEM.X))},
        )


def test_the_order_of_rows_does_not_matter_on_full_feedback(served):
    order = np.random.default_rng(0).permutation(len(X))
    for scorer in (policy_value_scorer, policy_quality_scorer, neg_regret_scorer):
        got = scorer(served, X[order], TEST.y_full[order])
        assert got == pytest.approx(scorer(served, X, TEST.y_full), abs=1e-12)
