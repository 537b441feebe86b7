"""Regret of CausalRouter on corrected labels where hardly any row is gold.

    OMP_NUM_THREADS=1 python benchmarks/few_gold.py [--seeds 200] [--seed 0]
        [--rows 60 300 2000] [--gold 2 5 10] [--bias none model linear] [--models 0 2]

Logs of `make_gold_preference` with 10 columns, labels of either source with a noise of .2. A log
shows 3, 4 or 5 models (by seed: `--models 0`) or, with 2, paired gains. All rows but two, five or
ten, drawn at random, have the judge's label. He has no bias, one constant a model (a normal one of
.2 in common and one of .2 of its own; of paired gains one constant), or one linear in the query,
with a root mean square of .3, most of it common to all models.

Prints mean regrets over 2,000 other queries of the router on corrected labels
(``bias_correction=DRBiasCorrector()``), of the router on all labels as if they were gold (pooled)
and of the one on gold rows alone, and paired differences of the first to the others with their
standard errors over seeds. "Largest" is the largest bias that was estimated of any query, as a
share of the range of the labels. It should never be above 1.
"""

import argparse
import warnings

import numpy as np

from skroute import CausalRouter, DRBiasCorrector, gain_feedback, logged_feedback
from skroute.datasets import GoldPreferenceProblem, make_gold_preference

N_TEST, N_COLUMNS, NOISE = 2000, 10, 0.2
OWN_SHARE = 0.3
FITS = ("corrected", "pooled", "gold only")


def make_bias(kind: str, X: np.ndarray, n_models: int, rng: np.random.Generator) -> np.ndarray:
    """Return what the judge says too much, (n, K)."""
    if kind == "none":
        return np.zeros((len(X), n_models))
    if kind == "model":
        level = 0.2 * rng.normal() + 0.2 * rng.normal(size=n_models)
        return np.broadcast_to(level, (len(X), n_models))
    common, own = X @ rng.normal(size=N_COLUMNS), X @ rng.normal(size=(N_COLUMNS, n_models))
    values = (1 - OWN_SHARE) * common[:, None] + OWN_SHARE * own
    return 0.3 * values / np.sqrt(np.mean(values**2))


def make_log(
    n_rows: int, n_gold: int, kind: str, n_models: int, seed: int
) -> tuple[GoldPreferenceProblem, np.ndarray]:
    """Return a problem of `n_rows` and the test queries, and the table of its first rows."""
    problem = make_gold_preference(
        n_rows + N_TEST,
        N_COLUMNS,
        n_models=n_models,
        n_gold=1,
        bias=0.0,
        noise=NOISE,
        preference_noise=NOISE,
        random_state=seed,
    )
    rng, y = np.random.default_rng(seed), problem.y[:n_rows]
    gold = np.zeros(n_rows, dtype=bool)
    gold[rng.choice(n_rows, n_gold, replace=False)] = True
    bias = make_bias(kind, problem.X[:n_rows], n_models, rng) * ~gold[:, None]
    if n_models == 2:
        gain = y["quality"]["primary"] - y["quality"]["alternative"]
        return problem, gain_feedback(gain + bias[:, 1], gold=gold)
    action = np.searchsorted(problem.models, y["model"])
    quality = y["quality"] + bias[np.arange(n_rows), action]
    return problem, logged_feedback(y["model"], quality, propensity=y["propensity"], gold=gold)


def measure(n_rows: int, n_gold: int, kind: str, n_models: int, seed: int) -> np.ndarray:
    """Return regrets of the three routers, and the largest bias by the range of the labels."""
    problem, y = make_log(n_rows, n_gold, kind, n_models or 3 + seed % 3, seed)
    X, X_test = problem.X[:n_rows], problem.X[n_rows:]
    truth = problem.expected_quality[n_rows:]

    def regret(labels: np.ndarray) -> float:
        chosen = np.searchsorted(problem.models, labels)
        return float((truth.max(axis=1) - truth[np.arange(N_TEST), chosen]).mean())

    correction, gold = DRBiasCorrector(random_state=0), y["gold"]
    corrected = CausalRouter(bias_correction=correction, random_state=0).fit(X, y)
    bias = corrected.bias_correction_.predict_bias(X)
    shown = y["quality"] if n_models != 2 else y["quality"]["primary"] - y["quality"]["alternative"]
    size = np.abs(bias).max() / np.ptp(shown)
    pooled = CausalRouter(random_state=0).fit(X, y)
    chosen = [router.predict(X_test) for router in (corrected, pooled)]
    if n_models != 2 and len(np.unique(y["model"][gold])) == 1:
        chosen.append(np.full(N_TEST, y["model"][gold][0]))
    else:
        alone = CausalRouter(random_state=0, cv=2).fit(X[gold], y[gold])
        chosen.append(alone.predict(X_test))
    return np.array([*map(regret, chosen), size])


def main() -> None:
    """Print a row for each cell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--rows", type=int, nargs="+", default=[60, 300, 2000])
    parser.add_argument("--gold", type=int, nargs="+", default=[2, 5, 10])
    parser.add_argument("--bias", nargs="+", default=["none", "model", "linear"])
    parser.add_argument("--models", type=int, nargs="+", default=[0, 2], help="0: 3 to 5 by seed")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    columns = "models", "rows", "gold", "bias", *FITS, "to pooled", "to gold", "largest"
    print("| " + " | ".join(columns) + " |")
    print("|---" * len(columns) + "|")
    for n_models, n_rows, n_gold, kind in [
        (k, n, g, b)
        for k in options.models
        for n in options.rows
        for g in options.gold
        for b in options.bias
    ]:
        seeds = range(options.seed, options.seed + options.seeds)
        runs = np.array([measure(n_rows, n_gold, kind, n_models, seed) for seed in seeds])
        mean = " | ".join(f"{value:.4f}" for value in runs[:, :3].mean(axis=0))
        gaps = [runs[:, 0] - runs[:, k] for k in (1, 2)]
        gap = " | ".join(f"{g.mean():+.4f} ± {g.std(ddof=1) / np.sqrt(len(g)):.4f}" for g in gaps)
        name = n_models or "3 to 5"
        print(
            f"| {name} | {n_rows} | {n_gold} | {kind} | {mean} | {gap} | {runs[:, 3].max():.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
