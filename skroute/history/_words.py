"""Moments and moves in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from .._utils import as_dollars, as_number, printable
from ._moves import Move

_DAY = 24 * 3600.0
# Smaller numbers are counts of rows or the like, and larger ones not of this century: no moments.
_FIRST_MOMENT, _LAST_MOMENT = 10 * 365 * _DAY, 150 * 365 * _DAY


def as_moment(time: float, span: float = 4 * _DAY) -> str:
    """Write a moment of a log that spans so many seconds: a date, with the hour where it matters.

    Examples
    --------
    >>> as_moment(1767225600.0), as_moment(1767229200.0, 1e5), as_moment(1200.0)
    ('2026-01-01', '2026-01-01 01:00 UTC', 'time 1,200')
    """
    if not _FIRST_MOMENT <= time <= _LAST_MOMENT:
        return f"time {time:,.0f}" if 100 <= abs(time) < 1e9 else f"time {time:.3g}"
    moment = datetime.fromtimestamp(0, UTC) + timedelta(seconds=time)
    return moment.strftime("%Y-%m-%d" if span > 3 * _DAY else "%Y-%m-%d %H:%M UTC")


def say_move(move: Move, span: float = 4 * _DAY) -> str:
    """Return a sentence that says what moved, when and how far."""
    way = "rose" if move.after > move.before else "fell"
    if move.outcome == "cost":
        cost = [1000 * level for level in (move.before, move.after)]
        change = (
            f"from {as_dollars(cost[0], *cost)} to {as_dollars(cost[1], *cost)} per 1,000 queries"
        )
    else:
        change = f"from {as_number(move.before)} to {as_number(move.after)}"
    return (
        f"The {move.outcome} of the model {printable(move.model)!r} {way} {change}, for like "
        f"queries, since about {as_moment(move.time, span)}."
    )
