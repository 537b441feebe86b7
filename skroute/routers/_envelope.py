"""The upper envelopes of lines: what is best for each query as cost sensitivity grows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._exclusion import mask_excluded

# Of each change: query, cost sensitivity, model before and model after.
Changes = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


class FixedModels(NamedTuple):
    """Below a cost sensitivity every query gets the model that is best for all of them.

    Attributes
    ----------
    until : float
        Where choices by query begin.
    quality, cost : ndarray of shape (K,)
        Mean quality and cost of each model, by which is chosen below it.
    """

    until: float
    quality: np.ndarray
    cost: np.ndarray


def best(
    value: np.ndarray, slope: np.ndarray, at: float, excluded: np.ndarray | None
) -> np.ndarray:
    return mask_excluded(value - at * slope, excluded).argmax(axis=1)


def walk_from_fixed(
    fixed: FixedModels,
    value: np.ndarray,
    slope: np.ndarray,
    low: float,
    high: float,
    excluded: np.ndarray | None,
) -> tuple[np.ndarray, Changes]:
    """Return the choices at `low`, one model's for all, and the changes from there to `high`."""
    means = np.broadcast_to(fixed.quality, value.shape), np.broadcast_to(fixed.cost, value.shape)
    start = best(*means, low, excluded)
    steps = [walk(*means, start, low, min(fixed.until, high), excluded)]
    if fixed.until <= high and np.isfinite(fixed.until):
        last, begin = start.copy(), best(value, slope, fixed.until, excluded)
        # Changes of one query are in order, and the last assignment stays.
        last[steps[0][0]] = steps[0][3]
        moved = np.flatnonzero(last != begin)
        steps.append((moved, np.full(len(moved), fixed.until), last[moved], begin[moved]))
        steps.append(walk(value, slope, begin, fixed.until, high, excluded))
    row, where, before, after = (np.concatenate(part) for part in zip(*steps, strict=True))
    return start, (row, where, before, after)


def walk(
    value: np.ndarray,
    slope: np.ndarray,
    start: np.ndarray,
    low: float,
    high: float,
    excluded: np.ndarray | None,
) -> Changes:
    """Follow the upper envelopes of ``value - l * slope``, (n, K) each, from the choices at `low`.

    Changes of one row are in order. No line falls faster than that of an excluded model, so that
    it is never met.
    """
    if excluded is not None:
        slope = np.where(excluded, np.inf, slope)
    rows, current, steps = np.arange(len(value)), start, []
    while len(rows):
        here = rows, current
        gap = value[here][:, None] - value[rows]
        saving = slope[here][:, None] - slope[rows]
        meet = np.full(gap.shape, np.inf)
        np.divide(gap, saving, out=meet, where=saving > 0)
        first = meet.min(axis=1)
        # Of models met at once the one of the least slope is best from there on.
        saving[meet > first[:, None]] = -np.inf
        following = saving.argmax(axis=1)
        moving = (first <= high) & np.isfinite(first)
        rows, first = rows[moving], np.maximum(first[moving], low)
        steps.append((rows, first, current[moving], following[moving]))
        current = following[moving]
    row, where, before, after = (np.concatenate(part) for part in zip(*steps, strict=True))
    return row, where, before, after
