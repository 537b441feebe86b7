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
# Amounts below are written with an exponent.
_SMALLEST_DECIMALS = 1e-4


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


def as_dollars(value: float | None, *beside: float | None, signed: bool = False) -> str:
    """Write an amount: in cents, from 1,000 dollars on in dollars, below one in three digits.

    Numbers `beside` it, such as the ends of its interval, say how much of it is known: the largest
    of all has three digits, or cents, and the others as many decimals.

    Examples
    --------
    >>> as_dollars(1234.56), as_dollars(12.5), as_dollars(0.0412), as_dollars(-2e-8)
    ('$1,235', '$12.50', '$0.0412', '-$2e-08')
    >>> as_dollars(16316.2, 12152.7, 20479.7), as_dollars(0.392, -1.63, signed=True)
    ('$16,300', '+$0.39')
    """
    if value is None or not math.isfinite(value):
        return NOT_KNOWN
    sign = "-" if value < 0 else "+" if signed and value > 0 else ""
    size = abs(value)
    others = [abs(each) for each in beside if each is not None and math.isfinite(each)]
    largest = max([size, *others])
    if others and largest >= 1000:
        unit = 10.0 ** (math.floor(math.log10(largest)) - 2)
        return f"{sign}${round(size / unit) * unit:,.0f}"
    if largest >= (100 if others else 1000):
        return f"{sign}${size:,.0f}"
    if largest >= 1:
        return f"{sign}${size:,.2f}"
    if size == 0 or largest < _SMALLEST_DECIMALS:
        return f"{sign}${size:.3g}"
    decimals = 2 - math.floor(math.log10(largest))
    text = f"{size:.{decimals}f}"
    # Cents stay; what follows them is left out where it says nothing.
    while not others and len(text) > 4 and text[-3] != "." and text[-1] == "0":
        text = text[:-1]
    return f"{sign}${text}"


def per_thousand(cost: float | None, *beside: float | None, signed: bool = False) -> str:
    """Write dollars per query as dollars per 1,000 queries."""
    scaled = (None if each is None else QUERIES * each for each in (cost, *beside))
    return as_dollars(*scaled, signed=signed)


def as_points(share: float | None, *beside: float | None, signed: bool = False) -> str:
    """Write a difference on a scale from 0 to 1 in hundredths of it, without the word.

    Examples
    --------
    >>> as_points(0.1354, signed=True), as_points(-0.0004, 0.0006), as_points(0.5)
    ('+13.5', '-0.040', '50.0')
    """
    if share is None or not math.isfinite(share):
        return NOT_KNOWN
    sizes = [100 * abs(each) for each in (share, *beside) if each is not None]
    size = max(filter(math.isfinite, sizes))
    decimals = 1 if size < 100 * _ROUNDING else max(1, 1 - math.floor(math.log10(size)))
    # Adding 0 turns -0 into 0.
    return f"{round(100 * share, decimals) + 0.0:{'+' if signed else ''}.{decimals}f}"


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
