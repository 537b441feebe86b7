"""The linear fit: gradient, scaling, weights, starting point."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.special import softmax

from skroute.policy import RegretPolicyClassifier
from skroute.policy._criteria import UtilityCriterion
from skroute.policy._linear import _Objective, _ridge_start, fit_linear
from skroute.policy._scaling import feature_scaling, utility_spread


def problem(n_rows=300, n_features=5, n_models=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_features)) + 2
    utility = X @ rng.normal(size=(n_features, n_models)) + rng.normal(size=(n_rows, n_models))
    return X, utility


def fit(X, utility, *, loss="softmax", sample_weight=None, start=None, **options):
    criterion = UtilityCriterion.of(utility, loss, sample_weight)
    policy = RegretPolicyClassifier(loss, **options)
    return fit_linear(policy, X, criterion, sample_weight, start)


def outputs(solution, X):
    (coef,), (intercept,) = solution.layers
    return X @ coef + intercept


def numerical_gradient(function, theta, step=1e-5):
    unit = np.eye(len(theta))
    return np.array([(function(theta + step * e) - function(theta - step * e)) for e in unit]) / (
        2 * step
    )


@pytest.mark.parametrize("loss", ["softmax", "classification"])
@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array, sparse.csr_matrix])
def test_gradient(loss, storage):
    X, utility = problem()
    rng = np.random.default_rng(1)
    weight = rng.random(300)
    X = storage(X)
    criterion = UtilityCriterion.of(utility, loss, weight)
    objective = _Objective(X, criterion, 0.3, weight, feature_scaling(X, weight))
    theta = rng.normal(size=6 * 4)
    _, gradient = objective(theta)
    numerical = numerical_gradient(lambda t: objective(t)[0], theta)
    assert np.abs(gradient - numerical).max() < 1e-6 * np.abs(gradient).max()


@pytest.mark.parametrize("loss", ["softmax", "classification"])
def test_objective_is_the_documented_one(loss):
    X, utility = problem()
    scaling = feature_scaling(X, None)
    criterion = UtilityCriterion.of(utility, loss, None)
    objective = _Objective(X, criterion, 0.3, None, scaling)
    rng = np.random.default_rng(2)
    W, b = rng.normal(size=(5, 4)), rng.normal(size=4)
    Z = X - X.mean(axis=0)
    Z /= np.sqrt((Z**2).sum(axis=1).mean())
    probability = softmax(Z @ W + b, axis=1)
    if loss == "softmax":
        value = (probability * (utility.max(axis=1, keepdims=True) - utility)).sum(axis=1)
    else:
        best = utility.argmax(axis=1)
        value = -np.ptp(utility, axis=1) * np.log(probability[np.arange(300), best])
    expected = value.mean() / np.ptp(utility, axis=1).mean() + 0.15 * (W**2).sum()
    assert_allclose(objective(np.vstack([W, b]).ravel())[0], expected, rtol=1e-12)


def test_scaling_of_features():
    X, _ = problem()
    scaling = feature_scaling(X, None)
    Z = (X - scaling.center) / scaling.scale
    assert_allclose(Z.mean(axis=0), 0, atol=1e-14)
    assert_allclose((Z**2).sum(axis=1).mean(), 1)
    W, b = np.random.default_rng(0).normal(size=(5, 3)), np.arange(3.0)
    raw, intercept = scaling.fold(W, b)
    assert_allclose(X @ raw + intercept, Z @ W + b)
    for part, expected in zip(scaling.unfold(raw, intercept), (W, b), strict=True):
        assert_allclose(part, expected)
    assert feature_scaling(np.full((7, 2), 0.1), None).scale == 1.0
    assert feature_scaling(sparse.csr_array((7, 2)), None).scale == 1.0
    assert_allclose(feature_scaling(sparse.csr_array(X), None).scale ** 2, (X**2).sum() / 300)
    # float32 far from the origin: sums are taken in float64
    far = (1e4 + np.random.default_rng(0).normal(size=(9000, 2))).astype(np.float32)
    assert_allclose(feature_scaling(far, None).scale, np.sqrt(2), rtol=0.02)


def test_spread():
    utility = np.array([[1.0, 3.0], [0.0, 0.0], [5.0, 1.0]])
    assert utility_spread(utility, None) == 2.0
    assert utility_spread(utility, np.array([1.0, 0.0, 1.0])) == 3.0
    assert utility_spread(np.ones((4, 3)), None) == 1.0


@pytest.mark.parametrize("loss", ["softmax", "classification"])
def test_weights_equal_repetition(loss):
    X, utility = problem()
    weight = np.random.default_rng(3).integers(0, 4, size=300)
    options = {"loss": loss, "alpha": 0.01, "tol": 1e-8}
    weighted = fit(X, utility, sample_weight=weight, **options)
    times = np.repeat(np.arange(300), weight)
    repeated = fit(X[times], utility[times], **options)
    assert_allclose(weighted.loss, repeated.loss, rtol=1e-9)
    assert_allclose(outputs(weighted, X), outputs(repeated, X), atol=1e-4)


@pytest.mark.parametrize("loss", ["softmax", "classification"])
def test_penalty_means_the_same_on_any_scale(loss):
    X, utility = problem()
    options = {"loss": loss, "alpha": 0.01, "tol": 1e-7}
    first = fit(X, utility, **options)
    logits = outputs(first, X)
    changed = {
        "units of X": (1000 * X + 5, utility),
        "repeated features": (np.hstack([X, X, X]), utility),
        "units of utility": (X, 100 * utility - 3),
        "repeated rows": (np.vstack([X, X]), np.vstack([utility, utility])),
    }
    for what, (X_changed, utility_changed) in changed.items():
        policy = fit(X_changed, utility_changed, **options)
        other = outputs(policy, X_changed)[:300]
        assert_allclose(softmax(other, axis=1), softmax(logits, axis=1), atol=1e-4, err_msg=what)


def test_float32_stays_and_agrees():
    X, utility = problem(2000)
    single = fit(X.astype(np.float32), utility.astype(np.float32), alpha=0.01)
    double = fit(X, utility, alpha=0.01)
    assert all(part[0].dtype == np.float32 for part in single.layers)
    assert_allclose(single.loss, double.loss, rtol=1e-4)


def test_start_avoids_the_fixed_model():
    """One model is best on average by far; from zero coefficients the fit would end there."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(800, 30))
    utility = 0.6 * X[:, :3]
    utility[:, 0] += 1.0
    fixed = utility_spread(utility, None)
    policy = fit(X, utility, alpha=1e-4)
    zero = fit(X, utility, alpha=1e-4, start=([np.zeros((30, 3))], [np.zeros(3)]))
    assert policy.loss <= zero.loss + 1e-6
    best = np.mean(utility.max(axis=1) - utility[:, 0]) / fixed
    assert policy.loss < 0.8 * best


def test_start_is_a_sharpened_ridge_regression():
    X, utility = problem()
    weight = np.random.default_rng(2).random(300)
    share, spread, alpha = weight / weight.sum(), utility_spread(utility, weight), 0.002
    criterion = UtilityCriterion.of(utility, "softmax", weight)
    scaling = feature_scaling(X, weight)
    theta = _ridge_start(_Objective(X, criterion, alpha, weight, scaling), alpha)

    Z, target = (X - scaling.center) / scaling.scale, utility / spread
    gram = (Z.T * share) @ Z + 30 * alpha * np.eye(5)
    W = np.linalg.solve(gram, (Z.T * share) @ (target - share @ target))
    losses = []
    for factor in (1, 3, 10, 30):
        p = softmax(factor * (Z @ W + share @ target), axis=1)
        regret = share @ (p * (utility.max(axis=1, keepdims=True) - utility)).sum(axis=1)
        losses.append(regret / spread + alpha / 2 * np.sum((factor * W) ** 2))
    assert 0 < np.argmin(losses) < 3
    expected = (1, 3, 10, 30)[np.argmin(losses)] * np.vstack([W, share @ target])
    assert_allclose(theta, expected, atol=0.01 * np.abs(expected).max())


def test_warm_start_needs_no_steps():
    X, utility = problem()
    first = fit(X, utility, alpha=0.01, tol=1e-6)
    again = fit(X, utility, alpha=0.01, tol=1e-5, start=first.layers)
    assert again.n_iter <= 1
    assert_allclose(again.loss, first.loss, rtol=1e-6)


def test_verbose_prints(capsys):
    X, utility = problem()
    fit(X, utility, alpha=0.01, verbose=2)
    assert "iteration 1: loss" in capsys.readouterr().out
