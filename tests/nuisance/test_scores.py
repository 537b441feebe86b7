import numpy as np
import pytest
from numpy.testing import assert_allclose

from skroute.nuisance import (
    doubly_robust_scores,
    intercept_correction,
    inverse_propensity_scores,
    shrink_weights,
    shrinkage_rule,
)


def test_shrink_weights_by_hand():
    weight = np.array([1.0, 2.0, 10.0])
    assert_allclose(shrink_weights(weight, 4.0), [4 / 5, 8 / 8, 40 / 104])


def test_shrink_weights_at_the_ends():
    weight = np.array([1.0, 50.0])
    assert_allclose(shrink_weights(weight, 0.0), 0.0)
    assert_allclose(shrink_weights(weight, np.inf), weight)
    assert shrink_weights(weight, np.inf) is not weight
    assert_allclose(shrink_weights(np.zeros(2), 0.0), 0.0)


@pytest.mark.parametrize("shrinkage", [-1.0, np.nan])
def test_shrink_weights_refuses(shrinkage):
    with pytest.raises(ValueError, match="shrinkage must be at least 0"):
        shrink_weights(np.ones(2), shrinkage)


def test_doubly_robust_scores_by_hand():
    predicted = np.array([[0.2, 0.4], [0.6, 0.8]])
    kept = predicted.copy()
    scores = doubly_robust_scores(
        predicted, np.array([0, 1]), np.array([1.0, 0.0]), np.array([2, 3])
    )
    assert_allclose(scores, [[0.2 + 2 * 0.8, 0.4], [0.6, 0.8 - 3 * 0.8]])
    assert_allclose(predicted, kept)


@pytest.mark.parametrize("wrong", ["outcome model", "propensity"])
def test_doubly_robust_mean_is_right_if_one_nuisance_is(wrong):
    rng = np.random.default_rng(0)
    n = 200_000
    x = rng.normal(size=n)
    truth = np.column_stack([0.5 + 0.1 * x, 0.4 + 0.3 * x])
    propensity = 1 / (1 + np.exp(-x))
    action = (rng.random(n) < propensity).astype(int)
    observed = truth[np.arange(n), action] + 0.1 * rng.normal(size=n)
    logged = np.where(action == 1, propensity, 1 - propensity)
    if wrong == "outcome model":
        scores = doubly_robust_scores(np.zeros((n, 2)), action, observed, 1 / logged)
    else:
        scores = doubly_robust_scores(truth, action, observed, np.full(n, 2.0))
    assert_allclose(scores.mean(axis=0), truth.mean(axis=0), atol=0.02)


def test_inverse_propensity_scores_by_hand():
    scores = inverse_propensity_scores(np.array([1, 0]), np.array([0.5, 1.0]), np.array([4, 2]), 3)
    assert_allclose(scores, [[0, 2, 0], [2, 0, 0]])


def test_intercept_corrections_by_hand():
    residual, action = np.array([0.2, 0.4, -0.3]), np.array([0, 0, 1])
    inverse_propensity = np.array([1.0, 3.0, 2.0])
    corrections = intercept_correction(residual, action, inverse_propensity, 3, shrinkage=np.inf)
    assert_allclose(corrections, [(0.2 + 3 * 0.4) / 4, -0.3, 0.0])
    shrunk = shrink_weights(inverse_propensity, 5.0)
    corrections = intercept_correction(residual, action, inverse_propensity, 3, shrinkage=5.0)
    assert_allclose(corrections[0], (shrunk[0] * 0.2 + shrunk[1] * 0.4) / 4)
    assert_allclose(
        intercept_correction(residual, action, inverse_propensity, 3, shrinkage=0.0), 0.0
    )


def test_auto_corrections_by_hand():
    residual = np.array([1.0, 1.2, -1.0, -1.2])
    action, inverse_propensity = np.array([0, 0, 1, 1]), np.ones(4)
    variance = (2 * 0.1**2 / 4) * 2
    between = 1.1**2 - variance
    expected = 1.1 * between / (between + variance)
    corrections = intercept_correction(residual, action, inverse_propensity, 2)
    assert_allclose(corrections, [expected, -expected])


def left_out(residual, weight):
    """Return the jackknife variance of a weighted mean, by leaving out each row."""
    n = len(residual)
    rest = [np.delete(np.arange(n), row) for row in range(n)]
    means = [np.average(residual[rows], weights=weight[rows]) for rows in rest]
    return (n - 1) / n * np.sum((means - np.average(residual, weights=weight)) ** 2)


@pytest.mark.parametrize("grouped", [False, True])
def test_variances_leave_out_each_observation(grouped):
    rng = np.random.default_rng(1)
    residual, inverse_propensity = (
        rng.normal([[2.0], [-2.0]], size=(2, 6)),
        rng.uniform(1, 9, (2, 6)),
    )
    action, group = np.repeat([0, 1], 6), None
    models = [(residual[k], inverse_propensity[k]) for k in range(2)]
    variance = np.array([left_out(*model) for model in models])
    mean = np.array([np.average(values, weights=weight) for values, weight in models])
    rows = np.arange(12)
    if grouped:
        # Each row in two halves of the same group.
        rows = np.repeat(rows, 2)
        group, inverse_propensity = rows % 6, inverse_propensity / 2
    between = np.average(mean**2 - variance, weights=1 / variance)
    corrections = intercept_correction(
        residual.ravel()[rows], action[rows], inverse_propensity.ravel()[rows], 2, group=group
    )
    assert_allclose(corrections, mean * between / (between + variance))


def test_one_heavy_row_is_no_evidence():
    rng = np.random.default_rng(0)
    action, inverse_propensity = np.arange(100) % 2, np.ones(100)
    residual, heavy = 0.1 * rng.normal(size=100), [0, 1]
    residual[heavy], inverse_propensity[heavy] = [0.5, -0.5], 100.0
    corrections = intercept_correction(residual, action, inverse_propensity, 2)
    assert np.abs(corrections).max() < 0.1
    # A row that does not count is none, whatever its weight.
    inverse_propensity[heavy] = 1e9
    counted = np.ones(100)
    counted[heavy] = 0.0
    assert_allclose(
        intercept_correction(residual, action, inverse_propensity, 2, sample_weight=counted),
        intercept_correction(residual[2:], action[2:], inverse_propensity[2:], 2),
    )


def test_auto_corrections_vanish_in_noise_and_stay_in_signal():
    rng = np.random.default_rng(0)
    action, inverse_propensity = rng.integers(0, 5, 2000), rng.uniform(1, 20, 2000)
    raw, auto = [], []
    for _ in range(20):
        noise = rng.normal(size=2000)
        auto.append(intercept_correction(noise, action, inverse_propensity, 5))
        raw.append(intercept_correction(noise, action, inverse_propensity, 5, shrinkage=np.inf))
    assert np.mean(np.square(auto)) < 0.4 * np.mean(np.square(raw))
    bias = np.array([0.5, -0.5, 0.2, 0.0, -0.2])
    corrections = intercept_correction(bias[action] + 0.1 * noise, action, inverse_propensity, 5)
    assert_allclose(corrections, bias, atol=0.03)


def test_corrections_weights_equal_repetition():
    rng = np.random.default_rng(0)
    residual, action = rng.normal(size=30), rng.integers(0, 3, 30)
    inverse_propensity, count = rng.uniform(1, 5, 30), rng.integers(0, 4, 30)
    rows = np.repeat(np.arange(30), count)
    weighted = intercept_correction(
        residual, action, inverse_propensity, 3, sample_weight=count.astype(float)
    )
    repeated = intercept_correction(residual[rows], action[rows], inverse_propensity[rows], 3)
    assert_allclose(weighted, repeated)


def test_corrections_of_single_rows_are_not_told():
    corrections = intercept_correction(np.array([5.0, -5.0]), np.array([0, 1]), np.ones(2), 2)
    assert_allclose(corrections, 0.0)


def test_auto_gives_scores_the_weights_of_strength_five():
    weight = np.array([1.0, 5.0, 50.0])
    assert_allclose(shrinkage_rule("auto").score_weights(weight), shrink_weights(weight, 5.0))
    assert_allclose(shrinkage_rule(2.0).score_weights(weight), shrink_weights(weight, 2.0))


@pytest.mark.parametrize("shrinkage", ["much", -1.0, np.nan])
def test_unknown_shrinkage_is_refused_with_the_names_there_are(shrinkage):
    with pytest.raises(ValueError, match="shrinkage must be 'auto' or at least 0"):
        shrinkage_rule(shrinkage)
