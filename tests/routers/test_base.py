"""What every router shares."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skroute import CausalRouter
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
