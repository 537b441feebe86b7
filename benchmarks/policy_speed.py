"""Fit time and memory of RegretPolicyClassifier.

    python benchmarks/policy_speed.py [--stream-rows 2000000]

1. A linear fit on 36,000 x 384 float32 with 11 models, beside LogisticRegression on the same X with
   the best models as labels: seconds, iterations, and the peak of added memory in units of X.
2. `partial_fit` over a memory-mapped float32 file with 128 features: microseconds per row at the
   beginning and at the end, and added memory of the process (its own pages, not those of the file).
   Read from /proc, so Linux only.
"""

import argparse
import tempfile
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from skroute.policy import RegretPolicyClassifier

N_ROWS, N_FEATURES, N_MODELS = 36_000, 384, 11


def seconds_and_model(make):
    start = time.perf_counter()
    model = make()
    return time.perf_counter() - start, model


def linear_fit(max_iter):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N_ROWS, N_FEATURES), dtype=np.float32)
    weights = rng.standard_normal((N_FEATURES, N_MODELS), dtype=np.float32) / np.sqrt(N_FEATURES)
    utility = X @ weights + 0.5 * rng.standard_normal((N_ROWS, N_MODELS), dtype=np.float32)
    labels = utility.argmax(axis=1)
    options = {"max_iter": max_iter, "tol": 1e-10}

    def logistic():
        return LogisticRegression(C=1e4 / N_ROWS, **options).fit(X, labels)

    def skroute(loss):
        return RegretPolicyClassifier(loss, **options).fit(X, utility)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        runs = {
            "LogisticRegression": logistic,
            "skroute softmax": lambda: skroute("softmax"),
            "skroute classification": lambda: skroute("classification"),
        }
        for name, make in runs.items():
            seconds, model = min((seconds_and_model(make) for _ in range(3)), key=lambda r: r[0])
            print(f"{name:24s} {seconds:6.2f} s  {int(np.max(model.n_iter_)):4d} iterations")
        tracemalloc.start()
        skroute("softmax")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    print(f"peak of added memory: {peak / X.nbytes:.2f} times X")


def own_memory():
    """Pages of this process that are not a file's, in MiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


def stream(n_rows, chunk=20_000, n_features=128, n_models=8):
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((n_features, n_models), dtype=np.float32) / np.sqrt(n_features)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "X.npy")
        shape = (n_rows, n_features)
        written = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
        for start in range(0, n_rows, chunk):
            rows = written[start : start + chunk]
            rows[:] = rng.standard_normal(rows.shape, dtype=np.float32)
        del written
        X = np.load(path, mmap_mode="r")
        policy, before, peak, microseconds = RegretPolicyClassifier(random_state=0), 0.0, 0.0, []
        before = own_memory()
        for start in range(0, n_rows, chunk):
            rows = X[start : start + chunk]
            utility = rows @ weights
            seconds, _ = seconds_and_model(lambda r=rows, u=utility: policy.partial_fit(r, u))
            microseconds.append(1e6 * seconds / len(rows))
            peak = max(peak, own_memory() - before)
    tenth = max(1, len(microseconds) // 10)
    first, last = np.median(microseconds[:tenth]), np.median(microseconds[-tenth:])
    print(f"stream of {n_rows} rows: {first:.2f} us a row at first, {last:.2f} at last; ", end="")
    print(f"added memory {peak:.0f} MiB")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--max-iter", type=int, default=20)
    parser.add_argument("--stream-rows", type=int, default=2_000_000)
    options = parser.parse_args()
    linear_fit(options.max_iter)
    stream(options.stream_rows)


if __name__ == "__main__":
    main()
