"""Counts and lists in words, for notes."""

from __future__ import annotations

from collections.abc import Sequence


def counted(count: int, thing: str) -> str:
    """Return a count and the name of what is counted, such as "1 row" and "2,000 rows"."""
    return f"{count:,} {thing}{'s' * (count != 1)}"


def listed(names: Sequence[str], most: int = 8) -> str:
    """Return names in quotes, with a count in the place of those beyond the first."""
    shown = ", ".join(map(repr, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
