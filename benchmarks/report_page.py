"""Seconds and size of the page of a report on a large log.

    python benchmarks/report_page.py [--rows 200000] [--models 5] [--features 8] [--repeat 3]
                                     [--estimated] [--time] [--profile 40]

A router is fitted on 3,000 queries, "difficulty" logging, and `skroute.report` makes a page of
other ones. The first page is made in a new process, so that it loads matplotlib; what a table is
valued by is remembered, so that every page has rows of its own. With `--estimated` the log does not
say how likely its choices were, with `--time` it says when answers were given. `--profile N` prints
the N functions that took longest.
"""

import argparse
import cProfile
import pstats
import time
import warnings
from functools import partial

import numpy as np

from skroute import CausalRouter, logged_feedback, report
from skroute.datasets import make_routing_problem


def draw(problem, options, seed):
    """Return queries and a log of them."""
    drawn = problem.draw(options.rows, random_state=seed)
    columns = {name: drawn.y[name] for name in ("quality", "cost", "propensity")}
    if options.estimated:
        del columns["propensity"]
    if options.time:
        columns["time"] = 1_767_225_600.0 + 60.0 * np.arange(options.rows)
    return drawn.X, logged_feedback(drawn.y["model"], **columns)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--models", type=int, default=5)
    parser.add_argument("--features", type=int, default=8)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--estimated", action="store_true")
    parser.add_argument("--time", action="store_true")
    parser.add_argument("--profile", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    shape = {"n_features": options.features, "n_models": options.models}
    problem = make_routing_problem(3000, **shape, logging="difficulty", random_state=0)
    router = CausalRouter(20.0, knots="auto", random_state=0).fit(problem.X, problem.y)
    for k in range(1, options.repeat + 1):
        X, y = draw(problem, options, k)
        profile = cProfile.Profile()
        start = time.perf_counter()
        make = partial(profile.runcall, report) if options.profile else report
        page = make(router, X, y)
        seconds, size = time.perf_counter() - start, len(page.html.encode()) / 1000
        print(f"page {k}: {seconds:.1f} s, {size:.0f} kB", flush=True)
        if options.profile:
            pstats.Stats(profile).sort_stats("cumulative").print_stats(options.profile)


if __name__ == "__main__":
    main()
