"""Write corrected qualities and weights back into a table of the form that was given."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..feedback import Feedback


def with_corrected_labels(y: Any, corrected: Feedback) -> Any:
    """Return a copy of y with the corrected qualities and weights of its preference rows.

    Gold rows keep their values to the bit. A column ``weight`` is added where it is missing; class
    labels, which have no preference rows, are returned as they are.
    """
    if hasattr(y, "columns") and hasattr(y, "to_numpy"):
        return _into_frame(y, _columns([str(name) for name in y.columns], corrected), corrected)
    y = np.asarray(y)
    return y.copy() if y.dtype.names is None else _into_records(y, corrected)


def _columns(names: list[str], corrected: Feedback) -> dict[str, np.ndarray]:
    """Return the corrected columns by their names in a DataFrame."""
    if corrected.action is not None:
        columns = {"quality": corrected.quality}
    else:
        models = [str(label) for label in corrected.classes]
        columns = {
            f"quality:{m}": corrected.quality[:, k]
            for k, m in enumerate(models)
            if f"quality:{m}" in names
        }
    return columns | {"weight": corrected.weight}


def _into_frame(y: Any, columns: dict[str, np.ndarray], corrected: Feedback) -> Any:
    if hasattr(y, "with_columns"):
        import polars

        return y.with_columns([polars.Series(name, values) for name, values in columns.items()])
    names = {str(name): name for name in y.columns}
    return y.assign(**{names.get(name, name): values for name, values in columns.items()})


def _into_records(y: np.ndarray, corrected: Feedback) -> np.ndarray:
    names = list(y.dtype.names or ())
    dtype = [(name, _as_float(y.dtype[name], name)) for name in names]
    if "weight" not in names:
        dtype.append(("weight", np.float64))
    table = np.empty(len(y), dtype=dtype)
    for name in names:
        models = y.dtype[name].names
        if models is None:
            table[name] = y[name]
        for model in models or ():
            table[name][model] = y[name][model]
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
