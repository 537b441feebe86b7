"""What a refit makes of a model that has just come: regret by the number of its logged answers.

    python benchmarks/new_model.py TABLE.npz ... [--seeds 4] [--rows 2000]

A table is what `skroute.datasets.load_routing_table` reads. The new model is the one whose absence
costs most: the log holds `--rows` answers of the others, and a few queries, drawn at random, that
the new model answered. Compared on held-out queries, in percent of the regret of doing without it:
`CausalRouter` refitted on all rows, the same without what models share (`RegressAndCompare`, a
ridge for each), and `CausalRouter` on a log in which the new model has a full share. Tables need
three models or more.
"""

import argparse
from pathlib import Path

import numpy as np
from router_study_cases import SENSITIVITIES, TABLE_ROWS, TEST_SHARE

from skroute import CausalRouter, full_feedback, logged_feedback
from skroute.baselines import RegressAndCompare
from skroute.datasets import load_routing_table, simulate_log

NEW_ROWS = (0, 10, 25, 50, 100, 200, 400)


def read(path, rng):
    table = load_routing_table(path)
    rows = rng.permutation(len(table.X))[:TABLE_ROWS]
    y = table.y[rows]
    names = np.array(y.dtype["quality"].names)
    quality, cost = (
        np.column_stack([y[outcome][name] for name in names]).astype(float)
        for outcome in ("quality", "cost")
    )
    group = y["group"] if "group" in y.dtype.names else np.arange(len(y))
    return table.X[rows], names, quality, cost, group


def make_log(X, names, quality, cost, new, n_new, rng):
    """Return the log of all models but one, with `n_new` random rows that this one answered."""
    others = np.arange(len(names)) != new
    full = full_feedback(quality[:, others], cost[:, others], models=names[others].tolist())
    log = simulate_log(X, full, random_state=rng.integers(2**31))
    columns = {name: log[name].copy() for name in ("model", "quality", "cost", "propensity")}
    columns["model"] = columns["model"].astype(names.dtype)
    columns["propensity"] *= 1 - n_new / len(X)
    rows = rng.permutation(len(X))[:n_new]
    answers = names[new], quality[rows, new], cost[rows, new], n_new / len(X)
    for name, answer in zip(columns, answers, strict=True):
        columns[name][rows] = answer
    return logged_feedback(**columns)


def compare(path, seed, n_rows):
    """Yield (number of rows of the new model, method, regret as share of doing without it)."""
    rng = np.random.default_rng(seed)
    X, names, quality, cost, group = read(path, rng)
    held = np.isin(group, rng.permutation(np.unique(group))[: int(TEST_SHARE * len(set(group)))])
    train = rng.permutation(np.flatnonzero(~held))[:n_rows]
    spread = np.ptp(cost.mean(axis=0))
    sensitivities = np.array(SENSITIVITIES) / spread if spread > 0 else np.zeros(1)

    def regret(router):
        fitted, total = router, 0.0
        for sensitivity in sensitivities:
            labels = fitted.predict(X[held], cost_sensitivity=sensitivity)
            chosen = np.searchsorted(names[order], labels.astype(names.dtype))
            utility = (quality - sensitivity * cost)[held][:, order]
            total += np.mean(utility.max(axis=1) - utility[np.arange(len(utility)), chosen])
        return total

    order = np.argsort(names)
    knots = [0.0, sensitivities[-1] or 1.0]
    utility = [quality[train] - sensitivity * cost[train] for sensitivity in sensitivities]
    new = np.argmin(
        [
            sum(np.delete(u, k, axis=1).max(axis=1).mean() for u in utility)
            for k in range(len(names))
        ]
    )
    shares = {}
    for n_new in NEW_ROWS:
        log = make_log(X[train], names, quality[train], cost[train], new, n_new, rng)
        for method, router in {
            "CausalRouter": CausalRouter(knots=knots, random_state=0),
            "a ridge for each model": RegressAndCompare(),
        }.items():
            shares[n_new, method] = regret(router.fit(X[train], log))
    full = full_feedback(quality[train], cost[train], models=names.tolist())
    log = simulate_log(X[train], full, random_state=rng.integers(2**31))
    router = CausalRouter(knots=knots, random_state=0).fit(X[train], log)
    shares["full share", "CausalRouter"] = regret(router)
    base = shares[0, "CausalRouter"]
    for key, value in shares.items():
        yield key, value / base


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", nargs="+", type=Path)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--rows", type=int, default=2000)
    options = parser.parse_args()
    results = {}
    for path in options.tables:
        for seed in range(options.seeds):
            for key, value in compare(path, seed, options.rows):
                results.setdefault(key, []).append(value)
    methods = list(dict.fromkeys(method for _, method in results))
    print("| rows of the new model |", " | ".join(methods), "|")
    print("|---|" + "---|" * len(methods))
    for n_new in dict.fromkeys(n for n, _ in results):
        cells = []
        for method in methods:
            values = 100 * np.array(results.get((n_new, method), []))
            error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
            cells.append(f"{values.mean():.1f} ± {error:.1f}" if len(values) else "")
        print(f"| {n_new} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
