"""Regret of the default outcome model with and without boosted trees, by the shape of the truth.

    python benchmarks/tree_stack.py [--repetitions 4] [--seed 5000]

Logs of 2,000 rows, 8 columns and 5 models. "ridge" has no trees, "shared" and "own" only those of
one booster, "stack" is the default. Prints mean regret of choosing the highest predicted quality,
the share of the trees, and of the models' own in them.
"""

import argparse
import warnings

import numpy as np

from skroute import logged_feedback
from skroute.feedback import read_feedback
from skroute.nuisance import JointOutcome

N_ROWS, N_COLUMNS, N_MODELS = 2000, 8, 5


def steps(rng, X, k):
    """Three steps of one column each."""
    return sum(0.2 * np.sign(X[:, rng.integers(8)] - 0.7 * rng.normal()) for _ in range(3))


def shared_steps(rng, X, k):
    """The steps of all models are in two columns."""
    return sum(0.2 * np.sign(X[:, j] - 0.7 * rng.normal()) * rng.normal() for j in (0, 1))


def interaction(rng, X, k):
    """The sign of a product of two columns."""
    i, j = rng.choice(8, 2, replace=False)
    return 0.25 * np.sign(X[:, i] * X[:, j])


def waves(rng, X, k):
    """Three sines of one column each."""
    return sum(0.15 * np.sin(3 * X[:, rng.integers(8)] + 6 * rng.random()) for _ in range(3))


def linear(rng, X, k):
    """A line in all columns."""
    return 0.2 * X @ rng.normal(size=8) / np.sqrt(8)


def nothing(rng, X, k):
    """The same for every query."""
    return np.zeros(len(X))


def regrets(truth, rng):
    """Return regrets by method, the weight and the mix."""
    X = rng.normal(size=(2 * N_ROWS, N_COLUMNS))
    level = np.linspace(0.45, 0.65, N_MODELS)
    quality = np.column_stack([level[k] + truth(rng, X, k) for k in range(N_MODELS)])
    action = rng.integers(N_MODELS, size=N_ROWS)
    seen = quality[np.arange(N_ROWS), action] + 0.2 * rng.normal(size=N_ROWS)
    table = read_feedback(logged_feedback(action, seen))
    model = JointOutcome(random_state=0).fit(X[:N_ROWS], table)
    stack, test, held = model.stack_, X[N_ROWS:], quality[N_ROWS:]
    predicted = {"ridge": model.readout_(test)[:, :N_MODELS]}
    if stack.trees_ is not None:
        predicted["shared"], predicted["own"] = stack.trees_.predict(stack.columns(test))
    predicted["stack"] = model.predict(test)[0]
    rows = np.arange(len(held))
    found = {
        m: held.max(axis=1).mean() - held[rows, p.argmax(axis=1)].mean()
        for m, p in predicted.items()
    }
    return found | {"weight": stack.weight_, "mix": stack.mix_}


def main():
    """Print a row for each truth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=4)
    parser.add_argument("--seed", type=int, default=5000)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    columns = ("ridge", "shared", "own", "stack", "weight", "mix")
    print(f"{'truth':14s}" + "".join(f"{name:>8s}" for name in columns))
    for truth in (steps, shared_steps, interaction, waves, linear, nothing):
        seeds = range(options.seed, options.seed + options.repetitions)
        runs = [regrets(truth, np.random.default_rng(seed)) for seed in seeds]
        means = [
            np.mean([run[name] for run in runs if name in run] or [np.nan]) for name in columns
        ]
        print(f"{truth.__name__:14s}" + "".join(f"{mean:8.4f}" for mean in means), flush=True)


if __name__ == "__main__":
    main()
