"""How estimators that a user passes are fitted, and how our own algebra is run."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter
from threadpoolctl import threadpool_limits

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def single_threaded(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Decorate what multiplies many small matrices.

    Threads would wait for each other, and decide the rounding.
    """

    @wraps(function)
    def limited(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        with threadpool_limits(1, user_api="blas"):
            return function(*args, **kwargs)

    return limited


def fit_weighted(
    estimator: Any,
    X: Any,
    y: np.ndarray,
    weight: np.ndarray,
    *,
    parameter: str,
) -> Any:
    """Return a clone of the value of `parameter`, fitted with weights (n,) unless all are 1."""
    fitted, arguments = clone(estimator), {}
    if (weight != 1).any():
        if not has_fit_parameter(fitted, "sample_weight"):
            raise ValueError(
                f"{parameter} {type(fitted).__name__} takes no sample_weight, but its rows are "
                "weighted. Use an estimator that takes it, or leave the weights out."
            )
        arguments["sample_weight"] = weight
    fitted.fit(X, y, **arguments)
    return fitted
