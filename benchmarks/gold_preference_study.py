"""What corrected preference labels are worth, by the size and form of their bias.

    python benchmarks/gold_preference_study.py --quick
    python benchmarks/gold_preference_study.py --tables TABLE.npz [TABLE.npz ...] --repetitions 10

Gains of one model over another, few gold labels and many preference ones. A ridge on 50 principal
components is trained on gold labels alone, on both sources pooled, on the labels that
DRBiasCorrector returns with their weights ("dr", "r"), and on gold labels for every row. Its value
is the quality gained over random routing on held-out queries, averaged over shares of the primary
model from 0.2 to 0.8, and is printed as a share of that of training on gold labels for
every row: total over repetitions by total, with the standard error of that ratio.

A synthetic problem, and every table of full feedback given (its two best models on average), get a
preference label of the gold label plus a bias plus noise of 0.3 standard deviations of the gain.
The bias is a constant, linear, a smooth step of eight components or a fast wave that no model
learns; its root mean square is a multiple of the standard deviation of the gain. Or the label is a
multiple of the gold label plus noise ("judge says"). Tables with gold
and preference labels are taken as they are. In odd repetitions gold is drawn by the first
component, in even ones at random.

The last part fits CausalRouter on synthetic logs of eleven models whose bias differs by model, and
compares true regrets, paired by seed.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupShuffleSplit

from skroute import CausalRouter, DRBiasCorrector, gain_feedback
from skroute.datasets import load_routing_table, make_gold_preference
from skroute.metrics import efficiency_gain_curve

ALPHAS = np.logspace(-2, 5, 15)
FORMS = ("constant", "linear", "step", "wave")
SIZES = (0.5, 1.0, 2.0, 3.0, 5.0)
SCALE, SCALES = "judge says", (0.2, 3.0, -1.0)
METHODS = ("gold", "pooled", "dr", "r")
MOST_ROWS = 4000


@dataclass
class Problem:
    """Gold and, where it is real, preference gain of every row."""

    X: np.ndarray
    gold: np.ndarray
    preference: np.ndarray | None
    group: np.ndarray


def synthetic(seed: int) -> Problem:
    made = make_gold_preference(MOST_ROWS, 50, noise=0.5, random_state=seed)
    quality = made.y_gold["quality"]
    return Problem(made.X, quality["primary"] - quality["alternative"], None, np.arange(MOST_ROWS))


def from_table(path: str, seed: int) -> Problem:
    table = load_routing_table(path)
    rows = np.random.RandomState(seed).permutation(len(table.X))[:MOST_ROWS]
    y = table.y[rows]
    group = y["group"] if "group" in y.dtype.names else np.arange(len(rows))
    quality = np.column_stack([y["quality"][name] for name in y["quality"].dtype.names])
    best, second = np.argsort(quality.mean(axis=0))[::-1][:2]
    preference = None
    if table.y_preference is not None:
        other = table.y_preference[rows]["quality"]
        names = other.dtype.names
        preference = other[names[best]] - other[names[second]]
    return Problem(table.X[rows], quality[:, best] - quality[:, second], preference, group)


def unit_bias(Z: np.ndarray, form: str, rng: np.random.RandomState) -> np.ndarray:
    """Return a function of standardized components with mean square 1."""
    if form == "constant":
        return np.ones(len(Z))
    if form == "linear":
        values = (Z / np.sqrt(np.arange(1, Z.shape[1] + 1))) @ rng.normal(size=Z.shape[1])
        values -= values.mean()
    elif form == "step":
        values = np.tanh(Z[:, :8] @ rng.normal(size=8) / 2) + 0.5
    else:
        values = np.sin(3 * Z[:, :8] @ rng.normal(size=8) + rng.uniform(0, 6))
    return values / np.sqrt(np.mean(values**2))


def one_repetition(
    problem: Problem, form: str, size: float, n_gold: int, seed: int
) -> dict[str, float]:
    """Return the value of every method on held-out queries."""
    rng = np.random.RandomState(seed)
    split = GroupShuffleSplit(1, test_size=0.25, random_state=seed)
    train, test = next(split.split(problem.X, groups=problem.group))
    reduce = PCA(min(50, problem.X.shape[1]), random_state=0).fit(problem.X[train])
    X, X_test = reduce.transform(problem.X[train]), reduce.transform(problem.X[test])
    Z, gold, group = X / X.std(axis=0), problem.gold[train], problem.group[train]
    appeal = np.exp((seed % 2) * Z[:, 0])
    is_gold = np.zeros(len(gold), dtype=bool)
    is_gold[rng.choice(len(gold), n_gold, replace=False, p=appeal / appeal.sum())] = True
    if problem.preference is None:
        spread = gold.std()
        noise = 0.3 * spread * rng.normal(size=len(gold))
        if form == SCALE:
            judged = size * gold + noise
        else:
            judged = gold + size * spread * unit_bias(Z, form, rng) + noise
    else:
        judged = problem.preference[train]
    label = np.where(is_gold, gold, judged)

    def value(rows: np.ndarray, target: np.ndarray, weight: np.ndarray | None = None) -> float:
        score = RidgeCV(ALPHAS).fit(X[rows], target[rows], weight).predict(X_test)
        truth = gain_feedback(problem.gold[test])
        return efficiency_gain_curve(truth, score, strong="primary").mean(0.2, 0.8)

    everything = np.ones(len(gold), dtype=bool)
    values = {"gold": value(is_gold, label), "pooled": value(everything, label)}
    y = gain_feedback(label, gold=is_gold, group=group)
    for learner in ("dr", "r"):
        corrected = DRBiasCorrector(learner, random_state=0).fit_correct(X, y)
        target = corrected["quality"]["primary"] - corrected["quality"]["alternative"]
        values[learner] = value(everything, target, corrected["weight"])
    return values | {"all gold": value(everything, gold)}


def share(values: np.ndarray, reference: np.ndarray) -> str:
    """Return total by total with its standard error (linearized) over repetitions."""
    ratio = values.sum() / reference.sum()
    error = np.std(values - ratio * reference, ddof=1) / reference.mean() / np.sqrt(len(values))
    return f"{ratio:.2f} ± {error:.2f}"


def print_row(name: str, runs: list[dict[str, float]]) -> dict[str, float]:
    """Print one row; return the shares."""
    column = {key: np.array([run[key] for run in runs]) for key in runs[0]}
    reference = column["all gold"]
    cells = " | ".join(share(column[method], reference) for method in METHODS)
    print(f"| {name} | {cells} |", flush=True)
    return {method: float(column[method].sum() / reference.sum()) for method in METHODS}


def header(first: str) -> None:
    print(f"\n| {first} | " + " | ".join(METHODS) + " |")
    print("| --- |" + " --- |" * len(METHODS))


def conditions() -> Iterator[tuple[str, float]]:
    yield "none", 0.0
    for form in FORMS:
        for size in SIZES:
            yield form, size
    for size in SCALES:
        yield SCALE, size


def sweep(tables: list[str], golds: list[int], seeds: range) -> None:
    """Print the sweep over forms and sizes of the bias, over all problems without real labels."""
    makers = [synthetic, *(lambda seed, path=path: from_table(path, seed) for path in tables)]
    problems = [(seed, make(seed)) for make in makers for seed in seeds]
    header("bias, multiple of the gain")
    shares = []
    for form, size in conditions():
        runs = [
            one_repetition(problem, "constant" if form == "none" else form, size, n_gold, seed)
            for seed, problem in problems
            for n_gold in golds
        ]
        shares.append(print_row(f"{form}, {size:g}", runs))
    best = np.array([max(row["gold"], row["pooled"]) for row in shares])
    for learner in ("dr", "r"):
        gap = np.array([row[learner] for row in shares]) - best
        print(
            f"\n{learner} minus the better of gold and pooled: mean {gap.mean():+.3f}, "
            f"worst {gap.min():+.3f}, over {len(gap)} rows."
        )


def real(pairs: list[str], golds: list[int], seeds: range) -> None:
    header("table, gold labels")
    for path in pairs:
        problems = [(seed, from_table(path, seed)) for seed in seeds]
        for n_gold in golds:
            runs = [one_repetition(p, "constant", 0.0, n_gold, seed) for seed, p in problems]
            print_row(f"{Path(path).stem}, {n_gold}", runs)


def routers(biases: tuple[float, ...], first: int, n_seeds: int) -> None:
    """Print true regrets of routers on logs of eleven models, paired by seed."""
    names = ("corrected", "bias ignored", "gold rows only")
    print(
        "\n| bias of the log | " + " | ".join(names) + " | ignored - corrected | gold - corrected |"
    )
    print("| --- |" + " --- |" * 5)
    for bias in biases:
        regrets = []
        for seed in range(first, first + n_seeds):
            problem = make_gold_preference(
                1500, 10, n_models=11, n_gold=300, bias=bias, random_state=seed
            )
            X, y, best = problem.X, problem.y, problem.expected_quality.max(axis=1)
            corrector = DRBiasCorrector(random_state=0)
            fitted = (
                CausalRouter(bias_correction=corrector, random_state=0).fit(X, y),
                CausalRouter(random_state=0).fit(X, y),
                CausalRouter(random_state=0).fit(X[y["gold"]], y[y["gold"]]),
            )
            chosen = [np.searchsorted(problem.models, router.predict(X)) for router in fitted]
            rows = np.arange(len(X))
            regrets.append([(best - problem.expected_quality[rows, c]).mean() for c in chosen])
        table = np.array(regrets)
        gaps = [table[:, k] - table[:, 0] for k in (1, 2)]
        cells = [f"{value:.4f}" for value in table.mean(axis=0)] + [
            f"{gap.mean():.4f} ± {gap.std(ddof=1) / np.sqrt(len(gap)):.4f}" for gap in gaps
        ]
        print(f"| {bias:g} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="*", default=[], help="tables of either kind")
    parser.add_argument("--gold", nargs="+", type=int, default=[100, 300])
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--seed", type=int, default=100, help="of the first repetition")
    parser.add_argument("--quick", action="store_true", help="two repetitions, one number of gold")
    options = parser.parse_args()
    if options.quick:
        options.gold, options.repetitions = options.gold[:1], 2
    seeds = range(options.seed, options.seed + options.repetitions)
    pairs = [path for path in options.tables if load_routing_table(path).y_preference is not None]
    # The router that ignores the bias warns of it.
    warnings.filterwarnings("ignore", message=".*preference-based")
    sweep([path for path in options.tables if path not in pairs], options.gold, seeds)
    if pairs:
        real(pairs, options.gold, seeds)
    routers((0.0, 0.2, 0.4, 0.8, 1.2, 2.5), options.seed, 4 * options.repetitions)


if __name__ == "__main__":
    main()
