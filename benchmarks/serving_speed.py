"""Time of one prediction, and of many, of a fitted CausalRouter.

    python benchmarks/serving_speed.py [--features 384] [--models 11] [--queries 100000]

Medians of 1,000 calls on one query; the best of three calls on many.
"""

import argparse
import time
from functools import partial

import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skroute import CausalRouter
from skroute.datasets import make_routing_problem


def seconds(function, X, repetitions, summary):
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        function(X)
        times.append(time.perf_counter() - start)
    return float(summary(times))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--features", type=int, default=384)
    parser.add_argument("--models", type=int, default=11)
    parser.add_argument("--queries", type=int, default=100_000)
    options = parser.parse_args()
    problem = make_routing_problem(6000, options.features, options.models, random_state=0)
    print("| dtype | one query, us | drawn, us | in a pipeline, us | many, us a query and model |")
    print("|---|---|---|---|---|")
    for dtype in (np.float32, np.float64):
        X = problem.X.astype(dtype)
        router = CausalRouter(10.0, random_state=0).fit(X, problem.y)
        steps = StandardScaler(), PCA(64), CausalRouter(10.0, random_state=0)
        pipeline = make_pipeline(*steps).fit(X, problem.y)
        one, many = X[:1], np.resize(X, (options.queries, options.features))
        alone = seconds(router.predict, one, 1000, np.median)
        drawn = seconds(partial(router.sample, random_state=0), one, 1000, np.median)
        last = seconds(pipeline.predict, one, 1000, np.median)
        bulk = seconds(router.predict, many, 3, min) / many.shape[0] / options.models
        figures = " | ".join(f"{1e6 * each:.0f}" for each in (alone, drawn, last))
        print(f"| {np.dtype(dtype).name} | {figures} | {1e6 * bulk:.2f} |")


if __name__ == "__main__":
    main()
