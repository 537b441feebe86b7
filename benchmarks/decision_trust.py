"""Regret with full feedback: trust by the slope of all models, and by what choices were worth.

    python benchmarks/decision_trust.py routerbench_subset.npz open_llm_bbh.npz [...]

Each split of a table (at most 4,000 rows, 30 % held out by group) gives the regret at four cost
sensitivities of the best fixed model, of ridge regressions, of `CausalRouter` with the calibration
slope as its trust, and of `CausalRouter` as it is. The difference of the last two is paired, with
its standard error over splits.
"""

import argparse
import warnings
from pathlib import Path
from unittest.mock import patch

import numpy as np
from router_study_cases import Case, prepare

from skroute import CausalRouter
from skroute.baselines import BestFixedModel, RegressAndCompare
from skroute.routers import _calibration


def one_split(case, tables):
    """Return regrets, (4 methods, sensitivities), and both kinds of trust."""
    data = prepare(case, tables)
    routers = [BestFixedModel(), RegressAndCompare()]
    routers = [router.fit(data.X, data.y_full) for router in routers]
    # All of the slope is the only part that is tried.
    with patch.object(_calibration, "_PARTS", np.ones(1)):
        routers.append(CausalRouter(knots="auto", random_state=0).fit(data.X, data.y_full))
    routers.append(CausalRouter(knots="auto", random_state=0).fit(data.X, data.y_full))
    found = [
        [
            data.regret(router.predict(data.X_test, cost_sensitivity=s), s)
            for s in data.sensitivities
        ]
        for router in routers
    ]
    return np.array(found), [router.calibration_.trust for router in routers[2:]]


def main():
    """Print two rows for each table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="+", type=Path)
    parser.add_argument("--repetitions", type=int, default=8)
    parser.add_argument("--seed", type=int, default=5000)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    tables = {path.stem: path for path in options.tables}
    print("| table | regret | best fixed | ridge | slope | as it is | difference | trust |")
    print("|---|---|---|---|---|---|---|---|")
    for name in tables:
        seeds = range(options.seed, options.seed + options.repetitions)
        runs = [one_split(Case("full", name, rows=4000, seed=seed), tables) for seed in seeds]
        regrets = np.array([run[0] for run in runs])
        slope, trust = np.mean([run[1] for run in runs], axis=0)
        for label, part in (("mean", regrets.mean(axis=2)), ("at 0", regrets[:, :, 0])):
            means = " | ".join(f"{mean:.4f}" for mean in part.mean(axis=0))
            gain = part[:, 3] - part[:, 2]
            told = f"{gain.mean():+.4f} ± {gain.std(ddof=1) / np.sqrt(len(gain)):.4f}"
            print(
                f"| {name} | {label} | {means} | {told} | {slope:.2f} → {trust:.2f} |", flush=True
            )


if __name__ == "__main__":
    main()
