"""What the loaders share: columns of CSV and Parquet files, features, errors that name the file."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import check_array

from .._utils import as_numbers, check_distinct
from ..feedback import ROW_COLUMNS


@contextmanager
def errors_naming(path: str | Path) -> Iterator[None]:
    """Put the file's name before the message of any ValueError of the block."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def check_exists(path: str | Path) -> Path:
    """Return the path of a file; raise where there is none."""
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
    raise ValueError(f"a file named .csv or .parquet is needed, got {path.suffix!r}")


def _read_csv(path: Path) -> dict[str, Any]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        try:
            names = [name.strip() for name in next(reader, [])]
            rows = [row for row in reader if row]
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(f"is not a CSV file in UTF-8 ({error})") from error
    _check_header(names)
    for number, row in enumerate(rows):
        if len(row) != len(names):
            raise ValueError(
                f"row {number} has {len(row)} cells and the header has {len(names)}; give every "
                "row one cell a column"
            )
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    parse = {column.name: column.parse_cell for column in ROW_COLUMNS}
    return {
        name: [None if cell == "" else parse.get(name, str)(cell) for cell in column]
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
            raise ValueError(f"is not a readable Parquet file ({error})") from error
    if frame is None:
        raise ImportError(
            f"{path}: reading Parquet needs polars, or pandas with pyarrow; install one of them "
            "or save the table as CSV"
        )
    names = [str(name) for name in frame.columns]
    _check_header(names)
    return {name: frame[name] for name in names}


def _check_header(names: list[str]) -> None:
    if not names:
        raise ValueError("is empty; a header with the names of the columns is needed")
    check_distinct(names, "columns")


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
