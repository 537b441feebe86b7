"""Numbers as the page writes them."""

from __future__ import annotations

import math

from ..plots import QUERIES, as_dollars
from ._html import Markup, join, tag


def with_interval(value: str, low: float, high: float, signed: bool) -> Markup:
    return join([value, " ", tag("small", f"({interval(low, high, signed=signed)})")])


def interval(low: float, high: float, *, signed: bool) -> str:
    if not (math.isfinite(low) and math.isfinite(high)):
        return "unknown"
    return f"{low:+.3f} to {high:+.3f}" if signed else f"{low:.3f} to {high:.3f}"


def per_thousand(cost: float) -> str:
    return as_dollars(QUERIES * cost) if math.isfinite(cost) else "–"
