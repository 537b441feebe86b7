"""Estimates as sums of means and ratios over rows: value, error and interval follow from the sums.

Whatever is estimated is a sum of parts, each the weighted mean of something over rows plus, where
it is self-normalized, a ratio of two sums. So one set of columns, summed by cluster, is all that a
jackknife or a bootstrap needs, of one policy or of the difference between two.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

# A share of the sum that is 1 but for rounding.
_ALL_OF_IT = 1e-12
_N_COLUMNS = 4


@dataclass(frozen=True)
class Terms:
    """Parts (n,) of an estimate ``mean(plain) + sum(numerator) / sum(denominator)``.

    Means and sums are weighted by rows. Without a ratio both its parts are None. A ratio whose
    denominator is 0 in every row counts as 0 beside a plain part, and is NaN alone.
    """

    plain: np.ndarray | None
    numerator: np.ndarray | None = None
    denominator: np.ndarray | None = None

    def write_columns(self, row_weight: np.ndarray, out: np.ndarray) -> None:
        """Write the weighted parts to `out` (n, 4): plain, one, numerator, denominator."""
        out[:, 1] = row_weight
        for k, part in ((0, self.plain), (2, self.numerator), (3, self.denominator)):
            if part is not None:
                np.multiply(part, row_weight, out=out[:, k])

    def split(self, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean and the ratio, (...,) each, that belong to sums (..., 4) of `columns`."""
        mean = sums[..., 0] / sums[..., 1]
        if self.numerator is None:
            return mean, np.zeros_like(mean)
        ratio = np.full_like(mean, np.nan if self.plain is None else 0.0)
        np.divide(sums[..., 2], sums[..., 3], out=ratio, where=sums[..., 3] > 0)
        return mean, ratio


@dataclass(frozen=True)
class Part:
    """Terms times a scale.

    Ratios of the same `outcome` average the same residuals, so that those of two policies largely
    cancel in a difference. The error of the ratio is `spread` times what its rows show, and one
    more row is counted in it whose residual has the variance `unseen`, 0 for none.
    """

    terms: Terms
    outcome: str
    scale: float = 1.0
    spread: float = 1.0
    unseen: float = 0.0

    def without(self, left: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and ratio, (n_clusters,) each, with each cluster left out; sums (..., 4)."""
        mean, ratio = self.terms.split(left)
        whole = self.terms.split(total)[1]
        return mean, whole + self.spread * (ratio - whole)


@dataclass(frozen=True)
class Estimate:
    """A sum of parts. `columns` (n, c) of rows, or their sums by cluster, stand for the table."""

    parts: tuple[Part, ...]

    @classmethod
    def of(cls, outcome: str, *terms: Terms) -> Estimate:
        """Return the sum of some terms."""
        return cls(tuple(Part(each, outcome) for each in terms))

    def minus(self, scale: float, other: Estimate | None) -> Estimate:
        """Return this estimate minus `scale` times another."""
        if scale == 0 or other is None:
            return self
        taken = (replace(part, scale=-scale * part.scale) for part in other.parts)
        return Estimate((*self.parts, *taken))

    def columns(self, row_weight: np.ndarray) -> np.ndarray:
        """Return the weighted columns (n, c) of all parts.

        They lie one after the other in memory, as they are read: a third of the time.
        """
        columns = np.zeros((len(row_weight), _N_COLUMNS * len(self.parts)), order="F")
        for part, own in zip(self.parts, _by_part(columns), strict=True):
            part.terms.write_columns(row_weight, own)
        return columns

    def from_sums(self, sums: np.ndarray) -> np.ndarray:
        """Return the estimates (...,) that belong to sums (..., c) of `columns`."""
        total = np.zeros(sums.shape[:-1])
        for part, own in zip(self.parts, _by_part(sums), strict=True):
            mean, ratio = part.terms.split(own)
            total += part.scale * (mean + ratio)
        return total

    def value(self, row_weight: np.ndarray) -> float:
        """Return the estimate."""
        return float(self.from_sums(self.columns(row_weight).sum(axis=0)))

    def influences(self, columns: np.ndarray) -> np.ndarray:
        """Return the influences (n_clusters, 1 + n_outcomes) of clusters on the parts.

        The deviations, with one cluster left out, of the means and of each outcome's ratios. They
        add up to that of the estimate, and are scaled so that their root sum of squares is the
        jackknife standard error: exact for a plain mean. NaN if a cluster has all of a sum below a
        line, since it leaves no other to judge by.
        """
        total = columns.sum(axis=0)
        left = total - columns
        parts = list(zip(self.parts, _by_part(total), _by_part(left), strict=True))
        outcomes = {part.outcome for part in self.parts if part.terms.numerator is not None}
        for part, every, rest in parts:
            below = [1] if part.terms.numerator is None else [1, 3]
            if (every[below] <= 0).any() or (rest[:, below] <= _ALL_OF_IT * every[below]).any():
                return np.full((len(columns), 1 + len(outcomes)), np.nan)
        of_means = np.zeros(len(columns))
        of_ratios: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(len(columns)))
        for part, every, rest in parts:
            mean, ratio = part.without(rest, every)
            of_means += part.scale * mean
            if part.terms.numerator is not None:
                of_ratios[part.outcome] += part.scale * ratio
        without = np.array([of_means, *of_ratios.values()])
        deviation = without.mean(axis=1, keepdims=True) - without
        return (np.sqrt((len(columns) - 1) / len(columns)) * deviation).T

    def influence(self, columns: np.ndarray) -> np.ndarray:
        """Return the influence (n_clusters,) of clusters on the estimate."""
        return self.influences(columns).sum(axis=1)

    def with_unseen(
        self, influences: np.ndarray, shares: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return `influences` and the sums of `shares` by cluster with a row that was not seen.

        Half a dozen labels may happen to be alike, and then say nothing of how far others are off.
        """
        unseen: dict[str, float] = defaultdict(float)
        for part in self.parts:
            if part.terms.numerator is not None:
                variance = part.spread**2 * part.unseen
                unseen[part.outcome] = max(unseen[part.outcome], variance)
        variances = [0.0, *unseen.values()]
        more = np.array([*map(_one_more, influences.T, shares.T, variances)])
        return np.vstack([influences, more[:, 0]]), np.vstack([shares, more[:, 1]])

    def shares(self, by_row: np.ndarray) -> np.ndarray:
        """Return the shares (n, 1 + n_outcomes) of rows in the means and in each outcome's ratios.

        Given the columns of rows. Of the ratios of two policies a row's shares cancel.
        """
        total = by_row.sum(axis=0)
        ratios: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(len(by_row)))
        for part, every, own in zip(self.parts, _by_part(total), _by_part(by_row), strict=True):
            if part.terms.numerator is not None:
                ratios[part.outcome] += part.scale * own[:, 3] / every[3]
        return np.abs([by_row[:, 1] / total[1], *ratios.values()]).T


def _one_more(influence: np.ndarray, share: np.ndarray, variance: float) -> tuple[float, float]:
    """Return influence and share of one more row than there are, of a residual of some variance.

    Its share is that of a row where all have the same. What it adds to the squared error is what
    the mean square of all residuals, this one included, exceeds that of those seen by.
    """
    square = float(share @ share)
    if not (variance > 0 and square > 0):
        return 0.0, 0.0
    seen = float(influence @ influence) / square
    added = square * max(variance - seen, 0.0) / (_effective_number(share) + 1.0)
    return float(np.sqrt(added)), square / float(share.sum())


def degrees_of_freedom(influences: np.ndarray, shares: np.ndarray) -> float:
    """Return the degrees of freedom of the t-value of an estimate, given all `influences`.

    One less than the effective number of clusters, by the sums of `shares` by cluster:
    ``(sum c)**2 / sum c**2``. Means, and the ratios of each outcome, have their own; these are
    averaged harmonically, by how much each adds to the variance.
    """
    variance = (influences**2).sum(axis=0)
    freedom = np.array([max(_effective_number(share) - 1.0, 1.0) for share in shares.T])
    if not variance.sum() > 0:
        return float(freedom[0])
    return float(variance.sum() / (variance / freedom).sum())


def _by_part(columns: np.ndarray) -> list[np.ndarray]:
    """Return views (..., 4) of columns (..., c)."""
    return [
        columns[..., start : start + _N_COLUMNS]
        for start in range(0, columns.shape[-1], _N_COLUMNS)
    ]


def _effective_number(share: np.ndarray) -> float:
    square = float(share @ share)
    return float(share.sum()) ** 2 / square if square > 0 else 0.0
