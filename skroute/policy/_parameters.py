"""The parameters of RegretPolicyClassifier, checked when it is fitted."""

from numbers import Integral, Real
from typing import Any

import numpy as np

from ._surrogates import LOSSES

_SMALLEST_NUMBERS = {"alpha": 0, "tol": 0, "learning_rate": 0}
_SMALLEST_INTEGERS = {"max_iter": 1, "verbose": 0}


def check_parameters(policy: Any) -> str:
    """Raise ValueError for what cannot be, and return the solver that "auto" stands for."""
    for name, choices in (("loss", tuple(LOSSES)), ("solver", ("auto", "lbfgs", "adam"))):
        value = getattr(policy, name)
        if value not in choices:
            raise ValueError(f"{name} must be one of {choices}, got {value!r}")
    for name, smallest in _SMALLEST_NUMBERS.items():
        value = getattr(policy, name)
        if not isinstance(value, Real) or not smallest <= float(value) < np.inf:
            raise ValueError(
                f"{name} must be a finite number of at least {smallest}, got {value!r}"
            )
    for name, smallest in _SMALLEST_INTEGERS.items():
        value = getattr(policy, name)
        if not isinstance(value, Integral) or int(value) < smallest:
            raise ValueError(f"{name} must be an integer of at least {smallest}, got {value!r}")
    batch_size = policy.batch_size
    if batch_size != "auto" and not (isinstance(batch_size, Integral) and int(batch_size) > 0):
        raise ValueError(f'batch_size must be "auto" or a positive integer, got {batch_size!r}')
    return _solver(policy.solver, policy.hidden_layer_sizes)


def _solver(solver: str, sizes: Any) -> str:
    if not isinstance(sizes, tuple | list) or not all(
        isinstance(size, Integral) and int(size) > 0 for size in sizes
    ):
        raise ValueError(f"hidden_layer_sizes must be a tuple of positive integers, got {sizes!r}")
    if solver == "lbfgs" and len(sizes):
        raise ValueError('solver="lbfgs" fits linear policies only; hidden layers need "adam"')
    if solver == "auto":
        return "adam" if len(sizes) else "lbfgs"
    return solver
