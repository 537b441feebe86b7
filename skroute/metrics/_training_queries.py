"""What a router remembers of the queries it was fitted on: enough to tell when they are scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import gen_batches

from .._utils import ShortRepr, scramble, warn
from ._warnings import TrainingLogWarning

_MOST_KEYS = 1000
# Rows that set the scale of the features.
_SCALE_ROWS = 1000
_N_PROJECTIONS = 4
# Steps to a standard deviation: coarse enough that the rounding of a transformer, which differs
# between fit_transform and transform, seldom moves a query into another step.
_STEPS = 2.0**10
_LARGEST_STEP = 2.0**50
_BATCH_ROWS = 4096
# So that zeros are not hashed to zero.
_INCREMENT = np.uint64(0x9E3779B97F4A7C15)
# Scales a feature down to nothing.
_UNUSABLE = np.iinfo(np.int16).max


@dataclass(frozen=True, eq=False, repr=False)
class TrainingQueries(ShortRepr):
    """Keys of the queries of a fit: at most a thousand, whatever the rows of the log.

    The key of a query is a hash of a few rounded random projections of its standardized features.
    Of more than a thousand distinct keys the smallest are kept. These are a random sample of the
    queries, and any other query whose key is as small can be looked up: so the share of seen
    queries among others is estimated without bias. Neither queries nor feedback can be had back.

    Attributes
    ----------
    exponent : ndarray of int16 of shape (d,)
        Power of two that scales each feature down; the largest integer leaves it out.
    spread, offset : ndarray of shape (4,)
        Standard deviation of the projections, and their mean.
    keys : ndarray of uint64 of shape (m,)
        Ascending.
    complete : bool
        Whether all keys were kept.
    repeated : float
        Share of rows of the fit whose query occurs in another row as well. A new query of the same
        source has about this chance of having been seen.

    Notes
    -----
    Eight bytes a key and two a feature; the same queries give the same keys, in any order. Of n
    scored rows about ``m = min(n, 1000 n / N)`` have a key as small as those kept, for N distinct
    queries of the fit. The estimated share s has a standard error of ``sqrt(s (1 - s) / m)``; rows
    that were held out have a share of 0 without error. `make_policy_scorer` says what goes
    unnoticed.
    """

    exponent: np.ndarray
    spread: np.ndarray
    offset: np.ndarray
    keys: np.ndarray
    complete: bool
    repeated: float

    @classmethod
    def of(cls, X: np.ndarray) -> TrainingQueries:
        """Read the queries (n, d), finite numbers. Time is O(n d), beside X memory is O(n + d)."""
        sample = X[:: max(1, len(X) // _SCALE_ROWS)].astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            scale = sample.std(axis=0)
            usable = np.isfinite(scale) & (scale > 0)
            exponent = np.where(usable, np.frexp(scale)[1], _UNUSABLE).astype(np.int16)
            projected = sample @ _directions(exponent)
        spread = projected.std(axis=0)
        offset = projected.mean(axis=0)
        empty = cls(exponent, spread, offset, np.zeros(0, np.uint64), True, 1.0)
        keys, count = np.unique(empty._keys_of(X), return_counts=True)
        # Queries that are all alike say nothing about which rows they are.
        repeated = float(count[count > 1].sum() / len(X)) if usable.any() else 1.0
        complete = len(keys) <= _MOST_KEYS
        return cls(exponent, spread, offset, keys[:_MOST_KEYS], complete, repeated)

    def share_seen(self, X: np.ndarray) -> float:
        """Return the estimated share of the rows of X whose query was in the fit."""
        keys = self._keys_of(X)
        if not self.complete:
            keys = keys[keys <= self.keys[-1]]
        return float(np.isin(keys, self.keys).mean()) if len(keys) else 0.0

    def _keys_of(self, X: np.ndarray) -> np.ndarray:
        """Return the keys (n,) of queries."""
        keys = np.zeros(len(X), dtype=np.uint64)
        scale = _STEPS / np.where(self.spread > 0, self.spread, np.inf)
        directions = _directions(self.exponent)
        for rows in gen_batches(len(X), _BATCH_ROWS):
            with np.errstate(over="ignore", invalid="ignore"):
                step = np.floor((X[rows].astype(np.float64) @ directions - self.offset) * scale)
            step = np.nan_to_num(np.clip(step, -_LARGEST_STEP, _LARGEST_STEP))
            for column in step.astype(np.int64).T:
                keys[rows] = scramble((keys[rows] ^ column.astype(np.uint64)) + _INCREMENT)
        return keys


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


def _directions(exponent: np.ndarray) -> np.ndarray:
    """Return random directions (d, 4), the same for any router, scaled to the features."""
    normal = np.random.RandomState(0).standard_normal((len(exponent), _N_PROJECTIONS))
    return np.ldexp(normal, -exponent.astype(np.intc)[:, None])
