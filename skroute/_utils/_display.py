"""How results are shown where they are printed: on a few lines, whatever they hold."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from ._names import printable, shorten

_WIDTH = 88
_LONGEST = 360
_LONGEST_TEXT = 40
_MOST_ITEMS = 4
# An array of one axis that takes no more than this is shown, and not only described.
_LONGEST_ARRAY = 48


class ShortRepr:
    """Mixin of results: the name of the class, and what it was made of where that is not None.

    Arrays are described, numbers rounded, and what does not fit on some lines is left out. A
    dataclass needs ``repr=False`` beside it.
    """

    def __repr__(self) -> str:
        return describe(self)


def describe(result: Any) -> str:
    """Return what `ShortRepr` shows of a dataclass, a named tuple or an object with parameters."""
    name = type(result).__name__
    parts = []
    for field in _field_names(result):
        value = getattr(result, field)
        if value is not None:
            parts.append(f"{field}={_shown(value)}")
    lines = [f"{name}("]
    for place, part in enumerate(parts):
        last = place == len(parts) - 1
        if len(part) + sum(map(len, lines)) > _LONGEST:
            lines[-1] += "..."
            break
        if len(lines[-1]) + len(part) >= _WIDTH and lines[-1].strip() != f"{name}(":
            lines[-1] = lines[-1].rstrip()
            lines.append("    ")
        lines[-1] += part + ("" if last else ", ")
    return "\n".join(lines) + ")"


def _field_names(result: Any) -> list[str]:
    # Of a named tuple as well, these are its fields.
    names = list(inspect.signature(type(result)).parameters)
    if is_dataclass(result):
        names = [field.name for field in fields(result)]
    return [name for name in names if not name.startswith("_")]


def _shown(value: Any) -> str:
    """Return a value as one field among others shows it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        text = f"{value:.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"
        return f"{text}.0" if text.lstrip("-").isdigit() else text
    if isinstance(value, str):
        # As in a repr, with quotes that the text does not hold.
        return repr(value) if len(value) <= _LONGEST_TEXT else f"'{_cut(value)}'"
    if value is None or isinstance(value, int | bool | complex):
        return repr(value)
    if isinstance(value, np.ndarray):
        return _shown_array(value)
    if isinstance(value, Mapping):
        items = (f"{_shown(key)}: {_shown(each)}" for key, each in value.items())
        return f"{{{_listed(items, len(value))}}}"
    if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
        opening, closing = "()" if isinstance(value, tuple) else "[]"
        return f"{opening}{_listed(map(_shown, value), len(value))}{closing}"
    if hasattr(value, "shape"):
        return f"<{type(value).__name__} {value.shape}>"
    return getattr(value, "__qualname__", f"{type(value).__name__}(...)")


def _shown_array(array: np.ndarray) -> str:
    if array.dtype.names is not None:
        return f"<{len(array)} rows of {', '.join(array.dtype.names)}>"
    if array.ndim == 0:
        return _shown(array.item())
    if array.ndim == 1 and len(array) <= 8:
        text = f"[{', '.join(_shown(each) for each in array.tolist())}]"
        if len(text) <= _LONGEST_ARRAY:
            return text
    kind = "str" if array.dtype.kind == "U" else array.dtype.name
    return f"<{kind} {array.shape}>"


def _listed(items: Iterable[str], count: int) -> str:
    """Join the first of some items: few, and no more than fit on a line."""
    shown: list[str] = []
    for item in items:
        if len(shown) == _MOST_ITEMS or (shown and len(item) + sum(map(len, shown)) > _WIDTH - 16):
            break
        shown.append(item)
    more = [f"... {count - len(shown)} more"] if count > len(shown) else []
    return ", ".join([*shown, *more])


def _cut(text: str) -> str:
    return shorten(printable(text), _LONGEST_TEXT)
