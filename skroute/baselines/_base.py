"""What the baselines share: reading what `fit` is given, and utilities at any lambda."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from .._reader import Feedback, read_feedback
from .._validation import check_cost_sensitivity, check_sample_weight


def read_fit_input(router: Any, X: Any, y: Any, sample_weight: Any) -> tuple[np.ndarray, Feedback]:
    """Validate what `fit` was given, set `classes_` and return X and the weighted table."""
    check_cost_sensitivity(router.cost_sensitivity)
    X = validate_data(router, X, dtype=(np.float64, np.float32))
    feedback = read_feedback(y)
    if len(X) != len(feedback):
        raise ValueError(
            f"X and y differ in length: inconsistent numbers of samples {[len(X), len(feedback)]}"
        )
    feedback = feedback.reweighted(check_sample_weight(sample_weight, len(X)))
    if not feedback.weight.any():
        raise ValueError("sample_weight and the column 'weight' leave no row with a weight above 0")
    if feedback.n_models < 2:
        raise ValueError(
            f"y shows one class only, the model {feedback.classes[0]!r}; a router needs two or "
            "more to choose from"
        )
    if not feedback.gold.all():
        warnings.warn(
            f"{np.count_nonzero(~feedback.gold)} of {len(feedback)} rows hold a preference-based "
            f"quality (gold is False), which {type(router).__name__} takes as it is. Leave them "
            "out, or correct them first.",
            UserWarning,
            stacklevel=3,
        )
    router.classes_ = feedback.classes
    return X, feedback


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
