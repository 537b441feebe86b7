"""The knots of a router: the range of cost sensitivities that one fit serves."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._utils import resolve_cost_sensitivity
from ._frontier import Frontier

# Up to this quantile of the changes of choice there is a knot for every sixteenth of them.
_LAST_QUANTILE, _N_INTERVALS = 0.95, 16


def check_knots(knots: Any, cost_sensitivity: float) -> None:
    """Check that knots are None, "auto" or increasing numbers around a cost sensitivity."""
    if knots is None or (isinstance(knots, str) and knots == "auto"):
        return
    try:
        values = np.asarray(knots, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty((0, 0))
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise ValueError(f"knots must be 'auto' or two or more finite numbers, got {knots!r}")
    if values[0] < 0 or (np.diff(values) <= 0).any():
        raise ValueError(f"knots must be at least 0 and increasing, got {knots!r}")
    if not values[0] <= cost_sensitivity <= values[-1]:
        raise ValueError(
            f"knots must span cost_sensitivity={cost_sensitivity:g}, got {knots!r}. Widen them, or "
            "choose a cost sensitivity within."
        )


def place_knots(
    knots: Any,
    cost_sensitivity: float,
    quality: np.ndarray,
    cost: np.ndarray,
    weight: np.ndarray,
    *,
    interpolated: bool,
) -> np.ndarray:
    """Return checked knots as an array; "auto" places them where choices change on predictions.

    They are quantiles of the cost sensitivities at which the choice by predicted quality and cost,
    (n, K) each, changes for some query; queries count by their weight (n,). If choices are by
    predictions the last knot is the last change. If they are interpolated it is the last quantile:
    beyond it few queries change, over a range that may be a thousand times as wide.
    """
    if knots is None:
        return np.array([cost_sensitivity])
    if not isinstance(knots, str):
        return np.asarray(knots, dtype=np.float64)
    seen = weight > 0
    labels = np.arange(quality.shape[1])
    frontier = Frontier.of(quality[seen], cost[seen], labels, 0.0, np.inf, weight[seen])
    last = 1.0
    placed = frontier.change_quantiles(np.linspace(0, _LAST_QUANTILE, _N_INTERVALS + 1)[1:])
    if len(placed):
        last = placed[-1] if interpolated else frontier.cost_sensitivity[-1]
    return np.unique(np.r_[0.0, placed, max(last or 1.0, cost_sensitivity)])


def within_knots(
    cost_sensitivity: Any, own: float, served: tuple[float, float], n_rows: int
) -> float | np.ndarray:
    """Return lambda, one or a column of one a row, if it is in the range served; None is `own`."""
    value = resolve_cost_sensitivity(cost_sensitivity, own, n_rows)
    low, high = served
    outside = np.flatnonzero((value < low) | (value > high))
    if len(outside):
        found = np.ravel(value)[outside[0]]
        raise ValueError(
            f"cost_sensitivity={found:g} (row {outside[0]}) is not served: the router was "
            f"fitted with knots from {low:g} to {high:g}. Fit it with knots that span the "
            "range, or clip the values: np.clip(values, router.knots_[0], router.knots_[-1])."
        )
    return value
