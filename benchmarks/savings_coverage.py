"""Coverage of the intervals of `bill_saved`, on simulated logs whose truth is known.

    python benchmarks/savings_coverage.py [--logs 200] [--rows 1000] [--seed 0] [--estimated]

A router is fitted once on a log of 1,500 queries and five models, "difficulty" logging. Its curve
over cost sensitivities is then valued on other logs: the share of today's bill that it saves at
today's quality, at 95 % of it, and at 90 %. The truth is that of the same router on 200,000 other
queries with their expected outcomes. With `--estimated` the logs do not say how likely their
choices were. `covered` are the intervals that hold the truth, `below` and `above` the truths that
lie outside of them; `open` are the intervals without a lower end, `half` is the median of half of
the width of the others.
"""

import argparse
import time
import warnings

import numpy as np

from skroute import CausalRouter, full_feedback
from skroute.datasets import make_routing_problem
from skroute.metrics import bill_saved, evaluation_predictions

SHARES = (1.0, 0.95, 0.9)
PROBLEMS = {
    "5 models": {"n_features": 8, "n_models": 5, "logging": "difficulty", "random_state": 0},
    "3 models": {"n_features": 6, "n_models": 3, "logging": "difficulty", "random_state": 1},
    "2 models": {"n_features": 6, "n_models": 2, "logging": "difficulty", "random_state": 2},
}


def truth_of(router, problem, n_rows=200_000):
    """Return the true shares that are saved, from expected outcomes along a fine path."""
    drawn = problem.draw(n_rows, random_state=10**6)
    quality, cost = drawn.expected_quality, drawn.expected_cost
    rows, action = np.arange(n_rows), np.searchsorted(drawn.models, drawn.y["model"])
    old = full_feedback(
        np.column_stack([quality, quality[rows, action]]),
        np.column_stack([cost, cost[rows, action]]),
        models=[*drawn.models, "today"],
    )
    policies = router.frontier(drawn.X).choices(120)
    return bill_saved(old, policies, np.repeat("today", n_rows), quality_share=SHARES).share


def run(name, options, n_logs, n_rows, seed, estimated):
    problem = make_routing_problem(1500, **options)
    router = CausalRouter(20.0, knots="auto", random_state=0).fit(problem.X, problem.y)
    truth = truth_of(router, problem)
    ends = np.empty((n_logs, 3, len(SHARES)))
    for k in range(n_logs):
        drawn = problem.draw(n_rows, random_state=seed + k + 1)
        y = drawn.y.copy()
        if estimated:
            y["propensity"] = np.nan
        known = evaluation_predictions(drawn.X, y, models=router.classes_)
        policies = router.frontier(drawn.X).choices(20)
        saved = bill_saved(y, policies, None, quality_share=SHARES, **known)
        ends[k] = saved.share, saved.low, saved.high
    share, low, high = ends.transpose(1, 0, 2)
    for j, wanted in enumerate(SHARES):
        below, above = np.mean(truth[j] < low[:, j]), np.mean(~(truth[j] <= high[:, j]))
        half = (high - low)[np.isfinite(low[:, j]), j] / 2
        print(
            f"{name:10} {wanted:7.0%} {truth[j]:7.1%} {np.nanmean(share[:, j]):7.1%} "
            f"{1 - below - above:8.1%} {below:6.1%} {above:6.1%} "
            f"{np.mean(np.isneginf(low[:, j])):6.1%} {np.median(half):6.1%}",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--logs", type=int, default=200)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--estimated", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    start = time.perf_counter()
    print(" problem   quality   truth    mean  covered  below  above   open   half")
    for name, options in PROBLEMS.items():
        run(name, options, arguments.logs, arguments.rows, arguments.seed, arguments.estimated)
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
