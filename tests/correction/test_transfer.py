"""The posterior of gold given the judge, against dense Gaussian algebra."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import softmax
from scipy.stats import multivariate_t

from skroute.correction._transfer import AveragedTransfer, Form, Judge, Line, Sums, Transfer

PRIOR = np.array([0.5, 1.0, 1.5, 2.0])
NO_MODELS = np.array([], dtype=int)


def sums_of(phi, z, weight=None):
    weight = np.ones(len(z)) if weight is None else weight
    return Sums(phi.T @ (weight[:, None] * phi), phi.T @ (weight * z), weight @ z**2, weight.sum())


def rows(n, n_features=4, seed=0):
    """Features that end with a constant."""
    phi = np.random.default_rng(seed).normal(size=(n, n_features))
    phi[:, -1] = 1.0
    return phi


def random_problem(n_judged=30, n_gold=12):
    rng = np.random.default_rng(1)
    phi = rows(n_judged), rows(n_gold, seed=2)
    return phi, tuple(rng.normal(size=len(part)) for part in phi)


def test_judge_is_a_ridge():
    (phi, _), (z, _) = random_problem()
    judge = Judge(sums_of(phi, z), PRIOR, 0.5)
    precision = phi.T @ phi / 0.5 + np.diag(1 / PRIOR)
    assert_allclose(judge.covariance, np.linalg.inv(precision))
    assert_allclose(judge.mean, np.linalg.solve(precision, phi.T @ z / 0.5))
    part = slice(0, 10)
    without = judge.without(sums_of(phi[part], z[part]))
    assert_allclose(without.mean, Judge(sums_of(phi[10:], z[10:]), PRIOR, 0.5).mean)


@pytest.mark.parametrize("bias_variance", [1e-6, 0.3, 100.0])
def test_posterior_is_that_of_the_joint_gaussian(bias_variance):
    (phi0, phi1), (z0, z1) = random_problem()
    judge = Judge(sums_of(phi0, z0), PRIOR, 0.5)
    bias = np.diag(np.full(4, bias_variance))
    transfer = Transfer(judge, sums_of(phi1, z1), judge.covariance + bias, 0.2, 1.0)
    # Of all labels at once: coefficients of the judge and of gold, which is his plus the bias.
    prior = np.block([[np.diag(PRIOR), np.diag(PRIOR)], [np.diag(PRIOR), np.diag(PRIOR) + bias]])
    phi = np.zeros((42, 8))
    phi[:30, :4], phi[30:, 4:] = phi0, phi1
    covariance = phi @ prior @ phi.T + np.diag(np.repeat([0.5, 0.2], [30, 12]))
    z = np.concatenate([z0, z1])
    theta = prior @ phi.T @ np.linalg.solve(covariance, z)
    assert_allclose(transfer.theta, theta.reshape(2, 4), rtol=1e-7, atol=1e-9)
    posterior = prior - prior @ phi.T @ np.linalg.solve(covariance, phi @ prior)
    gold, of_bias = transfer.covariances() / transfer.inflation
    assert_allclose(gold, posterior[4:, 4:], rtol=1e-6, atol=1e-9)
    difference = np.hstack([-np.eye(4), np.eye(4)])
    assert_allclose(of_bias, difference @ posterior @ difference.T, rtol=1e-6, atol=1e-9)


def test_likelihood_is_that_of_a_student_and_noise_is_learned():
    (phi0, phi1), (z0, z1) = random_problem()
    judge = Judge(sums_of(phi0, z0), PRIOR, 0.5)
    spread = judge.covariance + 0.3 * np.eye(4)
    scale = phi1 @ spread @ phi1.T + 0.2 * np.eye(12)

    def log_likelihood(z):
        return Transfer(judge, sums_of(phi1, z), spread, 0.2, 1.0).log_likelihood

    student = multivariate_t(phi1 @ judge.mean, scale, df=4)
    other = z1 + phi1[:, 0]
    expected = student.logpdf(z1) - student.logpdf(other)
    assert log_likelihood(z1) - log_likelihood(other) == pytest.approx(expected)
    surprise = (z1 - phi1 @ judge.mean) @ np.linalg.solve(scale, z1 - phi1 @ judge.mean)
    transfer = Transfer(judge, sums_of(phi1, z1), spread, 0.2, 1.0)
    assert transfer.inflation == pytest.approx((4 + surprise) / (4 + 12))


def test_weights_are_repetitions():
    (phi0, phi1), (z0, z1) = random_problem()
    judge = Judge(sums_of(phi0, z0), PRIOR, 0.5)
    weight = np.arange(12) % 3
    one = sums_of(phi1, z1, weight)
    other = sums_of(np.repeat(phi1, weight, axis=0), np.repeat(z1, weight))
    found = [AveragedTransfer(judge, gold, NO_MODELS, np.ones(4)) for gold in (one, other)]
    assert_allclose(found[0].theta, found[1].theta, rtol=1e-6)
    assert_allclose(found[0].share, found[1].share, rtol=1e-6)


def test_no_form_of_bias_is_the_ridge_on_all_labels():
    (phi0, phi1), (z0, z1) = random_problem()
    judge = Judge(sums_of(phi0, z0), PRIOR, 0.5)
    transfer = Transfer(judge, sums_of(phi1, z1), judge.covariance, 0.2, 1.0)
    both = np.vstack([phi0 / 0.5**0.5, phi1 / 0.2**0.5])
    z = np.concatenate([z0 / 0.5**0.5, z1 / 0.2**0.5])
    ridge = np.linalg.solve(both.T @ both + np.diag(1 / PRIOR), both.T @ z)
    assert_allclose(transfer.theta, [ridge, ridge])


def judged(gold_of, n_judged=3000, n_gold=200, noise=0.3, seed=0):
    """Return the judge's posterior, gold sums, and the coefficients of both."""
    rng = np.random.default_rng(seed)
    phi0, phi1 = rows(n_judged, 20, seed), rows(n_gold, 20, seed + 1)
    theta0 = rng.normal(size=20) / 20**0.5
    theta1 = gold_of(theta0, rng)
    z0 = phi0 @ theta0 + noise * rng.normal(size=n_judged)
    z1 = phi1 @ theta1 + noise * rng.normal(size=n_gold)
    judge = Judge(sums_of(phi0, z0), np.full(20, 0.1), noise**2)
    return judge, sums_of(phi1, z1), theta0, theta1


def constant(theta, rng):
    return theta + np.append(np.zeros(19), 0.5)


FORMS = {
    "none": lambda theta, rng: theta,
    "constant": constant,
    "compressed": lambda theta, rng: 5 * theta,
    "inverted": lambda theta, rng: -theta,
    "smooth": lambda theta, rng: theta + 0.3 * rng.normal(size=20),
    "unrelated": lambda theta, rng: rng.normal(size=20) / 20**0.5,
}


@pytest.mark.parametrize("n_gold", [4, 20, 200])
@pytest.mark.parametrize("form", FORMS)
def test_never_far_from_the_better_of_judge_and_gold_alone(form, n_gold):
    squares = []
    for seed in range(8):
        judge, gold, _, truth = judged(FORMS[form], n_gold=n_gold, seed=seed)
        alone = np.linalg.solve(gold.gram / 0.09 + np.eye(20) / 0.1, gold.cross / 0.09)
        found = AveragedTransfer(judge, gold, NO_MODELS, np.ones(20)).theta[1]
        squares.append([np.sum((theta - truth) ** 2) for theta in (found, judge.mean, alone)])
    found, judge_alone, gold_alone = np.mean(squares, axis=0)
    if n_gold == 4:  # they cannot tell that a judge is useless
        gold_alone = np.inf
    # Twenty coefficients, each of gold alone with an error of .09 / n at least. Gold alone is
    # given its true prior here.
    assert found < 1.2 * min(judge_alone, gold_alone) + 0.2


@pytest.mark.parametrize(("form", "slope"), [("compressed", 5.0), ("inverted", -1.0)])
def test_a_line_is_learned_from_few_labels(form, slope):
    judge, gold, theta, truth = judged(FORMS[form], n_gold=40)
    line = Line.through(judge, gold)
    assert line.slope == pytest.approx(slope, rel=0.15)
    averaged = AveragedTransfer(judge, gold, NO_MODELS, np.ones(20))
    error = np.sum((averaged.theta[1] - truth) ** 2)
    assert error < 0.2 * np.sum((theta - truth) ** 2)


def test_a_judge_who_tells_queries_not_apart_has_no_slope():
    phi = rows(50)
    judge = Judge(sums_of(phi, np.zeros(50)), PRIOR, 0.5)
    averaged = AveragedTransfer(judge, sums_of(phi, phi[:, 0]), NO_MODELS, np.ones(4))
    assert Line.through(judge, sums_of(phi, phi[:, 0])).slope_variance == 0
    assert all(form.slope == 0 for form in averaged.forms)
    assert averaged.theta[1, 0] == pytest.approx(1, abs=0.1)


def test_shares_follow_the_bias():
    shares = {}
    for name in ("none", "constant", "compressed", "smooth"):
        judge, gold, *_ = judged(FORMS[name])
        averaged = AveragedTransfer(judge, gold, NO_MODELS, np.ones(20))
        shares[name] = {
            part: sum(
                s for s, form in zip(averaged.share, averaged.forms, strict=True) if test(form)
            )
            for part, test in {
                "none": lambda form: form == Form(),
                "level": lambda form: form.level > 0,
                "slope": lambda form: form.slope > 0,
                "smooth": lambda form: form.smooth > 0.1,
            }.items()
        }
    assert shares["none"]["none"] == max(share["none"] for share in shares.values())
    assert shares["none"]["none"] > 0.2
    assert shares["constant"]["level"] > 0.99
    assert shares["compressed"]["slope"] > 0.99
    assert shares["smooth"]["smooth"] > 0.99


def test_constants_of_models_are_learned_and_unknown_without_gold():
    """Three models, the third without a gold label; their constants are the first columns."""
    rng = np.random.default_rng(0)
    phi = np.hstack([np.eye(3)[rng.integers(3, size=3000)], rows(3000)])
    gold_rows = phi[phi[:, 2] == 0][:200]
    judge = Judge(sums_of(phi, 0.3 * rng.normal(size=3000)), np.ones(7), 0.09)
    bias = np.array([0.4, -0.4, 0, 0, 0, 0, 0.1])
    gold = sums_of(gold_rows, gold_rows @ bias + 0.3 * rng.normal(size=200))
    averaged = AveragedTransfer(judge, gold, np.arange(3), np.ones(7))
    at = np.eye(7)[:3] + np.eye(7)[-1]
    assert_allclose((at @ averaged.theta[1])[:2], [0.5, -0.3], atol=0.1)
    known, _, unknown = np.diag(at @ averaged.covariances()[0] @ at.T)
    assert unknown > 20 * known
    assert unknown > 0.05


def test_other_rows_use_the_same_forms_and_shares():
    judge, gold, *_ = judged(FORMS["smooth"])
    averaged = AveragedTransfer(judge, gold, NO_MODELS, np.ones(20))
    # Up to forms of hardly any share.
    assert_allclose(averaged.theta_of(judge, gold), averaged.theta, atol=0.01)
    other = judged(FORMS["smooth"], seed=1)
    assert not np.allclose(averaged.theta_of(*other[:2]), averaged.theta, atol=0.1)


def test_the_power_of_the_likelihood_and_the_noise():
    judge, gold, *_ = judged(FORMS["constant"])
    averaged = AveragedTransfer(judge, gold, NO_MODELS, np.ones(20))
    fits = [averaged._fit(judge, gold, averaged.line, form) for form in averaged.forms]
    logs = [0.5 * fit.log_likelihood for fit in fits]
    logs = [a + (0 if b.level else np.log(3)) for a, b in zip(logs, averaged.forms, strict=True)]
    assert_allclose(averaged.share, softmax(logs))
    assert averaged.noise == pytest.approx(0.09, rel=0.2)


def test_gold_alone_knows_less_the_fewer_labels_there_are():
    unknown = []
    for n_gold in (2, 20, 200):
        judge, gold, *_ = judged(FORMS["none"], n_gold=n_gold)
        averaged = AveragedTransfer(judge, gold, NO_MODELS, np.ones(20))
        unknown.append(np.sum(judge.sums.gram * averaged.by_gold_alone(gold)) / judge.sums.count)
    assert unknown[0] > 2 * unknown[1]
    assert unknown[1] > 5 * unknown[2]
