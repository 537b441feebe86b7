"""Builders of the target: the table that a user hands to every estimator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._utils import as_column, as_numbers, check_lengths
from ._columns import NOT_SCORED, as_matrix, check_quality, check_row_columns, flags_of_judged
from ._labels import check_models, numbered_models
from ._reader import read_feedback


def logged_feedback(
    model: ArrayLike,
    quality: ArrayLike,
    *,
    cost: ArrayLike | None = None,
    propensity: ArrayLike | None = None,
    gold: ArrayLike | None = None,
    preference: ArrayLike | None = None,
    prior: ArrayLike | None = None,
    group: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    time: ArrayLike | None = None,
) -> np.ndarray:
    """Build the target from a log that shows one model's answer per query.

    Parameters
    ----------
    model : array-like of shape (n,)
        Label of the model that answered, strings or integers.
    quality : array-like of shape (n,)
        Quality of the answer, [0, 1] expected. Any finite number is taken as it is. NaN: the
        answer was never judged. Such a row teaches costs, propensities and what queries look like.
    cost : array-like of shape (n,), default=None
        Dollars the answer cost, at least 0. None means free.
    propensity : array-like of shape (n,), default=None
        Probability, in (0, 1], with which the deployment chose that model for that query. NaN,
        or None for the whole column: estimated by whoever needs it.
    gold : array-like of bool of shape (n,), default=None
        False marks a preference-based quality (crowd, LLM judge). None: all are gold. Means nothing
        where the row has no quality.
    preference : array-like of shape (n,), default=None
        The judge's label of a row whose quality is gold; NaN where there is none. Where only the
        judge has seen an answer its label belongs in `quality`, with `gold` False; a preference
        beside a quality of NaN is read as just that.
    prior : array-like of bool of shape (n,), default=None
        True marks a row that is no traffic but a benchmark's, for models that have none yet. Only
        `CausalRouter.fit` reads it, and lets it count for as much as the benchmark predicts;
        propensities, overlap and values of policies never see it. None: all rows are traffic.
    group : array-like of shape (n,), default=None
        Rows that must stay together in cross-fitting (one template, document, customer). None:
        every row is its own.
    weight : array-like of shape (n,), default=None
        How much a row counts, at least 0. None: 1.
    time : array-like of shape (n,), default=None
        When the answer was given: datetimes (without a time zone: taken as UTC) or Unix seconds,
        one kind in all rows. None: not known.

    Returns
    -------
    y : structured ndarray of shape (n,)
        Only the columns that were given; `time` as Unix seconds.

    Raises
    ------
    ValueError
        If a column holds a value that its description excludes, or lengths differ. The message
        names the column, the row, the value and the remedy.

    Examples
    --------
    >>> from skroute import logged_feedback
    >>> y = logged_feedback(["large", "small"], [0.9, 0.4], cost=[0.02, 0.001])
    >>> y.dtype.names
    ('model', 'quality', 'cost')
    >>> y["model"].tolist()
    ['large', 'small']
    """
    columns = {"model": as_column("model", model), "quality": check_quality(quality)}
    if cost is not None:
        columns["cost"] = as_numbers("cost", cost, minimum=0.0)
    columns |= check_row_columns(
        propensity=propensity,
        gold=None if gold is None else flags_of_judged(gold, columns["quality"]),
        preference=preference,
        prior=prior,
        group=group,
        weight=weight,
        time=time,
    )
    return _pack(columns)


def full_feedback(
    quality: ArrayLike,
    cost: ArrayLike | None = None,
    *,
    models: ArrayLike | None = None,
    gold: ArrayLike | None = None,
    group: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    time: ArrayLike | None = None,
) -> np.ndarray:
    """Build the target from a table that shows every model's answer to every query.

    Parameters
    ----------
    quality : array-like or DataFrame of shape (n, K)
        Quality of each model's answer, [0, 1] expected. float32 stays float32. Not every model
        scored on every query: see `partly_scored`.
    cost : array-like or DataFrame of shape (n, K), default=None
        Dollars per answer, at least 0. None means free.
    models : array-like of shape (K,), default=None
        Names of the models, turned into strings. None: the columns of a DataFrame, else
        ``model_0``, ``model_1``, ...
    gold, group, weight, time : array-like of shape (n,), default=None
        As in `logged_feedback`.

    Returns
    -------
    y : structured ndarray of shape (n,)
        Nested records ``quality`` and, if given, ``cost``, whose fields are the models.

    Raises
    ------
    ValueError
        If a value, a name or a shape is not as described; the message says which.

    Examples
    --------
    >>> from skroute import full_feedback
    >>> y = full_feedback([[0.2, 0.9], [0.7, 0.8]], models=["small", "large"])
    >>> y["quality"]["large"]
    array([0.9, 0.8])
    """
    names = model_names(quality, models)
    check_models(names)
    columns = {"quality": as_matrix("quality", quality, names, remedy=NOT_SCORED)}
    if cost is not None:
        columns["cost"] = as_matrix("cost", cost, names, minimum=0.0, remedy=NOT_SCORED)
    columns |= check_row_columns(gold=gold, group=group, weight=weight, time=time)
    return _pack(columns, names)


def gain_feedback(
    gain: ArrayLike,
    *,
    models: tuple[str, str] = ("alternative", "primary"),
    cost: ArrayLike | None = None,
    gold: ArrayLike | None = None,
    group: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    time: ArrayLike | None = None,
) -> np.ndarray:
    """Build the target from paired gains of a primary model over an alternative.

    Parameters
    ----------
    gain : array-like of shape (n,)
        Quality of the primary model's answer minus that of the alternative's.
    models : tuple of two str, default=("alternative", "primary")
        Names of the alternative and of the primary model, in this order.
    cost : array-like of shape (n, 2), default=None
        Dollars per answer, in the order of `models`. None means free.
    gold, group, weight, time : array-like of shape (n,), default=None
        As in `logged_feedback`.

    Returns
    -------
    y : structured ndarray of shape (n,)
        Full feedback with quality 0 for the alternative and the gain for the primary model.

    Raises
    ------
    ValueError
        If a value, a name or a shape is not as described; the message says which.

    References
    ----------
    Zhang, Xie, Yang, Wu, *Meta-Router: Bridging Gold-standard and Preference-based Evaluations in
    LLM Routing*, arXiv 2509.25535, section 2.

    Examples
    --------
    >>> from skroute import gain_feedback
    >>> gain_feedback([0.5, -0.1])["quality"]["primary"]
    array([ 0.5, -0.1])
    """
    gain = as_numbers("gain", gain)
    if len(models) != 2:
        raise ValueError(f"models must be two names, (alternative, primary); got {len(models)}")
    quality = np.column_stack([np.zeros_like(gain), gain])
    return full_feedback(
        quality, cost, models=models, gold=gold, group=group, weight=weight, time=time
    )


def model_names(quality: Any, models: ArrayLike | None) -> list[str]:
    if models is not None:
        return [str(name) for name in np.asarray(models).ravel().tolist()]
    if hasattr(quality, "columns"):
        return [str(name) for name in quality.columns]
    return numbered_models(np.shape(quality)[-1] if np.ndim(quality) else 0)


def _pack(columns: dict[str, np.ndarray], models: Sequence[str] = ()) -> np.ndarray:
    """Return a checked structured array; a matrix (n, K) becomes a record with a field a model."""
    check_lengths(columns)
    dtype: list[tuple[str, Any]] = []
    for name, values in columns.items():
        fields = [(model, values.dtype) for model in models]
        dtype.append((name, fields if values.ndim == 2 else values.dtype))
    y = np.empty(len(columns["quality"]), dtype=dtype)
    for name, values in columns.items():
        if values.ndim == 1:
            y[name] = values
        else:
            for k, model in enumerate(models):
                y[name][model] = values[:, k]
    read_feedback(y)
    return y
