"""The one interface of all routers."""

import inspect
import sys

import numpy as np
import pandas as pd
import pytest
import sklearn
from every_router import (
    METHODS,
    MODELS,
    OUTCOMES,
    PROBLEM,
    ROUTERS,
    X,
    Y,
    masks,
)
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skroute.baselines
import skroute.routers
from skroute import CausalRouter
from skroute.baselines import RandomRouter
from skroute.metrics import policy_value
from skroute.routers import BaseRouter, split_router

HOMES = (skroute.routers, skroute.baselines)


def test_all_routers_are_here():
    public = [getattr(home, name) for home in HOMES for name in home.__all__]
    concrete = {
        kind
        for kind in public
        if isinstance(kind, type) and issubclass(kind, BaseRouter) and not inspect.isabstract(kind)
    }
    assert concrete == {type(router) for router in ROUTERS.values()}


@pytest.mark.parametrize("kind", sorted({type(r) for r in ROUTERS.values()}, key=str))
def test_one_signature(kind):
    for name in METHODS:
        parameters = inspect.signature(getattr(kind, name)).parameters
        assert list(parameters) == ["self", "X", "cost_sensitivity", "exclude", "include"]


def test_choices_values_and_probabilities_agree(router):
    down = masks(np.random.default_rng(0))
    for exclude in (None, "model_0", down):
        labels, probability, value = (getattr(router, m)(X, exclude=exclude) for m in METHODS)
        assert value.shape == probability.shape == (len(X), 3)
        assert_array_equal(router.classes_[value.argmax(axis=1)], labels)
        assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-6)
        if not isinstance(router, RandomRouter):
            assert_array_equal(probability.argmax(axis=1), value.argmax(axis=1))
    assert_array_equal(value == -np.inf, down)
    assert (probability[down] == 0).all()


def test_probabilities_of_routers_that_decide_without_chance(fitted):
    for name in ("BestFixedModel", "RegressAndCompare", "KNeighborsRouter", "ThresholdRouter"):
        probability = fitted[name].predict_proba(X)
        assert_array_equal(np.unique(probability), [0.0, 1.0])
        by_label = policy_value(PROBLEM.y_full, fitted[name].predict(X)).value
        assert policy_value(PROBLEM.y_full, probability).value == pytest.approx(by_label)


def test_probabilities_of_chance_are_shares_over_keys(fitted):
    assert_array_equal(fitted["RandomRouter"].predict_proba(X), np.full((len(X), 3), 1 / 3))
    rest = fitted["RandomRouter"].predict_proba(X, exclude=["model_1"])
    assert_array_equal(rest, np.tile([0.5, 0.0, 0.5], (len(X), 1)))
    draws = [RandomRouter(random_state=seed).fit(X, Y).predict(X[:1])[0] for seed in range(300)]
    assert_allclose([draws.count(label) / 300 for label in MODELS], 1 / 3, atol=0.1)


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["knots", "budget", "RegressAndCompare", "RandomRouter"])
def test_keywords_pass_through_pipelines(name, method, routing):
    with sklearn.config_context(enable_metadata_routing=routing):
        pipeline = make_pipeline(StandardScaler(), clone(ROUTERS[name])).fit(X, Y)
        keywords = {"exclude": "model_0", "include": "model_1", "cost_sensitivity": 2.0}
        if method == "decision_function" and not routing:
            keywords = {}  # a pipeline takes none there
        found = getattr(pipeline, method)(X, **keywords)
    expected = getattr(pipeline[-1], method)(pipeline[0].transform(X), **keywords)
    assert_array_equal(found, expected)


@pytest.fixture
def checks(monkeypatch):
    """Count the checks of X that skroute asks of scikit-learn."""
    counted = []
    for module in [m for name, m in sys.modules.items() if name.startswith("skroute")]:
        for name in ("check_array", "validate_data", "check_X_y"):
            if (check := vars(module).get(name)) is not None:

                def counting(*args, check=check, **kwargs):
                    counted.append(check.__name__)
                    return check(*args, **kwargs)

                monkeypatch.setattr(module, name, counting)
    return counted


@pytest.mark.parametrize(
    "name", ["causal", "policy over knots", "BestFixedModel", "RegressAndCompare", "RandomRouter"]
)
def test_queries_are_checked_once_for_each_call(name, checks):
    table = pd.DataFrame(X, columns=list("abcd"))
    router = clone(ROUTERS[name]).fit(table, Y)
    assert checks.count("validate_data") == 1
    calls = [*METHODS, "query_features"]
    if name in OUTCOMES:
        calls += ["predict_quality", "predict_cost", "frontier"]
    for method in calls:
        checks.clear()
        getattr(router, method)(table)
        assert checks == ["validate_data"], method
    checks.clear()
    router.score(table, Y)
    assert checks == ["validate_data"]


def test_query_features_leave_out_what_is_no_query():
    biased = np.hstack([X, np.ones((len(X), 3))])
    plain = CausalRouter(outcome_model=Ridge()).fit(X, Y)
    upstream = CausalRouter(outcome_model=Ridge(), bias_correction="upstream").fit(biased, Y)
    assert_array_equal(plain.query_features(X), X)
    assert_array_equal(upstream.query_features(biased), X)
    assert upstream.training_queries_.share_seen(X) == 1.0


def test_what_methods_return_has_a_public_address(fitted):
    budget, causal = fitted["budget"].budget_, fitted["causal"]
    returned = (budget, causal.frontier(X), causal.calibration_, causal.overlap_)
    for value in (*returned, causal.training_queries_, split_router(causal)):
        homes = [skroute.routers, skroute.nuisance, skroute.metrics]
        public = [getattr(home, name) for home in homes for name in home.__all__]
        assert type(value) in public
        assert type(value).__doc__


@pytest.mark.parametrize("method", METHODS)
def test_sparse_queries_are_refused_by_name(router, method):
    # The scaler of a pipeline has words of its own.
    refused = "Sparse data was passed for X|Cannot center sparse matrices"
    with pytest.raises((TypeError, ValueError), match=refused):
        getattr(router, method)(sparse.csr_array(X))
