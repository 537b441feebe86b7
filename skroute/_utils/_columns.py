"""Turn one column of a table into an array, with errors that name column, row and remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

# A structured field, or a reader's error, must not copy a whole column into a message.
_LONGEST_VALUE = 40


def shorten(value: object) -> str:
    text = repr(value.item() if isinstance(value, np.generic) else value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."


def bad_value(column: str, row: int, value: object, remedy: str) -> ValueError:
    return ValueError(f"column {column!r}, row {row}: found {shorten(value)}; {remedy}")


def is_missing(value: Any) -> bool:
    """Tell None, NaN, NaT and pandas.NA, which refuses to be compared."""
    return value is None or type(value).__name__ == "NAType" or bool(value != value)


def raw(column: str, values: Any) -> np.ndarray:
    """Return a column of a list, array or DataFrame as a 1-D array."""
    if np.ma.is_masked(values):
        raise ValueError(f"column {column!r} has masked values; fill them or leave the rows out")
    extension = getattr(getattr(values, "dtype", None), "numpy_dtype", None)
    if extension is not None and extension.kind == "f":
        array = values.to_numpy(dtype=extension, na_value=np.nan)
    elif hasattr(values, "to_numpy"):
        array = values.to_numpy()
    else:
        try:
            array = np.asarray(values)
        except ValueError:
            raise ValueError(
                f"column {column!r} must have one value a row, got a ragged sequence"
            ) from None
    if array.dtype.kind == "T":
        array = array.astype(object)
    elif array.dtype.kind in "US" and array.ndim == 1 and not hasattr(values, "dtype"):
        # NumPy has turned None, NaN and True that stand among text into text.
        objects = np.array(values, dtype=object)
        if not all(isinstance(value, str | bytes) for value in objects.tolist()):
            array = objects
    if array.ndim != 1:
        raise ValueError(
            f"column {column!r} must have one value a row, got an array of shape {array.shape}"
        )
    return array


def as_numbers(
    column: str,
    values: Any,
    *,
    minimum: float | None = None,
    above: float | None = None,
    maximum: float | None = None,
    nan_means: str | None = None,
) -> np.ndarray:
    """Return a column as floats: finite and within bounds, NaN only where `nan_means` something."""
    array = raw(column, values)
    if array.dtype.kind == "c":
        raise ValueError(f"column {column!r} holds complex numbers; Complex data not supported")
    if array.dtype.kind in "mM":
        raise ValueError(f"column {column!r} holds dates or durations; numbers are needed")
    if array.dtype.kind not in "fiub":
        array = _parse_numbers(column, array)
    if array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    _check_numbers(column, array, minimum, above, maximum, nan_means)
    return array


def _parse_numbers(column: str, array: np.ndarray) -> np.ndarray:
    parsed = np.empty(len(array))
    for row, value in enumerate(array.tolist()):
        try:
            parsed[row] = np.nan if is_missing(value) else value
        except (TypeError, ValueError, OverflowError):
            raise bad_value(column, row, value, "a number is needed") from None
    return parsed


def _check_numbers(
    column: str,
    array: np.ndarray,
    minimum: float | None,
    above: float | None,
    maximum: float | None,
    nan_means: str | None,
) -> None:
    bad = np.isinf(array) if nan_means else ~np.isfinite(array)
    need = "a finite number is needed" + (f" (or NaN: {nan_means})" if nan_means else "")
    if minimum is not None:
        bad |= array < minimum
        need += f", at least {minimum:g}"
    if above is not None:
        bad |= array <= above
        need += f", above {above:g}"
    if maximum is not None:
        bad |= array > maximum
        need += f", at most {maximum:g}"
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        count = int(np.count_nonzero(bad))
        more = f" ({count} such rows)" if count > 1 else ""
        raise bad_value(
            column, row, array[row], f"{need}{more}. Correct the rows or leave them out."
        )


def as_matrix(
    column: str, values: Any, models: Sequence[str], *, minimum: float | None = None
) -> np.ndarray:
    """Return an (n, K) matrix of finite numbers, float32 where the values are float32."""
    if hasattr(values, "columns"):
        found = [str(name) for name in values.columns]
        if found != list(models):
            raise ValueError(
                f"{column}: its columns are {found}, but the models are {list(models)}"
            )
        series = [
            as_numbers(f"{column}:{name}", values[name], minimum=minimum) for name in values.columns
        ]
        return np.column_stack(series)
    array = np.asarray(values)
    if array.ndim != 2 or array.shape[1] != len(models):
        raise ValueError(
            f"{column} must have shape (n, {len(models)}), a column a model; got {array.shape}"
        )
    columns = [
        as_numbers(f"{column}:{model}", array[:, k], minimum=minimum)
        for k, model in enumerate(models)
    ]
    return np.column_stack(columns) if columns else array.astype(np.float64)


def as_flags(column: str, values: Any) -> np.ndarray:
    """Return a column of True and False (0 and 1 count as such)."""
    array = raw(column, values)
    if array.dtype == bool:
        return array
    if array.dtype.kind in "iuf":
        wrong = np.flatnonzero((array != 0) & (array != 1))
        if len(wrong):
            raise bad_value(column, int(wrong[0]), array[wrong[0]], "True or False is needed")
        return array.astype(bool)
    flags = np.zeros(len(array), dtype=bool)
    for row, value in enumerate(array.tolist()):
        if is_missing(value) or value not in (0, 1):
            raise bad_value(column, row, value, "True or False is needed")
        flags[row] = value
    return flags


def as_groups(column: str, values: Any) -> np.ndarray:
    """Return a column of group names as strings or integers; a missing name is an error."""
    array = raw(column, values)
    if array.dtype.kind in "iu":
        return array
    if array.dtype.kind == "O":
        for row, value in enumerate(array.tolist()):
            if is_missing(value):
                raise bad_value(
                    column, row, value, "name a group; rows on their own need a name each"
                )
    elif array.dtype.kind in "fmM" and not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array))[0])
        raise bad_value(column, row, array[row], "name a group; rows on their own need a name each")
    return array.astype(str)


def check_lengths(columns: Mapping[str, np.ndarray]) -> None:
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"columns differ in length: {lengths}. Give one value a row in each.")


def check_distinct(names: Sequence[str], what: str) -> None:
    doubled = sorted({name for name in names if list(names).count(name) > 1})
    if doubled:
        raise ValueError(
            f"{what} must be distinct; {doubled} occur twice. Give each a name of its own."
        )


def check_models(names: Sequence[str]) -> None:
    """Models of full feedback: two or more, distinct, named."""
    if len(names) < 2:
        raise ValueError(
            f"models: {list(names)} is too few to choose from; give a column for each of two or "
            "more models"
        )
    if "" in names:
        raise ValueError(f"models: number {list(names).index('')} has an empty name; name it")
    check_distinct(names, "models")
