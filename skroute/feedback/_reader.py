"""Read a table of feedback into plain arrays, once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._utils import as_numbers, check_distinct, refuse_rows
from ._columns import (
    NOT_SCORED,
    check_quality,
    flags_of_judged,
    read_row_columns,
    row_column_names,
    stack_models,
)
from ._feedback import Feedback
from ._labels import check_models, encode_labels

# Codes of whole rows, which cross_val_predict puts in the place of y, are nearly all distinct.
_DISTINCT_SHARE, _DISTINCT_ROWS = 0.8, 30


def read_feedback(y: Any) -> Feedback:
    """Turn any accepted `y` into checked arrays.

    Parameters
    ----------
    y : structured ndarray, DataFrame, Feedback or array-like of shape (n,)
        A table of `skroute.feedback`, or class labels. What was read before is returned as it is.

    Returns
    -------
    feedback : Feedback

    Raises
    ------
    ValueError
        If the table is not one of those forms or a value is not allowed.

    Examples
    --------
    >>> from skroute.feedback import logged_feedback, read_feedback
    >>> feedback = read_feedback(logged_feedback(["small", "large"], [0.4, 0.9]))
    >>> feedback.classes.tolist(), feedback.action.tolist()
    (['large', 'small'], [1, 0])
    >>> read_feedback(feedback) is feedback
    True
    """
    if isinstance(y, Feedback):
        return y
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None")
    if hasattr(y, "collect") and not hasattr(y, "to_numpy"):
        raise ValueError("y is a lazy table; call its collect() first")
    if hasattr(y, "columns") and hasattr(y, "to_numpy"):
        names = [str(name) for name in y.columns]
        check_distinct(names, "columns of y")
        if any(name.startswith("quality:") for name in names):
            return _read_full(y, names, *_outcomes_of_frame(y, names))
        return _read_logged(y, names)
    y = np.asarray(y)
    if y.dtype.names is None:
        return _read_labels(y)
    names = list(y.dtype.names)
    if y.ndim != 1:
        raise ValueError(f"y must have one record a row, got a table of shape {y.shape}")
    if "quality" in names and y.dtype["quality"].names:
        return _read_full(y, names, *_outcomes_of_records(y, names))
    return _read_logged(y, names)


def row_columns(y: Any) -> dict[str, Any]:
    """Return, as they stand, the columns of `y` that logged and full feedback have in common."""
    names = row_column_names(logged=False)
    if isinstance(y, Feedback):
        return {name: getattr(y, name) for name in names}
    present = list(y.columns) if hasattr(y, "columns") else np.asarray(y).dtype.names or ()
    return {name: y[name] for name in names if name in present}


def _check_names(names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise ValueError(
                f"y has an unknown column {name!r}; known are {list(known)}. Rename it or leave it "
                "out."
            )


def _check_rows(n_rows: int) -> None:
    if n_rows == 0:
        raise ValueError("y has no rows (0 sample(s)); at least one is required")


def _free(quality: np.ndarray) -> np.ndarray:
    """Return costs of 0, shaped like `quality`, in the memory of one number."""
    return np.broadcast_to(quality.dtype.type(0), quality.shape)


def _read_logged(y: Any, names: Sequence[str]) -> Feedback:
    for name in ("model", "quality"):
        if name not in names:
            raise ValueError(f"y lacks the column {name!r}; it has {list(names)}")
    _check_names(names, ["model", "quality", "cost", *row_column_names(logged=True)])
    table = {name: y[name] for name in names}
    classes, action = encode_labels("model", table["model"])
    _check_rows(len(action))
    quality = check_quality(table["quality"])
    cost = as_numbers("cost", table["cost"], minimum=0.0) if "cost" in names else _free(quality)
    if "gold" in names:
        table["gold"] = flags_of_judged(table["gold"], quality)
    by_row = read_row_columns(table, names, len(action), logged=True)
    quality, by_row["gold"], by_row["preference"] = _settle(
        quality, by_row["gold"], by_row["preference"]
    )
    prior, weight = by_row["prior"], by_row["weight"]
    by_row["prior"] = None
    if prior.any():
        lacking = prior & np.isnan(quality)
        refuse_rows("quality", quality, lacking, "a row of a benchmark (prior is True) needs one")
        if prior[weight > 0].all():
            raise ValueError(
                "column 'prior' is True in all rows of positive weight: they are a benchmark's, "
                "and a router learns from traffic. Add rows of traffic, with prior False."
            )
        by_row |= {"prior": weight * prior, "weight": weight * ~prior}
        by_row["gold"] = by_row["gold"] | prior
    return Feedback(classes, action, quality, cost, **by_row)


def _settle(
    quality: np.ndarray, gold: np.ndarray, preference: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return quality, gold and preference, (n,) each, so that a label stands in one place.

    A row that only the judge labelled has the judge's label as its quality, and is not gold.
    """
    judged, labelled = ~np.isnan(quality), ~np.isnan(preference)
    by_judge_alone = judged & ~gold & labelled
    refuse_rows(
        "preference",
        preference,
        by_judge_alone & (preference.astype(quality.dtype) != quality),
        "the row has another quality, which is preference-based itself (gold is False). The "
        "judge's label belongs in 'quality' there; 'preference' is for rows whose quality is gold.",
    )
    gold = gold & judged
    alone = labelled & ~gold
    if not alone.any():
        return quality, gold, preference
    quality = np.where(alone, preference.astype(quality.dtype), quality)
    return quality, gold, np.where(alone, preference.dtype.type(np.nan), preference)


def _outcomes_of_frame(y: Any, names: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the columns of quality, and of cost, by model."""
    outcomes = [name for name in names if name.startswith(("quality:", "cost:"))]
    _check_names(names, [*outcomes, *row_column_names(logged=False)])
    quality: dict[str, Any] = {}
    cost: dict[str, Any] = {}
    for name in outcomes:
        part, _, model = name.partition(":")
        (quality if part == "quality" else cost)[model] = y[name]
    return quality, cost


def _outcomes_of_records(y: np.ndarray, names: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields of quality, and of cost, by model."""
    _check_names(names, ["quality", "cost", *row_column_names(logged=False)])
    if "cost" in names and not y.dtype["cost"].names:
        raise ValueError("column 'cost' must hold a record with a field a model, as 'quality' does")
    quality, cost = (
        {model: y[part][model] for model in (y.dtype[part].names or ())} if part in names else {}
        for part in ("quality", "cost")
    )
    return quality, cost


def _read_full(
    y: Any, names: Sequence[str], quality_of: dict[str, Any], cost_of: dict[str, Any]
) -> Feedback:
    alone = sorted(quality_of.keys() ^ cost_of.keys())
    if cost_of and alone:
        raise ValueError(f"y must have both or neither of quality and cost for models {alone}")
    check_models(list(quality_of))
    classes = sorted(quality_of)
    by_model = {model: quality_of[model] for model in classes}
    quality = stack_models("quality", by_model, remedy=NOT_SCORED)
    _check_rows(len(quality))
    cost = _free(quality)
    if cost_of:
        by_model = {model: cost_of[model] for model in classes}
        cost = stack_models("cost", by_model, minimum=0.0, remedy=NOT_SCORED)
    by_row = read_row_columns(y, names, len(quality), logged=False)
    return Feedback(np.array(classes), None, quality, cost, **by_row)


def _read_labels(y: np.ndarray) -> Feedback:
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        if y.dtype.kind in "iu":
            raise ValueError(
                _codes_message(f"is an array of integers of shape {y.shape}", "values")
            )
        raise ValueError(
            f"y must be a table of feedback or 1-D labels, got an array of shape {y.shape}. For "
            "every model's outcome use skroute.full_feedback(quality, cost, models=...)."
        )
    _check_rows(len(y))
    classes, action = encode_labels("y", y)
    n_rows, n_classes = len(y), len(classes)
    if y.dtype.kind in "iu" and n_rows >= _DISTINCT_ROWS and n_classes > _DISTINCT_SHARE * n_rows:
        raise ValueError(
            _codes_message(f"holds {n_classes} different integers in {n_rows} rows", "rows")
        )
    quality = np.zeros((n_rows, n_classes))
    quality[np.arange(n_rows), action] = 1.0
    by_row = read_row_columns(None, (), n_rows, logged=False)
    return Feedback(classes, None, quality, _free(quality), **by_row)


def _codes_message(found: str, replaced: str) -> str:
    return (
        f"y {found}, as cross_val_predict(method='predict_proba') makes of a table by replacing "
        f"its {replaced} by codes. Use method='predict', or call fit and predict_proba on your own "
        "splits."
    )
