"""Regret with full feedback: from which cost sensitivity on choosing by query pays.

    python benchmarks/routing_start.py routerbench_subset.npz open_llm_bbh.npz [...]

Each split of a table (at most 4,000 rows, 30 % held out by group) gives the regret over four cost
sensitivities, and that at 0, of: the best fixed model; `CausalRouter` that chooses by query at all
of them; and `CausalRouter` as it is, with one model for all queries below `routing_start_`. The
difference of the last two is paired, with its standard error over splits.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
from router_study_cases import Case, prepare

from skroute import CausalRouter
from skroute.baselines import BestFixedModel


def one_split(case, tables):
    """Return regrets, (3 methods, sensitivities), and where routing starts."""
    data = prepare(case, tables)
    router = CausalRouter(knots="auto", random_state=0).fit(data.X, data.y_full)
    fixed = BestFixedModel().fit(data.X, data.y_full)
    start = router.routing_start_

    def regrets(fitted):
        return [
            data.regret(fitted.predict(data.X_test, cost_sensitivity=s), s)
            for s in data.sensitivities
        ]

    found = [regrets(fixed)]
    for router.routing_start_ in (0.0, start):
        found.append(regrets(router))
    return np.array(found), start


def main():
    """Print two rows for each table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="+", type=Path)
    parser.add_argument("--repetitions", type=int, default=12)
    parser.add_argument("--seed", type=int, default=5000)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    tables = {path.stem: path for path in options.tables}
    print(
        "| table | regret | best fixed | by query | from its start | difference | starts above 0 |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in tables:
        seeds = range(options.seed, options.seed + options.repetitions)
        runs = [one_split(Case("full", name, rows=4000, seed=seed), tables) for seed in seeds]
        regrets = np.array([run[0] for run in runs])
        later = f"{sum(run[1] > 0 for run in runs)} of {len(runs)}"
        for label, part in (("mean", regrets.mean(axis=2)), ("at 0", regrets[:, :, 0])):
            means = " | ".join(f"{mean:.4f}" for mean in part.mean(axis=0))
            gain = part[:, 2] - part[:, 1]
            error = gain.std(ddof=1) / np.sqrt(len(gain))
            print(f"| {name} | {label} | {means} | {gain.mean():+.4f} ± {error:.4f} | {later} |")


if __name__ == "__main__":
    main()
