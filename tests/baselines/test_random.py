"""Random choices: uniform, and the same for the same query."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from skroute.baselines import (
    RandomRouter,
)


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
