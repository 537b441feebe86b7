"""Bias of a router's score, and coverage of the interval that belongs to it.

    python benchmarks/scorer_coverage.py [--logs 200] [--rows 600]

One router is fitted for each overlap. It is then valued on many fresh logs by `policy_value` with
`evaluation_predictions`, which is its score, once with the recorded propensities and once without.
The true value comes from 200,000 queries. `coverage` is the share of logs whose 95 % interval holds
it, `warned` the share with an `OverlapWarning`; bias and error are in thousandths.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings

import numpy as np

from skroute import CausalRouter, logged_feedback
from skroute.datasets import make_routing_problem
from skroute.metrics import evaluation_predictions, policy_value
from skroute.nuisance import OverlapWarning

COST_SENSITIVITY = 20.0
OVERLAP = {"easy": (0.5, 0.3), "moderate": (1.0, 0.1), "difficult": (3.0, 0.02)}


def without_propensities(y):
    return logged_feedback(y["model"], y["quality"], cost=y["cost"])


def true_value(problem, router):
    sample = problem.draw(200_000, random_state=123)
    best = sample.true_utility(COST_SENSITIVITY).max(axis=1).mean()
    return best - sample.regret(router.predict(sample.X), COST_SENSITIVITY)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=int, default=200)
    parser.add_argument("--rows", type=int, default=600)
    args = parser.parse_args()
    start = time.perf_counter()
    print(f"{args.logs} logs of {args.rows} rows, cost sensitivity {COST_SENSITIVITY:g}")
    line = "{:<10}{:<12}{:>9}{:>8}{:>16}{:>12}{:>16}"
    print(
        line.format(
            "overlap", "propensity", "coverage", "warned", "bias", "std. dev.", "std. error"
        )
    )
    for overlap, (strength, floor) in OVERLAP.items():
        problem = make_routing_problem(
            1500, n_models=5, logging="difficulty", strength=strength, floor=floor, random_state=1
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", OverlapWarning)
            router = CausalRouter(COST_SENSITIVITY, random_state=0).fit(problem.X, problem.y)
        truth = true_value(problem, router)
        results, warned = {"recorded": [], "estimated": []}, {"recorded": 0, "estimated": 0}
        for seed in range(args.logs):
            test = problem.draw(args.rows, random_state=1000 + seed)
            choice = router.predict(test.X)
            for kind, y in (("recorded", test.y), ("estimated", without_propensities(test.y))):
                known = evaluation_predictions(test.X, y, models=router.classes_)
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    value = policy_value(y, choice, cost_sensitivity=COST_SENSITIVITY, **known)
                results[kind].append(value)
                warned[kind] += any(item.category is OverlapWarning for item in caught)
        for kind, values in results.items():
            error = 1000 * (np.array([value.value for value in values]) - truth)
            spread = error.std(ddof=1)
            print(
                line.format(
                    overlap,
                    kind,
                    f"{np.mean([value.low <= truth <= value.high for value in values]):.3f}",
                    f"{warned[kind] / args.logs:.2f}",
                    f"{error.mean():.1f} +/- {spread / np.sqrt(args.logs):.1f}",
                    f"{spread:.1f}",
                    f"{1000 * np.mean([value.standard_error for value in values]):.1f}",
                ),
                flush=True,
            )
    print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
