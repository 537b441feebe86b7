"""The parameters of RegretPolicyClassifier, checked when it is fitted."""

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np

from ._linear import fit_linear
from ._mlp import fit_layers
from ._solution import Solution
from ._surrogates import LOSSES

_NUMBERS = {"alpha": 0, "tol": 0, "learning_rate": 0, "max_iter": 1, "verbose": 0}  # the smallest
_INTEGERS = ("max_iter", "verbose")
_SOLVERS = {"lbfgs": fit_linear, "adam": fit_layers}


def check_parameters(policy: Any) -> Callable[..., Solution]:
    """Raise ValueError for what cannot be, and return the solver: a function.

    Solvers take the policy, X, a criterion, sample weights or None, and layers to start from or
    None.
    """
    for name, choices in (("loss", tuple(LOSSES)), ("solver", ("auto", *_SOLVERS))):
        value = getattr(policy, name)
        if value not in choices:
            raise ValueError(f"{name} must be one of {choices}, got {value!r}")
    for name, smallest in _NUMBERS.items():
        kind, what = (Integral, "an integer") if name in _INTEGERS else (Real, "a finite number")
        value = getattr(policy, name)
        if not isinstance(value, kind) or not smallest <= float(value) < np.inf:
            raise ValueError(f"{name} must be {what} of at least {smallest}, got {value!r}")
    batch_size, sizes = policy.batch_size, policy.hidden_layer_sizes
    if batch_size != "auto" and not _is_positive_integer(batch_size):
        raise ValueError(f'batch_size must be "auto" or a positive integer, got {batch_size!r}')
    if not isinstance(sizes, tuple | list) or not all(map(_is_positive_integer, sizes)):
        raise ValueError(f"hidden_layer_sizes must be a tuple of positive integers, got {sizes!r}")
    if policy.solver == "lbfgs" and len(sizes):
        raise ValueError('solver="lbfgs" fits linear policies only; hidden layers need "adam"')
    if policy.solver == "auto":
        return _SOLVERS["adam" if len(sizes) else "lbfgs"]
    return _SOLVERS[policy.solver]


def _is_positive_integer(value: Any) -> bool:
    return isinstance(value, Integral) and int(value) > 0
