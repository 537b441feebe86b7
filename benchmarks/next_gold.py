"""Regret after more gold labels, of rows drawn at random or proposed by `next_gold_rows`.

    OMP_NUM_THREADS=1 python benchmarks/next_gold.py [--repetitions 24] [--seed 9000]

Paired gains of two models: 2,000 queries with 20 columns, gain .1 + .35 times a linear score, gold
labels with a noise of .4, the judge's with .3. Twenty rows drawn at random are gold; then 20 or 60
more. A ridge on what `DRBiasCorrector` makes of the labels, with its weights, chooses for 3,000
other queries, whose true gains are known. A repetition has one problem for all ways to choose; the
difference is proposed minus random, with its standard error over problems.
"""

import argparse
from collections.abc import Callable

import numpy as np
from sklearn.linear_model import RidgeCV

from skroute import DRBiasCorrector, gain_feedback
from skroute.correction import next_gold_rows

N_ROWS, N_TEST, N_COLUMNS = 2000, 3000, 20
START, MORE = 20, (20, 60)
ALPHAS = np.logspace(-1, 5, 13)
MODELS = ("alternative", "primary")

Judge = Callable[[np.random.Generator, np.ndarray, np.ndarray], np.ndarray]


def wave(rng: np.random.Generator, X: np.ndarray, gain: np.ndarray) -> np.ndarray:
    return gain + 0.5 * (np.tanh(X @ rng.normal(size=N_COLUMNS) / 2) + 0.5)


# What is expected of each judge, by queries and true gains.
JUDGES: dict[str, Judge] = {
    "a wave": wave,
    "bias in one column": lambda rng, X, gain: gain + 0.5 * X[:, 3],
    "says a fifth": lambda rng, X, gain: 0.2 * gain,
    "noise": lambda rng, X, gain: np.zeros(len(X)),
    "inverted in half of the space": lambda rng, X, gain: np.where(X[:, 0] > 0, gain, -gain),
}


def regrets(judge: Judge, seed: int) -> np.ndarray:
    """Return regrets with the first gold labels, then random and proposed ones of each size."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N_ROWS + N_TEST, N_COLUMNS))
    score = X @ rng.normal(size=N_COLUMNS)
    gain = 0.1 + 0.35 * score / score.std()
    gold_label = gain + 0.4 * rng.normal(size=len(X))
    judge_label = judge(rng, X, gain) + 0.3 * rng.normal(size=len(X))
    X, X_test, truth = X[:N_ROWS], X[N_ROWS:], gain[N_ROWS:]

    def table(gold: np.ndarray) -> np.ndarray:
        label = np.where(gold, gold_label[:N_ROWS], judge_label[:N_ROWS])
        return gain_feedback(label, models=MODELS, gold=gold)

    def regret(gold: np.ndarray) -> float:
        corrected = DRBiasCorrector(random_state=0).fit_correct(X, table(gold))
        moved = corrected["quality"]["primary"] - corrected["quality"]["alternative"]
        ridge = RidgeCV(ALPHAS).fit(X, moved, sample_weight=corrected["weight"])
        return float(np.mean(np.maximum(truth, 0) - truth * (ridge.predict(X_test) > 0)))

    def with_rows(rows: np.ndarray) -> np.ndarray:
        more = first.copy()
        more[rows] = True
        return more

    first = np.zeros(N_ROWS, dtype=bool)
    first[rng.choice(N_ROWS, START, replace=False)] = True
    found = [regret(first)]
    for size in MORE:
        drawn = rng.choice(np.flatnonzero(~first), size, replace=False)
        proposed = next_gold_rows(X, table(first), size)
        found += [regret(with_rows(drawn)), regret(with_rows(proposed))]
    return np.array(found)


def main() -> None:
    """Print a row for each judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=24)
    parser.add_argument("--seed", type=int, default=9000, help="of the first repetition")
    options = parser.parse_args()
    heads = [f"+{size} {how}" for size in MORE for how in ("random", "proposed", "difference")]
    print(f"| judge | {START} gold | " + " | ".join(heads) + " |")
    print("|---" * (2 + len(heads)) + "|")
    for name, judge in JUDGES.items():
        seeds = range(options.seed, options.seed + options.repetitions)
        found = np.array([regrets(judge, seed) for seed in seeds])
        cells = [f"{found[:, 0].mean():.4f}"]
        for at in range(1, found.shape[1], 2):
            random, proposed = found[:, at], found[:, at + 1]
            difference = proposed - random
            error = difference.std(ddof=1) / np.sqrt(len(difference))
            cells += [f"{random.mean():.4f}", f"{proposed.mean():.4f}"]
            cells.append(f"{difference.mean():+.4f} ± {error:.4f}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
