"""What the baselines share: utilities at any cost sensitivity."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from .._validation import check_cost_sensitivity


def read_queries(router: Any, X: Any) -> np.ndarray:
    return validate_data(router, X, dtype=(np.float64, np.float32), reset=False)


def resolve_cost_sensitivity(router: Any, value: Any, n_rows: int) -> float | np.ndarray:
    """Return lambda as a float, or as a column (n, 1) of one a row."""
    if value is None:
        return check_cost_sensitivity(router.cost_sensitivity)
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


class OutcomeRouterMixin:
    """Choose by predicted utility; a router gives ``_predict_outcomes(X)``, two (n, K) arrays."""

    def predict_quality(self, X: Any) -> np.ndarray:
        """Return the predicted quality of every model, shape (n, K).

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries.
        """
        return self._predict_outcomes(X)[0]

    def predict_cost(self, X: Any) -> np.ndarray:
        """Return the predicted cost of every model in dollars, shape (n, K).

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries.
        """
        return self._predict_outcomes(X)[1]

    def _decide(self, X: Any, cost_sensitivity: Any) -> np.ndarray:
        quality, cost = self._predict_outcomes(X)
        return quality - resolve_cost_sensitivity(self, cost_sensitivity, len(quality)) * cost
