"""What long work says while it goes on, where `verbose` asks for it."""

from __future__ import annotations

import time


class Steps:
    """Lines on stdout: who works, the seconds since it began, and what comes now.

    Parameters
    ----------
    name : str
        Of the estimator or function.
    verbose : int
        0 says nothing.
    """

    def __init__(self, name: str, verbose: int) -> None:
        self.name, self.verbose = name, verbose
        # The same clock in every process, so that those of joblib can go on with it.
        self.start = time.monotonic()

    def __call__(self, step: str) -> None:
        if self.verbose:
            seconds = time.monotonic() - self.start
            print(f"[{self.name} {seconds:6.1f} s] {step}", flush=True)
