"""Tables in which not every model was scored on every query, read as logs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .._utils import check_lengths, describe, refuse_rows, take_rows, warn
from ._builders import logged_feedback, model_names
from ._columns import as_matrix, check_row_columns
from ._labels import check_models


class UnscoredQueriesWarning(UserWarning):
    """No model was scored on some queries, which are left out.

    Attributes
    ----------
    row : ndarray of int
        Rows of those queries.
    n_rows : int
        Rows of the table.
    """

    def __init__(self, row: np.ndarray, n_rows: int) -> None:
        super().__init__(
            f"no model was scored on {len(row)} of {n_rows} queries, which are left out (the first "
            f"is row {row[0]})"
        )
        self.row, self.n_rows = row, n_rows

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.row, self.n_rows)


class PartlyScored(NamedTuple):
    """Scores as logged feedback, a row for each.

    Attributes
    ----------
    X : array, DataFrame or list of m queries
        The query that was answered, in the form of the X that was given.
    y : structured ndarray of shape (m,)
        Logged feedback, see `skroute.logged_feedback`.
    row : ndarray of int of shape (m,)
        Row of the table that each comes from.
    """

    X: Any
    y: np.ndarray
    row: np.ndarray

    def __repr__(self) -> str:
        return describe(self)


def partly_scored(
    X: Any,
    quality: ArrayLike,
    cost: ArrayLike | None = None,
    *,
    models: ArrayLike | None = None,
    group: ArrayLike | None = None,
    weight: ArrayLike | None = None,
) -> PartlyScored:
    """Turn a table in which not every model was scored on every query into logged feedback.

    Parameters
    ----------
    X : array-like, sparse matrix or DataFrame of shape (n, d), or list of n texts
        Queries.
    quality : array-like or DataFrame of shape (n, K)
        Quality of each model's answer, [0, 1] expected; NaN where it was not scored.
    cost : array-like or DataFrame of shape (n, K), default=None
        Dollars per answer, at least 0; what stands where an answer was not scored is not looked
        at beyond that. None means free.
    models : array-like of shape (K,), default=None
        Names of the models, as in `full_feedback`.
    group : array-like of shape (n,), default=None
        Queries that must stay together in cross-fitting. None: every query is its own, and the
        rows of its answers stay together.
    weight : array-like of shape (n,), default=None
        How much a query counts, at least 0. None: 1.

    Returns
    -------
    scored : PartlyScored
        Named tuple (X, y, row) with one row per scored answer, query by query. A query's weight is
        divided among its answers. There are no propensities: which models were scored on a query
        is estimated by whoever needs it.

    Raises
    ------
    ValueError
        If a value, a name or a shape is not as described, or nothing was scored; the message says
        which.

    Warns
    -----
    UnscoredQueriesWarning
        If queries are left out since no model was scored on them.

    See Also
    --------
    full_feedback : Where every model was scored on every query.

    Examples
    --------
    >>> import numpy as np
    >>> from skroute import partly_scored
    >>> quality = [[0.2, 0.9], [0.7, np.nan]]
    >>> X, y, row = partly_scored(["what?", "why?"], quality, models=["small", "large"])
    >>> X
    ['what?', 'what?', 'why?']
    >>> y["model"].tolist(), y["weight"].tolist(), row.tolist()
    (['small', 'large', 'small'], [0.5, 0.5, 1.0], [0, 0, 1])
    """
    names = model_names(quality, models)
    check_models(names)
    score = as_matrix("quality", quality, names, nan_means="the answer was not scored")
    n_rows, columns = len(score), check_row_columns(group=group, weight=weight)
    if _n_queries(X) != n_rows:
        raise ValueError(f"X has {_n_queries(X)} rows and quality has {n_rows}; match them")
    check_lengths({"quality": score, **columns})
    n_scored = np.count_nonzero(~np.isnan(score), axis=1)
    if not n_scored.any():
        raise ValueError("quality has no score at all (NaN in every row); at least one is required")
    row, model = np.nonzero(~np.isnan(score))
    price = None
    if cost is not None:
        dollars = as_matrix("cost", cost, names, minimum=0.0, nan_means="the answer was not scored")
        check_lengths({"quality": score, "cost": dollars})
        for k, name in enumerate(names):
            lacking = np.isnan(dollars[:, k]) & ~np.isnan(score[:, k])
            remedy = "a scored answer needs a cost; give it, or NaN for its quality"
            refuse_rows(f"cost:{name}", dollars[:, k], lacking, remedy)
        price = dollars[row, model]
    if (n_scored == 0).any():
        unscored = np.flatnonzero(n_scored == 0)
        warn(UnscoredQueriesWarning(unscored, n_rows))
    y = logged_feedback(
        np.array(names)[model],
        score[row, model],
        cost=price,
        group=columns.get("group", np.arange(n_rows))[row],
        weight=(columns.get("weight", np.ones(n_rows)) / np.maximum(n_scored, 1))[row],
    )
    return PartlyScored(take_rows(X, row), y, row)


def _n_queries(X: Any) -> int:
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)
