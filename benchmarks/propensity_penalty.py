"""How the penalty of the default propensity model was chosen: distance to the true propensities.

    python benchmarks/propensity_penalty.py [--tables FILE ...] [--seeds 2]

Logs are simulated, so that the propensities are known; they are withheld, estimated out of fold
with each penalty and compared with the truth by the mean Kullback-Leibler divergence. Without
tables: synthetic problems. The last line is the mean over cases, each divided by the divergence of
the plain shares of the models.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from skroute._utils import make_folds
from skroute.datasets import load_routing_table, make_routing_problem, simulate_log
from skroute.feedback import read_feedback
from skroute.nuisance import ScaledLogistic, cross_fit_propensity

PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 100.0)
ROWS = 3000


def synthetic_cases(seed):
    for mode in ("linear", "difficulty"):
        for n_features in (20, 200):
            problem = make_routing_problem(ROWS, n_features, 6, logging=mode, random_state=seed)
            name = f"synthetic, {n_features} features, {mode}"
            yield name, problem.X, read_feedback(problem.y), problem.propensity


def table_cases(path, seed):
    loaded = load_routing_table(path)
    rows = np.random.RandomState(seed).permutation(len(loaded.X))[:ROWS]
    X, y = loaded.X[rows], loaded.y[rows]
    for mode in ("linear", "difficulty"):
        log = simulate_log(X, y, mode=mode, random_state=seed)
        yield f"{Path(path).stem}, {mode}", X, read_feedback(log), None


def divergences(X, feedback, truth):
    """Return the loss of the shares, and of each penalty, on held-out rows."""
    n_rows, action = len(feedback), feedback.action
    folds = make_folds(5, X, action, feedback.group, np.random.RandomState(0))
    share = np.tile(np.bincount(action, minlength=feedback.n_models) / n_rows, (n_rows, 1))

    def loss(estimate):
        if truth is not None:
            return float((truth * np.log(truth / estimate)).sum(axis=1).mean())
        # Only the logged model's propensity is recorded: a draw of the same divergence.
        own = estimate[np.arange(n_rows), action]
        return float(np.log(feedback.propensity / own).mean())

    weight = np.ones(n_rows)
    estimates = (
        cross_fit_propensity(ScaledLogistic(penalty), X, action, weight, feedback.n_models, folds)
        for penalty in PENALTIES
    )
    return loss(share), [loss(estimate) for estimate in estimates]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="*", default=[], help="tables of full feedback")
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    print(f"{'case':42s} {'shares':>7s} " + " ".join(f"{p:>7g}" for p in PENALTIES))
    relative = []
    for seed in range(options.seeds):
        cases = [*synthetic_cases(seed)]
        for path in options.tables:
            cases += table_cases(path, seed)
        for name, X, feedback, truth in cases:
            shares, losses = divergences(X, feedback, truth)
            relative.append(np.array(losses) / shares)
            print(f"{name:42s} {shares:7.3f} " + " ".join(f"{x:7.3f}" for x in losses), flush=True)
    mean = " ".join(f"{x:7.3f}" for x in np.mean(relative, axis=0))
    print(f"{'mean, relative to the shares':42s} {1:7.3f} {mean}")


if __name__ == "__main__":
    main()
