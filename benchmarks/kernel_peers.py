"""Softmax regret beside NumPy and PyTorch (where it is installed).

    python benchmarks/kernel_peers.py [--rounds 15]

Value and gradient into a given buffer. Runs are interleaved; times are the shortest and the median
in milliseconds of the processor, which do not count when other programs run. `exp` is a bare np.exp
of the logits: what any implementation has to spend.
"""

import argparse
import time

import numpy as np
from scipy.special import softmax

from skroute.policy import softmax_regret

SHAPES = ((35_000, 11), (200_000, 14), (1_000_000, 2), (20_000, 100))


def numpy_regret(logits, utility):
    probability = softmax(logits, axis=1)
    regret = utility.max(axis=1, keepdims=True) - utility
    expected = (probability * regret).sum(axis=1)
    return expected.mean(), probability * (regret - expected[:, None]) / len(logits)


def torch_regret(torch, logits, utility):
    leaf = torch.from_numpy(logits).requires_grad_(True)
    utility = torch.from_numpy(utility)
    regret = utility.max(dim=1, keepdim=True).values - utility
    (torch.softmax(leaf, dim=1) * regret).sum(dim=1).mean().backward()
    return leaf.grad


def times(functions, rounds):
    """Return the (shortest, median) milliseconds of each function."""
    taken = {name: [] for name in functions}
    for function in functions.values():
        function()
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.thread_time()
            function()
            taken[name].append(1e3 * (time.thread_time() - start))
    return {name: (min(values), float(np.median(values))) for name, values in taken.items()}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    try:
        import torch

        torch.set_num_threads(1)
    except ImportError:
        torch = None
    for shape in SHAPES:
        for dtype in (np.float32, np.float64):
            rng = np.random.default_rng(0)
            logits, utility = rng.normal(size=shape).astype(dtype), rng.random(shape).astype(dtype)
            out = np.empty_like(logits)
            functions = {
                "skroute": lambda: softmax_regret(logits, utility, out=out),  # noqa: B023
                "exp": lambda: np.exp(logits, out=out),  # noqa: B023
                "NumPy": lambda: numpy_regret(logits, utility),  # noqa: B023
            }
            if torch is not None:
                functions["PyTorch"] = lambda: torch_regret(torch, logits, utility)  # noqa: B023
            columns = "  ".join(
                f"{name} {shortest:.2f} ({median:.2f})"
                for name, (shortest, median) in times(functions, options.rounds).items()
            )
            print(f"{shape!s:15s} {np.dtype(dtype).name}  {columns}", flush=True)


if __name__ == "__main__":
    main()
