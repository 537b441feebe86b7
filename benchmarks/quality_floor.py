"""What a floor of quality comes to, against what the truth would have allowed.

    python benchmarks/quality_floor.py [--repetitions 12] [--seed 200]

Synthetic logs whose strong models got the hard queries, thumbs up or down on a part of the rows.
The floor is the quality of the log, as in `skroute fit --quality-floor today`. Prints by how much
the router that is fitted on the whole log is above it in truth, and its cost against the log's: at
the cost sensitivity that the command takes; at the last one before the first estimate below the
floor; and at the largest one that keeps the floor in truth.
"""

import argparse
import warnings

import numpy as np

from skroute import CausalRouter, logged_feedback
from skroute._cli._goal import _gap, _out_of_fold_choices, last_kept, rungs_of
from skroute.datasets import make_routing_problem
from skroute.feedback import index_of, read_feedback
from skroute.metrics import evaluation_predictions

CASES = [
    (400, 3, "nonlinear", 0.8),
    (840, 4, "nonlinear", 0.7),
    (1400, 3, "noisy", 0.5),
    (900, 8, "linear", 0.8),
    (1400, 2, "linear", 0.5),
]
RULES = ("nearest falling estimates", "first below", "truth")


def first_below(gap):
    """Return the last place before the first loss behind the best one; None if all are losses."""
    best = int(gap.argmax())
    if gap[best] < 0:
        return None
    return best + int(np.argmax(np.r_[gap[best:] < 0, True])) - 1


def compare(n_rows, n_models, regime, share_judged, seed):
    """Return the true gap, and the relative cost, of each rule; None where there is none."""
    rng, rows = np.random.RandomState(seed), np.arange(n_rows)
    problem = make_routing_problem(
        n_rows, 12, n_models, regime=regime, logging="difficulty", random_state=seed
    )
    shown = index_of(problem.y["model"], problem.models)
    thumb = (rng.rand(n_rows) < problem.expected_quality[rows, shown]).astype(float)
    thumb[rng.rand(n_rows) >= share_judged] = np.nan
    y = read_feedback(logged_feedback(problem.y["model"], thumb, cost=problem.y["cost"]))
    router = CausalRouter(20.0, knots="auto", random_state=0).fit(problem.X, y)
    rungs = rungs_of(router.frontier(problem.X).cost_sensitivity)
    known = evaluation_predictions(problem.X, y)
    choices = _out_of_fold_choices(router, problem.X, y, rungs)
    gap = np.array([_gap("today", labels, y, known) for labels in choices])

    test = problem.draw(8000, random_state=seed + 1000)
    frontier, each = router.frontier(test.X), np.arange(8000)
    chosen = [index_of(frontier.choice_at(at), test.models) for at in rungs]
    of_log = (test.propensity * test.expected_quality).sum(axis=1).mean()
    bill = (test.propensity * test.expected_cost).sum(axis=1).mean()
    true_gap = np.array([test.expected_quality[each, k].mean() for k in chosen]) - of_log
    cost = np.array([test.expected_cost[each, k].mean() for k in chosen]) / bill - 1
    allowed = np.flatnonzero(true_gap >= 0)
    places = last_kept(gap), first_below(gap), int(allowed[-1]) if len(allowed) else None
    return [None if place is None else (true_gap[place], cost[place]) for place in places]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=12)
    parser.add_argument("--seed", type=int, default=200)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for case in CASES:
        found = [compare(*case, options.seed + k) for k in range(options.repetitions)]
        found = [rules for rules in found if None not in rules]
        print(*case, f"({len(found)} logs)")
        for name, results in zip(RULES, zip(*found, strict=True), strict=True):
            gap, cost = np.array(results).T
            print(f"  {name:27s} {gap.mean():+.3f} (sd {gap.std():.3f})  cost {cost.mean():+.0%}")


if __name__ == "__main__":
    main()
