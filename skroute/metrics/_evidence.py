"""What a table says about policies: checked once, the same for every policy valued on it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._utils import as_numbers, check_cost_sensitivity
from ..feedback import Feedback, as_matrix, read_feedback
from ._policies import read_models

PREDICTED_QUALITY, PREDICTED_COST = "predicted_quality", "predicted_cost"


@dataclass(frozen=True)
class Evidence:
    """The rows that count, as arrays.

    Attributes
    ----------
    feedback : Feedback
        The rows used, its model axis in the order of `models`.
    used : ndarray of bool of shape (n_rows,)
        Rows of the table that are used: of positive weight, and gold where any row is.
    rows : slice or ndarray
        The same as an index.
    gold_only : bool
        Whether rows were left out because their quality is preference-based.
    propensity : ndarray of shape (n_used,) or None
        Propensity of the logged model, NaN where it is missing.
    quality, cost : ndarray of shape (n_used, K) or None
        Outcomes in full feedback, predictions for logged feedback.
    unit : ndarray of int of shape (n_used,) or None
        Codes 0, 1, ... of the groups; None: every row is independent.
    cost_sensitivity : float
    """

    feedback: Feedback
    used: np.ndarray
    rows: Any
    gold_only: bool
    propensity: Any
    quality: Any
    cost: Any
    unit: np.ndarray | None
    cost_sensitivity: float

    @property
    def weight(self) -> np.ndarray:
        return self.feedback.weight

    def require_propensity(self, method: str) -> np.ndarray:
        """Return the propensities, or say which row lacks one and what to do."""
        missing = np.flatnonzero(np.isnan(self.propensity))
        if len(missing):
            row = int(np.flatnonzero(self.used)[missing[0]])
            raise ValueError(
                f"column 'propensity', row {row}: found nan ({len(missing)} of "
                f"{len(self.feedback)} rows); method {method!r} needs the probability with which "
                "the log chose its model. Estimate it and pass propensity=, or use method='dm'."
            )
        return self.propensity


def read_evidence(
    y: Any,
    *,
    cost_sensitivity: float = 0.0,
    predicted_quality: Any = None,
    predicted_cost: Any = None,
    models: Any = None,
    propensity: Any = None,
) -> Evidence:
    """Check a table and the predictions for it; rows that do not count are left out."""
    cost_sensitivity = check_cost_sensitivity(cost_sensitivity)
    feedback = read_feedback(y)
    labels = read_models(models, feedback.classes)
    feedback = feedback.aligned(labels)
    used, gold_only = rows_that_count(feedback)
    recorded = feedback.propensity
    if propensity is not None:
        recorded = as_numbers("propensity", propensity, above=0.0, maximum=1.0).astype(np.float64)
        _check_length("propensity", recorded, len(feedback))
    if feedback.logged:
        quality, cost = _predictions(
            predicted_quality, predicted_cost, feedback, labels, cost_sensitivity
        )
    else:
        recorded, quality, cost = None, feedback.quality, feedback.cost
    # A slice where every row counts, so that nothing is copied.
    rows: Any = slice(None) if used.all() else used
    unit = None
    if feedback.group is not None:
        unit = np.unique(feedback.group[rows], return_inverse=True)[1].reshape(-1)
    return Evidence(
        feedback=feedback.take(rows),
        used=used,
        rows=rows,
        gold_only=gold_only,
        propensity=None if recorded is None else recorded[rows],
        quality=None if quality is None else quality[rows],
        cost=None if cost is None else cost[rows],
        unit=unit,
        cost_sensitivity=cost_sensitivity,
    )


def rows_that_count(feedback: Feedback) -> tuple[np.ndarray, bool]:
    """Return a mask of the rows to use, and whether preference rows were left out by it."""
    counted = feedback.weight > 0
    gold = feedback.gold & counted
    if not gold.any():
        warnings.warn(
            "No row that counts has a gold quality: the value is on the scale of the "
            "preference-based quality, which may be biased. Add gold rows, or correct the "
            "preference rows first.",
            UserWarning,
            stacklevel=4,
        )
        return counted, False
    return gold, bool(gold.sum() < counted.sum())


def _check_length(name: str, values: np.ndarray, n_rows: int) -> None:
    if len(values) != n_rows:
        raise ValueError(
            f"{name} has {len(values)} rows but y has {n_rows}. Give one for each row."
        )


def _predictions(
    predicted_quality: Any,
    predicted_cost: Any,
    feedback: Feedback,
    labels: np.ndarray,
    cost_sensitivity: float,
) -> tuple[np.ndarray | None, np.ndarray | None]:
    if predicted_quality is None:
        if predicted_cost is not None:
            raise ValueError("predicted_cost is given without predicted_quality. Give both.")
        return None, None
    names = [str(label) for label in labels]
    quality = as_matrix(PREDICTED_QUALITY, predicted_quality, names)
    _check_length(PREDICTED_QUALITY, quality, len(feedback))
    if predicted_cost is not None:
        cost = as_matrix(PREDICTED_COST, predicted_cost, names)
        _check_length(PREDICTED_COST, cost, len(feedback))
        return quality, cost
    if not feedback.cost.any():
        # Every answer was free, so there is nothing to predict.
        return quality, np.broadcast_to(np.float64(0), quality.shape)
    if cost_sensitivity > 0:
        raise ValueError(
            "predicted_quality is given without predicted_cost, which is needed for "
            f"cost_sensitivity={cost_sensitivity:g}. Give both."
        )
    return quality, None
