"""What the baselines share: utilities at any cost sensitivity."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from .._validation import resolve_cost_sensitivity


def read_queries(router: Any, X: Any) -> np.ndarray:
    return validate_data(router, X, dtype=(np.float64, np.float32), reset=False)


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
        return (
            quality
            - resolve_cost_sensitivity(cost_sensitivity, self.cost_sensitivity, len(quality)) * cost
        )
