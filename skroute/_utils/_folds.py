"""Folds for cross-fitting, and out-of-fold work on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.model_selection import check_cv

Folds = list[tuple[np.ndarray, np.ndarray]]


def make_folds(
    cv: Any,
    X: Any,
    stratum: np.ndarray,
    group: np.ndarray | None,
    random_state: np.random.RandomState,
) -> Folds:
    """Return (train rows, held-out rows) pairs whose held-out rows cover every row once.

    `cv` is an int, a splitter, which is handed X, stratum and group, or an iterable of splits. An
    int gives folds that are shuffled by `random_state`, keep groups (n,) together and spread every
    stratum (n,), such as the logged model, evenly. With fewer groups than folds there is a fold a
    group; with one group the only fold trains on the rows it holds out.
    """
    n_rows = len(stratum)
    if isinstance(cv, (int, np.integer)) and not isinstance(cv, bool):
        if cv < 2:
            raise ValueError(f"cv must be at least 2 folds, a splitter or splits; got {cv}")
        fold = _assign_folds(int(cv), stratum, group, random_state)
        n_folds = int(fold.max()) + 1
        if n_folds == 1:
            everything = np.arange(n_rows)
            return [(everything, everything)]
        return [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(n_folds)]
    folds = [
        (np.arange(n_rows)[train], np.arange(n_rows)[held])
        for train, held in check_cv(cv).split(X, stratum, group)
    ]
    times_held = np.zeros(n_rows, dtype=np.intp)
    for _, held in folds:
        np.add.at(times_held, held, 1)
    if (times_held != 1).any():
        row = int(np.flatnonzero(times_held != 1)[0])
        raise ValueError(
            f"cv must hold out every row exactly once; row {row} is held out {times_held[row]} "
            "times. Use a partition such as KFold or GroupKFold."
        )
    return folds


def take_rows(values: Any, rows: np.ndarray) -> Any:
    """Return the rows named by an index of an array, a DataFrame, a sparse matrix or a list."""
    if hasattr(values, "iloc"):
        return values.iloc[rows]
    if hasattr(values, "tocsr"):
        values = values.tocsr()  # not every sparse format can be indexed
    return values[rows] if hasattr(values, "shape") else [values[row] for row in rows]


def earliest(time: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Return the time of the first row of every group (g,); `code` is the group of each row."""
    first = np.full(int(code.max(initial=-1)) + 1, np.inf)
    np.minimum.at(first, code, time)
    return first


def _assign_folds(
    n_folds: int,
    stratum: np.ndarray,
    group: np.ndarray | None,
    random_state: np.random.RandomState,
) -> np.ndarray:
    """Return the fold of every row: whole groups, dealt out stratum by stratum like cards."""
    if group is None:
        first, code = np.arange(len(stratum)), np.arange(len(stratum))
    else:
        _, first, code = np.unique(group, return_index=True, return_inverse=True)
    n_groups = len(first)
    shuffled = random_state.permutation(n_groups)
    order = shuffled[np.argsort(stratum[first][shuffled], kind="stable")]
    fold_of_group = np.empty(n_groups, dtype=np.intp)
    fold_of_group[order] = np.arange(n_groups) % min(n_folds, n_groups)
    return fold_of_group[code.reshape(-1)]


def out_of_fold(
    predict: Callable[[np.ndarray, np.ndarray], np.ndarray], folds: Folds, *, n_jobs: int | None
) -> np.ndarray:
    """Return predictions (n, ...) in the order of rows, each by what was fitted without its fold.

    ``predict(train, held)`` fits on the first rows and predicts for the others; folds run in
    parallel where `n_jobs` says so.
    """
    parts = Parallel(n_jobs=n_jobs)(delayed(predict)(train, held) for train, held in folds)
    joined = np.concatenate(parts)
    ordered = np.empty_like(joined)
    ordered[np.concatenate([held for _, held in folds])] = joined
    return ordered
