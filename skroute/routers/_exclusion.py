"""Which models may be chosen: `exclude`, `include`, and what a router leaves out by itself."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

from ..feedback import positions

_N_NEAREST = 3


def read_exclusion(
    exclude: Any, include: Any, left_out: Any, classes: np.ndarray, n_rows: int
) -> np.ndarray | None:
    """Return which models must not be chosen for each query, bool (n, K); None: all may be.

    `exclude` and `include` are as in `BaseRouter.predict`, `left_out` are labels that the router
    leaves out by itself. At least one model is left in every row.
    """
    included = _read_labels("include", include, classes)
    left = _read_labels("left_out_", left_out, classes) - included
    if np.ndim(exclude) == 2:
        excluded = _read_by_row(exclude, classes, n_rows)
        excluded[:, list(left)] = True
        none_left = np.flatnonzero(excluded.all(axis=1))
    else:
        named = _read_labels("exclude", exclude, classes)
        if both := named & included:
            raise ValueError(f"exclude and include both name {str(classes[min(both)])!r}; drop one")
        out = named | left
        if not out:
            return None
        excluded = np.zeros((n_rows, len(classes)), dtype=bool)
        excluded[:, list(out)] = True
        none_left = np.arange(n_rows if len(out) == len(classes) else 0)
    if len(none_left):
        own = f" (the router itself leaves out {len(left)})" if left else ""
        raise ValueError(
            f"exclude names every model for row {none_left[0]}{own}: none is left to choose"
        )
    return excluded


def mask_excluded(values: np.ndarray, excluded: np.ndarray | None) -> np.ndarray:
    """Return decision values (n, K) whose largest in a row is never that of an excluded model.

    Excluded models get minus infinity, and every other model a finite number: NaN becomes the
    least, and infinities the least and the largest there are.
    """
    values = values.astype(np.result_type(values.dtype, np.float32), copy=False)
    if not np.isfinite(values).all():
        values = np.nan_to_num(values, nan=np.finfo(values.dtype).min)
    return values if excluded is None else np.where(excluded, -np.inf, values)


def model_index(argument: str, label: Any, classes: Sequence[Any] | np.ndarray) -> int:
    """Return the index of a label, matched by its string; an unknown one names the argument."""
    position = positions(classes)
    if str(label) not in position:
        nearest = get_close_matches(str(label), position, n=_N_NEAREST, cutoff=0.0)
        raise ValueError(
            f"{argument} names the unknown model {label!r}; the nearest of the {len(position)} "
            f"known ones: {', '.join(map(repr, nearest))}"
        )
    return position[str(label)]


def _read_by_row(exclude: Any, classes: np.ndarray, n_rows: int) -> np.ndarray:
    """Return a copy of what is excluded by row, bool (n, K), in the order of the classes."""
    excluded = np.array(exclude)
    if hasattr(exclude, "columns"):
        excluded = excluded[:, _column_order(exclude.columns, classes)]
    if excluded.dtype != bool or excluded.shape != (n_rows, len(classes)):
        raise ValueError(
            f"exclude by row must be a boolean array of shape ({n_rows}, {len(classes)}), a "
            f"column a model, got {excluded.dtype} of shape {excluded.shape}"
        )
    return excluded


def _column_order(columns: Any, classes: np.ndarray) -> np.ndarray:
    """Return where the columns of a DataFrame by row hold each model, (K,)."""
    held = [model_index("exclude", name, classes) for name in columns]
    if sorted(held) != list(range(len(classes))):
        raise ValueError(
            f"exclude by row must have one column for each of {len(classes)} models, got "
            f"{list(columns)}"
        )
    return np.argsort(held)


def _read_labels(argument: str, labels: Any, classes: np.ndarray) -> set[int]:
    """Return the indices of one label, of several, or of None."""
    if labels is None:
        return set()
    single = isinstance(labels, str) or not np.iterable(labels)
    return {model_index(argument, label, classes) for label in ([labels] if single else labels)}
