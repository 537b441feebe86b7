"""Standard errors and confidence intervals of estimates that are means over rows or groups.

What is independent of the rest is a cluster: a group of rows, or a row where there are no groups.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import norm

INTERVALS = ("normal", "bootstrap", "bernstein")
_N_REPLICATES = 2000
_SEED = 0


def sum_by_cluster(values: np.ndarray, cluster: np.ndarray | None) -> np.ndarray:
    """Return the sums of rows (n, ...) by cluster; the rows themselves without clusters."""
    if cluster is None:
        return values
    if values.ndim == 1:
        return np.bincount(cluster, values)
    return np.column_stack([np.bincount(cluster, column) for column in values.T])


def standard_error(influence: np.ndarray) -> float:
    """Return the standard error that belongs to the influences (n_clusters,) of clusters."""
    return float(np.sqrt(influence @ influence))


def confidence_interval(
    kind: str,
    confidence: float,
    value: float,
    influence: np.ndarray,
    *,
    columns: np.ndarray,
    from_sums: Callable[[np.ndarray], np.ndarray],
) -> tuple[float, float]:
    """Return the interval of one kind, NaN if one cluster leaves no other to judge by."""
    if np.isnan(influence).any():
        return np.nan, np.nan
    if kind == "bootstrap":
        return bootstrap_interval(columns, from_sums, confidence)
    if kind == "bernstein":
        return bernstein_interval(value, influence, confidence)
    half = float(norm.ppf(0.5 + confidence / 2)) * standard_error(influence)
    return value - half, value + half


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


def bootstrap_interval(
    columns: np.ndarray,
    from_sums: Callable[[np.ndarray], np.ndarray],
    confidence: float,
) -> tuple[float, float]:
    """Return the percentile interval over resampled clusters.

    `from_sums` turns sums (n_replicates, c) of the columns (n_clusters, c) into estimates.
    """
    n_clusters = len(columns)
    # Sorted, so that the interval does not depend on the order of the rows.
    columns = columns[np.lexsort(columns.T)]
    random_state = np.random.default_rng(_SEED)
    sums = np.empty((_N_REPLICATES, columns.shape[1]))
    for replicate in range(_N_REPLICATES):
        drawn = random_state.integers(0, n_clusters, n_clusters)
        sums[replicate] = np.bincount(drawn, minlength=n_clusters) @ columns
    tail = (1.0 - confidence) / 2
    low, high = np.nanquantile(from_sums(sums), [tail, 1.0 - tail])
    return float(low), float(high)
