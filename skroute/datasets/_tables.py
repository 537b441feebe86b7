"""Routing tables and logs from files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import check_array

from .._utils import as_groups, as_numbers
from ..feedback import full_feedback, logged_feedback
from ._files import existing, flags, load_array, named, numbers, read_columns
from ._npz import npz_parts

__all__ = ["RoutingTable", "load_routing_log", "load_routing_table"]

_LOG_COLUMNS = ("model", "quality", "cost", "propensity", "gold", "group", "weight")


@dataclass(frozen=True, eq=False)
class RoutingTable:
    """Queries with every model's outcome.

    Attributes
    ----------
    X : ndarray of float32 of shape (n, d)
        Features of the queries, such as embeddings.
    y : structured ndarray of shape (n,)
        Full feedback. Of a gold and preference table: the gold gains, see
        `skroute.gain_feedback`.
    y_preference : structured ndarray of shape (n,) or None
        The preference gains of the same rows, marked as not gold.
        ``numpy.where(is_gold, y, y_preference)`` mixes the two.
    models : ndarray of str of shape (K,)
        Names of the models, in the order of the file.
    task : ndarray of str of shape (n,) or None
        Dataset or subject of each query. It is a description; rows that must stay together in a
        split are the column ``group`` of `y`.
    query_chars : ndarray of int of shape (n,) or None
        Length of the query's text in characters.
    """

    X: np.ndarray
    y: np.ndarray
    y_preference: np.ndarray | None
    models: np.ndarray
    task: np.ndarray | None
    query_chars: np.ndarray | None
    _read_texts: Callable[[], list[str]] | None

    @cached_property
    def texts(self) -> list[str] | None:
        """The texts of the queries, decoded when first asked for; None if the file has none."""
        return None if self._read_texts is None else self._read_texts()


def load_routing_table(path: str | Path, *, features: str | Path | None = None) -> RoutingTable:
    """Load a table that shows every model's outcome on every query.

    Parameters
    ----------
    path : str or Path
        A file of one of these kinds:

        - ``.npz`` with the arrays ``X`` (n, d), ``models`` (K,), ``quality`` (n, K) and optional
          ``cost`` (n, K) in dollars; or, in the place of quality, ``gold`` and ``preference`` (n,),
          both the gain of ``models[0]`` over ``models[1]``. Optional ``cluster`` (n,): rows that
          must stay together; ``group`` (n,): the task; ``query_chars`` (n,); the texts as UTF-8
          bytes ``query_utf8`` with ``query_offsets`` (n + 1,). Nothing is unpickled.
        - ``.csv`` or ``.parquet`` with columns ``quality:<model>`` and, optionally,
          ``cost:<model>``, ``gold``, ``group``, ``weight``, ``task`` and ``text``; features in
          columns ``x0``, ``x1``, ... or in a file of their own.
    features : str or Path, default=None
        A ``.npy`` file (n, d) with the features, in the place of those in `path`.

    Returns
    -------
    table : RoutingTable

    Raises
    ------
    FileNotFoundError
        If a file does not exist.
    ImportError
        If a Parquet file is given and neither polars nor pandas with pyarrow is installed.
    ValueError
        If the file is not as described; the message names the file and the key or column.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from skroute.datasets import load_routing_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/table.npz", X=np.eye(3), models=["small", "large"],
    ...              quality=[[0, 1], [1, 1], [0, 0]], cluster=[5, 5, 6])
    ...     table = load_routing_table(f"{folder}/table.npz")
    >>> table.X.dtype, table.y["group"].tolist(), table.y["quality"]["large"].tolist()
    (dtype('float32'), [5, 5, 6], [1.0, 1.0, 0.0])
    """
    path = existing(path)
    parts = npz_parts(path) if path.suffix.lower() == ".npz" else _column_parts(path)
    source = f"{path}: {parts.pop('source')}"
    if features is not None:
        parts["X"], source = load_array(features), f"{features}: the array"
    if parts["X"] is None:
        raise ValueError(
            f"{path}: has no features; name them x0, x1, ... or give features=, a .npy file"
        )
    X = _check_features(parts.pop("X"), source, len(parts["y"]))
    return RoutingTable(X=X, **parts)


def load_routing_log(
    path: str | Path, *, features: str | Path | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Load logged feedback: one model's outcome a row.

    Parameters
    ----------
    path : str or Path
        A ``.csv`` or ``.parquet`` file with columns ``model`` and ``quality`` and, optionally,
        ``cost`` (dollars), ``propensity`` (an empty cell: to be estimated), ``gold`` (true or
        false), ``group`` and ``weight``; features in columns ``x0``, ``x1``, ... or in a file of
        their own.
    features : str or Path, default=None
        A ``.npy`` file (n, d) with the features, row by row as in `path`.

    Returns
    -------
    X : ndarray of float32 of shape (n, d)
    y : structured ndarray of shape (n,)
        See `skroute.logged_feedback`.

    Raises
    ------
    FileNotFoundError, ImportError, ValueError
        As in `load_routing_table`.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skroute.datasets import load_routing_log
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "log.csv"
    ...     _ = path.write_text("model,quality,cost,x0\\nlarge,0.9,0.02,1\\nsmall,0.4,0.001,2\\n")
    ...     X, y = load_routing_log(path)
    >>> X.shape, y["model"].tolist()
    ((2, 1), ['large', 'small'])
    """
    path = existing(path)
    columns = read_columns(path)
    X = _take_features(path, columns)
    _refuse_unknown(path, columns, _LOG_COLUMNS)
    for name in ("model", "quality"):
        if name not in columns:
            raise ValueError(f"{path}: lacks the column {name!r}; it has {list(columns)}")
    y = named(path, logged_feedback, **_prepare(columns))
    if features is not None:
        return _check_features(load_array(features), f"{features}: the array", len(y)), y
    if X is None:
        raise ValueError(
            f"{path}: has no features; give a .npy file with a row for each of the {len(y)} rows, "
            "or columns x0, x1, ..."
        )
    return _check_features(X, f"{path}: columns x0, x1, ...", len(y)), y


def _column_parts(path: Path) -> dict[str, Any]:
    columns = read_columns(path)
    X = _take_features(path, columns)
    models = [name.partition(":")[2] for name in columns if name.startswith("quality:")]
    if not models:
        raise ValueError(
            f"{path}: has no column quality:<model>; it has {list(columns)}. A log with a column "
            "'model' is read by load_routing_log."
        )
    known = [f"{part}:{model}" for part in ("quality", "cost") for model in models]
    _refuse_unknown(path, columns, [*known, "gold", "group", "weight", "task", "text"])
    with_cost = [name for name in columns if name.startswith("cost:")]
    if with_cost and len(with_cost) < len(models):
        lacking = [f"cost:{model}" for model in models if f"cost:{model}" not in columns]
        raise ValueError(
            f"{path}: lacks the columns {lacking}; give a cost for every model or none"
        )

    def matrix(part: str, minimum: float | None = None) -> np.ndarray:
        names = [f"{part}:{model}" for model in models]
        return np.column_stack(
            [
                named(path, as_numbers, name, numbers(columns[name]), minimum=minimum)
                for name in names
            ]
        )

    shared = {name: columns[name] for name in ("gold", "group", "weight") if name in columns}
    y = named(
        path,
        full_feedback,
        matrix("quality"),
        matrix("cost", 0.0) if with_cost else None,
        models=models,
        **_prepare(shared),
    )
    task = named(path, as_groups, "task", columns["task"]) if "task" in columns else None
    texts = columns.get("text")
    return {
        "X": X,
        "y": y,
        "y_preference": None,
        "models": np.array(models),
        "task": None if task is None else task.astype(str),
        "query_chars": None,
        "_read_texts": None if texts is None else lambda: ["" if t is None else t for t in texts],
        "source": "columns x0, x1, ...",
    }


def _take_features(path: Path, columns: dict[str, Any]) -> np.ndarray | None:
    """Take the columns x0, x1, ... out of `columns` and return them side by side."""
    width = 0
    while f"x{width}" in columns:
        width += 1
    taken = [(f"x{j}", columns.pop(f"x{j}")) for j in range(width)]
    if not taken:
        return None
    return np.column_stack(
        [named(path, as_numbers, name, numbers(values)) for name, values in taken]
    )


def _prepare(columns: dict[str, Any]) -> dict[str, Any]:
    """Turn cells of text into the flags and numbers that their columns hold."""
    ready = {}
    for name, column in columns.items():
        if name == "gold":
            ready[name] = flags(column)
        else:
            ready[name] = column if name in ("model", "group") else numbers(column)
    return ready


def _refuse_unknown(path: Path, columns: dict[str, Any], known: Any) -> None:
    unknown = [name for name in columns if name not in known]
    if unknown:
        raise ValueError(
            f"{path}: unknown columns {unknown}; known are {list(known)} and x0, x1, ... Rename "
            "them or leave them out."
        )


def _check_features(X: Any, source: str, n_rows: int) -> np.ndarray:
    try:
        X = check_array(X, dtype=np.float32)
    except ValueError as error:
        raise ValueError(f"{source} does not hold features (n, d): {error}") from None
    if len(X) != n_rows:
        raise ValueError(f"{source} has {len(X)} rows and the table has {n_rows}; match them")
    return X
