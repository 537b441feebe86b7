"""What the loaders share: columns of CSV and Parquet files, features, errors that name the file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import check_array

from .._logs import LeftOut, check_exists, errors_naming, is_parquet, records_of_file
from .._utils import as_numbers, check_distinct
from ..feedback import ROW_COLUMNS


def read_columns(path: Path) -> dict[str, Any]:
    """Return the columns of a table by name: those of Parquet as they are, others as lists.

    What a record lacks, such as an empty cell, is None.
    """
    if is_parquet(path):
        return _read_parquet(path)
    columns: dict[str, list[Any]] = {}
    row = -1
    for row, record in enumerate(records_of_file(path, LeftOut())):
        for name, value in record.items():
            columns.setdefault(name, [None] * row).append(value)
        if len(record) < len(columns):
            for name in columns.keys() - record.keys():
                columns[name].append(None)
    if row < 0:
        raise ValueError("has no rows; a header and rows, or records, are needed")
    for column in ROW_COLUMNS:
        cells = columns.get(column.name, [])
        cells[:] = [column.parse_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    return columns


def _read_parquet(path: Path) -> dict[str, Any]:
    frame = None
    for module in ("polars", "pandas"):
        try:
            frame = __import__(module).read_parquet(path)
            break
        except ImportError:
            # No such library, or pandas without a Parquet engine.
            continue
        except Exception as error:
            raise ValueError(f"is not a readable Parquet file ({error})") from error
    if frame is None:
        raise ImportError(
            f"{path}: reading Parquet needs polars, or pandas with pyarrow; install one of them "
            "or save the table as CSV"
        )
    names = [str(name) for name in frame.columns]
    check_distinct(names, "columns")
    return {name: frame[name] for name in names}


def refuse_unknown(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raise if there are `names`, of columns say, that are not known."""
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(
            f"unknown {what} {unknown}; known are {', '.join(known)}; rename them or leave them out"
        )


def take_features(columns: dict[str, Any]) -> np.ndarray | None:
    """Take the columns x0, x1, ... out of `columns` and return them side by side."""
    taken: list[np.ndarray] = []
    while (name := f"x{len(taken)}") in columns:
        taken.append(as_numbers(name, columns.pop(name)))
    return np.column_stack(taken) if taken else None


def resolve_features(path: Path, X: Any, features: str | Path | None, n_rows: int) -> np.ndarray:
    """Return float32 features (n, d): those of the .npy file `features`, else `X` out of `path`."""
    with errors_naming(path if features is None else features):
        if features is not None:
            X = _load_array(check_exists(features))
        if X is None:
            raise ValueError(
                "has no features; give columns x0, x1, ... or features=, a .npy file with a row "
                f"for each of the {n_rows} rows"
            )
        try:
            X = check_array(X, dtype=np.float32)
        except ValueError as error:
            raise ValueError(f"the features are not an array (n, d) of numbers: {error}") from error
        if len(X) != n_rows:
            raise ValueError(
                f"the features have {len(X)} rows and the table has {n_rows}; match them"
            )
    return X


def _load_array(path: Path) -> np.ndarray:
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(
            f"is not a .npy file of plain numbers ({error}); save the features with numpy.save as "
            "an array (n, d)"
        ) from error
    if not isinstance(array, np.ndarray):
        raise ValueError("holds several arrays; save the features alone, as .npy")
    return array
