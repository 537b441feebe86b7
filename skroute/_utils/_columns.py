"""Turn one column of a table into an array, with errors that name column, row and remedy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

# Characters of a value that an error shows.
_LONGEST_VALUE = 40


def short_repr(value: object) -> str:
    """Return how a value is written, cut where it is long."""
    text = repr(value.item() if isinstance(value, np.generic) else value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."


def value_error(column: str, row: int, value: object, remedy: str) -> ValueError:
    """Return the error for a value that its column excludes; `remedy` says what is needed."""
    return ValueError(f"column {column!r}, row {row}: found {short_repr(value)}; {remedy}")


def refuse_rows(column: str, array: np.ndarray, bad: np.ndarray, remedy: str) -> None:
    """Raise the error for the first row of a column that is marked as bad, if there is one."""
    if bad.any():
        row = int(bad.argmax())
        raise value_error(column, row, array[row], remedy)


def is_missing(value: Any) -> bool:
    """Tell None, NaN, NaT and pandas.NA, which refuses to be compared."""
    return value is None or type(value).__name__ == "NAType" or bool(value != value)


def as_column(column: str, values: Any) -> np.ndarray:
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
    remedy: str = "Correct the rows or leave them out.",
) -> np.ndarray:
    """Return a column as floats: finite and within bounds, NaN only where `nan_means` something.

    The error ends with the `remedy`.
    """
    array = as_column(column, values)
    if array.dtype.kind == "c":
        raise ValueError(f"column {column!r} holds complex numbers; Complex data not supported")
    if array.dtype.kind in "mM":
        raise ValueError(f"column {column!r} holds dates or durations; numbers are needed")
    if array.dtype.kind not in "fiub":
        array = _parse_numbers(column, array)
    if array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
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
    count = np.count_nonzero(bad)
    more = f" ({count} such rows)" if count > 1 else ""
    refuse_rows(column, array, bad, f"{need}{more}. {remedy}")
    return array


def _parse_numbers(column: str, array: np.ndarray) -> np.ndarray:
    with suppress(TypeError, ValueError, OverflowError):
        return array.astype(np.float64)
    # A value is missing or no number: find it.
    parsed = np.empty(len(array))
    for row, value in enumerate(array.tolist()):
        try:
            parsed[row] = np.nan if is_missing(value) else value
        except (TypeError, ValueError, OverflowError):
            raise value_error(column, row, value, "a number is needed") from None
    return parsed


def as_flags(column: str, values: Any) -> np.ndarray:
    """Return a column of True and False (0 and 1 count as such)."""
    array = as_column(column, values)
    if array.dtype.kind in "biuf":
        wrong = (array != 0) & (array != 1)
    else:
        wrong = _each(array, lambda value: is_missing(value) or value not in (0, 1))
    refuse_rows(column, array, wrong, "True or False is needed")
    return array.astype(bool)


def as_groups(column: str, values: Any) -> np.ndarray:
    """Return a column of group names as strings or integers; a missing name is an error."""
    array = as_column(column, values)
    if array.dtype.kind in "iu":
        return array
    missing = _each(array, is_missing) if array.dtype.kind not in "fmM" else ~np.isfinite(array)
    refuse_rows(column, array, missing, "name a group; rows on their own need a name each")
    return array.astype(str)


def _each(array: np.ndarray, test: Callable[[Any], bool]) -> np.ndarray:
    return np.array([test(value) for value in array.tolist()], dtype=bool)


def check_lengths(columns: Mapping[str, np.ndarray]) -> None:
    """Raise unless all columns are equally long."""
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"columns differ in length: {lengths}. Give one value a row in each.")


def check_distinct(names: Sequence[str], what: str) -> None:
    """Raise where a name occurs twice; `what` says what is named."""
    doubled = sorted({name for name in names if list(names).count(name) > 1})
    if doubled:
        raise ValueError(
            f"{what} must be distinct; {doubled} occur twice. Give each a name of its own."
        )
