"""What a model is marked down by for what is not known of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._utils import warn
from ..feedback import Feedback
from ..nuisance import squares_by_model

# Rows of all models together that the residual variance of each counts besides its own.
_PRIOR_ROWS = 4.0


class FixedModelWarning(UserWarning):
    """The log does not say enough to choose by query, so that every query gets one model."""


def model_for_all(
    chosen: np.ndarray, predicted: np.ndarray, classes: np.ndarray, left_out: np.ndarray
) -> Any:
    """Return the label that all queries get though predictions would have several; else None.

    `chosen` and `predicted` (n, K) are the utilities that choose and those taken at their word;
    labels that are left out are not chosen.
    """
    kept = ~np.isin(classes, left_out)
    first = np.unique(chosen[:, kept].argmax(axis=1))
    if len(first) > 1 or len(np.unique(predicted[:, kept].argmax(axis=1))) == 1:
        return None
    return classes[kept][first[0]]


def warn_of_fixed_model(label: Any, feedback: Feedback, sensitivity: float) -> None:
    """Say in words that every query gets one model, and what would change that."""
    n_rows = np.count_nonzero(feedback.judged_only().weight)
    message = (
        f"Every query gets {str(label)!r} at cost_sensitivity={sensitivity:g}: what "
        f"{n_rows} rows say of which model is best for which query does "
        "not stand out of its error (calibration_.trust, routing_start_). Log more answers, or "
        "columns that say more of a query."
    )
    warn(FixedModelWarning(message))


def caution_of(error: np.ndarray, mean: np.ndarray, caution: float) -> np.ndarray:
    """Return what each model is marked down by, (K,), in units of the outcome.

    ``z se_k**2 / sqrt(se_k**2 + t**2)``, z being `caution`, se_k the standard error of the mean
    outcome of model k, and t**2 the variance of the means over models. Where models differ by more
    than is unknown of them it fades with the square of the error; where they do not it is z
    standard errors, so that luck does not choose.

    Parameters
    ----------
    error : ndarray of shape (K,)
        Standard error of the mean outcome of each model, see `mean_error`.
    mean : ndarray of shape (K,)
        Predicted mean outcome of each model.
    caution : float
    """
    scale = np.hypot(error, mean.std())
    return caution * np.divide(error**2, scale, out=np.zeros_like(error), where=scale > 0)


def mean_error(
    feedback: Feedback, residual: np.ndarray, inverse_propensity: np.ndarray | None
) -> np.ndarray:
    """Return the standard error of each model's mean outcome, (K,).

    Residual variances borrow a few rows from each other. Rows of a group are one observation.

    Parameters
    ----------
    feedback : Feedback
    residual : ndarray of shape (n,) if logged, (n, K) if full
        Outcomes minus their out-of-fold predictions.
    inverse_propensity : ndarray of shape (n,) or None
        Inverse propensities; None for full feedback.
    """
    n_models, weight = feedback.n_models, feedback.weight
    if inverse_propensity is None or feedback.action is None:
        # Models that answer the same queries are compared query by query.
        residual = (residual - residual.mean(axis=1, keepdims=True)).ravel()
        model = np.tile(np.arange(n_models), len(feedback))
        row = np.repeat(np.arange(len(feedback)), n_models)
        weight, inverse_propensity = weight[row], np.ones(len(row))
    else:
        model, row = feedback.action, np.arange(len(feedback))
    rows = np.bincount(model, weight, n_models)
    square = np.bincount(model, weight * residual**2, n_models)
    pooled = square.sum() / rows.sum()
    variance = (square + _PRIOR_ROWS * pooled) / (rows + _PRIOR_ROWS)
    total = np.bincount(model, weight * inverse_propensity, n_models)
    spread = np.bincount(model, weight * inverse_propensity**2, n_models)
    size = np.divide(total**2, spread, out=np.zeros(n_models), where=spread > 0)
    variance /= np.maximum(size, 1.0)
    if feedback.group is not None:
        score = inverse_propensity * residual
        variance *= _design_effect(feedback.group[row], model, weight, score, n_models)
    return np.sqrt(variance)


def _design_effect(
    group: np.ndarray, model: np.ndarray, weight: np.ndarray, score: np.ndarray, n_models: int
) -> np.ndarray:
    """Return by how much rows of one group say less than as many rows of different ones, (K,)."""
    grouped, _ = squares_by_model(score, model, n_models, weight, group)
    single, _ = squares_by_model(score, model, n_models, weight, None)
    return np.maximum(np.divide(grouped, single, out=np.ones(n_models), where=single > 0), 1.0)
