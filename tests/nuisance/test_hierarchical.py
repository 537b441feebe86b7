import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import approx_fprime
from scipy.stats import multivariate_normal

from skroute.nuisance._hierarchical import (
    Moments,
    Posterior,
    Variances,
    _Objective,
    fit_variances,
)

M, K = 4, 3


def make_problem(n=60, seed=0):
    rng = np.random.default_rng(seed)
    Phi = np.column_stack([rng.normal(size=(n, M - 1)), np.ones(n)])
    action = rng.integers(0, K, n)
    return Phi, action, rng.normal(size=n)


def moments_of(Phi, action, z, weight=None):
    weight = np.ones(len(z)) if weight is None else weight
    gram, cross = np.zeros((K, M, M)), np.zeros((K, M))
    square, count = np.zeros(K), np.zeros(K)
    for k in range(K):
        mine = action == k
        gram[k] = Phi[mine].T @ (weight[mine, None] * Phi[mine])
        cross[k] = Phi[mine].T @ (weight[mine] * z[mine])
        square[k], count[k] = weight[mine] @ z[mine] ** 2, weight[mine].sum()
    return Moments(gram, cross, square, count)


def dense_covariance(Phi, action, variances):
    """Covariance of the outcomes, written out."""
    shared = Phi @ (variances.shared[:, None] * Phi.T)
    own = Phi @ (variances.deviation[:, None] * Phi.T)
    same = action[:, None] == action[None]
    return shared + own * same + np.diag(variances.noise[action])


VARIANCES = Variances(
    np.array([0.5, 0.2, 0.1, 4.0]), np.array([0.3, 0.1, 0.2, 0.4]), np.array([0.5, 1.0, 2.0])
)


def test_posterior_means_equal_those_of_a_gaussian_process():
    Phi, action, z = make_problem()
    posterior = Posterior(moments_of(Phi, action, z), VARIANCES)
    dual = np.linalg.solve(dense_covariance(Phi, action, VARIANCES), z)
    shared = VARIANCES.shared * (Phi.T @ dual)
    assert_allclose(posterior.shared, shared)
    for k in range(K):
        own = VARIANCES.deviation * (Phi[action == k].T @ dual[action == k])
        assert_allclose(posterior.theta[k], shared + own)


def test_likelihood_equals_the_dense_likelihood():
    Phi, action, z = make_problem()
    prior = np.array([[1.0, 0.5, 0.0, 0.0], [0.0, 1.0, 2.0, 0.0]])
    objective = _Objective(moments_of(Phi, action, z), prior)
    first, second = (
        np.log([0.3, 0.2, 0.1, 0.4, 0.2, 0.7, 0.7, 0.7]),
        np.log([0.5, 0.1, 0.3, 0.2, 0.5, 0.4, 0.4, 0.4]),
    )
    dense = [
        -multivariate_normal(cov=dense_covariance(Phi, action, objective.variances(x))).logpdf(z)
        for x in (first, second)
    ]
    assert_allclose(objective(first)[0] - objective(second)[0], dense[0] - dense[1])


def test_gradient_against_finite_differences():
    Phi, action, z = make_problem()
    prior = np.array([[1.0, 0.5, 0.0, 0.0], [0.0, 1.0, 2.0, 0.0]])
    objective = _Objective(moments_of(Phi, action, z), prior)
    x = np.log([0.3, 0.2, 0.1, 0.4, 0.2, 0.35, 1.05, 0.7])
    numeric = approx_fprime(x, lambda x: objective(x)[0], 1e-6)
    assert_allclose(objective(x)[1], numeric, rtol=1e-4, atol=1e-4)


def test_weights_equal_repetition():
    Phi, action, z = make_problem()
    weight = np.random.default_rng(1).integers(0, 3, len(z))
    rows = np.repeat(np.arange(len(z)), weight)
    weighted = moments_of(Phi, action, z, weight.astype(float))
    repeated = moments_of(Phi[rows], action[rows], z[rows])
    prior = np.array([[1.0, 1.0, 1.0, 0.0]])
    one, other = fit_variances(weighted, prior), fit_variances(repeated, prior)
    assert_allclose(one.shared, other.shared, rtol=1e-6)
    assert_allclose(one.noise, other.noise, rtol=1e-6)


@pytest.mark.parametrize("deviating", [True, False])
def test_variances_find_what_made_the_data(deviating):
    rng = np.random.default_rng(0)
    n = 3000
    Phi = np.column_stack([rng.normal(size=(n, 30)), np.ones(n)])
    action = rng.integers(0, K, n)
    shared = 0.2 * rng.normal(size=31)
    own = 0.2 * deviating * rng.normal(size=(K, 31))
    z = np.einsum("nm,nm->n", Phi, (shared + own)[action]) + 0.5 * rng.normal(size=n)
    gram = np.stack([Phi[action == k].T @ Phi[action == k] for k in range(K)])
    cross = np.stack([Phi[action == k].T @ z[action == k] for k in range(K)])
    square = np.array([z[action == k] @ z[action == k] for k in range(K)])
    moments = Moments(gram, cross, square, np.bincount(action).astype(float))
    variances = fit_variances(moments, np.r_[np.ones(30), 0.0][None], max_iter=60)
    assert variances.shared[0] == pytest.approx(0.04, rel=0.6)
    assert_allclose(variances.noise, 0.25, rtol=0.15)
    if deviating:
        assert variances.deviation[0] == pytest.approx(0.04, rel=0.5)
    else:
        assert variances.deviation[0] < 0.002


PRIOR = np.array([[1.0, 0.5, 0.0, 0.0], [0.0, 1.0, 2.0, 0.0]])


def test_noises_of_models_are_worth_two_observations_of_their_ratio():
    Phi, action, z = make_problem()
    objective = _Objective(moments_of(Phi, action, z), PRIOR)
    excess, scales = [], np.log([0.3, 0.2, 0.1, 0.4, 0.2])
    for noise in (np.log([0.7, 0.7, 0.7]), np.log([0.4, 1.2, 2.4])):
        x = np.r_[scales, noise]
        covariance = dense_covariance(Phi, action, objective.variances(x))
        excess.append(objective(x)[0] + multivariate_normal(cov=covariance).logpdf(z))
    ratio = noise - noise.mean()
    assert excess[1] - excess[0] == pytest.approx(2.0 / 2 * (ratio @ ratio))


def test_the_shared_constant_has_prior_variance_four():
    Phi, action, z = make_problem()
    assert fit_variances(moments_of(Phi, action, z), PRIOR).shared[-1] == 4.0


def test_scales_are_rounded_to_a_twentieth_of_their_logarithm():
    steps = []
    for seed in range(4):
        Phi, action, z = make_problem(seed=seed)
        variances = fit_variances(moments_of(Phi, action, z), PRIOR)
        steps += [np.log(variances.deviation[-1]) / 0.05, *np.diff(np.log(variances.noise)) / 0.05]
    whole = np.round(steps)
    assert_allclose(steps, whole, atol=1e-6)
    assert (whole % 2 == 1).any()
