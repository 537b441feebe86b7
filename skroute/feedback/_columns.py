"""The columns of y: which there are, how each is read, and what stands in for an absent one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from .._utils import (
    as_column,
    as_flags,
    as_groups,
    as_numbers,
    is_missing,
    refuse_rows,
    value_error,
)

_NO_TIME = "a time is needed in every row; leave the row out, or the whole column"
_NO_DATETIME = (
    "a datetime or Unix seconds are needed; parse text first, for instance with pandas.to_datetime"
)
NOT_SCORED = (
    "Correct the rows or leave them out; where not every model was scored on every query, "
    "skroute.partly_scored(X, quality, cost) makes logged feedback of the scores that there are."
)
# Beyond the year 33,000: what is later was meant as milliseconds or finer.
_LATEST = 1e12


@dataclass(frozen=True)
class Column:
    """A column of y with one value a row, beside the models and their outcomes.

    Attributes
    ----------
    name : str
        The same in tables, among the builders' keywords and as a field of `Feedback`.
    check : callable
        ``check(name, values)`` returns the values as builders store them, or raises.
    encode : callable
        Turns checked values into what `Feedback` holds.
    default : callable
        ``default(n_rows)`` is what `Feedback` holds where a table lacks the column.
    parse_cell : callable
        Turns a cell of text, as of a CSV file, into a value that `check` takes or refuses.
    only_logged : bool
        Whether full feedback has no such column; `Feedback` then holds None.
    """

    name: str
    check: Callable[[str, Any], np.ndarray]
    encode: Callable[[np.ndarray], np.ndarray] = np.asarray
    default: Callable[[int], np.ndarray | None] = lambda n_rows: None
    parse_cell: Callable[[str], Any] = str
    only_logged: bool = False


def _check_propensity(column: str, values: Any) -> np.ndarray:
    return as_numbers(column, values, above=0.0, maximum=1.0, nan_means="estimate it")


def _check_preference(column: str, values: Any) -> np.ndarray:
    return as_numbers(column, values, nan_means="there is no such label")


def _check_weight(column: str, values: Any) -> np.ndarray:
    weight = as_numbers(column, values, minimum=0.0)
    if len(weight) and not weight.any():
        raise ValueError(f"column {column!r}: all weights are 0; at least one must be positive")
    return weight


def _all_nan(n_rows: int) -> np.ndarray:
    return np.full(n_rows, np.nan)


def _as_float64(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float64)


def _group_codes(names: np.ndarray) -> np.ndarray:
    return np.unique(names, return_inverse=True)[1].reshape(-1)


def _parse_flag(cell: str) -> Any:
    return {"true": True, "false": False, "1": True, "0": False}.get(cell.lower(), cell)


def _parse_time(cell: str) -> Any:
    with suppress(ValueError):
        return float(cell)
    with suppress(ValueError):
        return datetime.fromisoformat(cell)
    return cell


def check_quality(values: Any) -> np.ndarray:
    """Return the qualities of a log, (n,); NaN where an answer was never judged."""
    return as_numbers("quality", values, nan_means="the answer was never judged")


def flags_of_judged(gold: Any, quality: np.ndarray) -> np.ndarray:
    """Return the flags of a log (n,), still to be checked, False where there is no quality."""
    array = as_column("gold", gold)
    return np.where(np.isnan(quality), False, array) if len(array) == len(quality) else array


def as_matrix(column: str, values: Any, models: Sequence[str], **allowed: Any) -> np.ndarray:
    """Return an (n, K) matrix of numbers, float32 where the values are float32.

    `allowed` are keywords of `as_numbers`, by default finite numbers.
    """
    if hasattr(values, "columns"):
        found = [str(name) for name in values.columns]
        if found != list(models):
            raise ValueError(
                f"{column}: its columns are {found}, but the models are {list(models)}"
            )
        by_model = {str(name): values[name] for name in values.columns}
    else:
        array = np.asarray(values)
        if array.ndim != 2 or array.shape[1] != len(models):
            raise ValueError(
                f"{column} must have shape (n, {len(models)}), a column a model; got {array.shape}"
            )
        if array.dtype in (np.float32, np.float64) and not allowed and np.isfinite(array).all():
            # A tenth of the time that it takes column by column.
            return array.copy()
        by_model = dict(zip(models, array.T, strict=True))
    return stack_models(column, by_model, **allowed)


def stack_models(column: str, by_model: Mapping[str, Any], **allowed: Any) -> np.ndarray:
    """Return the columns of the models side by side, (n, K), in the order given."""
    return np.column_stack(
        [as_numbers(f"{column}:{model}", values, **allowed) for model, values in by_model.items()]
    )


def as_seconds(column: str, values: Any) -> np.ndarray:
    """Return a column of datetimes or of Unix seconds as Unix seconds, float64 of shape (n,).

    Datetimes without a time zone are taken as UTC.
    """
    if hasattr(values, "dt") and getattr(values.dtype, "tz", None) is not None:
        # pandas would hand out one object a row.
        values = values.dt.tz_convert(None)
    array = as_column(column, values)
    if array.dtype.kind not in "iufM":
        array = _seconds_of_objects(column, array)
    elif array.dtype.kind == "M":
        refuse_rows(column, array, np.isnat(array), _NO_TIME)
        array = array.astype("M8[us]").astype(np.int64) / 1e6
    seconds = as_numbers(column, array).astype(np.float64)
    late = np.flatnonzero(np.abs(seconds) > _LATEST)
    if len(late):
        row = int(late[0])
        raise value_error(
            column, row, array[row], "Unix seconds are needed; divide milliseconds by 1000"
        )
    return seconds


def _seconds_of_objects(column: str, array: np.ndarray) -> np.ndarray:
    seconds = np.empty(len(array))
    first_kind = None
    for row, value in enumerate(array.tolist()):
        if is_missing(value):
            raise value_error(column, row, value, _NO_TIME)
        if isinstance(value, np.datetime64):
            value = value.astype("M8[us]").item()
        if isinstance(value, datetime):
            kind = "datetimes without a time zone"
            if value.tzinfo is not None:
                kind = "datetimes with a time zone"
            seconds[row] = value.replace(tzinfo=value.tzinfo or UTC).timestamp()
        elif isinstance(value, int | float | np.integer | np.floating) and type(value) is not bool:
            kind = "numbers"
        else:
            raise value_error(column, row, value, _NO_DATETIME)
        first_kind = first_kind or kind
        if kind != first_kind:
            raise value_error(
                column, row, value, f"the rows before it hold {first_kind}; give one kind alone"
            )
    return array if first_kind == "numbers" else seconds


ROW_COLUMNS = (
    Column(
        "propensity",
        _check_propensity,
        encode=_as_float64,
        default=_all_nan,
        only_logged=True,
    ),
    Column(
        "gold",
        as_flags,
        default=lambda n_rows: np.ones(n_rows, dtype=bool),
        parse_cell=_parse_flag,
    ),
    Column("preference", _check_preference, default=_all_nan, only_logged=True),
    Column(
        "prior",
        as_flags,
        default=lambda n_rows: np.zeros(n_rows, dtype=bool),
        parse_cell=_parse_flag,
        only_logged=True,
    ),
    Column("group", as_groups, encode=_group_codes),
    Column("weight", _check_weight, encode=_as_float64, default=np.ones),
    Column("time", as_seconds, parse_cell=_parse_time),
)


def row_column_names(*, logged: bool) -> list[str]:
    """Return the names of `ROW_COLUMNS` that logged, or full, feedback may have."""
    return [column.name for column in ROW_COLUMNS if logged or not column.only_logged]


def check_row_columns(**given: Any) -> dict[str, np.ndarray]:
    """Return the columns that are not None, as builders store them."""
    return {
        column.name: column.check(column.name, given[column.name])
        for column in ROW_COLUMNS
        if given.get(column.name) is not None
    }


def read_row_columns(
    table: Any, names: Sequence[str], n_rows: int, *, logged: bool
) -> dict[str, Any]:
    """Return what `Feedback` holds of every column; `names` are those that the table has."""
    read: dict[str, Any] = {}
    for column in ROW_COLUMNS:
        if column.only_logged and not logged:
            read[column.name] = None
        elif column.name in names:
            read[column.name] = column.encode(column.check(column.name, table[column.name]))
        else:
            read[column.name] = column.default(n_rows)
    return read
