"""The policy over knots: objective, gradient, what it learns, what it serves."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.special import softmax
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skroute.policy import IntervalPolicy, RegretPolicyClassifier
from skroute.policy._interval import IntervalCriterion
from skroute.policy._linear import _Objective
from skroute.policy._mlp import initial_layers, loss_and_gradient
from skroute.policy._scaling import feature_scaling

KNOTS = np.array([0.0, 0.5, 2.0])


def problem(n_rows=800, *, seed=0, noise=0.3, dtype=np.float64):
    """Return X, noisy quality and cost, and the true ones: linear in two of four features."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 4))
    quality = X[:, :2] @ np.array([[1.0, -1.0, 0.2], [0.3, 0.5, -1.0]]) + [0.0, 0.4, 0.8]
    cost = X[:, :1] @ np.array([[0.1, -0.1, 0.2]]) + [0.2, 0.6, 1.2]
    noisy = [part + noise * rng.normal(size=part.shape) for part in (quality, cost)]
    return tuple(part.astype(dtype) for part in (X, *noisy, quality, cost))


def fit(X, quality, cost, *, knots=KNOTS, sample_weight=None, **options):
    return IntervalPolicy.of(
        RegretPolicyClassifier(**options), knots, X, quality, cost, sample_weight
    )


def regret(logits, utility):
    return np.mean(utility.max(axis=1) - utility[np.arange(len(utility)), logits.argmax(axis=1)])


@pytest.mark.parametrize("loss", ["softmax", "classification"])
@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_through_the_interpolation(loss, storage, weighted):
    X, quality, cost, _, _ = problem(200)
    weight = np.random.default_rng(1).random(200) if weighted else None
    X = storage(X)
    criterion = IntervalCriterion.of(quality, cost, loss, KNOTS, weight, X.dtype)
    objective = _Objective(X, criterion, 0.3, weight, feature_scaling(X, weight))
    theta = np.random.default_rng(2).normal(size=5 * 9)
    _, gradient = objective(theta)
    step = 1e-5 * np.eye(len(theta))
    numerical = [(objective(theta + e)[0] - objective(theta - e)[0]) / 2e-5 for e in step]
    assert np.abs(gradient - numerical).max() < 1e-6 * np.abs(gradient).max()


@pytest.mark.parametrize("loss", ["softmax", "classification"])
def test_gradient_through_hidden_layers(loss):
    X, quality, cost, _, _ = problem(60)
    rng, weight = np.random.RandomState(0), np.random.default_rng(1).random(60)
    criterion = IntervalCriterion.of(quality, cost, loss, KNOTS, weight, X.dtype)
    coefs, intercepts = initial_layers([4, 5, 9], rng, X.dtype)
    for part in (*coefs, *intercepts):
        part += 0.3 * rng.normal(size=part.shape)

    def objective():
        return loss_and_gradient(X, criterion, weight, coefs, intercepts, alpha=0.1, spread=1.0)

    gradients = [part.copy() for layers in objective()[1] for part in layers]
    largest = max(np.abs(part).max() for part in gradients)
    for parameter, gradient in zip((*coefs, *intercepts), gradients, strict=True):
        for index in np.ndindex(*parameter.shape):
            middle, values = parameter[index], []
            for step in (1e-6, -1e-6):
                parameter[index] = middle + step
                values.append(objective()[0])
            parameter[index] = middle
            assert abs((values[0] - values[1]) / 2e-6 - gradient[index]) < 1e-6 * largest


@pytest.mark.parametrize("loss", ["softmax", "classification"])
def test_objective_is_the_documented_one(loss):
    X, quality, cost, _, _ = problem(100)
    criterion = IntervalCriterion.of(quality, cost, loss, KNOTS, None, X.dtype)
    objective = _Objective(X, criterion, 0.3, None, feature_scaling(X, None))
    rng = np.random.default_rng(0)
    W, b = rng.normal(size=(3, 4, 3)), rng.normal(size=(3, 3))
    Z = X - X.mean(axis=0)
    Z /= np.sqrt((Z**2).sum(axis=1).mean())

    def at(left, position):
        value = (1 - position) * KNOTS[left] + position * KNOTS[left + 1]
        logits = [(1 - position) * (Z @ W[left] + b[left])]
        logits.append(position * (Z @ W[left + 1] + b[left + 1]))
        probability, utility = softmax(sum(logits), axis=1), quality - value * cost
        spread = np.ptp(utility, axis=1)
        if loss == "softmax":
            lost = (probability * (utility.max(axis=1, keepdims=True) - utility)).sum(axis=1)
        else:
            lost = -spread * np.log(probability[np.arange(100), utility.argmax(axis=1)])
        return lost.mean() / spread.mean()

    expected = np.mean([(at(j, 0.0) + 2 * at(j, 0.5) + at(j, 1.0)) / 4 for j in (0, 1)])
    norms = (W**2).sum(axis=(1, 2))
    expected += 0.15 * np.mean([(norms[j] + norms[j + 1]) / 2 for j in (0, 1)])
    theta = np.vstack([np.hstack(list(W)), np.hstack(list(b))])
    assert_allclose(objective(theta.ravel())[0], expected, rtol=1e-12)


@pytest.mark.parametrize("loss", ["softmax", "classification"])
def test_without_costs_every_policy_is_that_of_one_fit(loss):
    X, quality, _, _, _ = problem()
    policy = fit(X, quality, np.zeros_like(quality), loss=loss, tol=1e-7)
    one = RegretPolicyClassifier(loss, tol=1e-7).fit(X, quality)
    assert policy.loss == pytest.approx(one.loss_, rel=1e-3)
    for value in (0.0, 0.3, 2.0):
        assert np.mean(policy.decision_function(X, value).argmax(axis=1) == one.predict(X)) > 0.99


@pytest.mark.parametrize("loss", ["softmax", "classification"])
@pytest.mark.parametrize("hidden", [(), (16,)])
def test_it_learns_the_best_policy_at_every_cost_sensitivity(loss, hidden):
    """The best choice is by utilities that are linear in X and in cost sensitivity."""
    X, quality, cost, _, _ = problem(2000)
    options = {"hidden_layer_sizes": hidden, "random_state": 0}
    policy = fit(X, quality, cost, loss=loss, learning_rate=0.01, **options)
    X_test, _, _, true_quality, true_cost = problem(2000, seed=1)
    for value in np.linspace(0, 2, 25):
        utility = true_quality - value * true_cost
        fixed = (utility.max(axis=1, keepdims=True) - utility).mean(axis=0).min()
        lost = regret(policy.decision_function(X_test, value), utility)
        assert lost < (0.05 if hidden == () else 0.1) * fixed


@pytest.mark.parametrize("loss", ["softmax", "classification"])
def test_one_joint_fit_is_as_good_as_fits_of_their_own(loss):
    X, quality, cost, _, _ = problem(600, noise=2.0)
    X_test, _, _, true_quality, true_cost = problem(3000, seed=1)
    policy, joint, own = fit(X, quality, cost, loss=loss), [], []
    for value in np.linspace(0, 2, 13):
        utility = true_quality - value * true_cost
        one = RegretPolicyClassifier(loss).fit(X, quality - value * cost)
        joint.append(regret(policy.decision_function(X_test, value), utility))
        own.append(regret(one.predict_proba(X_test), utility))
    assert np.mean(joint) < 1.03 * np.mean(own)


def test_logits_are_interpolated_between_knots():
    X, quality, cost, _, _ = problem(100)
    policy = fit(X, quality, cost)
    at_knots = list(policy.knot_logits(X))
    for knot, logits in zip(KNOTS, at_knots, strict=True):
        assert_allclose(policy.decision_function(X, knot), logits, atol=1e-12)
    mixed = policy.decision_function(X, 0.5 + 0.2 * 1.5)
    assert_allclose(mixed, 0.8 * at_knots[1] + 0.2 * at_knots[2], atol=1e-12)


@pytest.mark.parametrize("hidden", [(), (7,)])
def test_one_cost_sensitivity_a_row_equals_each_of_them_alone(hidden):
    X, quality, cost, _, _ = problem(200)
    options = {"hidden_layer_sizes": hidden, "random_state": 0, "learning_rate": 0.02}
    policy = fit(X, quality, cost, **options)
    values = np.random.default_rng(0).choice([0.0, 0.2, 0.5, 1.1, 2.0], 200)
    mixed = policy.decision_function(X, values[:, None])
    for value in np.unique(values):
        rows = values == value
        assert_allclose(mixed[rows], policy.decision_function(X, value)[rows], atol=1e-12)


@pytest.mark.parametrize("loss", ["softmax", "classification"])
def test_weights_equal_repetition(loss):
    X, quality, cost, _, _ = problem(200)
    weight = np.random.default_rng(3).integers(0, 4, size=200)
    times = np.repeat(np.arange(200), weight)
    options = {"loss": loss, "alpha": 0.01, "tol": 1e-8}
    weighted = fit(X, quality, cost, sample_weight=weight.astype(float), **options)
    repeated = fit(X[times], quality[times], cost[times], **options)
    assert_allclose(weighted.loss, repeated.loss, rtol=1e-8)
    assert_allclose(weighted.coefs[0], repeated.coefs[0], atol=1e-4)


@pytest.mark.parametrize("hidden", [(), (7,)])
def test_float32_stays_and_agrees(hidden):
    options = {"hidden_layer_sizes": hidden, "random_state": 0}
    X, quality, cost, true_quality, true_cost = problem(dtype=np.float32)
    single, double = (
        fit(X.astype(dtype), quality, cost, **options) for dtype in (np.float32, np.float64)
    )
    logits = single.decision_function(X, 0.7)
    assert logits.dtype == single.coefs[0].dtype == np.float32
    utility = true_quality - 0.7 * true_cost
    expected = regret(double.decision_function(X.astype(np.float64), 0.7), utility)
    assert regret(logits, utility) == pytest.approx(expected, abs=5e-3)


def test_storage_of_features_does_not_matter():
    X, quality, cost, _, _ = problem(300)
    X = np.where(np.abs(X) < 0.5, 0.0, X)
    dense, strided = fit(X, quality, cost), fit(np.repeat(X, 2, axis=1)[:, ::2], quality, cost)
    assert_array_equal(dense.coefs[0], strided.coefs[0])
    compressed = fit(sparse.csr_array(X), quality, cost)
    values = np.linspace(0, 2, 300)
    logits = compressed.decision_function(sparse.csr_array(X), values)
    assert_allclose(logits, compressed.decision_function(X, values), atol=1e-10)
    # Sparse features are not centered, which changes the penalty.
    agree = logits.argmax(axis=1) == dense.decision_function(X, values).argmax(axis=1)
    assert np.mean(agree) > 0.95


@pytest.mark.parametrize("hidden", [(), (7,)])
def test_it_is_deterministic_and_leaves_its_policy_alone(hidden):
    X, quality, cost, _, _ = problem(300)
    options = {"hidden_layer_sizes": hidden, "random_state": 0, "learning_rate": 0.02}
    settings = RegretPolicyClassifier(**options)
    before = clone(settings).get_params()
    fits = [IntervalPolicy.of(settings, KNOTS, X, quality, cost) for _ in range(2)]
    for first, second in zip(fits[0].coefs, fits[1].coefs, strict=True):
        assert_array_equal(first, second)
    assert settings.get_params() == before
    assert not hasattr(settings, "coefs_")
    copy = pickle.loads(pickle.dumps(fits[0]))
    assert_array_equal(copy.decision_function(X, 0.7), fits[0].decision_function(X, 0.7))


def test_wrong_parameters_and_missing_convergence_are_told():
    X, quality, cost, _, _ = problem(100)
    with pytest.raises(ValueError, match="hidden layers need"):
        fit(X, quality, cost, solver="lbfgs", hidden_layer_sizes=(3,))
    with pytest.warns(ConvergenceWarning, match="policy over knots had not converged after 1 iter"):
        fit(X, quality, cost, max_iter=1, alpha=0.0)
