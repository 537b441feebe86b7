"""What a router remembers of the queries it was fitted on: enough to tell when they are scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import gen_batches

from ._warnings import TrainingLogWarning, warn

_MOST_KEYS = 1000
# Rows that set the scale of the features.
_SCALE_ROWS = 1000
_N_PROJECTIONS = 4
# Steps to a standard deviation: coarse enough that the rounding of a transformer, which differs
# between fit_transform and transform, seldom moves a query into another step. Transformers that
# differ by more (a randomized PCA, cross-fitted encoders) hide the queries, and nothing is said.
_STEPS = 2.0**10
_LARGEST_STEP = 2.0**50
_BATCH_ROWS = 4096


@dataclass(frozen=True, eq=False)
class TrainingQueries:
    """Keys of the queries of a fit, at most a thousand of them.

    The key of a query is a hash of a few rounded random projections. Of more than a thousand
    distinct keys the smallest are kept. These are a random sample of the queries, and any other
    query whose key is as small can be looked up: so the share of seen queries among others is
    estimated without bias. Neither queries nor feedback can be had back from it.

    Attributes
    ----------
    projection : ndarray of shape (d, 4)
    offset : ndarray of shape (4,)
    keys : ndarray of uint64 of shape (m,)
        Ascending.
    complete : bool
        Whether all keys were kept.
    repeated : float
        Share of rows of the fit whose query occurs in another row as well. A new query of the same
        source has about this chance of having been seen.
    """

    projection: np.ndarray
    offset: np.ndarray
    keys: np.ndarray
    complete: bool
    repeated: float

    @classmethod
    def of(cls, X: np.ndarray) -> TrainingQueries:
        """Read the queries (n, d), finite numbers. Time is O(n d), beside X memory is O(n + d)."""
        projection, offset = _projection(X)
        key, count = np.unique(_keys(X, projection, offset), return_counts=True)
        # Queries that are all alike say nothing about which rows they are.
        repeated = float(count[count > 1].sum() / len(X)) if projection.any() else 1.0
        return cls(projection, offset, key[:_MOST_KEYS], len(key) <= _MOST_KEYS, repeated)

    def share_seen(self, X: np.ndarray) -> float:
        """Return the estimated share of the rows of X whose query was in the fit."""
        key = _keys(X, self.projection, self.offset)
        if not self.complete:
            key = key[key <= self.keys[-1]]
        return float(np.isin(key, self.keys).mean()) if len(key) else 0.0


def warn_if_trained_on(router: Any, X: np.ndarray) -> None:
    """Warn where a router is scored on queries it was fitted on, more than repetition explains."""
    seen = getattr(router, "training_queries_", None)
    if seen is None:
        return
    share = seen.share_seen(X)
    if share > (1.0 + seen.repeated) / 2:
        name = type(router).__name__
        warning = TrainingLogWarning(
            f"About {share:.0%} of the rows that are scored are rows that {name} was fitted on, "
            "which flatters it. Score rows that were held out, or use cross_val_score or "
            "skroute.metrics.cross_val_policy.",
            router=name,
            share_seen=share,
        )
        warn(warning)


def _projection(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return random directions (d, 4), standardized on some of the rows, and their centre (4,)."""
    sample = X[:: max(1, len(X) // _SCALE_ROWS)].astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        scale = sample.std(axis=0)
        usable = np.isfinite(scale) & (scale > 0)
        direction = np.random.RandomState(0).standard_normal((X.shape[1], _N_PROJECTIONS))
        direction /= np.where(usable, scale, np.inf)[:, None]
        projected = sample @ direction
        spread = projected.std(axis=0)
        direction /= np.where(spread > 0, spread, np.inf)
        return direction, sample.mean(axis=0) @ direction


def _keys(X: np.ndarray, projection: np.ndarray, offset: np.ndarray) -> np.ndarray:
    keys = np.empty(len(X), dtype=np.uint64)
    for rows in gen_batches(len(X), _BATCH_ROWS):
        with np.errstate(over="ignore", invalid="ignore"):
            step = np.floor((X[rows].astype(np.float64) @ projection - offset) * _STEPS)
        step = np.nan_to_num(np.clip(step, -_LARGEST_STEP, _LARGEST_STEP))
        key = np.zeros(len(step), dtype=np.uint64)
        for column in step.astype(np.int64).T:
            key = _scramble(key ^ column.astype(np.uint64))
        keys[rows] = key
    return keys


def _scramble(bits: np.ndarray) -> np.ndarray:
    """Return 64-bit words in which every bit depends on all bits of the input (SplitMix64)."""
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
