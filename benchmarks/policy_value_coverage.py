"""Coverage of the intervals of `policy_value`, type-I error of `policy_difference`.

    python benchmarks/policy_value_coverage.py [--logs 1000] [--rows 1000]
        [--methods ips sndr ...] [--intervals normal bootstrap bernstein]

Queries have three features and four models. The log favours good models ever more sharply from
easy to poor overlap; the policy is greedy on a perturbed view of the truth. Predictions are wrong
on purpose, by a bias of their own for each model. `coverage` is the share of logs whose 95 %
interval holds the true value, `warned` the share with an `OverlapWarning`, `size` the mean
effective sample size. The last table compares two policies of equal true value and counts
how often the 5 % test calls them different.
"""

import argparse
import warnings

import numpy as np

from skroute import logged_feedback
from skroute.metrics import policy_difference, policy_value

METHODS = ("ips", "snips", "dr", "sndr", "switch-dr", "dros")
INTERVALS = ("normal", "bootstrap", "bernstein")
SHARPNESS = {"easy": 0.5, "moderate": 1.5, "poor": 6.0}
N_MODELS, N_FEATURES = 4, 3
_fixed = np.random.default_rng(7)
WEIGHTS = _fixed.normal(size=(N_FEATURES, N_MODELS))
VIEW = WEIGHTS + 0.7 * _fixed.normal(size=WEIGHTS.shape)
BIAS = np.array([0.2, -0.1, 0.15, -0.2])


def mean_quality(X):
    return 1 / (1 + np.exp(-X @ WEIGHTS))


def logging_policy(X, sharpness):
    score = np.exp(sharpness * (X @ WEIGHTS))
    return score / score.sum(axis=1, keepdims=True)


def greedy(X):
    return (X @ VIEW).argmax(axis=1)


def simulate(rng, n_rows, sharpness):
    """Return features, a log of single outcomes, and biased predictions."""
    X = rng.normal(size=(n_rows, N_FEATURES))
    probability = logging_policy(X, sharpness)
    action = (rng.random((n_rows, 1)) > probability.cumsum(axis=1)[:, :-1]).sum(axis=1)
    quality = mean_quality(X)
    outcome = rng.random(n_rows) < quality[np.arange(n_rows), action]
    y = logged_feedback(
        action, outcome.astype(float), propensity=probability[np.arange(n_rows), action]
    )
    return X, y, quality + BIAS


def true_value():
    X = np.random.default_rng(0).normal(size=(2_000_000, N_FEATURES))
    return mean_quality(X)[np.arange(len(X)), greedy(X)].mean()


def measure(estimate):
    """Return a result and whether it came with a warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        return estimate(), bool(caught)


def coverage(logs, n_rows, sharpness, method, interval, truth):
    results = []
    for seed in range(logs):
        X, y, predicted = simulate(np.random.default_rng(seed), n_rows, sharpness)
        result, warned = measure(
            lambda X=X, y=y, predicted=predicted: policy_value(
                y,
                greedy(X),
                method=method,
                predicted_quality=predicted,
                models=np.arange(N_MODELS),
                interval=interval,
            )
        )
        covered = result.low <= truth <= result.high
        results.append((covered, warned, result.effective_sample_size, result.high - result.low))
    return np.mean(results, axis=0)


def type_one_error(logs, n_rows, sharpness, method):
    """Compare two draws of one random policy, which differ in choices but not in true value."""
    rejected = []
    for seed in range(logs):
        rng = np.random.default_rng(seed)
        X, y, predicted = simulate(rng, n_rows, sharpness)
        coin = rng.random((2, n_rows)) < 0.5
        a, b = (np.where(flip, greedy(X), rng.integers(0, N_MODELS, n_rows)) for flip in coin)
        result, _ = measure(
            lambda y=y, a=a, b=b, predicted=predicted: policy_difference(
                y,
                a,
                b,
                method=method,
                predicted_quality=predicted,
                models=np.arange(N_MODELS),
            )
        )
        rejected.append(result.p_value < 0.05)
    return np.mean(rejected)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--intervals", nargs="+", default=["normal"], choices=INTERVALS)
    parser.add_argument("--methods", nargs="+", default=METHODS, choices=METHODS)
    options = parser.parse_args()
    truth = true_value()
    print(f"{options.logs} logs of {options.rows} rows, true value {truth:.4f}")
    print(f"{'overlap':9s} {'method':10s} {'interval':10s} coverage  warned    size   width")
    for overlap, sharpness in SHARPNESS.items():
        for method in options.methods:
            for interval in options.intervals:
                covered, warned, size, width = coverage(
                    options.logs, options.rows, sharpness, method, interval, truth
                )
                print(
                    f"{overlap:9s} {method:10s} {interval:10s} {covered:8.3f} {warned:7.3f} "
                    f"{size:7.0f} {width:7.4f}"
                )
    print("\ntype-I error of policy_difference at 5 %")
    for overlap, sharpness in SHARPNESS.items():
        for method in options.methods:
            error = type_one_error(options.logs, options.rows, sharpness, method)
            print(f"{overlap:9s} {method:10s} {error:.3f}")


if __name__ == "__main__":
    main()
