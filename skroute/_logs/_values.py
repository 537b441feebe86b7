"""Values of a record: numbers, truth values, times and what is nested, out of text as well."""

from __future__ import annotations

import ast
import json
import math
import warnings
from collections.abc import Container, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from .._utils import short_repr

UNKNOWN: Any = object()

_MAY_BE_NAN = float | np.floating | Decimal | datetime
# How files write that there is nothing.
_NOTHING = {"", "none", "null", "nan", "nat", "<na>", "\\n"}
_TRUTH = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "1.0"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0", "0.0"), False),
}
# No time is that far away: more of them are milliseconds, microseconds, nanoseconds.
_LATEST_SECONDS, _FINER_UNITS = 1e11, (1.0, 1e3, 1e6, 1e9)


def is_nothing(value: Any) -> bool:
    """Tell whether a value says that there is none: None, NaN, "null", what is empty and so on."""
    if isinstance(value, str):
        return value.strip().lower() in _NOTHING
    if isinstance(value, dict | list | tuple):
        return not value
    return value is None or (isinstance(value, _MAY_BE_NAN) and bool(value != value))


def number(value: Any, name: str) -> float:
    """Return a finite number, NaN where there is none; an error names the field `name`."""
    if is_nothing(value):
        return math.nan
    found = math.nan
    if not isinstance(value, bool | bytes):
        with suppress(TypeError, ValueError, OverflowError):
            found = float(value)
    if not math.isfinite(found):
        raise ValueError(f"{name} must be a finite number, got {short_repr(value)}")
    return found


def truth(value: Any, name: str) -> bool | None:
    """Return a truth value, None where there is none; an error names the field `name`."""
    if is_nothing(value):
        return None
    found = _TRUTH.get(str(value).strip().lower())
    if found is None:
        raise ValueError(f"{name} must be true or false, got {short_repr(value)}")
    return found


def seconds(value: Any, name: str) -> float:
    """Return Unix seconds of a datetime, ISO 8601 or a number; NaN where there is none.

    Times without a time zone are taken as UTC. Numbers are seconds or, told by their size,
    milliseconds, microseconds or nanoseconds. An error names the field `name`.
    """
    moment = value
    if isinstance(value, str) and not is_nothing(value):
        with suppress(ValueError):
            moment = datetime.fromisoformat(value.strip().removesuffix(" UTC"))
    if isinstance(moment, datetime) and not is_nothing(moment):
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    try:
        found = number(moment, name)
        if math.isnan(found):
            return found
        return next(found / unit for unit in _FINER_UNITS if abs(found / unit) < _LATEST_SECONDS)
    except (ValueError, StopIteration):
        raise ValueError(
            f"{name} must be Unix seconds or ISO 8601, got {short_repr(value)}"
        ) from None


def text(value: Any) -> str | None:
    """Return a scalar as text, None where there is none and for anything nested."""
    if is_nothing(value) or isinstance(value, dict | list | tuple | set | bytes | Mapping):
        return None
    return str(value).strip()


def mapping(value: Any) -> Mapping[str, Any]:
    """Return an object, also out of text that is one; an empty one where there is none."""
    found = decode(value) if isinstance(value, str) else value
    return found if isinstance(found, dict | Mapping) else {}


def sequence(value: Any) -> list[Any]:
    """Return a list, also out of text that is one; an empty one where there is none."""
    found = decode(value) if isinstance(value, str) else value
    return list(found) if isinstance(found, list | tuple) else []


def decode(value: str) -> Any:
    """Return what a text that is JSON, or a Python literal, stands for; else `UNKNOWN`."""
    value = value.strip()
    if value == "null":
        return None
    if not (value.startswith(("{", "[")) and value.endswith(("}", "]"))):
        return UNKNOWN
    with suppress(ValueError, RecursionError):
        return json.loads(value, strict=False)
    if not value.lstrip("[").startswith(("{'", "'", '"')):
        return UNKNOWN
    try:
        with warnings.catch_warnings():
            # Of backslashes that stand before no escape.
            warnings.simplefilter("ignore")
            return ast.literal_eval(value)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return UNKNOWN


def look_up(record: Mapping[str, Any], path: str) -> Any:
    """Return what stands at a dotted path, through objects and text that holds them.

    Names that hold dots themselves are found as well. `UNKNOWN` where there is nothing.
    """
    if path in record:
        return record[path]
    end = path.rfind(".")
    while end > 0:
        if path[:end] in record:
            found = look_up(mapping(record[path[:end]]), path[end + 1 :])
            if found is not UNKNOWN:
                return found
        end = path.rfind(".", 0, end)
    return UNKNOWN


def leaves(record: Mapping[str, Any], skip: Container[str] = ()) -> Iterator[tuple[str, Any]]:
    """Yield the scalars of a record by their dotted names, and lists of scalars as one text.

    What stands below a name in `skip` is passed over, and so is what holds nothing.
    """
    pending = [(str(name), value) for name, value in reversed(list(record.items()))]
    while pending:
        name, value = pending.pop()
        if name in skip or is_nothing(value):
            continue
        if isinstance(value, str | bool | int | float | date):
            yield name, value
        elif isinstance(value, list | tuple):
            if all(isinstance(item, str | int | float) for item in value):
                yield name, ", ".join(map(str, value))
        elif isinstance(value, Decimal):
            yield name, float(value)
        elif isinstance(value, Mapping):
            inner = reversed(list(value.items()))
            pending.extend((f"{name}.{key}", part) for key, part in inner)
