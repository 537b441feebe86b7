"""Tests of a router's gain on the log that it was learned from: type-I error and power.

    python benchmarks/cross_val_coverage.py [--logs 1000] [--rows 400] [--router ridge|causal]
        [--predictions] [--effects 0 0.15] [--seed 0]

Queries have six features and three models; which of them a log shows depends on three features.
With effect 0 all models are alike, whatever the query: every policy is worth 0.6, and a test that
finds a difference is wrong. Otherwise the best model depends on a feature, by that much quality per
standard deviation. `value` is the share of 95 % intervals of the policy's value that leave out 0.6
(effect 0 only), `log` and `fixed` the shares of 5 % tests that find a difference from the logging
policy and from one fixed model, `better` those that find a gain over the logging policy.

Values are self-normalized inverse propensity, or with `--predictions` doubly robust.

    forward    `cross_val_policy`
    half       fitted on a random half, valued on the other
    k-fold     each of five folds chosen for by a router fitted on the other four
"""

import argparse
import sys
import time
import warnings

import numpy as np
from scipy.special import softmax
from sklearn.base import clone
from sklearn.model_selection import KFold, cross_val_predict

from skroute import CausalRouter, logged_feedback
from skroute.baselines import RegressAndCompare
from skroute.metrics import (
    PolicyLabels,
    cross_val_policy,
    evaluation_predictions,
    policy_difference,
    policy_value,
)

MODELS = np.array(["m0", "m1", "m2"])
ROUTERS = {"ridge": RegressAndCompare(), "causal": CausalRouter(random_state=0)}
QUALITY = 0.6


def simulate(rng, n_rows, effect):
    """Return queries and their log."""
    X = rng.normal(size=(n_rows, 6))
    probability = 0.7 * softmax(0.7 * X[:, :3], axis=1) + 0.1
    drawn = rng.random((n_rows, 1)) > probability.cumsum(axis=1)[:, :-1]
    action = drawn.sum(axis=1)
    quality = QUALITY + effect * np.column_stack([X[:, 3], -X[:, 3], 0 * X[:, 3]])
    row = np.arange(n_rows)
    outcome = (rng.random(n_rows) < quality[row, action]).astype(float)
    return X, logged_feedback(MODELS[action], outcome, propensity=probability[row, action])


def forward(router, X, y, seed):
    return cross_val_policy(router, X, y, random_state=seed)


def half_split(router, X, y, seed):
    held = np.random.default_rng(seed).permutation(len(X)) < len(X) // 2
    label = clone(router).fit(X[~held], y[~held]).predict(X)
    return PolicyLabels(label, np.where(held, 0, -1))


def k_fold(router, X, y, seed):
    folds = KFold(5, shuffle=True, random_state=seed)
    return PolicyLabels(cross_val_predict(router, X, y, cv=folds), np.zeros(len(X), dtype=int))


WAYS = {"forward": forward, "half": half_split, "k-fold": k_fold}


def tests(labels, X, y, predictions):
    """Return whether the value leaves out the truth, and what the tests of the gain say."""
    rows = labels.known
    labels, y = labels[rows], y[rows]
    known = {"models": MODELS}
    if predictions:
        known = evaluation_predictions(X[rows], y, models=MODELS)
    value = policy_value(y, labels, **known)
    gain = policy_difference(y, labels, None, **known)
    fixed = policy_difference(y, labels, np.full(len(y), MODELS[0]), **known)
    outside = not value.low <= QUALITY <= value.high
    return outside, gain.p_value < 0.05, fixed.p_value < 0.05, gain.low > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--router", choices=ROUTERS, default="ridge")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--effects", type=float, nargs="+", default=[0.0, 0.15])
    parser.add_argument("--predictions", action="store_true")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    options = parser.parse_args()
    start = time.perf_counter()
    warnings.simplefilter("ignore")  # of 200 rows little is known, and the routers say so
    print(f"{options.logs} logs of {options.rows} rows, {ROUTERS[options.router]}")
    print(f"{'effect':>6}  {'way':8}{'value':>8}{'log':>8}{'fixed':>8}{'better':>8}")
    for effect in options.effects:
        found = {way: [] for way in options.ways}
        for seed in range(options.seed, options.seed + options.logs):
            X, y = simulate(np.random.default_rng(seed), options.rows, effect)
            for way in options.ways:
                labels = WAYS[way](ROUTERS[options.router], X, y, seed)
                found[way].append(tests(labels, X, y, options.predictions))
        for way in options.ways:
            outside, log, fixed, better = np.mean(found[way], axis=0)
            cells = f"{log:8.3f}{fixed:8.3f}{better:8.3f}"
            first = f"{outside:8.3f}" if effect == 0 else " " * 8
            print(f"{effect:6.2f}  {way:8}{first}{cells}", flush=True)
    print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
