"""Labels of any scale as qualities in [0, 1], and in words how they were read.

Thumbs, truth values and words of praise or blame are 1, 0 and, where they are neutral, a half.
Which scale numbers are on is told by the numbers themselves, all of one name together. Letters are
not read as grades: "A" and "B" are as often the sides of a comparison.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from .._utils import short_repr
from ._options import named, option

_GOOD = """\
up thumbsup thumbup upvote 👍 :thumbsup: :+1: like liked good great positive true t yes y correct
right pass passed accept accepted approve approved helpful satisfied happy success successful win"""
_BAD = """\
down thumbsdown thumbdown downvote 👎 :thumbsdown: :-1: dislike disliked bad poor negative false f
no n incorrect wrong fail failed reject rejected disapprove disapproved unhelpful nothelpful
dissatisfied unsatisfied unhappy failure unsuccessful lose"""
_NEUTRAL = "neutral mixed partial partly partiallycorrect tie draw"
_WORDS = {
    word: quality
    for words, quality in ((_GOOD, 1.0), (_BAD, 0.0), (_NEUTRAL, 0.5))
    for word in words.split()
}
# Tones of skin and the marks that ask for a coloured picture do not change a thumb.
_TONES = dict.fromkeys([*range(0x1F3FB, 0x1F400), 0xFE0E, 0xFE0F])
# "Thumbs up", "thumbs_up" and "thumbs-up" are one word.
_JOINED = str.maketrans("", "", " _-")


class Scale(NamedTuple):
    """A scale of numbers: `worst` is read as 0 and `best` as 1; both None: read as they are."""

    worst: float | None
    best: float | None
    words: str  # that complete "rating: ..."

    def read(self, numbers: np.ndarray) -> np.ndarray:
        """Return numbers of this scale as qualities."""
        if self.worst is None or self.best is None:
            return numbers
        return (numbers - self.worst) / (self.best - self.worst)


class Ratings(NamedTuple):
    """Labels of one name as qualities.

    Attributes
    ----------
    quality : ndarray of float64 of shape (m,)
        NaN where a label is no number and no word that is known.
    words : str
        How they were read, for a note that begins with their name.
    kept : bool
        Whether they are what they were.
    """

    quality: np.ndarray
    words: str
    kept: bool


def read_ratings(
    name: str, values: Iterable[Any], scale: tuple[float, float] | None = None
) -> Ratings:
    """Read labels of one name, (m,) numbers, truth values or words, as qualities.

    `scale` is what the user knows of it: the worst and the best label.
    """
    values = list(values)
    number, settled = _as_numbers(values)
    open_ = ~np.isnan(number) & ~settled
    known = scale is not None
    read_as = _given_scale(name, scale) if scale is not None else find_scale(number[open_])
    scaled = ~np.isnan(number) if known and {read_as.worst, read_as.best} == {0.0, 1.0} else open_
    quality = number.copy()
    quality[scaled] = read_as.read(number[scaled])
    if known:
        _refuse_outside(name, values, number, quality)
    words = (
        ["words and truth values as 0 and 1"] if settled.any() and not scaled[settled].any() else []
    )
    if open_.any() or known:
        words.append(read_as.words)
    unread = [value for value, each in zip(values, number.tolist(), strict=True) if each != each]
    if unread:
        words.append(
            f"{len(unread):,} cannot be read and count as never judged, such as "
            f"{short_repr(unread[0])}"
        )
    kept = not unread and not settled.any() and bool(np.array_equal(quality, number))
    return Ratings(quality, "; ".join(words), kept)


def find_scale(numbers: np.ndarray) -> Scale:
    """Tell the scale of numbers (m,) by their values alone."""
    if not len(numbers):
        return Scale(None, None, "no number")
    low, high = float(numbers.min()), float(numbers.max())
    found = f"{low:g} to {high:g}" if low < high else f"{low:g} alone"
    by_halves = bool((2 * numbers == np.round(2 * numbers)).all())
    if low >= 0 and high <= 1:
        doubt = "" if low < 1 else ", all of them 1, whatever their scale is"
        return Scale(None, None, f"numbers in [0, 1], kept{doubt}")
    if set(np.unique(numbers).tolist()) <= {-1.0, 0.0, 1.0}:
        ends = -1.0, 1.0
    elif low >= 0 and by_halves and high <= 10:
        ends = _ends_of_steps(numbers, low, high)
    elif low >= 0 and 10 < high <= 100:
        ends = 0.0, 100.0
    else:
        return Scale(None, None, f"{found}, on no scale that is known, kept as they are")
    beside = "" if (low, high) == ends else f", found were {found}"
    return Scale(*ends, f"{ends[0]:g} to {ends[1]:g} read as 0 to 1{beside}")


def _ends_of_steps(numbers: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """Return the ends of a scale of whole or half steps, up to 10.

    From 1, unless something is lower. From 0, a scale of which every whole step occurs ends where
    they end.
    """
    bottom = 1.0 if low >= 1 else 0.0
    steps = np.arange(high + 1) if high == round(high) else np.array([np.nan])
    if bottom == 0 and np.array_equal(np.unique(numbers), steps):
        return bottom, high
    return bottom, 5.0 if high <= 5 else 10.0


def _as_numbers(values: list[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return labels as numbers (m,), NaN if they are none, and which are qualities already."""
    number, settled = np.empty(len(values)), np.zeros(len(values), dtype=bool)
    for row, value in enumerate(values):
        number[row], settled[row] = _as_number(value)
    return number, settled


def _as_number(value: Any) -> tuple[float, bool]:
    if isinstance(value, bool | np.bool_):
        return float(value), True
    if isinstance(value, str):
        text = value.strip().casefold().translate(_TONES)
        quality = _WORDS.get(text, _WORDS.get(text.translate(_JOINED)))
        if quality is not None:
            return quality, True
        if text.endswith("%"):
            share = _finite(text[:-1]) / 100
            return (share, True) if 0 <= share <= 1 else (np.nan, False)
        return _finite(text), False
    return _finite(value), False


def _finite(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return np.nan
    return number if np.isfinite(number) else np.nan


def _given_scale(name: str, scale: tuple[float, float]) -> Scale:
    try:
        worst, best = (_finite(end) for end in scale)
    except (TypeError, ValueError):
        worst = best = np.nan
    if not worst != best or np.isnan([worst, best]).any():
        raise ValueError(
            f"{named('score')}: the scale of {name!r} must be two different numbers, the worst and "
            f"the best; got {scale!r}"
        )
    return Scale(worst, best, f"{worst:g} to {best:g} read as 0 to 1, as {option('score')} says")


def _refuse_outside(name: str, values: list[Any], number: np.ndarray, quality: np.ndarray) -> None:
    outside = np.flatnonzero(~np.isnan(number) & ((quality < 0) | (quality > 1)))
    if len(outside):
        value = short_repr(values[int(outside[0])])
        raise ValueError(
            f"label {name!r}: found {value}, which is beyond the worst and the best of "
            f"{option('score')}; give the ends of the whole scale"
        )
