"""Routing tables from files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from .._logs import check_exists, errors_naming
from .._utils import ShortRepr, as_column, as_groups
from ..feedback import full_feedback, row_column_names
from ._files import read_columns, refuse_unknown, resolve_features, take_features
from ._npz import npz_parts


@dataclass(frozen=True, eq=False, repr=False)
class RoutingTable(ShortRepr):
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
        - CSV (also with ``;`` or tabs), JSON lines or Parquet, also packed by gzip, with columns
          ``quality:<model>`` and, optionally, ``cost:<model>``, ``gold``, ``group``, ``weight``,
          ``time``, ``task`` and ``text``; features in columns ``x0``, ``x1``, ... or in a file of
          their own.
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
    path = check_exists(path)
    with errors_naming(path):
        parts = npz_parts(path) if path.suffix.lower() == ".npz" else _column_parts(path)
    X = resolve_features(path, parts.pop("X"), features, len(parts["y"]))
    return RoutingTable(X=X, **parts)


def _column_parts(path: Path) -> dict[str, Any]:
    """Return the fields of a RoutingTable in a file of columns by name; X is not checked yet."""
    columns = read_columns(path)
    X = take_features(columns)
    models = [name.partition(":")[2] for name in columns if name.startswith("quality:")]
    if not models:
        raise ValueError(
            f"has no column quality:<model>; it has {list(columns)}. A log with a column 'model' "
            "is read by read_log."
        )
    quality, cost = ([f"{part}:{model}" for model in models] for part in ("quality", "cost"))
    by_row = row_column_names(logged=False)
    refuse_unknown("columns", columns, [*quality, *cost, *by_row, "task", "text", "x0, x1, ..."])
    lacking = [name for name in cost if name not in columns]
    if 0 < len(lacking) < len(models):
        raise ValueError(f"lacks the columns {lacking}; give a cost for every model or none")

    def side_by_side(names: list[str]) -> np.ndarray:
        return np.column_stack([as_column(name, columns[name]) for name in names])

    y = full_feedback(
        side_by_side(quality),
        None if lacking else side_by_side(cost),
        models=models,
        **{name: columns[name] for name in by_row if name in columns},
    )
    texts = columns.get("text")
    return {
        "X": X,
        "y": y,
        "y_preference": None,
        "models": np.array(models),
        "task": as_groups("task", columns["task"]).astype(str) if "task" in columns else None,
        "query_chars": None,
        "_read_texts": None if texts is None else lambda: ["" if t is None else t for t in texts],
    }
