"""Queries and logs that routers take, and what they refuse."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from router_logs import frames, make_log
from scipy import sparse
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_predict

from skroute import CausalRouter, logged_feedback
from skroute.baselines import BestFixedModel
from skroute.datasets import make_routing_problem


@pytest.fixture(scope="module")
def problem():
    return make_routing_problem(200, n_features=4, n_models=3, random_state=0)


@pytest.fixture(scope="module", params=[CausalRouter(random_state=0), BestFixedModel()], ids=repr)
def router(request, problem):
    return request.param.fit(problem.X, problem.y)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda X: X[:, :3], "features"),
        (lambda X: X[:0], "0 sample"),
        (lambda X: X[0], "1D array"),
        (lambda X: np.where(np.eye(*X.shape, dtype=bool), np.nan, X), "NaN"),
        (lambda X: np.where(np.eye(*X.shape, dtype=bool), np.inf, X), "infinity"),
        (lambda X: X.astype(complex), "[Cc]omplex"),
        (lambda X: np.full(X.shape, "long"), "could not convert|dtype"),
    ],
)
def test_bad_queries_are_refused_whatever_their_kind(router, problem, spoil, message):
    with pytest.raises(ValueError, match=message):
        router.predict(spoil(problem.X))


@pytest.mark.parametrize(
    "convert",
    [
        np.ndarray.tolist,
        np.asfortranarray,
        lambda X: np.concatenate([X, X])[::2][: len(X) // 2],
        lambda X: X.astype(np.float16).astype(object),
        lambda X: np.ma.array(X),
    ],
)
def test_any_kind_of_input_is_routed_alike(router, problem, convert):
    X = convert(problem.X)
    expected = router.predict(np.ascontiguousarray(X, dtype=np.float64))
    assert_array_equal(router.predict(X), expected)


def test_large_numbers_are_no_infinities(problem):
    X = np.full((3, 4), 1e308)
    assert BestFixedModel().fit(problem.X, problem.y).predict(X).shape == (3,)


def test_features_without_names_warn_where_names_were_given(problem):
    pd = pytest.importorskip("pandas")
    router = BestFixedModel().fit(pd.DataFrame(problem.X, columns=list("abcd")), problem.y)
    with pytest.warns(UserWarning, match="feature names"):
        router.predict(problem.X)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"cost_sensitivity": -1.0}, "cost_sensitivity must be a finite number"),
        ({"cost_sensitivity": np.nan}, "cost_sensitivity must be a finite number"),
        ({"cost_sensitivity": "cheap"}, "cost_sensitivity must be a finite number"),
        ({"shrinkage": -1.0}, "shrinkage must be"),
        ({"shrinkage": "much"}, "shrinkage must be"),
        ({"min_propensity": 0.0}, "min_propensity must be"),
        ({"min_propensity": 1.5}, "min_propensity must be"),
        ({"cv": 1}, "cv must be at least 2"),
        ({"knots": "some"}, "knots must be 'auto'"),
        ({"knots": [1.0]}, "knots must be 'auto' or two or more"),
        ({"knots": [0.0, np.inf]}, "knots must be 'auto' or two or more finite"),
        ({"knots": [2.0, 1.0]}, "knots must be at least 0 and increasing"),
        ({"knots": [-1.0, 1.0]}, "knots must be at least 0 and increasing"),
        ({"knots": [1.0, 2.0]}, "knots must span cost_sensitivity=0"),
        ({"outcome_model": "ridge"}, "outcome_model must be"),
        ({"propensity_model": Ridge()}, "propensity_model must"),
        ({"policy": Ridge()}, "policy must be"),
    ],
)
def test_wrong_parameters_are_named(parameters, message):
    X, y, _, _, _ = make_log(100)
    unknown = logged_feedback(y["model"], y["quality"])
    with pytest.raises(ValueError, match=message):
        CausalRouter(**parameters).fit(X, unknown)


def test_wrong_input_is_named():
    X, y, _, _, _ = make_log(100)
    router = CausalRouter(random_state=0)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        router.fit(X[:-1], y)
    with pytest.raises(ValueError, match="one model"):
        router.fit(X, logged_feedback(["a"] * 100, np.zeros(100)))
    with pytest.raises(ValueError, match="NaN"):
        router.fit(np.where(X > 1, np.nan, X), y)
    with pytest.raises(TypeError, match="Sparse data"):
        router.fit(sparse.csr_array(X), y)
    with pytest.raises(ValueError, match="sample_weight must be finite"):
        router.fit(X, y, sample_weight=-np.ones(100))
    router.fit(X, y)
    with pytest.raises(ValueError, match="6 features"):
        router.predict(X[:, :5])


def test_cross_val_predict_of_probabilities_is_refused():
    X, y, _, _, _ = make_log(100)
    for table in frames(y).values():
        with pytest.raises(ValueError, match="cross_val_predict"):
            cross_val_predict(CausalRouter(), X, table, method="predict_proba")
    assert cross_val_predict(CausalRouter(random_state=0), X, y).shape == (100,)


def test_preference_rows_without_correction_warn():
    X, y, _, _, _ = make_log(200)
    mixed = logged_feedback(
        y["model"], y["quality"], propensity=y["propensity"], gold=np.arange(200) % 2 == 0
    )
    with pytest.warns(UserWarning, match="preference-based"):
        CausalRouter(random_state=0).fit(X, mixed)
