"""Columns of a log that might tell queries apart, and that a router on text does not see."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress

import numpy as np

# What `read_log` makes of a log beside the columns of feedback, and what is left of it.
_USED = {
    *("logged_model", "logged_cost", "input_tokens", "output_tokens", "latency", "dollars"),
    *("group", "time"),
}
# request_id, trace.id, ID, requestId
_ID = re.compile(r"(.*[._ -])?(?i:id|uuid|guid)|.*[a-z](Id|ID|Uuid|UUID)")
_MOST_ROWS = 10_000


def unused_columns(columns: Mapping[str, np.ndarray]) -> list[str]:
    """Return the names of columns that were not used and may be worth it, by their first rows.

    Names of rows, and what is the same in all, tell no router anything.
    """
    return [
        name
        for name, values in columns.items()
        if name not in _USED
        and not name.startswith("label:")
        and not _ID.fullmatch(name)
        and _tells_apart(values[:_MOST_ROWS].tolist())
    ]


def _tells_apart(values: list[object]) -> bool:
    """Tell whether values are not all alike, nor words or numbers that count rows."""
    texts = [str(value) for value in values]
    distinct = len(set(texts))
    if distinct < len(texts):
        return distinct > 1
    with suppress(ValueError):
        return bool((np.diff(np.array(texts, dtype=np.float64)) <= 0).any())
    is_word = all(isinstance(value, str) and not re.search(r"\s", value) for value in values)
    return distinct > 1 and not is_word
