"""Read a table of feedback into plain arrays, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.lib.recfunctions import structured_to_unstructured

from .._utils import (
    as_flags,
    as_groups,
    as_numbers,
    bad_value,
    check_distinct,
    check_models,
    is_missing,
    raw,
    shorten,
)

_SHARED = ("gold", "group", "weight")
_LOGGED = ("model", "quality", "cost", "propensity", *_SHARED)
# Codes of whole rows, which cross_val_predict puts in the place of y, are nearly all distinct.
_DISTINCT_SHARE, _DISTINCT_ROWS = 0.8, 30


@dataclass(frozen=True)
class Feedback:
    """A checked table of feedback as plain arrays.

    Attributes
    ----------
    classes : ndarray of shape (K,)
        Model labels sorted by their string; every model axis is in this order.
    action : ndarray of shape (n,) or None
        Index into `classes` of the logged model, -1 for one that is not among them. None in full
        feedback.
    quality, cost : ndarray of shape (n,) if logged, (n, K) if full
        Quality, and dollars per query (0 where the table has no cost).
    propensity : ndarray of shape (n,) or None
        Propensity of the logged model, NaN where it is to be estimated. None in full feedback.
    gold : ndarray of bool of shape (n,)
    group : ndarray of int of shape (n,) or None
        Codes of the groups; None: every row its own.
    weight : ndarray of shape (n,)
    """

    classes: np.ndarray
    action: Any
    quality: np.ndarray
    cost: np.ndarray
    propensity: Any
    gold: np.ndarray
    group: np.ndarray | None
    weight: np.ndarray

    def __len__(self) -> int:
        return len(self.quality)

    @property
    def logged(self) -> bool:
        return self.action is not None

    @property
    def n_models(self) -> int:
        return len(self.classes)

    def utility(self, cost_sensitivity: float) -> np.ndarray:
        """Return quality - cost_sensitivity * cost, shaped like `quality`."""
        return self.quality - cost_sensitivity * self.cost

    def take(self, rows: np.ndarray) -> Feedback:
        """Return the rows named by an index or mask."""

        def pick(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else values[rows]

        return replace(
            self,
            action=pick(self.action),
            quality=self.quality[rows],
            cost=self.cost[rows],
            propensity=pick(self.propensity),
            gold=self.gold[rows],
            group=pick(self.group),
            weight=self.weight[rows],
        )

    def reweighted(self, sample_weight: np.ndarray | None) -> Feedback:
        """Return the table with its weights multiplied by `sample_weight`."""
        if sample_weight is None:
            return self
        return replace(self, weight=self.weight * sample_weight)

    def aligned(self, classes: np.ndarray) -> Feedback:
        """Return the table with its models matched by string to `classes`.

        A logged model that is not among them gets action -1. Full feedback has to hold them all;
        its other models are left out.
        """
        position = {str(label): k for k, label in enumerate(self.classes)}
        if self.action is not None:
            target = {str(label): k for k, label in enumerate(classes)}
            codes = np.array([target.get(str(label), -1) for label in self.classes], dtype=np.intp)
            return replace(self, classes=classes, action=codes[self.action])
        missing = [str(label) for label in classes if str(label) not in position]
        if missing:
            raise ValueError(
                f"y has no column for the models {missing}; it has {list(position)}. Full feedback "
                "must show every model that was fitted."
            )
        columns = np.array([position[str(label)] for label in classes], dtype=np.intp)
        return replace(
            self, classes=classes, quality=self.quality[:, columns], cost=self.cost[:, columns]
        )


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
            return _read_full(*_matrices_of_frame(y, names), y, names)
        return _read_logged(y, names)
    y = np.asarray(y)
    if y.dtype.names is None:
        return _read_labels(y)
    names = list(y.dtype.names)
    if y.ndim != 1:
        raise ValueError(f"y must have one record a row, got a table of shape {y.shape}")
    if "quality" in names and y.dtype["quality"].names:
        return _read_full(*_matrices_of_records(y), y, names)
    return _read_logged(y, names)


def _check_names(names: Sequence[str], known: Sequence[str], needed: Sequence[str]) -> None:
    for name in needed:
        if name not in names:
            raise ValueError(f"y lacks the column {name!r}; it has {list(names)}")
    for name in names:
        if name not in known:
            raise ValueError(
                f"y has an unknown column {name!r}; known are {list(known)}. Rename it or leave it "
                "out."
            )


def _check_rows(n_rows: int) -> None:
    if n_rows == 0:
        raise ValueError("y has no rows (0 sample(s)); at least one is required")


def _shared(y: Any, names: Sequence[str], n_rows: int) -> dict[str, Any]:
    group = None
    if "group" in names:
        group = np.unique(as_groups("group", y["group"]), return_inverse=True)[1].reshape(-1)
    weight = np.ones(n_rows)
    if "weight" in names:
        weight = as_numbers("weight", y["weight"], minimum=0.0).astype(np.float64)
        if not weight.any():
            raise ValueError("column 'weight': all weights are 0; at least one must be positive")
    gold = as_flags("gold", y["gold"]) if "gold" in names else np.ones(n_rows, dtype=bool)
    return {"gold": gold, "group": group, "weight": weight}


def _sort_labels(labels: list[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels sorted by string, and the place in that order of each."""
    strings = [str(label) for label in labels]
    if len(set(strings)) < len(strings):
        doubled = sorted({name for name in strings if strings.count(name) > 1})
        raise ValueError(
            f"models {doubled} occur as labels of different types that read the same. Use one type."
        )
    order = sorted(range(len(labels)), key=strings.__getitem__)
    place = np.empty(len(labels), dtype=np.intp)
    place[order] = np.arange(len(labels))
    classes = np.array([labels[k] for k in order])
    if len({type(label) for label in labels}) > 1:
        classes = np.empty(len(labels), dtype=object)
        classes[:] = [labels[k] for k in order]
    return classes, place


def encode_labels(column: str, values: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct labels of a column, sorted by string, and each row's index into them."""
    array = raw(column, values)
    if array.dtype.kind == "O":
        found: dict[Any, int] = {}
        codes = np.empty(len(array), dtype=np.intp)
        for row, label in enumerate(array.tolist()):
            if is_missing(label) or not isinstance(
                label, str | bytes | int | np.integer | np.bool_
            ):
                raise bad_value(
                    column, row, label, "a model's label, text or an integer, is needed"
                )
            codes[row] = found.setdefault(label, len(found))
        labels: list[Any] = list(found)
        kept = np.array(labels)
        # Objects that are all text or all integers are as good as a column of that type.
        if kept.dtype.kind in "Uiub" and len({type(label) for label in labels}) == 1:
            labels = list(kept)
    else:
        if array.dtype.kind == "f":
            wrong = np.flatnonzero(~np.isfinite(array) | (array != np.floor(array)))
            if len(wrong):
                row = int(wrong[0])
                raise ValueError(
                    f"column {column!r}, row {row}: found {shorten(array[row])}; labels are text "
                    "or integers. Unknown label type: continuous"
                )
        elif array.dtype.kind not in "iubUSO":
            raise ValueError(f"column {column!r}: labels are text or integers, got {array.dtype}")
        distinct, codes = np.unique(array, return_inverse=True)
        labels = list(distinct)
    classes, place = _sort_labels(labels)
    if array.dtype.kind != "O":
        classes = classes.astype(array.dtype)
    return classes, place[codes.reshape(-1)]


def index_of(labels: Any, classes: Sequence[Any]) -> np.ndarray:
    """Return the index (n,) into `classes` of each label, matched by string."""
    position = {str(label): k for k, label in enumerate(classes)}
    names, code = np.unique(np.asarray(labels).astype(str), return_inverse=True)
    unknown = [name for name in names.tolist() if name not in position]
    if unknown:
        raise ValueError(f"labels hold unknown models {unknown}; known: {list(position)}")
    return np.array([position[name] for name in names.tolist()], dtype=np.intp)[code.reshape(-1)]


def _read_logged(y: Any, names: Sequence[str]) -> Feedback:
    _check_names(names, _LOGGED, ("model", "quality"))
    classes, action = encode_labels("model", y["model"])
    _check_rows(len(action))
    quality = as_numbers("quality", y["quality"])
    cost = np.broadcast_to(quality.dtype.type(0), quality.shape)
    if "cost" in names:
        cost = as_numbers("cost", y["cost"], minimum=0.0)
    propensity = np.full(len(action), np.nan)
    if "propensity" in names:
        propensity = as_numbers(
            "propensity", y["propensity"], above=0.0, maximum=1.0, nan_means="estimate it"
        ).astype(np.float64)
    shared = _shared(y, names, len(action))
    return Feedback(classes, action, quality, cost, propensity=propensity, **shared)


def _matrices_of_frame(y: Any, names: list[str]) -> tuple[list[str], np.ndarray, np.ndarray | None]:
    models = [name.partition(":")[2] for name in names if name.startswith("quality:")]
    with_cost = [name.partition(":")[2] for name in names if name.startswith("cost:")]
    if with_cost and set(with_cost) != set(models):
        odd = sorted(set(with_cost) ^ set(models))
        raise ValueError(
            f"y must have both or neither of quality:<m> and cost:<m> for models {odd}"
        )
    known = [f"{part}:{model}" for part in ("quality", "cost") for model in models]
    _check_names(names, [*known, *_SHARED], ())

    def matrix(part: str, minimum: float | None = None) -> np.ndarray:
        columns = [f"{part}:{model}" for model in models]
        return np.column_stack([as_numbers(name, y[name], minimum=minimum) for name in columns])

    return models, matrix("quality"), matrix("cost", 0.0) if with_cost else None


def _matrices_of_records(y: np.ndarray) -> tuple[list[str], np.ndarray, np.ndarray | None]:
    models = list(y.dtype["quality"].names)
    _check_names(y.dtype.names, ("quality", "cost", *_SHARED), ())

    def matrix(part: str, minimum: float | None = None) -> np.ndarray:
        records = y[part]
        if records.dtype.names is None or set(records.dtype.names) != set(models):
            raise ValueError(
                f"column {part!r} must hold a record with the models {models}, got {records.dtype}"
            )
        values = structured_to_unstructured(records[models])
        for k, model in enumerate(models):
            as_numbers(f"{part}:{model}", values[:, k], minimum=minimum)
        return values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)

    return models, matrix("quality"), matrix("cost", 0.0) if "cost" in y.dtype.names else None


def _read_full(
    models: list[str],
    quality: np.ndarray,
    cost: np.ndarray | None,
    y: Any,
    names: Sequence[str],
) -> Feedback:
    check_models(models)
    _check_rows(len(quality))
    classes, place = _sort_labels(models)
    order = np.argsort(place)
    if (order != np.arange(len(order))).any():
        quality = quality[:, order]
        cost = None if cost is None else cost[:, order]
    if cost is None:
        cost = np.broadcast_to(quality.dtype.type(0), quality.shape)
    shared = _shared(y, names, len(quality))
    return Feedback(classes, None, quality, cost, propensity=None, **shared)


def _read_labels(y: np.ndarray) -> Feedback:
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        if y.dtype.kind in "iu":
            raise ValueError(
                f"y is an array of integers of shape {y.shape}, as cross_val_predict(method="
                "'predict_proba') makes of a table by replacing its values by codes. Use "
                "method='predict', or call fit and predict_proba on your own splits."
            )
        raise ValueError(
            f"y must be a table of feedback or 1-D labels, got an array of shape {y.shape}. For "
            "every model's outcome use skroute.full_feedback(quality, cost, models=...)."
        )
    _check_rows(len(y))
    classes, action = encode_labels("y", y)
    if (
        y.dtype.kind in "iu"
        and len(y) >= _DISTINCT_ROWS
        and len(classes) > _DISTINCT_SHARE * len(y)
    ):
        raise ValueError(
            f"y holds {len(classes)} different integers in {len(y)} rows, as cross_val_predict("
            "method='predict_proba') makes of a table by replacing its rows by codes. Use "
            "method='predict', or call fit and predict_proba on your own splits."
        )
    quality = np.zeros((len(y), len(classes)))
    quality[np.arange(len(y)), action] = 1.0
    cost = np.broadcast_to(np.float64(0), quality.shape)
    shared = _shared(None, (), len(y))
    return Feedback(classes, None, quality, cost, propensity=None, **shared)
