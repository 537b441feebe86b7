"""The posterior of gold given preference, against dense Gaussian algebra."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import softmax
from scipy.stats import multivariate_normal

from skroute.correction._transfer import AveragedTransfer, Transfer
from skroute.nuisance import Moments, Variances

NOISE = np.array([0.5, 0.2])


def rows_of(n_judged=30, n_gold=12, n_features=4, seed=0):
    rng = np.random.default_rng(seed)
    design = [rng.normal(size=(n, n_features)) for n in (n_judged, n_gold)]
    return design, [rng.normal(size=len(phi)) for phi in design]


def moments_of(design, target):
    pairs = list(zip(design, target, strict=True))
    return Moments(
        np.stack([phi.T @ phi for phi in design]),
        np.stack([phi.T @ z for phi, z in pairs]),
        np.array([z @ z for z in target]),
        np.array([float(len(z)) for z in target]),
    )


def variances_of(deviation=0.3, n_features=4):
    return Variances(np.linspace(0.5, 2, n_features), np.full(n_features, deviation), NOISE)


def dense(design, target, variances):
    """Return coefficients (2, M), and log p(gold labels | preference labels)."""
    judged, gold = design
    n_features = judged.shape[1]
    shared, deviation = np.diag(variances.shared), np.diag(variances.deviation)
    # Of preference and gold coefficients, preference being gold plus the bias.
    prior = np.block([[shared + deviation, shared], [shared, shared]])
    phi = np.zeros((len(judged) + len(gold), 2 * n_features))
    phi[: len(judged), :n_features], phi[len(judged) :, n_features:] = judged, gold
    noise = np.repeat(variances.noise, [len(judged), len(gold)])
    covariance, z = phi @ prior @ phi.T + np.diag(noise), np.concatenate(target)
    theta = prior @ phi.T @ np.linalg.solve(covariance, z)
    part = slice(0, len(judged))
    joint = multivariate_normal(cov=covariance).logpdf(z)
    marginal = multivariate_normal(cov=covariance[part, part]).logpdf(z[part])
    return theta.reshape(2, n_features), joint - marginal


@pytest.mark.parametrize("deviation", [1e-3, 0.3, 100.0])
def test_posterior_and_likelihood_are_those_of_the_joint_gaussian(deviation):
    design, target = rows_of()
    moments, variances = moments_of(design, target), variances_of(deviation)
    transfer = Transfer(moments, variances)
    theta, log_probability = dense(design, target, variances)
    assert_allclose(transfer.theta, theta, rtol=1e-7, atol=1e-9)
    constant = len(target[1]) / 2 * np.log(2 * np.pi)
    assert_allclose(transfer.log_likelihood() - constant, log_probability)


def test_a_huge_bias_leaves_the_ridge_on_gold_rows():
    design, target = rows_of()
    moments, variances = moments_of(design, target), variances_of(1e9)
    phi, z = design[1], target[1]
    ridge = np.linalg.solve(phi.T @ phi / 0.2 + np.diag(1 / variances.shared), phi.T @ z / 0.2)
    transfer = Transfer(moments, variances)
    assert_allclose(transfer.theta[1], ridge, rtol=1e-5)
    assert transfer.information() == pytest.approx(0, abs=1e-6)


def test_no_bias_leaves_the_ridge_on_all_rows():
    design, target = rows_of()
    moments, variances = moments_of(design, target), variances_of(1e-9)
    phi = np.vstack([part / np.sqrt(s) for part, s in zip(design, NOISE, strict=True)])
    z = np.concatenate([part / np.sqrt(s) for part, s in zip(target, NOISE, strict=True)])
    ridge = np.linalg.solve(phi.T @ phi + np.diag(1 / variances.shared), phi.T @ z)
    assert_allclose(Transfer(moments, variances).theta, [ridge, ridge], rtol=1e-5)


def test_information_is_the_effective_number_of_coefficients():
    """Of a single coefficient: its prior variance, less what is left of it, by the first."""
    design, target = rows_of(n_features=1)
    moments, variances = moments_of(design, target), variances_of(0.3, 1)
    known = 1 / (0.5 / moments.gram[0, 0, 0] + 0.3)
    expected = known / (known + 1 / variances.shared[0])
    assert Transfer(moments, variances).information() == pytest.approx(expected)


def bias_of_size(size, seed=0):
    rng = np.random.default_rng(seed)
    design, _ = rows_of(2000, 200, 20, seed)
    gold, bias = rng.normal(size=20), size * rng.normal(size=20)
    target = [design[0] @ (gold + bias), design[1] @ gold]
    return moments_of(design, [z + 0.5 * rng.normal(size=len(z)) for z in target])


def test_shares_follow_the_size_of_the_bias():
    variances = variances_of(0.3, 20)
    averaged = [AveragedTransfer(bias_of_size(size), variances) for size in (0.0, 0.5, 3.0)]
    sizes = [float(fit.share @ [v.deviation[0] for v in fit.sizes]) for fit in averaged]
    information = [fit.information for fit in averaged]
    assert sizes[0] < sizes[1] < sizes[2]
    assert information[0] > information[1] > information[2]
    assert information[0] > 0.9
    for fit in averaged:
        assert fit.share.sum() == pytest.approx(1)
        assert all(v.deviation[-1] == 0.3 for v in fit.sizes)


def test_other_rows_use_the_same_shares():
    moments, variances = bias_of_size(0.5), variances_of(0.3, 20)
    averaged = AveragedTransfer(moments, variances)
    assert_allclose(averaged.theta_of(moments), averaged.theta)
    assert not np.allclose(averaged.theta_of(bias_of_size(0.5, 1)), averaged.theta)


def test_the_sizes_and_the_power_of_the_likelihood():
    moments, variances = bias_of_size(0.5), variances_of(0.3, 20)
    averaged = AveragedTransfer(moments, variances)
    factors = [size.deviation[0] / 0.3 for size in averaged.sizes]
    assert factors == pytest.approx([0.1, 0.3, 1.0, 3.0, 10.0, 30.0])
    likelihoods = [Transfer(moments, size).log_likelihood() for size in averaged.sizes]
    assert_allclose(averaged.share, softmax(0.25 * np.array(likelihoods)))
