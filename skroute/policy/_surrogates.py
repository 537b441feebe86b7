"""The surrogate losses of a policy as functions of arrays: checks around the compiled ones."""

from collections.abc import Callable
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

try:
    from ._losses import mean_loss
except ImportError as error:
    raise ImportError(
        "The compiled module skroute.policy._losses is missing or does not fit this Python: "
        "the source tree was imported without building it. Run `pip install -e .` in the source "
        "tree, or leave that directory and install the package with `pip install scikit-route`."
    ) from error

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
_ONE = np.ones(1)
_ONE.flags.writeable = False


def softmax_regret(
    logits: ArrayLike,
    utility: ArrayLike,
    *,
    cost: ArrayLike | None = None,
    cost_sensitivity: float | ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    out: NDArray[Any] | None = None,
) -> tuple[float, NDArray[Any]]:
    """Expected regret of the softmax policy, and its gradient in the logits.

    The value is the weighted mean over rows of ``sum_k softmax(logits)_k (max_j u_j - u_k)``, the
    regret of drawing a model from the softmax of the logits.

    Parameters
    ----------
    logits : array-like of shape (n_queries, n_models)
        Scores of the models. float32 and float64 are taken as they are and set the dtype of the
        computation; anything else is converted to float64. C-contiguous arrays are not copied.
    utility : array-like of shape (n_queries, n_models)
        Utility of each model on each query: any finite numbers. With `cost` given, the quality.
    cost : array-like of shape (n_queries, n_models), default=None
        Cost of each model on each query. Utilities are then ``utility - cost_sensitivity * cost``,
        formed inside the kernel and never stored.
    cost_sensitivity : float or array-like of shape (n_queries,), default=None
        Cost sensitivity, one for all rows or one for each. Required with `cost`.
    sample_weight : array-like of shape (n_queries,), default=None
        Weights of the rows, at least 0. The value is divided by their sum.
    out : ndarray of shape (n_queries, n_models), default=None
        Where to write the gradient: C-contiguous, of the dtype of `logits`. May be `logits` itself.
        Its content is undefined after an error.

    Returns
    -------
    value : float
        The mean regret, in units of utility. 0.0 if there are no rows.
    gradient : ndarray of shape (n_queries, n_models)
        Gradient of `value` with respect to `logits`; it is `out` if that was given.

    Raises
    ------
    ValueError
        If a number is NaN or infinite, a shape does not fit, a weight is negative or all weights
        are 0, or `out` cannot be written as it is.

    See Also
    --------
    classification_surrogate : The convex upper bound.

    Notes
    -----
    The surrogate is the softmax-weighted regret of [1]_. Time is linear in the size of `logits`,
    added memory is the gradient only (none with `out`).

    References
    ----------
    .. [1] Tsiourvas, Sun, Perakis, "Causal LLM Routing: End-to-End Regret Minimization from
       Observational Data", NeurIPS 2025, arXiv:2505.16037.

    Examples
    --------
    >>> import numpy as np
    >>> from skroute.policy import softmax_regret
    >>> value, gradient = softmax_regret(np.zeros((1, 2)), np.array([[1.0, 0.0]]))
    >>> value, gradient
    (0.5, array([[-0.25,  0.25]]))
    """
    return _checked_loss("softmax", logits, utility, cost, cost_sensitivity, sample_weight, out)


def classification_surrogate(
    logits: ArrayLike,
    utility: ArrayLike,
    *,
    cost: ArrayLike | None = None,
    cost_sensitivity: float | ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    out: NDArray[Any] | None = None,
) -> tuple[float, NDArray[Any]]:
    """Cost-sensitive cross-entropy that bounds the regret, and its gradient in the logits.

    The value is the weighted mean over rows of ``(max_j u_j - min_j u_j) * H``, with ``H`` the
    cross-entropy between the best model of the row and the softmax of the logits. Models that tie
    for the best share the target equally.

    Parameters
    ----------
    logits, utility, cost, cost_sensitivity, sample_weight, out
        As in :func:`softmax_regret`.

    Returns
    -------
    value, gradient
        As of :func:`softmax_regret`, the value being the mean weighted cross-entropy.

    Notes
    -----
    In the manner of the classification-based upper bound of [1]_: learn to predict the best model.
    Here a row counts by what a wrong choice can cost in it. Choosing the model with the largest
    logit costs at most ``max u - min u``, and only if it is not among the best, and then ``H`` is
    at least ``log(2)``; so the regret of that choice is at most the value divided by ``log(2)``.
    The value is convex in the logits.

    References
    ----------
    .. [1] Tsiourvas, Sun, Perakis, "Causal LLM Routing: End-to-End Regret Minimization from
       Observational Data", NeurIPS 2025, arXiv:2505.16037.

    Examples
    --------
    >>> import numpy as np
    >>> from skroute.policy import classification_surrogate
    >>> value, gradient = classification_surrogate(np.zeros((1, 2)), np.array([[1.0, 0.0]]))
    >>> round(value, 6), gradient
    (0.693147, array([[-0.5,  0.5]]))
    """
    return _checked_loss(
        "classification", logits, utility, cost, cost_sensitivity, sample_weight, out
    )


class Surrogate(NamedTuple):
    """A loss that policies are fitted with."""

    function: Callable[..., tuple[float, NDArray[Any]]]
    is_convex: bool  # in the logits, so that a fit may start anywhere


LOSSES = {
    "softmax": Surrogate(softmax_regret, is_convex=False),
    "classification": Surrogate(classification_surrogate, is_convex=True),
}


def _checked_loss(
    name: str,
    logits: ArrayLike,
    utility: ArrayLike,
    cost: ArrayLike | None,
    cost_sensitivity: float | ArrayLike | None,
    sample_weight: ArrayLike | None,
    out: NDArray[Any] | None,
) -> tuple[float, NDArray[Any]]:
    """Value and gradient of the loss that `_losses.h` lists under `name`."""
    logits = _as_table(logits, "logits")
    n_rows = len(logits)
    utility = _as_table(utility, "utility", like=logits)
    if (cost is None) != (cost_sensitivity is None):
        raise ValueError(
            "cost_sensitivity is given without cost; pass cost too, or neither"
            if cost is None
            else "cost is given without cost_sensitivity; pass a number or one per row"
        )
    costs = None if cost is None else _as_table(cost, "cost", like=logits)
    sensitivity = None
    if cost_sensitivity is not None:
        sensitivity = _per_row(cost_sensitivity, "cost_sensitivity", n_rows)
    weight, total = _weights(sample_weight, n_rows)
    gradient = np.empty_like(logits) if out is None else out
    if out is not None:
        _check_out(out, logits, (utility, costs, weight, sensitivity))
    if n_rows == 0:
        return 0.0, gradient
    if total <= 0:
        raise ValueError("sample_weight is zero in every row; at least one row must have a weight")
    value = mean_loss(name.encode(), logits, utility, costs, sensitivity, weight, total, gradient)
    if not isfinite(value):
        _raise_not_finite(logits=logits, utility=utility, cost=costs)
        raise ValueError(
            f"the loss overflows {logits.dtype}: utilities (or logits) of one row are too far "
            "apart; rescale them, or use float64"
        )
    return value, gradient


def _as_table(values: ArrayLike, name: str, like: NDArray | None = None) -> NDArray:
    """A C-contiguous float table; `like` gives the dtype and the shape it must have."""
    table = values if type(values) is np.ndarray else np.asarray(values)
    if table.ndim != 2:
        raise ValueError(
            f"{name} must have two dimensions (n_queries, n_models), got shape {table.shape}"
        )
    if like is None:
        if table.shape[1] == 0:
            raise ValueError(f"{name} has no columns; at least one model is needed")
        dtype = table.dtype if table.dtype in _FLOATS else _FLOATS[1]
    else:
        if table.shape != like.shape:
            raise ValueError(f"{name} has shape {table.shape}, but logits has shape {like.shape}")
        dtype = like.dtype
    if table.dtype == dtype and table.flags.c_contiguous and table.flags.aligned:
        return table  # np.require comes to the same, after a longer look
    return np.require(table, dtype=dtype, requirements=["C", "A"])


def _weights(sample_weight: ArrayLike | None, n_rows: int) -> tuple[NDArray[np.float64], float]:
    """Weights, one for all rows or one for each, and their sum."""
    if sample_weight is None:
        return _ONE, float(n_rows)
    weight = _per_row(sample_weight, "sample_weight", n_rows)
    if n_rows and weight.min() < 0:
        raise ValueError(
            f"sample_weight must be at least 0; row {weight.argmin()} is {weight.min()}"
        )
    return weight, float(n_rows * weight[0] if len(weight) == 1 else weight.sum())


def _per_row(values: float | ArrayLike, name: str, n_rows: int) -> NDArray[np.float64]:
    """One float64 for all rows, shape (1,), or one for each, shape (n_rows,)."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0:
        array = array.reshape(1)
    elif array.shape != (n_rows,):
        raise ValueError(
            f"{name} must be a number or have shape ({n_rows},), one for each row of logits; "
            f"got shape {array.shape}"
        )
    if not np.isfinite(array.sum()):  # cheap; the rows are searched only if this fails
        bad = np.flatnonzero(~np.isfinite(array))
        found = f"row {bad[0]} is {array[bad[0]]}" if len(bad) else "their sum overflows"
        raise ValueError(f"{name} must be finite; {found}")
    return np.require(array, requirements=["C", "A"])


def _check_out(out: Any, logits: NDArray, others: tuple[NDArray | None, ...]) -> None:
    """Raise ValueError unless the gradient can be written to `out` while inputs are still read."""
    if not isinstance(out, np.ndarray) or out.shape != logits.shape or out.dtype != logits.dtype:
        found = f"{out.shape} {out.dtype}" if isinstance(out, np.ndarray) else type(out).__name__
        raise ValueError(f"out must be an array of {logits.shape} {logits.dtype}, got {found}")
    if not out.flags.carray:
        raise ValueError("out must be C-contiguous, aligned and writeable")
    same = out is logits or out.ctypes.data == logits.ctypes.data  # a block is read, then written
    if not same and np.may_share_memory(out, logits):
        others = (*others, logits)
    if any(other is not None and np.may_share_memory(out, other) for other in others):
        raise ValueError(
            "out overlaps an input; pass logits itself or an array with memory of its own"
        )


def _raise_not_finite(**tables: NDArray | None) -> None:
    for name, table in tables.items():
        if table is None or np.isfinite(table).all():
            continue
        for row, column in np.argwhere(~np.isfinite(table))[:1].tolist():
            raise ValueError(
                f"{name} must be finite; row {row}, column {column} is {table[row, column]}. "
                "Drop or impute such rows before."
            )
