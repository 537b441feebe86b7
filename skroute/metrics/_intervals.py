"""Standard errors and confidence intervals of estimates.

What is independent of the rest is a cluster: a group of rows, or a row where there are no groups.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from ._options import Options
from ._tables import CountedTable
from ._terms import Estimate, degrees_of_freedom

_N_REPLICATES = 2000
_SEED = 0
# Correlation of neighbouring rows beyond which blocks grow no further.
_LARGEST_CORRELATION = 0.97


@dataclass(frozen=True)
class Inference:
    """What a table says of an estimate.

    Attributes
    ----------
    value, standard_error, low, high : float
        NaN, but for the value, if one cluster leaves no other to judge by.
    degrees_of_freedom : float
        Of the t-value of the estimate.
    n_clusters : int
    """

    value: float
    standard_error: float
    low: float
    high: float
    degrees_of_freedom: float
    n_clusters: int

    @property
    def p_value(self) -> float:
        """Two-sided, of a value of 0."""
        if self.standard_error == 0:
            return 1.0 if self.value == 0 else 0.0
        return float(2.0 * t.sf(abs(self.value) / self.standard_error, self.degrees_of_freedom))


def infer(estimate: Estimate, table: CountedTable, options: Options) -> Inference:
    """Work out value, error and interval of an estimate on a table."""
    by_row = estimate.columns(table.weight)
    columns = sum_by_cluster(by_row, table.cluster)
    value = float(estimate.from_sums(by_row.sum(axis=0)))
    influences = estimate.influences(columns)
    influence = influences.sum(axis=1)
    freedom, n_clusters = np.nan, len(columns)
    if np.isnan(influence).any():
        return Inference(value, np.nan, np.nan, np.nan, freedom, n_clusters)
    shares = sum_by_cluster(estimate.shares(by_row), table.cluster)
    influences, shares = estimate.with_unseen(influences, shares)
    freedom = degrees_of_freedom(influences, shares)
    error = standard_error(influences.sum(axis=1))
    tail = (1.0 - options.confidence) / 2
    if options.interval == "bernstein":
        low, high = bernstein_interval(value, influence, options.confidence)
    elif options.interval == "bootstrap":
        # Sorted, so that the interval does not depend on the order of the rows.
        replicates = resample(columns[np.lexsort(columns.T)], estimate.from_sums)
        low, high = np.nanquantile(replicates, [tail, 1.0 - tail])
    elif options.interval == "block":
        order = table.order_in_time()
        length = options.block_length
        if length is None:
            length = block_length(estimate.influence(by_row)[order])
        replicates = resample_blocks(by_row[order], length, estimate.from_sums)
        low, high = np.nanquantile(replicates, [tail, 1.0 - tail])
        error = float(np.nanstd(replicates))
    else:
        half = float(t.ppf(1.0 - tail, freedom)) * error
        low, high = value - half, value + half
    return Inference(value, error, float(low), float(high), freedom, n_clusters)


def sum_by_cluster(values: np.ndarray, cluster: np.ndarray | None) -> np.ndarray:
    """Return the sums of rows (n, ...) by cluster; the rows themselves without clusters."""
    if cluster is None:
        return values
    if values.ndim == 1:
        return np.bincount(cluster, values)
    return np.array([np.bincount(cluster, column) for column in values.T]).T


def standard_error(influence: np.ndarray) -> float:
    """Return the standard error that belongs to the influences (n_clusters,) of clusters."""
    return float(np.sqrt(influence @ influence))


def bernstein_interval(
    value: float, influence: np.ndarray, confidence: float
) -> tuple[float, float]:
    """Return the empirical Bernstein interval, both sides by the union bound.

    The range of a cluster's influence is taken from the clusters seen.
    """
    n_clusters = len(influence)
    log_term = np.log(4.0 / (1.0 - confidence))
    half = np.sqrt(2.0 * log_term) * standard_error(influence)
    half += 7.0 * np.ptp(influence) * n_clusters * log_term / (3.0 * (n_clusters - 1))
    return value - float(half), value + float(half)


def resample(columns: np.ndarray, from_sums: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return the estimates of resampled clusters, whose columns are (n_clusters, c)."""
    n_clusters = len(columns)
    random_state = np.random.default_rng(_SEED)
    sums = np.empty((_N_REPLICATES, columns.shape[1]))
    for replicate in range(_N_REPLICATES):
        drawn = random_state.integers(0, n_clusters, n_clusters)
        sums[replicate] = np.bincount(drawn, minlength=n_clusters) @ columns
    return from_sums(sums)


def resample_blocks(
    columns: np.ndarray, length: int, from_sums: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return the estimates of resampled blocks of neighbouring rows, the last beside the first."""
    n_rows = len(columns)
    length = min(length, n_rows)
    running = np.zeros((n_rows + length, columns.shape[1]))
    np.cumsum(np.concatenate([columns, columns[: length - 1]]), axis=0, out=running[1:])
    blocks = running[length:] - running[:n_rows]
    n_blocks = -(-n_rows // length)
    random_state = np.random.default_rng(_SEED)
    sums = np.empty((_N_REPLICATES, columns.shape[1]))
    for replicate in range(_N_REPLICATES):
        sums[replicate] = blocks[random_state.integers(0, n_rows, n_blocks)].sum(axis=0)
    return from_sums(sums)


def block_length(influence: np.ndarray) -> int:
    """Return how many neighbouring rows make a block, for influences (n,) in their order.

    The length of smallest error where influences follow an autoregression of order one, and at
    least the cube root of the number of rows.
    """
    n_rows = len(influence)
    centred = influence - influence.mean()
    power = centred @ centred
    correlation = float(centred[1:] @ centred[:-1] / power) if power > 0 else 0.0
    correlation = min(abs(correlation), _LARGEST_CORRELATION)
    memory = 2.0 * correlation / (1.0 - correlation**2)
    return int(np.ceil(max((1.5 * memory**2) ** (1 / 3), 1.0) * n_rows ** (1 / 3)))
