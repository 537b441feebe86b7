"""Coverage of the intervals of `policy_value` with few groups of equal and of unequal size.

    python benchmarks/cluster_coverage.py [--logs 2000] [--rows 600] [--groups 5 12 30] [--seed 0]

Three models are logged at random; the rows of a group share an effect on quality. Groups have equal
sizes, or sizes that grow geometrically, the largest `RATIO` times the smallest. `coverage` is the
share of logs whose 95 % interval holds the true value, `difference` that of `policy_difference`
with a model that the same effect reaches half as much.
"""

import argparse
import warnings

import numpy as np

from skroute import logged_feedback
from skroute.metrics import policy_difference, policy_value

RATIO = 4.0
N_MODELS = 3
REACH = np.array([1.0, 1.0, 0.5])


def sizes(n_rows, n_groups, unequal):
    share = RATIO ** (np.arange(n_groups) / (n_groups - 1)) if unequal else np.ones(n_groups)
    edges = np.rint(n_rows * share.cumsum() / share.sum()).astype(int)
    return np.diff(edges, prepend=0)


def one_log(rng, n_rows, n_groups, unequal):
    """Return whether value and difference are covered, and the error of the value and its size."""
    group = np.repeat(np.arange(n_groups), sizes(n_rows, n_groups, unequal))
    action = rng.integers(N_MODELS, size=n_rows)
    effect = 0.15 * rng.normal(size=n_groups)[group] * REACH[action]
    quality = 0.5 + 0.05 * action + effect + 0.2 * rng.normal(size=n_rows)
    y = logged_feedback(action, quality, propensity=np.full(n_rows, 1 / N_MODELS), group=group)
    one, two = np.ones(n_rows, int), np.full(n_rows, 2)
    value = policy_value(y, one, models=np.arange(N_MODELS))
    gain = policy_difference(y, one, two, models=np.arange(N_MODELS))
    return (
        value.low <= 0.55 <= value.high,
        gain.low <= -0.05 <= gain.high,
        value.value - 0.55,
        value.standard_error,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=600)
    parser.add_argument("--groups", nargs="+", type=int, default=[5, 12, 30])
    parser.add_argument("--seed", type=int, default=0, help="of the first log")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"{options.logs} logs of {options.rows} rows from seed {options.seed}")
    print("groups sizes    coverage  difference      sd   error")
    for n_groups in options.groups:
        for unequal in (False, True):
            results = [
                one_log(np.random.default_rng(seed), options.rows, n_groups, unequal)
                for seed in range(options.seed, options.seed + options.logs)
            ]
            covered, difference, off, error = np.array(results).T
            print(
                f"{n_groups:6d} {'unequal' if unequal else 'equal':8s} {covered.mean():8.3f} "
                f"{difference.mean():11.3f} {off.std():7.4f} {error.mean():7.4f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
