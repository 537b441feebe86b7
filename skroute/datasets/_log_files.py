"""Logs from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .._logs import check_exists, errors_naming
from ..feedback import logged_feedback, row_column_names
from ._files import read_columns, refuse_unknown, resolve_features, take_features


def load_routing_log(
    path: str | Path, *, features: str | Path | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Load logged feedback: one model's outcome a row.

    Parameters
    ----------
    path : str or Path
        A ``.csv`` or ``.parquet`` file with columns ``model`` and ``quality`` (an empty cell: the
        answer was never judged) and, optionally, ``cost`` (dollars), ``propensity`` (an empty cell:
        to be estimated), ``gold`` (true or false), ``preference`` (the judge's label of a gold
        row), ``group``, ``weight`` and ``time`` (Unix seconds, or datetimes: in a CSV file as
        ISO 8601 has them); features in columns ``x0``, ``x1``, ... or in a file of their own.
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
    path = check_exists(path)
    with errors_naming(path):
        columns = read_columns(path)
        X = take_features(columns)
        known = ["model", "quality", "cost", *row_column_names(logged=True)]
        refuse_unknown("columns", columns, [*known, "x0, x1, ..."])
        for name in ("model", "quality"):
            if name not in columns:
                raise ValueError(f"lacks the column {name!r}; it has {list(columns)}")
        y = logged_feedback(**columns)
    return resolve_features(path, X, features, len(y)), y
