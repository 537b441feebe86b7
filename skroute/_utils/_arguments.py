"""Checks of arguments that several estimators take."""

from __future__ import annotations

from typing import Any

import numpy as np


def check_at_least(least: float, **values: float) -> None:
    """Raise where an argument, given by its name, is below `least` or NaN."""
    for name, value in values.items():
        if not value >= least:
            raise ValueError(f"{name} must be at least {least}, got {value!r}")


def check_cost_sensitivity(value: Any) -> float:
    """Return lambda as a float; a number, finite and at least 0, is needed."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number) or number < 0:
        raise ValueError(f"cost_sensitivity must be a finite number of at least 0, got {value!r}")
    return number


def resolve_cost_sensitivity(value: Any, own: Any, n_rows: int) -> float | np.ndarray:
    """Return lambda as a float, or as a column (n, 1) of one a row; None stands for `own`."""
    if value is None:
        return check_cost_sensitivity(own)
    if np.ndim(value) == 0:
        return check_cost_sensitivity(value)
    values = np.asarray(value, dtype=np.float64)
    if values.shape != (n_rows,):
        raise ValueError(
            f"cost_sensitivity must be a number or have shape ({n_rows},), got {values.shape}"
        )
    bad = np.flatnonzero(~np.isfinite(values) | (values < 0))
    if len(bad):
        raise ValueError(
            "cost_sensitivity must be finite and at least 0; row "
            f"{bad[0]} has {float(values[bad[0]])!r}"
        )
    return values[:, None]


def check_sample_weight(sample_weight: Any, n_rows: int) -> np.ndarray | None:
    """Return float64 weights (n,), finite, at least 0 and not all 0; None stays None."""
    if sample_weight is None:
        return None
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.ndim == 0:
        weight = np.full(n_rows, float(weight))
    if weight.shape != (n_rows,):
        raise ValueError(f"sample_weight must have shape ({n_rows},), got {weight.shape}")
    bad = np.flatnonzero(~np.isfinite(weight) | (weight < 0))
    if len(bad):
        raise ValueError(
            f"sample_weight must be finite and at least 0; row {bad[0]} has {weight[bad[0]]!r}"
        )
    if not weight.any():
        raise ValueError("sample_weight is zero in every row; at least one must be positive")
    return weight
