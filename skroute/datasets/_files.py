"""Columns of CSV and Parquet files, with errors that name the file."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .._utils import check_distinct

_FLAGS = {"true": True, "false": False, "1": True, "0": False}


def existing(path: str | Path) -> Path:
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    return path


def read_columns(path: Path) -> dict[str, Any]:
    """Return the columns of a CSV or Parquet file by name; an empty CSV cell is None."""
    if path.suffix.lower() in (".parquet", ".pq"):
        return _read_parquet(path)
    if path.suffix.lower() == ".csv":
        return _read_csv(path)
    raise ValueError(f"{path}: a file named .csv or .parquet is needed, got {path.suffix!r}")


def _read_csv(path: Path) -> dict[str, Any]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        try:
            names = [name.strip() for name in next(reader, [])]
            rows = [row for row in reader if row]
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: is not a CSV file in UTF-8 ({error})") from error
    _check_header(path, names)
    for number, row in enumerate(rows):
        if len(row) != len(names):
            raise ValueError(
                f"{path}: row {number} has {len(row)} cells and the header has {len(names)}; "
                "give every row one cell a column"
            )
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    return {
        name: [value if value != "" else None for value in column]
        for name, column in zip(names, columns, strict=True)
    }


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
            raise ValueError(f"{path}: is not a readable Parquet file ({error})") from error
    if frame is None:
        raise ImportError(
            f"{path}: reading Parquet needs polars, or pandas with pyarrow; install one of them "
            "or save the table as CSV"
        )
    names = [str(name) for name in frame.columns]
    _check_header(path, names)
    return {name: frame[name] for name in names}


def _check_header(path: Path, names: list[str]) -> None:
    if not names:
        raise ValueError(f"{path}: is empty; a header with the names of the columns is needed")
    try:
        check_distinct(names, "columns")
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def flags(column: Any) -> Any:
    """Turn the texts true, false, 1 and 0 into flags; other values are left to be refused."""
    if not isinstance(column, list):
        return column
    return [_FLAGS.get(value.lower(), value) if value else value for value in column]


def numbers(column: Any) -> Any:
    """Turn a column of text into numbers at once, if every cell is one; else leave it as it is."""
    if isinstance(column, list):
        try:
            return np.array(column).astype(np.float64) if None not in column else column
        except ValueError:
            return column
    return column


def load_array(path: str | Path) -> np.ndarray:
    """Return the array of a .npy file."""
    path = existing(path)
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(
            f"{path}: is not a .npy file of plain numbers ({error}); save the features with "
            "numpy.save as an array (n, d)"
        ) from error
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{path}: holds several arrays; save the features alone, as .npy")
    return array


def named(path: Path, build: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call `build`, with the file's name before the message of an error."""
    try:
        return build(*args, **kwargs)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
