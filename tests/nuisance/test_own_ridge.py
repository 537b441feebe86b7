import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from skroute.feedback import full_feedback, read_feedback
from skroute.nuisance import Design
from skroute.nuisance._own_ridge import _PENALTIES, OwnRidge

N, M, K = 90, 6, 3
FOLDS = [
    (np.flatnonzero(np.arange(N) % 3 != f), np.flatnonzero(np.arange(N) % 3 == f)) for f in range(3)
]
PRIOR = np.array([1.0, 0.25, 4.0, 0.0, 1.0, 0.0])


def make_problem(seed=0):
    """Return features whose last is a constant, targets and weights."""
    rng = np.random.default_rng(seed)
    features = np.column_stack([3 + rng.normal(size=(N, M - 1)), np.ones(N)])
    noise = np.array([0.1, 1.0, 5.0])
    target = features @ rng.normal(size=(M, K)) + noise * rng.normal(size=(N, K))
    return features, target, rng.integers(0, 3, N).astype(float)


def moments_of(features, target, weight):
    table = read_feedback(full_feedback(target, weight=weight))
    return Design(features, table, FOLDS).moments(target)


def by_hand(features, target, weight, rows, penalty):
    """Return the coefficients of one model's ridge regression on some rows."""
    kept = np.flatnonzero(PRIOR)
    root = np.sqrt(PRIOR[kept])
    ridge = Ridge(penalty).fit(features[rows][:, kept] * root, target[rows], weight[rows])
    theta = np.zeros(M)
    theta[kept], theta[-1] = ridge.coef_ * root, ridge.intercept_
    return theta


def test_each_model_has_the_penalty_of_least_error_out_of_fold():
    features, target, weight = make_problem()
    ridge = OwnRidge(moments_of(features, target, weight), PRIOR)
    kept = np.flatnonzero(PRIOR)
    mean = np.average(features, axis=0, weights=weight)
    total = (weight @ (features - mean) ** 2)[kept] @ PRIOR[kept]
    everything, chosen = np.arange(N), []
    for k in range(K):

        def fits(penalty, k=k):
            alpha = total * penalty
            return [by_hand(features, target[:, k], weight, rows, alpha) for rows, _ in FOLDS]

        errors = [
            sum(
                weight[held] @ (target[held, k] - features[held] @ theta) ** 2
                for theta, (_, held) in zip(fits(penalty), FOLDS, strict=True)
            )
            for penalty in _PENALTIES
        ]
        best = _PENALTIES[int(np.argmin(errors))]
        chosen.append(best)
        expected = by_hand(features, target[:, k], weight, everything, total * best)
        assert_allclose(ridge.theta[k], expected, rtol=1e-6, atol=1e-8)
        for found, theta in zip(ridge.theta_without_fold, fits(best), strict=True):
            assert_allclose(found[k], theta, rtol=1e-6, atol=1e-8)
    assert len(set(chosen)) > 1


def test_weights_equal_repetition():
    features, target, weight = make_problem()
    rows = np.repeat(np.arange(N), weight.astype(int))
    table = read_feedback(full_feedback(target[rows]))
    fold = rows % 3
    folds = [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(3)]
    repeated = OwnRidge(Design(features[rows], table, folds).moments(target[rows]), PRIOR)
    weighted = OwnRidge(moments_of(features, target, weight), PRIOR)
    assert_allclose(weighted.theta, repeated.theta, rtol=1e-8)


@pytest.mark.parametrize("penalty_seen", [True, False])
def test_columns_that_never_vary_leave_the_mean(penalty_seen):
    features, target, weight = make_problem()
    features[:, :-1] = 2.0
    prior = PRIOR if penalty_seen else np.zeros(M)
    ridge = OwnRidge(moments_of(features, target, weight), prior)
    assert_allclose(features[0] @ ridge.theta.T, np.average(target, axis=0, weights=weight))


def test_coefficients_without_a_prior_variance_are_0():
    features, target, weight = make_problem()
    assert_array_equal(OwnRidge(moments_of(features, target, weight), PRIOR).theta[:, 3], 0.0)
