"""Nearest neighbours: those of the model, by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neighbors import KNeighborsRegressor

from skroute import logged_feedback
from skroute.baselines import (
    KNeighborsRouter,
)


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
