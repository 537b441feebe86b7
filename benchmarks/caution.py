"""Regret of CausalRouter by `caution`, on few judged rows.

    python benchmarks/caution.py [--repetitions 20] [--seed 5000]

Four models whose quality and price rise together, at a cost sensitivity that makes the dearer ones
nearly worth it; 60 to 250 thumbs up or down. Columns say nothing of the best model, or a little.
Prints mean regret, and that of the best fixed model by plain means.
"""

import argparse
import warnings

import numpy as np

from skroute import CausalRouter, logged_feedback

CAUTION = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
QUALITY, PRICE = np.array([0.55, 0.77, 0.80, 0.88]), np.array([2e-5, 1.5e-4, 1e-3, 2.4e-3])
SHARE, SENSITIVITY = np.array([0.15, 0.30, 0.20, 0.35]), 50.0


def make_problem(n_rows, signal, rng):
    """Return a log (X, y), held-out queries and the true utility of each model for them."""
    X = rng.normal(size=(n_rows + 2000, 16))
    score = X @ rng.normal(size=(16, 4))
    quality = np.clip(QUALITY + signal * score / score.std(), 0.01, 0.99)
    action = rng.choice(4, size=n_rows, p=SHARE)
    seen = rng.random(n_rows) < quality[np.arange(n_rows), action]
    y = logged_feedback(action, seen.astype(float), cost=PRICE[action], propensity=SHARE[action])
    return X[:n_rows], y, X[n_rows:], (quality - SENSITIVITY * PRICE)[n_rows:]


def regret(utility, choice):
    """Return the mean utility given up by choices (n,)."""
    return float((utility.max(axis=1) - utility[np.arange(len(utility)), choice]).mean())


def best_fixed(y):
    """Return the model of the highest mean utility in the log."""
    model = np.array([int(label) for label in y["model"]])
    seen = y["quality"] - SENSITIVITY * y["cost"]
    return int(np.argmax([seen[model == k].mean() if (model == k).any() else -9 for k in range(4)]))


def main():
    """Print a row for each number of rows and strength of signal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--seed", type=int, default=5000)
    options = parser.parse_args()
    print("rows  signal   fixed  " + "  ".join(f"z {z:3.1f} " for z in CAUTION))
    warnings.simplefilter("ignore")
    for n_rows in (60, 120, 250):
        for signal in (0.0, 0.08):
            found = []
            for seed in range(options.seed, options.seed + options.repetitions):
                X, y, X_test, utility = make_problem(n_rows, signal, np.random.default_rng(seed))
                row = [regret(utility, np.full(len(utility), best_fixed(y)))]
                for z in CAUTION:
                    router = CausalRouter(SENSITIVITY, caution=z, random_state=0).fit(X, y)
                    row.append(regret(utility, router.predict(X_test).astype(int)))
                found.append(row)
            means = "  ".join(f"{value:.4f}" for value in np.mean(found, axis=0))
            print(f"{n_rows:4d}  {signal:6.2f}  {means}", flush=True)


if __name__ == "__main__":
    main()
