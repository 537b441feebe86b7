"""Times of a log, however it writes them, as Unix seconds."""

from __future__ import annotations

from array import array
from datetime import UTC, datetime
from typing import Any

import numpy as np

from .._utils import is_missing, value_error

_REMEDY = "Unix seconds, a datetime or ISO 8601 (2025-01-31T12:00:00Z) are needed"
# Beyond the year 5,000 numbers are no seconds; each finer unit is a thousand times more.
_LATEST = 1e11
_UNITS = ("milliseconds", "microseconds", "nanoseconds")


class Times:
    """Times as they come in, one a row; NaN where there is none."""

    def __init__(self) -> None:
        self._seconds = array("d")
        self._first_kind: str | None = None

    def append(self, value: Any, row: int) -> None:
        """Take the time of a row of the file; all of a log have to be of one kind."""
        seconds, kind = _parse(value, row)
        if kind is not None:
            self._first_kind = self._first_kind or kind
            if kind != self._first_kind:
                raise value_error(
                    "time",
                    row,
                    value,
                    f"the rows before it hold {self._first_kind}; write all times in one way",
                )
        self._seconds.append(seconds)

    def read(self) -> tuple[np.ndarray, list[str]]:
        """Return Unix seconds (n,) and notes on how they were read."""
        seconds = np.array(self._seconds, dtype=np.float64)
        notes = []
        if self._first_kind == "datetimes without a time zone":
            notes.append("times have no time zone and are taken as UTC")
        known = np.abs(seconds[~np.isnan(seconds)])
        if len(known) and known.min() > _LATEST:
            power = min(int(np.log10(float(np.median(known)) / _LATEST) // 3), len(_UNITS) - 1)
            notes.append(f"times are too large for seconds and are read as {_UNITS[power]}")
            seconds /= 1000.0 ** (power + 1)
        return seconds, notes


def _parse(value: Any, row: int) -> tuple[float, str | None]:
    """Return Unix seconds and the kind of a time; NaN and None where there is none."""
    if is_missing(value) or value == "":
        return np.nan, None
    if isinstance(value, str):
        value = _parse_text(value, row)
    if isinstance(value, np.datetime64):
        value = value.astype("M8[us]").item()
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return value.replace(tzinfo=UTC).timestamp(), "datetimes without a time zone"
        return value.timestamp(), "datetimes with a time zone"
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        if not np.isfinite(float(value)):
            raise value_error("time", row, value, _REMEDY)
        return float(value), "numbers"
    raise value_error("time", row, value, _REMEDY)


def _parse_text(text: str, row: int) -> float | datetime:
    written = text.strip()
    try:
        return float(written)
    except ValueError:
        pass
    if written.endswith(" UTC"):
        written = f"{written[:-4]}+00:00"
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        raise value_error("time", row, text, _REMEDY) from None
