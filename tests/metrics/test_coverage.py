"""Intervals cover the truth as often as they say, over 1,000 simulated logs."""

import warnings

import numpy as np
import pytest

from skroute import logged_feedback
from skroute.metrics import policy_difference, policy_value
from skroute.nuisance import OverlapWarning

N_LOGS, N_ROWS = 1000, 400
# Quality of model k at difficulty d in {0, 1}; the policy picks the better one.
QUALITY = np.array([[0.8, 0.7], [0.3, 0.6]])
POLICY = QUALITY.argmax(axis=1)
TRUTH = QUALITY.max(axis=1).mean()
# Probability that the log chose model 1, by difficulty.
LOGGING = {"easy": (0.5, 0.5), "moderate": (0.75, 0.3), "poor": (0.99, 0.01)}
# Predictions are wrong on purpose.
PREDICTED = QUALITY + np.array([[0.2, -0.1], [-0.15, 0.1]])


def simulate(overlap, seed):
    rng = np.random.default_rng(seed)
    hard = (rng.random(N_ROWS) < 0.5).astype(int)
    second = np.array(LOGGING[overlap])[hard]
    action = (rng.random(N_ROWS) < second).astype(int)
    reward = (rng.random(N_ROWS) < QUALITY[hard, action]).astype(float)
    propensity = np.where(action == 1, second, 1 - second)
    return logged_feedback(action, reward, propensity=propensity), hard, rng


# A few of a thousand logs look odd by chance, and say so.
seldom_warns = pytest.mark.filterwarnings("ignore::skroute.nuisance.OverlapWarning")


@seldom_warns
@pytest.mark.parametrize("overlap", ["easy", "moderate"])
@pytest.mark.parametrize("method", ["ips", "snips", "dr", "sndr", "switch-dr", "dros"])
def test_coverage_of_95_percent_intervals(overlap, method):
    covered = 0
    for seed in range(N_LOGS):
        y, hard, _ = simulate(overlap, seed)
        result = policy_value(
            y, POLICY[hard], method=method, predicted_quality=PREDICTED[hard], models=[0, 1]
        )
        covered += result.low <= TRUTH <= result.high
    assert 0.93 <= covered / N_LOGS <= 0.97


@seldom_warns
@pytest.mark.parametrize("overlap", ["easy", "moderate"])
@pytest.mark.parametrize("method", ["ips", "snips", "dr", "sndr"])
def test_type_one_error_of_the_difference(overlap, method):
    """Two random policies of one distribution differ in their choices but not in value."""
    rejected = 0
    for seed in range(N_LOGS):
        y, hard, rng = simulate(overlap, seed)
        a, b = np.where(rng.random((2, N_ROWS)) < 0.5, POLICY[hard], rng.integers(0, 2, N_ROWS))
        result = policy_difference(
            y, a, b, method=method, predicted_quality=PREDICTED[hard], models=[0, 1]
        )
        rejected += result.p_value < 0.05
    assert 0.03 <= rejected / N_LOGS <= 0.07


def test_warns_in_poor_overlap():
    warned = 0
    for seed in range(100):
        y, hard, _ = simulate("poor", seed)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            policy_value(y, 1 - POLICY[hard])
            policy_value(y, np.ones(N_ROWS, dtype=int))
        warned += any(item.category is OverlapWarning for item in caught)
    assert warned >= 95


@seldom_warns
def test_bootstrap_covers_and_bernstein_covers_always():
    kinds = {"bootstrap": 0, "bernstein": 0}
    for seed in range(60):
        y, hard, _ = simulate("moderate", seed)
        for kind in kinds:
            result = policy_value(
                y, POLICY[hard], predicted_quality=PREDICTED[hard], models=[0, 1], interval=kind
            )
            kinds[kind] += result.low <= TRUTH <= result.high
    assert kinds["bootstrap"] >= 52
    assert kinds["bernstein"] == 60
