"""Cases of the router study: problems, simulated logs and the regret of chosen models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.special import expit, logit

from skroute import logged_feedback
from skroute.datasets import load_routing_table, make_routing_problem, simulate_log

REGIMES = ("linear", "nonlinear", "noisy", "no_signal", "dominating")
SYNTHETIC_TEST_ROWS, TABLE_ROWS, TEST_SHARE = 4000, 4000, 0.3
# Cost sensitivities, in units of one over the spread of the models' mean costs.
SENSITIVITIES = (0.0, 0.1, 0.3, 1.0)
# Standard deviation, in logits, of the errors of a misspecified propensity: one of each model and
# one of each row.
PROPENSITY_ERROR = 0.7


@dataclass(frozen=True)
class Case:
    """One log to learn from. `problem` is a regime of make_routing_problem or a table's name."""

    section: str
    problem: str
    mode: str = "linear"
    strength: float = 1.0
    propensity: str = "known"
    rows: int = 2000
    features: int = 50
    models: int = 5
    seed: int = 0

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(str(value) for value in asdict(self).values())


@dataclass
class Data:
    """A log, test queries and the regret of choosing labels for them."""

    X: np.ndarray
    y: np.ndarray
    y_full: np.ndarray
    X_test: np.ndarray
    sensitivities: np.ndarray
    regret: Callable[[np.ndarray, float], float]


def prepare(case: Case, tables: dict[str, Path]) -> Data:
    data = _from_table(case, tables[case.problem]) if case.problem in tables else _synthetic(case)
    data.y = _record(data.y, case)
    return data


def _synthetic(case: Case) -> Data:
    problem = make_routing_problem(
        case.rows,
        case.features,
        case.models,
        regime=case.problem,
        logging=case.mode,
        strength=case.strength,
        random_state=case.seed,
    )
    test = problem.draw(SYNTHETIC_TEST_ROWS, random_state=case.seed + 1_000_000)
    sensitivities = _sensitivities(test.expected_cost)
    return Data(problem.X, problem.y, problem.y_full, test.X, sensitivities, test.regret)


def _from_table(case: Case, path: Path) -> Data:
    X, y_full = _load(path)
    rng = np.random.default_rng(case.seed)
    group = y_full["group"] if "group" in y_full.dtype.names else np.arange(len(X))
    names = np.unique(group)
    held = np.isin(group, rng.permutation(names)[: int(TEST_SHARE * len(names))])
    train, test = np.flatnonzero(~held), np.flatnonzero(held)
    if case.rows < len(train):
        train = np.sort(rng.choice(train, case.rows, replace=False))
    y = simulate_log(
        X[train], y_full[train], mode=case.mode, strength=case.strength, random_state=case.seed
    )
    models = np.array(y_full.dtype["quality"].names)
    quality, cost = (
        np.column_stack([y_full[outcome][name][test] for name in models]).astype(np.float64)
        for outcome in ("quality", "cost")
    )
    position = {name: k for k, name in enumerate(models.tolist())}

    def regret(labels: np.ndarray, sensitivity: float) -> float:
        utility = quality - sensitivity * cost
        chosen = np.array([position[label] for label in labels.tolist()])
        return float(np.mean(utility.max(axis=1) - utility[np.arange(len(utility)), chosen]))

    return Data(X[train], y, y_full[train], X[test], _sensitivities(cost), regret)


@lru_cache(maxsize=1)
def _load(path: Path) -> tuple[np.ndarray, np.ndarray]:
    table = load_routing_table(path)
    rows = np.random.default_rng(0).permutation(len(table.X))[:TABLE_ROWS]
    return table.X[rows], table.y[rows]


def _sensitivities(cost: np.ndarray) -> np.ndarray:
    spread = float(np.ptp(cost.mean(axis=0)))
    return np.array(SENSITIVITIES) / spread if spread > 0 else np.zeros(1)


def _record(y: np.ndarray, case: Case) -> np.ndarray:
    """Return the log with the propensities that its operator recorded."""
    if case.propensity == "known":
        return y
    recorded = None
    if case.propensity == "wrong":
        rng = np.random.default_rng(case.seed)
        _, model = np.unique(y["model"], return_inverse=True)
        error = rng.normal(size=model.max() + 1)[model] + rng.normal(size=len(y))
        recorded = expit(logit(np.minimum(y["propensity"], 0.999)) + PROPENSITY_ERROR * error)
    columns = {name: y[name] for name in ("group", "weight") if name in y.dtype.names}
    return logged_feedback(y["model"], y["quality"], cost=y["cost"], propensity=recorded, **columns)


def all_cases(tables: list[str], scale: float) -> list[Case]:
    """Return the cases of the study. `scale` multiplies the number of seeds."""

    def seeds(number: int, first: int = 0) -> range:
        return range(first, first + max(2, round(scale * number)))

    return [
        *_table_cases(tables, seeds),
        *_safety_cases(seeds),
        *_ablation_cases(tables, seeds),
        *_synthetic_cases(seeds),
        *_further_table_cases(tables, seeds),
    ]


def _table_cases(tables: list[str], seeds: Callable[..., range]) -> Iterator[Case]:
    for name in tables:
        for seed in seeds(4):
            for mode in ("linear", "difficulty"):
                yield Case("table", name, mode, rows=TABLE_ROWS, seed=seed)
        for seed in seeds(2):
            yield Case("table", name, "uniform", rows=TABLE_ROWS, seed=seed)


def _further_table_cases(tables: list[str], seeds: Callable[..., range]) -> Iterator[Case]:
    for seed in seeds(2):
        for name in tables:
            for mode in ("linear", "difficulty"):
                options = {"mode": mode, "seed": seed, "rows": TABLE_ROWS}
                yield Case("table, strength", name, strength=2.0, **options)
                yield Case("table, propensity", name, propensity="unknown", **options)
                yield Case("table, propensity", name, propensity="wrong", **options)
                yield Case("table, rows", name, **(options | {"rows": 500}))


def _safety_cases(seeds: Callable[..., range]) -> Iterator[Case]:
    for seed in seeds(200, first=1000):
        yield Case("no signal", "no_signal", "difficulty", features=20, seed=seed)
    for seed in seeds(30, first=100):
        for regime in ("linear", "nonlinear", "noisy"):
            size = {"rows": 300, "models": 10, "features": 20}
            yield Case("few rows", regime, "linear", seed=seed, **size)


def _ablation_cases(tables: list[str], seeds: Callable[..., range]) -> Iterator[Case]:
    """Yield the cases on which every default is compared with other settings."""
    for mode in ("linear", "difficulty"):
        for seed in seeds(2, first=300):
            for name in tables:
                yield Case("ablation", name, mode, rows=TABLE_ROWS, seed=seed)
        for seed in seeds(3, first=300):
            for regime in REGIMES:
                yield Case("ablation", regime, mode, seed=seed)


def _synthetic_cases(seeds: Callable[..., range]) -> Iterator[Case]:
    for regime in REGIMES:
        for seed in seeds(4):
            for mode in ("uniform", "linear", "difficulty"):
                yield Case("regime", regime, mode, seed=seed)
            for propensity in ("unknown", "wrong"):
                yield Case("propensity", regime, "difficulty", propensity=propensity, seed=seed)
    for regime in ("nonlinear", "noisy"):
        for seed in seeds(3):
            for rows in (300, 1000, 3000, 10_000, 30_000):
                yield Case("rows", regime, "difficulty", rows=rows, seed=seed)
            for models in (2, 5, 10, 20):
                yield Case("models", regime, "difficulty", models=models, seed=seed)
            for strength in (0.0, 1.0, 2.0, 4.0):
                yield Case("strength", regime, "difficulty", strength, seed=seed)
