"""How often a log is flagged as one that did not explore.

    python benchmarks/support_study.py [TABLE.npz ...] [--logs 100] [--rows 1000] [--seed 0]

Logs that explore: healthy ones of the tables (or of synthetic problems, without any table), by
`simulate_log` in both modes at strengths 1 to 4; and rules with 5 % uniform exploration. Logs that
do not: the same rules, and traffic that a router fitted on a healthy log chose by itself. Healthy
logs record their propensities, the others do not. A router's own traffic is at most --rows rows and
at most half a table; below 300 rows it is left out. Limits were chosen from seed 1000 on.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np

from skroute import CausalRouter
from skroute.datasets import load_routing_table, make_routing_problem, simulate_log
from skroute.feedback import logged_feedback, read_feedback
from skroute.nuisance import Support

FEWEST_OWN_ROWS = 300


def support_of(action, X, group=None):
    """Return the support of choices (n,) without propensities."""
    y = logged_feedback(np.char.add("m", action.astype(str)), np.zeros(len(action)), group=group)
    return Support.of(read_feedback(y), X)


def rules(X, rng):
    """Yield the name and the choices (n,) of rules on queries (n, 8)."""
    first, second, third = X[:, 0] > 0, X[:, 1] > 0, X[:, 2] > 0
    yield "threshold", first.astype(int)
    yield "sign of a product", (first ^ second).astype(int)
    centers = X[rng.choice(len(X), 4, replace=False)]
    yield "nearest centroid", ((X[:, None] - centers) ** 2).sum(axis=2).argmin(axis=1)
    yield "tree of depth 3", np.where(first, 2 * second, 1 + 2 * third) + (X[:, 3] > 0)


def problems(paths, n_rows, seed):
    """Yield the name, queries and full feedback of tables, or of a synthetic problem."""
    for path in paths:
        table = load_routing_table(path)
        rows = np.random.default_rng(seed).permutation(len(table.X))[: 2 * n_rows]
        yield table.X[rows], table.y[rows]
    if not paths:
        problem = make_routing_problem(2 * n_rows, n_models=3 + seed % 9, random_state=seed)
        yield problem.X, problem.y_full


def own_traffic(X, y, seed, mode, strength):
    """Return a router's choices (n,) for half of the queries, and these; None for one model."""
    half = len(X) // 2
    log = simulate_log(X[:half], y[:half], mode=mode, strength=strength, random_state=seed)
    spread = np.ptp([np.mean(y["cost"][model]) for model in y["cost"].dtype.names])
    sensitivity = (0.0, 0.1, 0.3)[seed % 3] / spread if spread > 0 else 0.0
    router = CausalRouter(sensitivity, random_state=0).fit(X[:half], log)
    choice = np.unique(router.predict(X[half:]), return_inverse=True)[1]
    return None if choice.max() == 0 else (choice, X[half:])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*")
    parser.add_argument("--logs", type=int, default=100)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="of the first log")
    options = parser.parse_args()
    flagged: dict[str, list[bool]] = {}
    warnings.simplefilter("ignore")
    for seed in range(options.seed, options.seed + options.logs):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(options.rows, 8))
        for name, action in rules(X, rng):
            flagged.setdefault(f"rule: {name}", []).append(support_of(action, X).poor)
            drawn = rng.integers(action.max() + 1, size=len(X))
            action = np.where(rng.random(len(X)) < 0.05, drawn, action)
            flagged.setdefault(f"5 % random: {name}", []).append(support_of(action, X).poor)
        mode, strength = ("linear", "difficulty")[seed % 2], 1 + seed // 2 % 4
        # One table a log, in turn.
        paths = options.tables[seed % len(options.tables) :][:1] if options.tables else []
        for X, y in problems(paths, options.rows, seed):
            log = simulate_log(X, y, mode=mode, strength=strength, random_state=seed)
            flagged.setdefault("healthy", []).append(Support.of(read_feedback(log), X).poor)
            own = own_traffic(X, y, seed, mode, strength)
            if own is not None and len(own[0]) >= FEWEST_OWN_ROWS:
                name = f"own traffic, {'1,000' if len(own[0]) >= 1000 else 'fewer than 1,000'} rows"
                flagged.setdefault(name, []).append(support_of(*own).poor)
    print("| log | logs | flagged |\n|---|---|---|")
    for name, hits in sorted(flagged.items()):
        print(f"| {name} | {len(hits)} | {np.mean(hits):.3f} |")


if __name__ == "__main__":
    main()
