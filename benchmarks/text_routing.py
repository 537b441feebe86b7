"""What texts, and columns beside them, are worth to a router: regret by features.

    python benchmarks/text_routing.py TABLE.npz ... [--rows 2000] [--seeds 8] [--first 1000]

A table is what `skroute.datasets.load_routing_table` reads, with texts, sentence vectors as X and
tasks. Held out are 30 % of it, whole groups, at most 3,000 rows; of the rest a log of at most
`--rows` queries is simulated in two ways. Features are fitted on the log's queries. For each set
of features it prints regret on held-out queries, averaged over four cost sensitivities, of the best
fixed model and of `CausalRouter`: mean and standard deviation over seeds; the paired difference
from the best fixed model in percent of its regret, with its standard error; and the seconds that
fits of features and router take. `--variants` compares other settings of the default embedding
instead. Needs pandas.
"""

import argparse
import time
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from router_study_cases import SENSITIVITIES, TEST_SHARE
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from skroute import CausalRouter
from skroute._cli import make_embedding
from skroute.baselines import BestFixedModel
from skroute.datasets import RoutingTable, load_routing_table, simulate_log

TEST_ROWS = 3000
MODES = ("linear", "difficulty")
FIXED = "best fixed model"


def columns(**settings: dict) -> ColumnTransformer:
    """Return the features of some columns; "text" takes parameters of the embedding."""
    steps = {
        "text": (make_embedding(random_state=0), "text"),
        "vector": ("passthrough", [f"x{j}" for j in range(384)]),
        "length": (make_pipeline(FunctionTransformer(np.log1p), StandardScaler()), ["length"]),
        "task": (OneHotEncoder(handle_unknown="ignore"), ["task"]),
    }
    chosen = [(name, *steps[name]) for name in settings]
    features = ColumnTransformer(chosen, sparse_threshold=0)
    return features.set_params(
        **{f"text__{name}": value for name, value in settings.get("text", {}).items()}
    )


FEATURES = {
    "TF-IDF": columns(text={}),
    "MiniLM": columns(vector={}),
    "both": columns(text={}, vector={}),
    "both, length": columns(text={}, vector={}, length={}),
    "both, length, task": columns(text={}, vector={}, length={}, task={}),
    "TF-IDF, length": columns(text={}, length={}),
    "TF-IDF, length, task": columns(text={}, length={}, task={}),
    "length, task": columns(length={}, task={}),
}
words = partial(dict, terms__analyzer="word")
parts = partial(dict, terms__analyzer="char_wb")
VARIANTS = {
    "default": {},
    "32 components": {"svd__n_components": 32},
    "128 components": {"svd__n_components": 128},
    "256 components": {"svd__n_components": 256},
    "words and pairs": words(terms__ngram_range=(1, 2)),
    "2 to 4 characters": parts(terms__ngram_range=(2, 4)),
    "3 to 5 characters": parts(terms__ngram_range=(3, 5)),
    "plain counts": {"tfidf__sublinear_tf": False},
    "lengths kept": {"length": "passthrough"},
    "16,384 terms": {"terms__n_features": 2**14},
    "262,144 terms": {"terms__n_features": 2**18},
}


def outcomes(table: RoutingTable) -> tuple[np.ndarray, np.ndarray]:
    """Return quality and cost of every model, (n, K) each, in the order of `table.models`."""
    quality, cost = (
        np.column_stack([table.y[part][name] for name in table.models]).astype(float)
        for part in ("quality", "cost")
    )
    return quality, cost


def split(table: RoutingTable, seed: int, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of the log and those that are held out."""
    rng = np.random.default_rng(seed)
    group = table.y["group"] if "group" in table.y.dtype.names else np.arange(len(table.X))
    names = np.unique(group)
    held = np.isin(group, rng.permutation(names)[: int(TEST_SHARE * len(names))])
    log, test = rng.permutation(np.flatnonzero(~held)), rng.permutation(np.flatnonzero(held))
    return np.sort(log[:n_rows]), np.sort(test[:TEST_ROWS])


def as_frame(table: RoutingTable) -> pd.DataFrame:
    vectors = pd.DataFrame(table.X, columns=[f"x{j}" for j in range(table.X.shape[1])])
    return vectors.assign(text=table.texts, length=table.query_chars, task=table.task)


def compare(
    table: RoutingTable, features: dict[str, ColumnTransformer], seed: int, n_rows: int
) -> Iterator[tuple[str, str, tuple[float, float]]]:
    """Yield (mode, features, (regret, seconds)) of one split."""
    log, test = split(table, seed, n_rows)
    frame, (quality, cost) = as_frame(table), outcomes(table)
    sensitivities = np.array(SENSITIVITIES) / np.ptp(cost.mean(axis=0))
    order = np.argsort(table.models)

    def regret(router: Pipeline, X: np.ndarray) -> float:
        total = 0.0
        for sensitivity in sensitivities:
            utility = (quality - sensitivity * cost)[test][:, order]
            labels = router.predict(X, cost_sensitivity=sensitivity).astype(table.models.dtype)
            chosen = np.searchsorted(table.models[order], labels)
            total += np.mean(utility.max(axis=1) - utility[np.arange(len(test)), chosen])
        return total / len(sensitivities)

    logs = {
        mode: simulate_log(table.X[log], table.y[log], mode=mode, random_state=seed)
        for mode in MODES
    }
    for mode, y in logs.items():
        fixed = BestFixedModel().fit(table.X[log], y)
        yield mode, FIXED, (regret(fixed, table.X[test]), 0.0)
    for name, transformer in features.items():
        start = time.perf_counter()
        X = np.asarray(transformer.fit_transform(frame.iloc[log]), dtype=np.float32)
        seconds = time.perf_counter() - start
        X_test = np.asarray(transformer.transform(frame.iloc[test]), dtype=np.float32)
        for mode, y in logs.items():
            start = time.perf_counter()
            router = CausalRouter(knots=[0.0, sensitivities[-1]], random_state=0).fit(X, y)
            total = seconds + time.perf_counter() - start
            yield mode, name, (regret(router, X_test), total)


def show(title: str, found: dict[str, list[tuple[float, float]]]) -> None:
    base = np.array(found[FIXED])[:, 0]
    for name, pairs in found.items():
        regret, seconds = np.array(pairs).T
        gap = 100 * (regret - base) / base.mean()
        error = gap.std(ddof=1) / np.sqrt(len(gap)) if len(gap) > 1 else np.nan
        print(
            f"| {title} | {name} | {regret.mean():.4f} ± {regret.std():.4f} | "
            f"{gap.mean():+.1f} ± {error:.1f} | {seconds.mean():.1f} |",
            flush=True,
        )


def main() -> None:
    """Print a row for each table, logging policy and set of features."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", nargs="+", type=Path)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--variants", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    features = FEATURES
    if options.variants:
        features = {name: columns(text=settings) for name, settings in VARIANTS.items()}
    print("| table, log | features | regret | difference, % | seconds |")
    print("|---|---|---|---|---|")
    for path in options.tables:
        table, found = load_routing_table(path), {}
        for seed in range(options.first, options.first + options.seeds):
            for mode, name, figures in compare(table, features, seed, options.rows):
                found.setdefault(mode, {}).setdefault(name, []).append(figures)
        for mode, by_name in found.items():
            show(f"{path.stem}, {mode}", by_name)


if __name__ == "__main__":
    main()
