"""What a policy is fitted on: class labels, or the utility of each model."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d


class Target(NamedTuple):
    """Utilities with one column for each of `classes`; labels are utilities of 1 and 0."""

    utility: NDArray[Any]
    classes: NDArray[Any]
    is_label: bool


def is_table(y: Any) -> bool:
    """Whether y is a DataFrame of utilities (pandas, polars)."""
    return hasattr(y, "columns") and hasattr(y, "to_numpy")


def read_target(y: Any, dtype: np.dtype, classes: NDArray[Any] | None = None) -> Target:
    """Read y into utilities of `dtype`, in the order of `classes` if these are known."""
    if y is None:
        raise ValueError("a policy requires y to be passed, but the target y is None")
    if is_table(y):
        return _read_table(y, dtype, classes)
    values = np.asarray(y)
    if values.dtype.names is not None:
        raise ValueError(
            "y is a structured array; a policy takes labels (n_queries,) or utilities "
            "(n_queries, n_models). For feedback tables use CausalRouter."
        )
    if values.ndim == 2 and values.shape[1] != 1:
        return _read_utilities(values, dtype, classes)
    if values.ndim > 2:
        raise ValueError(f"y has {values.ndim} dimensions; labels have one and utilities two")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError("y contains NaN or infinity; every row needs a label")
    labels = column_or_1d(values, warn=True)
    check_classification_targets(labels)
    if len(labels) == 0:
        raise ValueError("y has no rows; at least one is needed")
    found = np.unique(labels)
    if classes is None:
        classes = found
    unknown = np.setdiff1d(found, classes)
    if len(unknown):
        raise ValueError(f"y contains labels that are not in classes {classes}: {unknown}")
    # classes may be in any order when the caller gave them
    return Target((labels[:, None] == classes[None, :]).astype(dtype), classes, True)


def _read_table(y: Any, dtype: np.dtype, classes: NDArray[Any] | None) -> Target:
    columns = list(y.columns)
    names = [str(column) for column in columns]
    if len(set(names)) < len(names):
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"y has several columns named {repeated}; each model needs its own name")
    if classes is None:
        order = sorted(range(len(names)), key=names.__getitem__)
        classes = np.empty(len(names), dtype=object)
        classes[:] = [columns[i] for i in order]
        if all(isinstance(column, str) for column in columns):
            classes = classes.astype(str)
    else:
        wanted = [str(label) for label in classes]
        if sorted(wanted) != sorted(names):
            raise ValueError(
                f"y must have one column of utilities for each model; missing "
                f"{sorted(set(wanted) - set(names))}, unknown {sorted(set(names) - set(wanted))}"
            )
        order = [names.index(name) for name in wanted]
    values = np.asarray(y.to_numpy())
    return _read_utilities(values[:, order], dtype, classes, columns=[names[i] for i in order])


def _read_utilities(
    values: NDArray[Any],
    dtype: np.dtype,
    classes: NDArray[Any] | None,
    columns: list[str] | None = None,
) -> Target:
    if 0 in values.shape:
        raise ValueError(f"y is empty, its shape is {values.shape}; rows and models are needed")
    try:
        if values.dtype.kind not in "biufO":
            raise TypeError
        with np.errstate(over="ignore", invalid="ignore"):  # looked for below
            utility = np.ascontiguousarray(values, dtype=dtype)
    except (TypeError, ValueError):
        raise ValueError(
            f"y has two dimensions, so it must hold utilities, which are numbers; its dtype is "
            f"{values.dtype}. Pass labels as a one-dimensional array."
        ) from None
    if not np.isfinite(utility).all():
        row, column = np.argwhere(~np.isfinite(utility))[0]
        name = columns[column] if columns is not None else int(column)
        raise ValueError(
            f"y contains NaN or infinity: row {row}, model {name!r} is {utility[row, column]}. "
            "Utilities must be known for every model; drop or impute such rows."
        )
    if classes is None:
        classes = np.arange(utility.shape[1])
    elif len(classes) != utility.shape[1]:
        raise ValueError(
            f"y has utilities of {utility.shape[1]} models, but there are {len(classes)} classes"
        )
    return Target(utility, classes, False)
