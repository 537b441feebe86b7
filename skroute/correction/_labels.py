"""What correction reads of a table of labels, and what it writes back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..feedback import Feedback


def observed(values: np.ndarray, feedback: Feedback) -> np.ndarray:
    """Return what of (n, K) values belongs to the observed outcomes: shaped like the quality."""
    return values if feedback.action is None else values[np.arange(len(values)), feedback.action]


def models_that_vary(feedback: Feedback) -> np.ndarray:
    """Return a mask (K,) of the models whose quality differs between rows of positive weight."""
    if feedback.logged:
        return np.ones(feedback.n_models, dtype=bool)
    return np.ptp(feedback.quality[feedback.weight > 0], axis=0) > 0


def correct_labels(feedback: Feedback, bias: np.ndarray, preference_weight: float) -> Feedback:
    """Return the table with its preference rows moved by the bias (n, K), and their new weights."""
    quality = np.asarray(feedback.quality, dtype=np.float64).copy()
    quality[~feedback.gold] += observed(bias, feedback)[~feedback.gold]
    weight = feedback.weight * np.where(feedback.gold, 1.0, preference_weight)
    return replace(feedback, quality=quality, weight=weight)


def with_corrected_labels(y: Any, corrected: Feedback) -> Any:
    """Return a copy of y with the corrected qualities and weights of its preference rows.

    Gold rows keep their values to the bit. A column ``weight`` is added where it is missing; class
    labels, which have no preference rows, are returned as they are.
    """
    if isinstance(y, Feedback):
        return corrected
    if not (hasattr(y, "columns") and hasattr(y, "to_numpy")):
        y = np.asarray(y)
        return y.copy() if y.dtype.names is None else _into_records(y, corrected)
    names = {str(name): name for name in y.columns}
    columns = {"weight": corrected.weight}
    if corrected.action is not None:
        columns["quality"] = corrected.quality
    else:
        for label, quality in zip(corrected.classes, corrected.quality.T, strict=True):
            columns[f"quality:{label}"] = quality
    if hasattr(y, "with_columns"):
        import polars

        return y.with_columns([polars.Series(name, values) for name, values in columns.items()])
    return y.assign(**{names.get(name, name): values for name, values in columns.items()})


def _into_records(y: np.ndarray, corrected: Feedback) -> np.ndarray:
    names = list(y.dtype.names or ())
    dtype = [(name, _as_float(y.dtype[name], name)) for name in names]
    if "weight" not in names:
        dtype.append(("weight", np.float64))
    table = np.empty(len(y), dtype=dtype)
    for name in names:
        table[name] = y[name]
    judged = ~corrected.gold
    if corrected.action is not None:
        table["quality"][judged] = corrected.quality[judged]
    else:
        for k, label in enumerate(corrected.classes):
            table["quality"][str(label)][judged] = corrected.quality[judged, k]
    table["weight"] = corrected.weight
    return table


def _as_float(dtype: np.dtype, name: str) -> Any:
    """Return the type of a column, quality and weight made floating."""
    if dtype.names:
        return [(model, _as_float(dtype[model], name)) for model in dtype.names]
    if name in ("quality", "weight") and dtype.kind != "f":
        return np.float64
    return dtype
