"""Write qualities and weights back into a table of the form that was given."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._feedback import Feedback


def with_quality(y: Any, feedback: Feedback) -> Any:
    """Return a copy of y, in the form it has, with the qualities and weights of what was read.

    Gold rows keep their quality to the bit. A column ``weight`` is added where it is missing, and
    ``gold`` beside a column ``preference``: labels of the judge alone now stand in ``quality``.
    Class labels, which have no preference rows, are returned as they are.
    """
    if isinstance(y, Feedback):
        return feedback
    if not (hasattr(y, "columns") and hasattr(y, "to_numpy")):
        y = np.asarray(y)
        return y.copy() if y.dtype.names is None else _into_records(y, feedback)
    names = {str(name): name for name in y.columns}
    columns = {"weight": _weight(feedback)}
    if "preference" in names:
        columns |= {"gold": feedback.gold, "preference": feedback.preference}
    if feedback.action is not None:
        columns["quality"] = feedback.quality
    else:
        for label, quality in zip(feedback.classes, feedback.quality.T, strict=True):
            columns[f"quality:{label}"] = quality
    if hasattr(y, "with_columns"):
        import polars

        return y.with_columns([polars.Series(name, values) for name, values in columns.items()])
    return y.assign(**{names.get(name, name): values for name, values in columns.items()})


def _into_records(y: np.ndarray, feedback: Feedback) -> np.ndarray:
    names = list(y.dtype.names or ())
    dtype = [(name, _as_float(y.dtype[name], name)) for name in names]
    if "weight" not in names:
        dtype.append(("weight", np.float64))
    if "preference" in names and "gold" not in names:
        dtype.append(("gold", np.bool_))
    table = np.empty(len(y), dtype=dtype)
    for name in names:
        table[name] = y[name]
    preference = ~feedback.gold
    if "preference" in names:
        table["gold"], table["preference"] = feedback.gold, feedback.preference
    if feedback.action is not None:
        table["quality"][preference] = feedback.quality[preference]
    else:
        for k, label in enumerate(feedback.classes):
            table["quality"][str(label)][preference] = feedback.quality[preference, k]
    table["weight"] = _weight(feedback)
    return table


def _weight(feedback: Feedback) -> np.ndarray:
    """Return the weights of all rows, traffic or not."""
    return feedback.weight if feedback.prior is None else feedback.weight + feedback.prior


def _as_float(dtype: np.dtype, name: str) -> Any:
    """Return the type of a column, quality and weight made floating."""
    if dtype.names:
        return [(model, _as_float(dtype[model], name)) for model in dtype.names]
    if name in ("quality", "weight") and dtype.kind != "f":
        return np.float64
    return dtype
