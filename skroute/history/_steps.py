"""Whether, when and by how much a level moved: one step in a series, by a test that holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from .._utils import ShortRepr, earliest

# Observations on each side of a step, at the least.
_FEWEST = 20
# A step whose statistic is below this is none, and the formula of its probability no good.
_SMALLEST = 2.0


@dataclass(frozen=True, repr=False)
class Step(ShortRepr):
    """Where the level of a series most likely moved.

    Attributes
    ----------
    time : float
        Of the first observation after it.
    size : float
        Mean after it minus mean before.
    p_value : float
        Probability of a step that stands out as much somewhere, in a series without any.
    """

    time: float
    size: float
    p_value: float


def largest_step(
    time: np.ndarray, value: np.ndarray, weight: np.ndarray, group: np.ndarray | None = None
) -> Step | None:
    """Return the step in values (n,) that stands out most; None where too few rows could tell.

    Rows of one group are one observation. The order of rows at the same time is not known, so that
    no step is between them.

    Notes
    -----
    The largest standardized difference of means over all places with 20 observations on each side
    (CUSUM). Its probability is that of the supremum of a standardized Brownian bridge [1]_, and its
    variance allows for neighbours that are alike (Bartlett's long-run variance).

    References
    ----------
    .. [1] Csorgo, Horvath, *Limit Theorems in Change-Point Analysis*, Wiley 1997, equation 1.3.26.
    """
    time, total, mass = _observations(time, value, weight, group)
    n_seen = len(time)
    if n_seen < 2 * _FEWEST:
        return None
    deviation = total - mass * (total.sum() / mass.sum())
    held, path = mass.cumsum()[:-1], deviation.cumsum()[:-1]
    share = held / mass.sum()
    places = np.arange(1, n_seen)
    possible = (places >= _FEWEST) & (places <= n_seen - _FEWEST) & (time[1:] > time[:-1])
    if not possible.any():
        return None
    # Standardized but for the variance, which is the same everywhere.
    size = np.abs(path) / np.sqrt(share * (1 - share))
    at = int(np.argmax(np.where(possible, size, -1.0)))
    before, after = slice(0, at + 1), slice(at + 1, None)
    means = [total[part].sum() / mass[part].sum() for part in (before, after)]
    rest = total - mass * np.repeat(means, [at + 1, n_seen - at - 1])
    variance, alike = float(rest @ rest) / n_seen, _likeness(rest)
    if variance == 0:
        p_value = 0.0 if size[at] > 0 else 1.0
        return Step(float(time[at + 1]), float(means[1] - means[0]), p_value)
    found = float(size[at]) / np.sqrt(n_seen * variance * alike)
    # As rare as this value is of a t-statistic, the normal one is.
    found = float(-norm.ppf(student.sf(found, max(n_seen / alike - 2, 1))))
    return Step(float(time[at + 1]), float(means[1] - means[0]), _p_value(found, _FEWEST / n_seen))


def _observations(
    time: np.ndarray, value: np.ndarray, weight: np.ndarray, group: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return time, weighted sum and weight of each observation in the order of time."""
    if group is not None:
        _, code = np.unique(group, return_inverse=True)
        value = np.bincount(code, weight * value) / np.bincount(code, weight)
        time, weight = earliest(time, code), np.bincount(code, weight)
    order = np.argsort(time, kind="stable")
    return time[order], (weight * value)[order], weight[order]


def _likeness(rest: np.ndarray) -> float:
    """Return how many neighbours count as one: long-run variance over variance, at least 1."""
    n_lags = int(2 * len(rest) ** (1 / 3))
    beside = [float(rest[lag:] @ rest[:-lag]) for lag in range(1, n_lags + 1)]
    more = sum(2 * (1 - lag / (n_lags + 1)) * part for lag, part in enumerate(beside, 1))
    return 1.0 + max(more / float(rest @ rest), 0.0) if rest.any() else 1.0


def _p_value(found: float, edge: float) -> float:
    if found < _SMALLEST:
        return 1.0
    if not np.isfinite(found) or found > 38:
        return 0.0
    span = 2 * np.log((1 - edge) / edge)
    return float(min(1.0, found * norm.pdf(found) * ((1 - found**-2) * span + 4 * found**-2)))
