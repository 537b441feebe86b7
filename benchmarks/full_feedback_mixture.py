"""Regret with full feedback: the shared outcome model alone, and mixed with ridges of every model.

    python benchmarks/full_feedback_mixture.py routerbench_subset.npz open_llm_bbh.npz [...]

Each split of a table (at most 4,000 rows, 30 % held out by group) gives the mean regret over four
cost sensitivities, and that at 0, of: the best fixed model; ridge regressions of all models at once
with mean costs; `CausalRouter` whose outcome model is the shared one alone, as it is for logs; and
`CausalRouter` as it is, with the mean shares of its parts. Differences are paired, with standard
errors over splits.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
from router_study_cases import Case, prepare
from sklearn.linear_model import RidgeCV

from skroute import CausalRouter
from skroute.nuisance import JointOutcome


class SharedAlone(JointOutcome):
    """The outcome model without the ridges beside it."""

    def _mix(self, X, feedback, fits, folds, random_state):
        return super()._mix(X, feedback, fits[:1], folds, random_state)


def one_split(case, tables):
    """Return regrets, (4 methods, sensitivities), and the shares of the mixture."""
    data = prepare(case, tables)
    models = np.array(data.y_full.dtype["quality"].names)
    quality, cost = (
        np.column_stack([data.y_full[part][name] for name in models])
        for part in ("quality", "cost")
    )
    ridge = RidgeCV(np.logspace(-2, 4, 13), alpha_per_target=True).fit(data.X, quality)
    predicted = {"fixed": np.tile(quality.mean(axis=0), (len(data.X_test), 1))}
    predicted["ridge"] = ridge.predict(data.X_test)

    def choose(values, sensitivity):
        return models[(values - sensitivity * cost.mean(axis=0)).argmax(axis=1)]

    regrets = [
        [data.regret(choose(values, s), s) for s in data.sensitivities]
        for values in predicted.values()
    ]
    for outcome_model in (SharedAlone(random_state=0), None):
        router = CausalRouter(knots="auto", outcome_model=outcome_model, random_state=0)
        router.fit(data.X, data.y_full)
        regrets.append(
            [
                data.regret(router.predict(data.X_test, cost_sensitivity=s), s)
                for s in data.sensitivities
            ]
        )
    return np.array(regrets), router.outcome_model_.shares_


def main():
    """Print two rows for each table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="+", type=Path)
    parser.add_argument("--repetitions", type=int, default=8)
    parser.add_argument("--seed", type=int, default=5000)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    tables = {path.stem: path for path in options.tables}
    print("| table | regret | best fixed | ridge | shared | mixture | mixture - shared | shares |")
    print("|---|---|---|---|---|---|---|---|")
    for name in tables:
        seeds = range(options.seed, options.seed + options.repetitions)
        runs = [one_split(Case("full", name, rows=4000, seed=seed), tables) for seed in seeds]
        regrets = np.array([run[0] for run in runs])
        shares = " / ".join(f"{share:.2f}" for share in np.mean([run[1] for run in runs], axis=0))
        for label, part in (("mean", regrets.mean(axis=2)), ("at 0", regrets[:, :, 0])):
            means = " | ".join(f"{mean:.4f}" for mean in part.mean(axis=0))
            gain = part[:, 3] - part[:, 2]
            error = gain.std(ddof=1) / np.sqrt(len(gain))
            print(
                f"| {name} | {label} | {means} | {gain.mean():+.4f} ± {error:.4f} | {shares} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
