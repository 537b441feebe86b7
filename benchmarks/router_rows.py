"""Fit time and added memory of CausalRouter by rows of the log.

    python benchmarks/router_rows.py [--rows 12500 25000 50000 100000 200000]

128 features in float32, 8 models. Processor seconds, the best of three fits; peak of memory that
NumPy and SciPy allocated beyond X (tracemalloc).
"""

import argparse
import time
import tracemalloc

from skroute import CausalRouter
from skroute.datasets import make_routing_problem


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sizes = [12_500, 25_000, 50_000, 100_000, 200_000]
    parser.add_argument("--rows", type=int, nargs="+", default=sizes)
    options = parser.parse_args()
    problem = make_routing_problem(max(options.rows), 128, 8, random_state=0)
    print("| rows | seconds | microseconds a row | added MiB | of it, in units of X |")
    print("| --- | --- | --- | --- | --- |")
    for rows in options.rows:
        X, y, seconds = problem.X[:rows].copy(), problem.y[:rows].copy(), []
        for _ in range(3):
            start = time.process_time()
            CausalRouter(30.0, random_state=0).fit(X, y)
            seconds.append(time.process_time() - start)
        tracemalloc.start()
        CausalRouter(30.0, random_state=0).fit(X, y)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        best = min(seconds)
        print(
            f"| {rows} | {best:.2f} | {1e6 * best / rows:.1f} | {peak / 2**20:.0f} |"
            f" {peak / X.nbytes:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
