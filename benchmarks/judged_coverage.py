"""Coverage of intervals where everything but the log is estimated, and few rows are judged.

    python benchmarks/judged_coverage.py [--logs 1000] [--seed 0] [--jobs 1]
        [--cases gold labels ...]

Queries have three features. All goes through `evaluation_predictions`, whose result `policy_value`
and `policy_difference` take. Cases:

gold        2,000 rows; gold is bought where queries are hard, the judge of the rest is too kind
gold few    the same with about a dozen gold rows that agree with the policy
labels      3,000 rows; whether a quality is known depends on query and model
labels few  the same with about half a dozen known rows that agree with the policy
estimated   2,000 rows, all judged; propensities (moderate overlap) are not recorded

`coverage` is the share of the logs with an interval whose 95 % interval holds the truth, `none` the
share without one (a row has all the weight), `warned` the share with a warning; `rows` is the
median number of judged rows that agree with the policy. `sd` is that of the estimates, `error` the
mean of their standard errors.
"""

import argparse
import warnings

import numpy as np
from joblib import Parallel, delayed
from scipy.special import expit, softmax

from skroute import logged_feedback
from skroute.metrics import evaluation_predictions, policy_difference, policy_value

N_TRUTH = 1_000_000


def gold_log(rng, n_rows, intercept):
    """Return features, log, a policy, another, and the true value of each."""
    X = rng.normal(size=(n_rows, 3))
    action = rng.integers(2, size=n_rows)
    mean = np.column_stack([0.6 + 0.15 * X[:, 0], 0.55 - 0.1 * X[:, 0]])
    quality = mean[np.arange(n_rows), action] + 0.1 * rng.normal(size=n_rows)
    gold = rng.random(n_rows) < expit(intercept - 1.5 * X[:, 0])
    seen = np.where(gold, quality, quality + 0.1 + 0.1 * np.tanh(X[:, 1]))
    y = logged_feedback(action, seen, propensity=np.full(n_rows, 0.5), gold=gold)
    return X, y, np.zeros(n_rows, int), np.ones(n_rows, int), 0.6, 0.55


def good_of_three(X):
    return expit([0.2, 0.4, 0.3] + X[:, [0, 0, 1]] * [0.8, -0.5, 0.5])


def favoured(X):
    return np.where(X[:, 0] > 0, 0, 1)


def labels_log(rng, n_rows, intercept):
    """Return features, log, a policy, another, and the true value of each.

    Every quality is known if the intercept is None, and then no propensity is.
    """
    X = rng.normal(size=(n_rows, 3))
    logit = np.column_stack([np.zeros(n_rows), 0.6 * X[:, 0], 0.6 * X[:, 1]])
    probability = 0.85 * softmax(logit, axis=1) + 0.05
    action = (rng.random((n_rows, 1)) > probability.cumsum(axis=1)[:, :-1]).sum(axis=1)
    rows = np.arange(n_rows)
    quality = (rng.random(n_rows) < good_of_three(X)[rows, action]).astype(float)
    propensity = None
    if intercept is not None:
        known = rng.random(n_rows) < expit(intercept + 1.2 * X[:, 0] + 0.4 * (action == 1))
        quality[~known] = np.nan
        propensity = probability[rows, action]
    y = logged_feedback(action, quality, propensity=propensity)
    return X, y, favoured(X), np.full(n_rows, 2), *LABELS_TRUTH


def labels_truth():
    X = np.random.default_rng(0).normal(size=(N_TRUTH, 3))
    good = good_of_three(X)
    return good[np.arange(N_TRUTH), favoured(X)].mean(), good[:, 2].mean()


LABELS_TRUTH = labels_truth()
CASES = {
    "gold": (gold_log, 2000, -2.0),
    "gold few": (gold_log, 2000, -5.5),
    "labels": (labels_log, 3000, -1.2),
    "labels few": (labels_log, 3000, -5.5),
    "estimated": (labels_log, 2000, None),
}


def one_log(case, seed):
    """Return estimate - truth, error, whether covered and warned and rows; value, difference."""
    simulate, n_rows, intercept = CASES[case]
    X, y, ours, other, truth, other_truth = simulate(np.random.default_rng(seed), n_rows, intercept)
    judged = ~np.isnan(y["quality"]) & (y["gold"] if "gold" in y.dtype.names else True)
    rows = (judged & (np.asarray(y["model"]) == ours)).sum()
    results = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = evaluation_predictions(X, y)
    for estimate, policies, target in (
        (policy_value, (ours,), truth),
        (policy_difference, (ours, other), truth - other_truth),
    ):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = estimate(y, *policies, **known)
        covered = result.low <= target <= result.high
        results.append((result.value - target, result.standard_error, covered, bool(caught), rows))
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="of the first log")
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=CASES)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    print(f"{options.logs} logs from seed {options.seed}")
    print(
        f"{'case':10s} {'of':10s} coverage   none  warned  rows    bias      sd   error", flush=True
    )
    for case in options.cases:
        seeds = range(options.seed, options.seed + options.logs)
        results = Parallel(options.jobs)(delayed(one_log)(case, seed) for seed in seeds)
        for k, what in enumerate(("value", "difference")):
            off, error, covered, warned, rows = np.array(results)[:, k].T
            given = np.isfinite(error)
            print(
                f"{case:10s} {what:10s} {covered[given].mean():8.3f} {1 - given.mean():6.3f} "
                f"{warned.mean():7.3f} {np.median(rows):5.0f} {off.mean():7.4f} {off.std():7.4f} "
                f"{error[given].mean():7.4f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
