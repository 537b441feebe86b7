"""Do the intervals of `sensitivity_bounds` hold the truth where a hidden reason was at work?

    python benchmarks/sensitivity_coverage.py [--logs 200] [--rows 1000] [--gammas 2] [--seed 0]

The log's choice depends on the query and on a hidden reason that no column shows. Model "m1" has
the odds that the query gives it times gamma with the reason and divided by gamma without, and all
other models keep their odds among each other; so the marginal sensitivity model holds with exactly
this gamma. The reason also decides how good answers are: in "shift" it adds .4 to a probability of
being right, in "worst" it decides alone, the least favourable case. `inside` is the share of 95 %
intervals that hold the truth at the true gamma, `gamma 1` that without allowing for it, `width` the
mean width of the interval, `flip` the median strength that would undo what was estimated.
`value` is that of a policy that chooses by the query, `gain` its gain over always choosing "m0",
`fixed` the value of always choosing "m1". Propensities given the query are known, without
predicted outcomes, or estimated like these.
"""

import argparse
import sys
import time
import warnings

import numpy as np
from scipy.special import softmax

from skroute import logged_feedback
from skroute.metrics import evaluation_predictions, flip_gamma, sensitivity_bounds

MODELS = np.array(["m0", "m1", "m2"])
EFFECTS = {"shift": 0.4, "worst": 1.0}


def simulate(rng, n_rows, gamma, effect, n_models):
    """Return queries, their log with estimated propensities, known ones, and all qualities."""
    X = rng.normal(size=(n_rows, 3))
    nominal = 0.8 * softmax(0.6 * X[:, :n_models], axis=1) + 0.2 / n_models
    p = nominal[:, 1]
    odds = p / (1 - p)
    most, least = odds * gamma / (1 + odds * gamma), odds / (gamma + odds)
    reason = rng.random(n_rows) < ((p - least) / (most - least) if gamma > 1 else 0.5)
    one = np.where(reason, most, least) if gamma > 1 else p
    probability = nominal * ((1 - one) / (1 - p))[:, None]
    probability[:, 1] = one
    drawn = rng.random((n_rows, 1)) > probability.cumsum(axis=1)[:, :-1]
    action, row = drawn.sum(axis=1), np.arange(n_rows)
    base = (1 - effect) * (0.5 + 0.2 * np.tanh(X[:, [0]]) + 0.1 * np.arange(n_models))
    # The reason makes answers good, so that "m1" looks better than it is.
    mean = base + effect * reason[:, None]
    outcome = (rng.random(n_rows) < mean[row, action]).astype(float)
    return X, logged_feedback(MODELS[action], outcome), nominal[row, action], mean


def routed(X):
    return np.where(X[:, 0] > 0, 1, 0)


def inside(bounds, truth):
    return bounds.interval_low <= truth <= bounds.interval_high


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=int, default=200)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--gammas", type=float, nargs="+", default=[2.0])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    start = time.perf_counter()
    warnings.simplefilter("ignore")
    print(f"{options.logs} logs of {options.rows} rows")
    print("gamma models reason propensity  of      inside  gamma 1   width    flip")
    for gamma in options.gammas:
        for n_models in (2, 3):
            for name, effect in EFFECTS.items():
                for known in (True, False):
                    measure(options, gamma, n_models, name, effect, known)
    print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)


def measure(options, gamma, n_models, name, effect, known):
    X, _, _, mean = simulate(np.random.default_rng(7), 500_000, gamma, effect, n_models)
    value = mean[np.arange(len(X)), routed(X)].mean()
    truth = {"value": value, "gain": value - mean[:, 0].mean(), "fixed": mean[:, 1].mean()}
    results = {of: [] for of in truth}
    for seed in range(options.seed, options.seed + options.logs):
        X, y, propensity, _ = simulate(
            np.random.default_rng(seed), options.rows, gamma, effect, n_models
        )
        inputs = {"propensity": propensity, "models": MODELS[:n_models]}
        if not known:
            inputs = evaluation_predictions(X, y, models=MODELS[:n_models])
        policy, m0, m1 = MODELS[routed(X)], *(np.full(len(X), label) for label in MODELS[:2])
        pairs = {"value": (policy, "zero"), "gain": (policy, m0), "fixed": (m1, "zero")}
        for of, pair in pairs.items():
            at, without = (
                sensitivity_bounds(y, *pair, gamma=g, n_replicates=200, **inputs)
                for g in (gamma, 1.0)
            )
            held = inside(at, truth[of]), inside(without, truth[of])
            width = at.interval_high - at.interval_low
            results[of].append((*held, width, flip_gamma(y, *pair, **inputs)))
    kind = "known" if known else "estimated"
    for of, rows in results.items():
        held, naive, width, flip = np.array(rows).T
        print(
            f"{gamma:5.1f} {n_models:6d} {name:6s} {kind:11s} {of:6s} {held.mean():7.3f} "
            f"{naive.mean():8.3f} {width.mean():7.3f} {np.median(flip):7.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
