"""Labels of models: read, sorted, numbered, matched. Labels match where their strings do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .._utils import as_column, check_distinct, is_missing, refuse_rows, value_error


def positions(labels: Iterable[Any]) -> dict[str, int]:
    """Return the index of each label by its string."""
    if isinstance(labels, np.ndarray) and labels.dtype.kind == "U":
        labels = labels.tolist()  # of which strings are made in a fifth of the time
    return {str(label): k for k, label in enumerate(labels)}


def index_of(labels: Any, classes: Iterable[Any]) -> np.ndarray:
    """Return the index (n,) into `classes` of each label; an unknown one is an error."""
    position = positions(classes)
    names, code = np.unique(np.asarray(labels).astype(str), return_inverse=True)
    unknown = [name for name in names.tolist() if name not in position]
    if unknown:
        raise ValueError(f"labels hold unknown models {unknown}; known: {list(position)}")
    return np.array([position[name] for name in names.tolist()], dtype=np.intp)[code.reshape(-1)]


def numbered_models(n_models: int) -> list[str]:
    """Return ``model_0``, ``model_1``, ..., of equal width, so that they sort as they count."""
    width = len(str(max(n_models - 1, 0)))
    return [f"model_{k:0{width}d}" for k in range(n_models)]


def check_models(names: Sequence[str]) -> None:
    """Raise unless the models of full feedback are two or more, named and distinct."""
    if len(names) < 2:
        raise ValueError(
            f"models: {list(names)} is too few to choose from; give a column for each of two or "
            "more models"
        )
    if "" in names:
        raise ValueError(f"models: number {list(names).index('')} has an empty name; name it")
    check_distinct(names, "models")


def encode_labels(column: str, values: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct labels of a column, sorted by string, and each row's index into them."""
    array = as_column(column, values)
    if array.dtype.kind == "O":
        labels, codes = _distinct_objects(column, array)
        classes, place = sort_labels(labels)
        return classes, place[codes]
    if array.dtype.kind == "f":
        broken = ~np.isfinite(array) | (array != np.floor(array))
        remedy = "labels are text or integers. Unknown label type: continuous"
        refuse_rows(column, array, broken, remedy)
    elif array.dtype.kind not in "iubUS":
        raise ValueError(f"column {column!r}: labels are text or integers, got {array.dtype}")
    distinct, codes = np.unique(array, return_inverse=True)
    classes, place = sort_labels(list(distinct))
    return classes.astype(array.dtype), place[codes.reshape(-1)]


def _distinct_objects(column: str, array: np.ndarray) -> tuple[list[Any], np.ndarray]:
    """Return the distinct labels of a column of objects, in order of appearance, and codes (n,)."""
    found: dict[Any, int] = {}
    codes = np.empty(len(array), dtype=np.intp)
    for row, label in enumerate(array.tolist()):
        if is_missing(label) or not isinstance(label, str | bytes | int | np.integer | np.bool_):
            raise value_error(column, row, label, "a model's label, text or an integer, is needed")
        codes[row] = found.setdefault(label, len(found))
    labels = list(found)
    # Objects that are all text or all integers are as good as a column of that type.
    if len({type(label) for label in labels}) == 1 and np.array(labels).dtype.kind in "Uiub":
        labels = list(np.array(labels))
    return labels, codes


def sort_labels(labels: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
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
