"""Columns of any unit on one scale, without touching the directions of an embedding.

Columns of comparable width, many of them, are the directions of an embedding: their relative sizes
say which matter, and are kept. Any other column is a quantity with a unit of its own, such as a
length, a time or an indicator, and is divided by its width. Where a column has heavy tails, its
robust z-values go through arcsinh first, so that a few values do not hide the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._utils import ShortRepr

# Sorted widths with a gap of more than this factor are not of one embedding.
_GAP = 3.0
# An embedding has at least so many columns, and its widths span at most this factor.
_FEWEST_DIRECTIONS, _LARGEST_SPAN = 16, 300.0
# A column with z-values beyond this, by its standard deviation, is looked at more closely; one with
# robust z-values beyond the second has heavy tails.
_SUSPECT, _HEAVY = 6.0, 10.0
# What arcsinh leaves is clipped here: 80,000 times the width of the middle half.
_LARGEST = 12.0
# A column whose mean is this many times its width is centred before it is multiplied.
_FAR = 30.0


@dataclass(frozen=True, repr=False)
class ColumnScale(ShortRepr):
    """Center and scale of every column, and the columns that need more than that.

    Attributes
    ----------
    center, scale : ndarray of shape (d,)
        What is subtracted from squashed columns, and then divided by.
    odd : ndarray of int of shape (o,)
        Columns that `squash` changes: heavy tails, or a mean far from zero.
    odd_center, odd_scale : ndarray of shape (o,)
        Median and robust width of those.
    heavy : ndarray of bool of shape (o,)
        Which of those go through arcsinh.
    raw : ndarray of int of shape (r,)
        Columns that vary and are no directions of an embedding.
    """

    center: np.ndarray
    scale: np.ndarray
    odd: np.ndarray
    odd_center: np.ndarray
    odd_scale: np.ndarray
    heavy: np.ndarray
    raw: np.ndarray

    @classmethod
    def of(
        cls, X: np.ndarray, weight: np.ndarray, extremes: np.ndarray | None = None
    ) -> ColumnScale:
        """Learn from rows (n, d) of positive weight (n,).

        `extremes` (2, d) are the least and the largest values that are to be mapped, if there are
        others than in these rows.

        Notes
        -----
        Time O(n d), and O(n log n) for each column with far values.
        """
        Z, share = X.astype(np.float64), weight / weight.sum()
        least, largest = Z.min(axis=0), Z.max(axis=0)
        low, high = (least, largest) if extremes is None else extremes
        center, width = _moments(Z, share)
        # The last columns of a decomposition of few texts are rounding errors of the first ones,
        # which are of order 1.
        beside = min(width.max(initial=0.0), 1.0)
        tiny = 10 * np.maximum(
            np.finfo(X.dtype).eps * np.abs(center), np.finfo(np.float64).eps * beside
        )
        # The mean of many equal values is none of them.
        constant = (width <= tiny) | (least == largest)
        with np.errstate(over="ignore", invalid="ignore"):
            reach = np.maximum(high - center, center - low)
            near = (reach <= _SUSPECT * width) & (np.abs(center) <= _FAR * width)
        odd = np.flatnonzero(~(near | constant))
        order = np.argsort(Z[:, odd], axis=0)
        middle = [_middle(Z[rows, j], weight[rows]) for rows, j in zip(order.T, odd, strict=True)]
        odd_center, odd_scale = np.array(middle).reshape(-1, 2).T
        reach = np.maximum(
            high[odd] / odd_scale - odd_center / odd_scale,
            odd_center / odd_scale - low[odd] / odd_scale,
        )
        heavy = reach > _HEAVY
        far = np.abs(odd_center) > _FAR * odd_scale
        kept = heavy | far
        odd, odd_center, odd_scale, heavy = (
            part[kept] for part in (odd, odd_center, odd_scale, heavy)
        )
        squashed = cls(center, width, odd, odd_center, odd_scale, heavy, odd)
        Z[:, odd] = squashed._odd_columns(X)
        center[odd], width[odd] = _moments(Z[:, odd], share)
        constant[odd] = False
        scale = np.where(constant, 1.0, width)
        directions = _directions(width, ~constant)
        raw = ~constant
        raw[directions] = False
        if len(directions):
            scale[directions] = np.median(width[directions])
            inside = (Z[:, directions] - center[directions]) / scale[directions]
            scale[raw] /= _raw_width(inside, share, int(raw.sum()))
        return cls(center, scale, odd, odd_center, odd_scale, heavy, np.flatnonzero(raw))

    def squash(self, X: np.ndarray) -> np.ndarray:
        """Return X with its odd columns changed, in its dtype; X itself if there are none."""
        if len(self.odd) == 0:
            return X
        X = X.copy()
        X[:, self.odd] = self._odd_columns(X)
        return X

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return squashed, centred and scaled columns in the dtype of X."""
        return (self.squash(X) - self.center.astype(X.dtype)) / self.scale.astype(X.dtype)

    def _odd_columns(self, X: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            z = (X[:, self.odd].astype(np.float64) - self.odd_center) / self.odd_scale
            z[:, self.heavy] = np.arcsinh(z[:, self.heavy])
        return np.clip(z, -_LARGEST, _LARGEST, out=z)


def _moments(Z: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weighted means and standard deviations of columns, infinite where they overflow."""
    with np.errstate(over="ignore", invalid="ignore"):
        center = share @ Z
        width = np.sqrt(share @ (Z - center) ** 2)
    return center, np.where(np.isfinite(width), width, np.inf)


def _middle(ordered: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Return median and robust width of increasing values.

    The width is that of a normal column with the same quartiles; where these coincide, half the
    values being one, the median distance of the others from it.
    """
    held = weight.cumsum()
    half = held[-1] * (1 - 1e-12)
    low, center, high = ordered[np.searchsorted(held, np.array([0.25, 0.5, 0.75]) * half)]
    if high > low:
        return float(center), float(high / 1.349 - low / 1.349)
    other = ordered != center
    distance = np.abs(ordered[other] / 2 - center / 2)
    order = np.argsort(distance)
    held = weight[other][order].cumsum()
    at = int(np.searchsorted(held, held[-1] / 2 * (1 - 1e-12)))
    return float(center), float(2 * min(distance[order][at], np.finfo(np.float64).max / 4))


def _directions(width: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Return the columns that are directions of an embedding, those of the largest if of several.

    Columns are chained by their widths while there is no gap between them.
    """
    columns = np.flatnonzero(counted & np.isfinite(width))
    columns = columns[np.argsort(width[columns], kind="stable")]
    ordered = width[columns]
    breaks = np.flatnonzero(ordered[1:] > _GAP * ordered[:-1]) + 1
    largest = max(np.split(columns, breaks), key=len)
    if len(largest) < _FEWEST_DIRECTIONS or width[largest[-1]] > _LARGEST_SPAN * width[largest[0]]:
        return columns[:0]
    return np.sort(largest)


def _raw_width(Z: np.ndarray, share: np.ndarray, n_raw: int) -> float:
    """Return the width of a raw column beside the directions of an embedding (n, m).

    That of a leading principal direction, as a kernel of damped components sees it; but all raw
    columns together are no larger than the embedding.
    """
    scaled = Z * np.sqrt(share)[:, None]
    covariance = scaled @ scaled.T if len(Z) < Z.shape[1] else scaled.T @ scaled
    total = float(np.trace(covariance))
    leading = float((covariance**2).sum()) / total
    return float(np.sqrt(min(leading, total / max(n_raw, 1))))
