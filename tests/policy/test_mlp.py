"""Backpropagation and Adam."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skroute.policy import RegretPolicyClassifier
from skroute.policy._criteria import UtilityCriterion
from skroute.policy._mlp import Adam, AdamTrainer, forward, initial_layers, loss_and_gradient


@pytest.mark.parametrize("loss", ["softmax", "classification"])
@pytest.mark.parametrize("hidden", [(), (6,), (5, 4)])
@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array])
def test_gradient(loss, hidden, storage):
    rng = np.random.RandomState(0)
    Z, utility, weight = storage(rng.normal(size=(30, 4))), rng.rand(30, 3), rng.rand(30)
    coefs, intercepts = initial_layers([4, *hidden, 3], rng, np.dtype(np.float64))
    parameters = [*coefs, *intercepts]
    for parameter in parameters:
        parameter += 0.3 * rng.normal(size=parameter.shape)

    criterion = UtilityCriterion(utility, loss, spread=0.7)

    def objective():
        return loss_and_gradient(Z, criterion, weight, coefs, intercepts, alpha=0.1, spread=0.7)

    _, (coef_gradients, intercept_gradients) = objective()
    gradients = [gradient.copy() for gradient in (*coef_gradients, *intercept_gradients)]
    largest = max(np.abs(gradient).max() for gradient in gradients)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        for index in np.ndindex(*parameter.shape):
            middle, step = parameter[index], 1e-6
            parameter[index] = middle + step
            up = objective()[0]
            parameter[index] = middle - step
            down = objective()[0]
            parameter[index] = middle
            assert abs((up - down) / (2 * step) - gradient[index]) < 1e-6 * largest


def test_adam_by_hand():
    parameter = np.array([1.0, -2.0])
    optimizer = Adam(0.1)
    optimizer.step([parameter], [np.array([0.5, -4.0])])  # the first step is rate * sign
    assert_allclose(parameter, [0.9, -1.9], rtol=1e-6)
    optimizer.step([parameter], [np.array([0.5, 0.0])])
    first = (0.9 * -0.4) / (1 - 0.9**2)
    second = 0.999 * 0.016 / (1 - 0.999**2)
    assert_allclose(parameter, [0.8, -1.9 - 0.1 * first / np.sqrt(second)], rtol=1e-6)


def softmax(utility, weight=None):
    return UtilityCriterion.of(utility, "softmax", weight)


def trainer(X, utility, seed=0, batch_size=32, hidden=(7,), weight=None):
    policy = RegretPolicyClassifier(
        hidden_layer_sizes=hidden,
        alpha=1e-4,
        learning_rate=1e-2,
        batch_size=batch_size,
        random_state=seed,
    )
    return AdamTrainer(policy, X, softmax(utility, weight), weight)


def fit(state, X, utility, **options):
    return state.fit(RegretPolicyClassifier(**options), X, softmax(utility), None)


def test_layers_are_those_of_raw_features():
    rng = np.random.default_rng(0)
    X, utility = 5 + 3 * rng.normal(size=(100, 4)), rng.random((100, 3))
    state = trainer(X, utility)
    state.epoch(X, softmax(utility), None, np.arange(100))
    scaled = (X - X.mean(axis=0)) / np.sqrt(((X - X.mean(axis=0)) ** 2).mean())
    expected = forward(scaled, state.coefs, state.intercepts)[-1]
    assert_allclose(forward(X, *state.layers())[-1], expected, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_deterministic_and_dtype_kept(dtype):
    rng = np.random.default_rng(1)
    X, utility = rng.normal(size=(300, 4)).astype(dtype), rng.random((300, 3)).astype(dtype)
    states = [trainer(X, utility, seed) for seed in (0, 0, 1)]
    fitted = [fit(state, X, utility, max_iter=3).layers[0][0] for state in states]
    assert fitted[0].dtype == dtype
    assert_array_equal(fitted[0], fitted[1])
    assert not np.array_equal(fitted[0], fitted[2])


def test_rows_without_weight_do_nothing():
    rng = np.random.default_rng(2)
    X, utility = rng.normal(size=(60, 3)), rng.random((60, 2))
    state = trainer(X, utility)
    before = state.coefs[0].copy()
    state.epoch(X, softmax(utility), np.zeros(60), np.arange(60))
    assert_array_equal(state.coefs[0], before)


def test_best_layers_are_kept():
    rng = np.random.default_rng(3)
    X, utility = rng.normal(size=(200, 3)), rng.random((200, 2))
    solutions = []
    for max_iter in range(1, 11):
        state = trainer(X, utility)
        state.optimizer.learning_rate = 5.0  # jumps about
        solutions.append(fit(state, X, utility, max_iter=max_iter, tol=0.0))
    losses = np.array([solution.loss for solution in solutions])
    assert (np.diff(losses) <= 0).all()
    assert len(np.unique(losses)) < 10  # some epochs were worse than one before
    for before, after in pairwise(solutions):
        same = np.array_equal(before.layers[0][0], after.layers[0][0])
        assert same == (before.loss == after.loss)


def test_stops_after_ten_epochs_without_improvement():
    rng = np.random.default_rng(3)
    X, utility = rng.normal(size=(200, 3)), rng.random((200, 2))
    state = trainer(X, utility)
    state.optimizer.learning_rate = 0.0
    solution = fit(state, X, utility, max_iter=50)
    assert solution.converged
    assert (solution.n_iter, solution.effort) == (11, "11 passes of Adam")
    assert not fit(trainer(X, utility), X, utility, max_iter=5).converged


@pytest.mark.parametrize(("n_rows", "batch_size"), [(10, 32), (1000, 62), (9000, 256)])
def test_automatic_batches_and_a_tenth_held_out(n_rows, batch_size, monkeypatch):
    rng = np.random.default_rng(3)
    X, utility = rng.normal(size=(n_rows, 3)), rng.random((n_rows, 2))
    state = trainer(X, utility, batch_size="auto")
    assert state.batch_size == batch_size
    trained = []
    monkeypatch.setattr(state, "epoch", lambda *args: trained.append(len(args[-1])) or 1.0)
    fit(state, X, utility, max_iter=1)
    assert trained == [n_rows if n_rows == 10 else 0.9 * n_rows]


def test_initial_layers_are_glorots():
    rng = np.random.RandomState(0)
    coefs, intercepts = initial_layers([40, 60, 2], rng, np.dtype(np.float32))
    assert_allclose(np.abs(coefs[0]).max(), np.sqrt(6 / 100), rtol=0.01)
    assert_allclose(np.abs(coefs[1]).max(), np.sqrt(6 / 62), rtol=0.05)
    assert {part.dtype for part in (*coefs, *intercepts)} == {np.dtype(np.float32)}
    assert not initial_layers([3, 2], rng, np.dtype(float))[0][0].any()
