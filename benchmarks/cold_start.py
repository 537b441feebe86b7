"""What a benchmark of a model without traffic is worth, by how well it predicts traffic.

    python benchmarks/cold_start.py [--seeds 20] [--first 1000]

Problems have five models and 12 columns. The log holds 1,500 answers of four of them, with recorded
propensities; the fifth has 300 answers of a benchmark and its price, and the others have the same
300 or none. The benchmark's queries are those of traffic or of one kind, and it is right; easier or
harder for all; wrong by one error a model; squeezes qualities together; flatters or slights the new
model alone; or has nothing to do with traffic.

Prints mean true regret on 3,000 queries of traffic at one cost sensitivity: of `CausalRouter`
without the new model, with the benchmark taken for traffic, with its rows marked as `prior`, and
with 300 answers of the new model to queries of traffic, of which the expected quality is seen. Then
the share of queries that go to the new model, with `prior` and with the answers to traffic; and
the difference in regret that `prior` makes, with its standard error.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit, logit

from skroute import CausalRouter, full_feedback, logged_feedback
from skroute.datasets import RoutingProblem, make_routing_problem, simulate_log

N_ROWS, N_FEATURES, N_MODELS, N_TEST = 1500, 12, 5, 3000
N_BENCHMARK, SENSITIVITY = 300, 30.0


def by_logits(shift: Callable[[int, np.random.Generator], np.ndarray]) -> Callable:
    """Return a benchmark whose qualities are off by something in logits."""
    return lambda quality, new, rng: expit(logit(quality) + shift(new, rng))


def of_new(size: float) -> Callable[[int, np.random.Generator], np.ndarray]:
    return lambda new, rng: size * (np.arange(N_MODELS) == new)


def unrelated(quality: np.ndarray, new: int, rng: np.random.Generator) -> np.ndarray:
    """Return qualities of other models on other queries."""
    return quality[rng.permutation(len(quality))][:, rng.permutation(N_MODELS)]


# Functions of expected qualities (m, K), the new model's column and a generator.
BENCHMARKS = {
    "right": by_logits(of_new(0.0)),
    "easier for all": by_logits(lambda new, rng: np.ones(N_MODELS)),
    "harder for all": by_logits(lambda new, rng: -np.ones(N_MODELS)),
    "an error for each model": by_logits(lambda new, rng: 0.8 * rng.normal(size=N_MODELS)),
    "squeezed": lambda quality, new, rng: 0.25 + 0.5 * quality,
    "slights the new model": by_logits(of_new(-1.2)),
    "flatters the new model": by_logits(of_new(1.2)),
    "unrelated": unrelated,
}
# Whether the benchmark has all models, and whether its queries are of another kind than traffic.
DESIGNS = {
    "all models": (True, False),
    "all models, other queries": (True, True),
    "the new model alone": (False, False),
}


class Queries(NamedTuple):
    """Queries that are no traffic, with what is expected of every model, and what was seen."""

    X: np.ndarray
    expected: np.ndarray
    cost: np.ndarray
    seen: np.ndarray  # NaN where a model did not answer

    @classmethod
    def draw(cls, problem: RoutingProblem, seed: int, of_one_kind: bool = False) -> Queries:
        """Draw queries as traffic has them, or of one kind: far out in a random direction."""
        more = problem.draw((5 if of_one_kind else 1) * N_BENCHMARK, random_state=seed)
        direction = np.random.default_rng(seed).normal(size=N_FEATURES)
        rows = np.argsort(-of_one_kind * (more.X @ direction), kind="stable")[:N_BENCHMARK]
        expected = more.expected_quality[rows]
        return cls(more.X[rows], expected, more.expected_cost[rows], expected)


def log_without(problem: RoutingProblem, new: int, seed: int) -> np.ndarray:
    """Return a log of the problem's queries that never shows one model."""
    others = np.delete(problem.models, new)
    quality, cost = (
        np.column_stack([problem.y_full[part][name] for name in others])
        for part in ("quality", "cost")
    )
    mode = ("linear", "difficulty")[seed % 2]
    full = full_feedback(quality, cost, models=others)
    return simulate_log(problem.X, full, mode=mode, random_state=seed)


def joined(
    problem: RoutingProblem, log: np.ndarray, queries: Queries, **columns: tuple[Any, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Return X and y of a log and, after it, of answers; `columns` are of the one and the other."""
    row, model = np.nonzero(~np.isnan(queries.seen))
    y = logged_feedback(
        np.concatenate([log["model"], problem.models[model]]),
        np.concatenate([log["quality"], queries.seen[row, model]]),
        cost=np.concatenate([log["cost"], queries.cost[row, model]]),
        group=[*map(str, range(len(log))), *(f"benchmark {i}" for i in row)],
        **{
            name: np.concatenate([of_log, np.full(len(row), of_rest)])
            for name, (of_log, of_rest) in columns.items()
        },
    )
    return np.vstack([problem.X, queries.X[row]]), y


def measure(seed: int, design: str) -> Iterator[tuple[str, list[float]]]:
    """Yield (benchmark, regrets and shares)."""
    all_models, of_one_kind = DESIGNS[design]
    new = seed % N_MODELS
    problem = make_routing_problem(N_ROWS, N_FEATURES, N_MODELS, random_state=seed)
    test = problem.draw(N_TEST, random_state=seed + 1_000_000)
    log, alone = log_without(problem, new, seed), np.arange(N_MODELS) == new
    router = CausalRouter(SENSITIVITY, random_state=0)

    def judge(X: np.ndarray, y: np.ndarray) -> tuple[float, float]:
        chosen = router.fit(X, y).predict(test.X)
        return test.regret(chosen, SENSITIVITY), float(np.mean(chosen == problem.models[new]))

    never, _ = judge(problem.X, log)
    answers = Queries.draw(problem, seed + 2_000_000)
    answers = answers._replace(seen=np.where(alone, answers.expected, np.nan))
    traffic, share = judge(*joined(problem, log, answers))
    as_prior = {
        "propensity": (log["propensity"], np.nan),
        "prior": (np.zeros(N_ROWS, dtype=bool), True),
    }
    for kind, distort in BENCHMARKS.items():
        queries, rng = (
            Queries.draw(problem, seed + 3_000_000, of_one_kind),
            np.random.default_rng(seed),
        )
        quality = distort(queries.expected, new, rng)
        seen = (rng.random(quality.shape) < quality).astype(float)
        queries = queries._replace(seen=np.where(alone | all_models, seen, np.nan))
        at_its_word, _ = judge(*joined(problem, log, queries))
        prior, share_of_prior = judge(*joined(problem, log, queries, **as_prior))
        yield kind, [never, at_its_word, prior, traffic, share_of_prior, share]


def main() -> None:
    """Print a row for each benchmark, by the models and queries that it has."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1000)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    heads = "benchmark", "without it", "at its word", "`prior`", "traffic", "share", "difference"
    for design in DESIGNS:
        found: dict[str, list[list[float]]] = {}
        for seed in range(options.first, options.first + options.seeds):
            for kind, figures in measure(seed, design):
                found.setdefault(kind, []).append(figures)
        print(f"\n{design}\n\n| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
        for kind, runs in found.items():
            never, word, prior, traffic, share_of_prior, share = np.transpose(runs)
            gain = prior - never
            error = gain.std(ddof=1) / np.sqrt(len(gain))
            print(
                f"| {kind} | {never.mean():.4f} | {word.mean():.4f} | {prior.mean():.4f} | "
                f"{traffic.mean():.4f} | {share_of_prior.mean():.0%} of {share.mean():.0%} | "
                f"{gain.mean():+.4f} ± {error:.4f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
