import numpy as np
import pytest
from numpy.testing import assert_allclose

from skroute.feedback import full_feedback, logged_feedback, read_feedback
from skroute.nuisance._trees import BoostedTrees, as_float32


def make_steps(n=1500, seed=0, n_models=3):
    """Return columns, logged table and true quality, of which each model has a step of its own."""
    rng = np.random.default_rng(seed)
    X = as_float32(rng.normal(size=(n, 5)))
    truth = 0.5 + 0.3 * (X[:, :n_models] > 0.2)
    action = rng.integers(n_models, size=n)
    seen = truth[np.arange(n), action] + 0.1 * rng.normal(size=n)
    return X, read_feedback(logged_feedback(action, seen)), truth


def test_both_boosters_find_steps():
    X, table, truth = make_steps()
    for predicted in BoostedTrees().fit(X, table).predict(X):
        assert np.abs(predicted - truth).mean() < 0.05


def test_full_feedback_teaches_every_model():
    X, _, truth = make_steps(600)
    for predicted in BoostedTrees().fit(X, read_feedback(full_feedback(truth))).predict(X):
        assert np.abs(predicted - truth).mean() < 0.03


@pytest.mark.parametrize("n", [90, 400])
def test_weights_equal_repetition(n):
    X, table, _ = make_steps(n)
    weight = np.random.default_rng(1).integers(0, 4, n)
    weighted = BoostedTrees(20).fit(X, table.reweighted(weight.astype(float))).predict(X)
    rows = np.repeat(np.arange(n), weight)
    repeated = BoostedTrees(20).fit(X[rows], table.take(rows)).predict(X)
    assert_allclose(weighted, repeated, atol=1e-5)


def test_a_model_without_rows_gets_the_mean_of_all():
    rng = np.random.default_rng(0)
    y = read_feedback(logged_feedback(rng.integers(2, size=80), rng.normal(size=80)))
    table = y.aligned(np.array(["0", "1", "2"]))
    X = as_float32(rng.normal(size=(80, 2)))
    for predicted in BoostedTrees(10).fit(X, table).predict(X):
        assert np.isfinite(predicted).all()
        assert_allclose(predicted[:, 2].mean(), table.quality.mean(), atol=0.2)


def test_huge_numbers_stay_finite():
    assert np.isfinite(as_float32(np.array([[1e300, -1e300]]))).all()
    X, table, _ = make_steps(100)
    far = np.full((1, 5), np.finfo(np.float32).max, dtype=np.float32)
    assert np.isfinite(BoostedTrees(5).fit(X, table).predict(far)).all()
