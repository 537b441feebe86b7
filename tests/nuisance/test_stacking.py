import numpy as np
import pytest
from numpy.testing import assert_allclose

from skroute.feedback import logged_feedback, read_feedback
from skroute.nuisance import JointOutcome


def make_log(truth, n=1500, seed=0, n_columns=6, group=None):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_columns))
    Q = truth(X)
    action = rng.integers(Q.shape[1], size=n)
    seen = Q[np.arange(n), action] + 0.1 * rng.normal(size=n)
    return X, read_feedback(logged_feedback(action, seen, group=group)), Q


def steps(X):
    return 0.5 + 0.3 * (X[:, :3] > 0.2)


def linear(X):
    return 0.5 + 0.1 * X[:, :3] - 0.1 * X[:, 3:6]


def fitted(X, table):
    return JointOutcome(random_state=0).fit(X, table)


def test_steps_are_left_to_trees_and_lines_to_the_ridge():
    X, table, truth = make_log(steps)
    model = fitted(X, table)
    assert model.stack_.weight_ > 0.7
    assert np.abs(model.predict(X)[0] - truth).mean() < 0.05
    X, table, truth = make_log(linear)
    model = fitted(X, table)
    assert model.stack_.weight_ < 0.2
    assert np.abs(model.predict(X)[0] - truth).mean() < 0.03


def raw_step_beside_an_embedding(n=2000):
    """Return queries, a log and the true quality: a step in a length, next to 100 directions."""
    rng = np.random.default_rng(0)
    X = np.column_stack([0.05 * rng.normal(size=(n, 100)), 1000 * np.exp(rng.normal(size=n))])
    Q = 0.5 + 0.3 * (X[:, -1:] > 1500) * np.array([1.0, -1.0, 0.0])
    action = rng.integers(3, size=n)
    return X, read_feedback(logged_feedback(action, Q[np.arange(n), action])), Q


def test_a_step_in_a_raw_column_beside_an_embedding_is_found():
    X, table, Q = raw_step_beside_an_embedding()
    model = fitted(X, table)
    assert model.stack_.weight_ > 0.5
    assert np.abs(model.predict(X)[0] - Q).mean() < 0.04


def test_components_of_an_embedding_need_more_evidence(monkeypatch):
    few, wide = make_log(steps, n=600)[:2], raw_step_beside_an_embedding(600)[:2]
    for evidence, problem, fits in ((2.0, few, True), (2.0, wide, False), (3.5, wide, True)):
        first_look = "skroute.nuisance._stacking._first_evidence"
        monkeypatch.setattr(first_look, lambda *_, found=evidence: found)
        assert (fitted(*problem).stack_.trees_ is not None) == fits


def test_where_trees_do_not_help_there_are_none():
    X, table, _ = make_log(lambda X: np.full((len(X), 3), 0.5), 400)
    model = fitted(X, table)
    if model.stack_.weight_ == 0:
        assert model.stack_.trees_ is None
    assert model.stack_.weight_ < 0.3


def test_weights_equal_repetition():
    X, table, _ = make_log(steps, 300)
    weight = np.random.default_rng(0).integers(0, 3, 300)
    rows = np.repeat(np.arange(300), weight)
    fold = np.arange(300) % 3

    def predicted(X_fit, table, fold):
        folds = [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(3)]
        model = JointOutcome(random_state=0)
        model.cross_fit(X_fit, table, folds)
        return model.stack_.weight_, model.predict(X)[0]

    one = predicted(X, table.reweighted(weight.astype(float)), fold)
    other = predicted(X[rows], table.take(rows), fold[rows])
    assert one[0] > 0
    assert one[0] == pytest.approx(other[0], abs=1e-3)
    assert_allclose(one[1], other[1], atol=1e-3)


def test_float32_and_threads_change_nothing_that_matters():
    X, table, _ = make_log(steps, 600)
    one, other = fitted(X, table), fitted(X.astype(np.float32), table)
    assert one.stack_.weight_ == pytest.approx(other.stack_.weight_, abs=0.05)
