"""Regret of CausalRouter where there is little or nothing to learn, beside what is safe there.

    python benchmarks/few_labels.py [--thin 400] [--no-signal 200] [--seed 7000]

Thin labels are those of `caution.py`: 60 to 250 thumbs up or down, prices that rise with quality.
"No signal" is 3,000 answers of five models whose quality does not depend on any of 20 columns, at
two cost sensitivities. Prints mean regrets of the best fixed model, of the logging policy and of
the router, and the paired difference between the router and the better of the two, with its
standard error, in units of regret and in percent.
"""

import argparse
import warnings
from collections.abc import Callable

import numpy as np
from caution import SENSITIVITY, SHARE, best_fixed, make_problem, regret

from skroute import CausalRouter, logged_feedback

N_MODELS, N_ROWS, N_TEST = 5, 3000, 2000


def thin_labels(n_rows: int, signal: float) -> Callable[[np.random.Generator], np.ndarray]:
    """Return a function that gives regrets of the fixed, today's and the router's choice."""

    def measure(rng: np.random.Generator) -> np.ndarray:
        X, y, X_test, utility = make_problem(n_rows, signal, rng)
        router = CausalRouter(SENSITIVITY, random_state=0).fit(X, y)
        today = utility.max(axis=1).mean() - (utility @ SHARE).mean()
        fixed = regret(utility, np.full(len(utility), best_fixed(y)))
        return np.array([fixed, today, regret(utility, router.predict(X_test).astype(int))])

    return measure


def no_signal(rng: np.random.Generator) -> np.ndarray:
    """Return the same three regrets where columns say nothing, over two cost sensitivities."""
    X = rng.normal(size=(N_ROWS + N_TEST, 20))
    level = np.linspace(0.45, 0.65, N_MODELS)
    price = np.geomspace(1e-4, 5e-3, N_MODELS)
    logits = X @ rng.normal(size=(20, N_MODELS)) / np.sqrt(20) + (level - level.mean()) / 0.07
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    share = 0.95 * share + 0.05 / N_MODELS
    action = (share.cumsum(axis=1) < rng.random(len(X))[:, None]).sum(axis=1)[:N_ROWS]
    action = np.minimum(action, N_MODELS - 1)
    seen = level[action] + 0.2 * rng.normal(size=N_ROWS)
    propensity = share[np.arange(N_ROWS), action]
    y = logged_feedback(action, seen, cost=price[action], propensity=propensity)
    router = CausalRouter(knots="auto", random_state=0).fit(X[:N_ROWS], y)
    found = []
    for sensitivity in (0.0, 0.3 / np.ptp(price)):
        utility = np.tile(level - sensitivity * price, (N_TEST, 1))
        weighted = [np.bincount(action, v / propensity, N_MODELS) for v in (seen, np.ones(N_ROWS))]
        fixed = int(np.argmax(weighted[0] / weighted[1] - sensitivity * price))
        chosen = router.predict(X[N_ROWS:], cost_sensitivity=sensitivity).astype(int)
        today = utility.max(axis=1).mean() - (share[N_ROWS:] * utility).sum(axis=1).mean()
        fixed_regret = regret(utility, np.full(N_TEST, fixed))
        found.append([fixed_regret, today, regret(utility, chosen)])
    return np.mean(found, axis=0)


def main() -> None:
    """Print a row for each regime."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--thin", type=int, default=400)
    parser.add_argument("--no-signal", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7000)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    regimes = {
        f"{rows} rows{', weak signal' if signal else ''}": (thin_labels(rows, signal), options.thin)
        for rows in (60, 120, 250)
        for signal in (0.0, 0.08)
    }
    regimes["no signal"] = no_signal, options.no_signal
    print("| regime | logs | best fixed | today | router | difference | percent |")
    print("|---|---|---|---|---|---|---|")
    for name, (measure, n_logs) in regimes.items():
        seeds = range(options.seed, options.seed + n_logs)
        runs = np.array([measure(np.random.default_rng(seed)) for seed in seeds])
        fixed, today, router = runs.mean(axis=0)
        safe = 0 if fixed <= today else 1
        gap = runs[:, 2] - runs[:, safe]
        error = gap.std(ddof=1) / np.sqrt(n_logs)
        percent = 100 * gap.mean() / max(min(fixed, today), 1e-12)
        print(
            f"| {name} | {n_logs} | {fixed:.4f} | {today:.4f} | {router:.4f} | "
            f"{gap.mean():+.4f} ± {error:.4f} | {percent:+.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
