"""Numbers as people read them: in the command, on the page, in pictures and in errors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

# Stands for what cannot be said.
NOT_KNOWN = "n/a"
QUERIES = 1000
_DECIMALS = 3
_MOST_DECIMALS = 6
# What is left of a number of order 1 where rounding errors are all there is.
_ROUNDING = 1e-12


def as_number(value: float | None, *beside: float | None, signed: bool = False) -> str:
    """Write a number of order 1, such as a quality.

    It has three decimals, or more where the largest of it and of the numbers `beside` it needs
    more to show two digits.

    Examples
    --------
    >>> as_number(0.5), as_number(0.000412), as_number(2e-8), as_number(float("nan"))
    ('0.500', '0.00041', '2.0e-08', 'n/a')
    >>> as_number(0.000012, 0.5, signed=True)
    '+0.000'
    """
    if value is None or not math.isfinite(value):
        return NOT_KNOWN
    sign = "+" if signed else ""
    sizes = [abs(each) for each in (value, *beside) if each is not None and math.isfinite(each)]
    size = max(sizes)
    if size < _ROUNDING:
        return f"{0.0:{sign}.{_DECIMALS}f}"
    decimals = 1 - math.floor(math.log10(size))
    if decimals > _MOST_DECIMALS:
        return f"{value:{sign}.1e}"
    # Adding 0 turns -0 into 0.
    return f"{value + 0.0:{sign}.{max(decimals, _DECIMALS)}f}"


def as_interval(
    low: float | None,
    high: float | None,
    *beside: float | None,
    write: Callable[..., str] = as_number,
    **style: Any,
) -> str:
    """Write both ends of an interval as `write` does with `style`; `n/a` where one is unknown.

    Examples
    --------
    >>> as_interval(-0.1, 0.2, signed=True), as_interval(float("nan"), 0.2)
    ('-0.100 to +0.200', 'n/a')
    """
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return NOT_KNOWN
    return f"{write(low, high, *beside, **style)} to {write(high, low, *beside, **style)}"


def as_dollars(value: float | None, *beside: float | None) -> str:
    """Write an amount with as many digits as tell it from others, whatever stands `beside` it.

    Examples
    --------
    >>> as_dollars(1234.5), as_dollars(0.0412), as_dollars(-2e-8)
    ('$1,234.50', '$0.0412', '-$2e-08')
    """
    if value is None or not math.isfinite(value):
        return NOT_KNOWN
    sign, size = "-" if value < 0 else "", abs(value)
    return f"{sign}${size:,.2f}" if size >= 1 else f"{sign}${size:.3g}"


def per_thousand(cost: float | None) -> str:
    """Write dollars per query as dollars per 1,000 queries."""
    return as_dollars(None if cost is None else QUERIES * cost)


def as_digits(value: float | None, digits: int = 4) -> str:
    """Write a number of any size with some significant digits, all those before the point.

    Examples
    --------
    >>> as_digits(1234567.8), as_digits(0.00012345, 3), as_digits(20.0), as_digits(2e12)
    ('1,234,568', '0.000123', '20', '2e+12')
    """
    if value is None or math.isnan(value):
        return NOT_KNOWN
    whole = 10 ** (digits - 1) <= abs(value) < 1e9
    return f"{value:,.0f}" if whole else f"{value:.{digits}g}"


def as_share(share: float | None, decimals: int = 0, *, signed: bool = False) -> str:
    """Write a share as a percentage that is told from none and from all.

    Examples
    --------
    >>> as_share(0.25), as_share(0.0004), as_share(0.9996), as_share(1.0)
    ('25%', '0.04%', '99.96%', '100%')
    """
    if share is None or not math.isfinite(share):
        return NOT_KNOWN
    gap = min(abs(share), abs(1 - abs(share)))
    while gap > _ROUNDING and decimals < _MOST_DECIMALS and round(100 * gap, decimals) == 0:
        decimals += 1
    return f"{share + 0.0:{'+' if signed else ''}.{decimals}%}"
