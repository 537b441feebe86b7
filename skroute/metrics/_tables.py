"""What a table says about policies: checked once, the same for every policy valued on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._utils import as_numbers
from ..feedback import Feedback, as_matrix, read_feedback
from ._policies import check_length, read_models
from ._warnings import PreferenceOnlyWarning, warn

PREDICTED_QUALITY, PREDICTED_COST = "predicted_quality", "predicted_cost"


def rows_that_count(feedback: Feedback) -> np.ndarray:
    """Return a mask (n,) of the rows that values rest on: the one rule for all of them.

    A row counts if its weight is positive and its quality is known on the gold scale. Where that
    holds for no row, all of positive weight count, with a `PreferenceOnlyWarning`. Who was judged,
    and how likely that was, is settled here and nowhere else.
    """
    weighted = feedback.weight > 0
    if not weighted.any():
        raise ValueError(
            "sample_weight and the column 'weight' leave no row with a weight above 0. Give at "
            "least one row of positive weight."
        )
    gold = feedback.gold & weighted
    if gold.any():
        return gold
    warn(
        PreferenceOnlyWarning(
            "No row that counts has a gold quality: the value is on the scale of the "
            "preference-based quality, which may be biased. Add gold rows, or correct the "
            "preference rows first.",
            n_rows=int(weighted.sum()),
        )
    )
    return weighted


@dataclass(frozen=True)
class CountedTable:
    """The rows of a table that count, as arrays, with what is known of every model there.

    Attributes
    ----------
    feedback : Feedback
        The n rows that count, its model axis in the order of `models`.
    counted : ndarray of bool of shape (n_rows,)
        Which rows of the table these are, see `rows_that_count`.
    gold_only : bool
        Whether rows were left out because their quality is preference-based.
    propensity : ndarray of shape (n,) or None
        Propensity of the logged model, NaN where it is missing. None in full feedback.
    quality, cost : ndarray of shape (n, K) or None
        Outcomes in full feedback, predictions for logged feedback.
    cluster : ndarray of int of shape (n,) or None
        Codes 0, 1, ... of the groups, which are independent of each other; None: every row is.
    """

    feedback: Feedback
    counted: np.ndarray
    gold_only: bool
    propensity: Any
    quality: Any
    cost: Any
    cluster: np.ndarray | None

    @classmethod
    def of(cls, feedback: Feedback) -> CountedTable:
        """Leave out what does not count; a log is without predictions yet."""
        counted = rows_that_count(feedback)
        gold_only = bool((feedback.weight[~counted] > 0).any())
        # Nothing is copied where every row counts.
        used = feedback if counted.all() else feedback.take(counted)
        cluster = None
        if used.group is not None:
            cluster = np.unique(used.group, return_inverse=True)[1].reshape(-1)
        quality, cost = (None, None) if used.logged else (used.quality, used.cost)
        return cls(used, counted, gold_only, used.propensity, quality, cost, cluster)

    @property
    def rows(self) -> Any:
        """Index of the rows that count: a slice where all do."""
        return slice(None) if self.counted.all() else self.counted

    @property
    def weight(self) -> np.ndarray:
        return self.feedback.weight

    def require_propensity(self, method: str) -> np.ndarray:
        """Return the propensities, or say which row lacks one and what to do."""
        missing = np.flatnonzero(np.isnan(self.propensity))
        if len(missing):
            row = int(np.flatnonzero(self.counted)[missing[0]])
            raise ValueError(
                f"column 'propensity', row {row}: found nan ({len(missing)} of "
                f"{len(self.feedback)} rows); method {method!r} needs the probability with which "
                "the log chose its model. Estimate it and pass propensity=, or use method='dm'."
            )
        return self.propensity


def read_table(
    y: Any,
    *,
    cost_sensitivity: float = 0.0,
    predicted_quality: Any = None,
    predicted_cost: Any = None,
    models: Any = None,
    propensity: Any = None,
) -> CountedTable:
    """Check a table and the predictions for it; rows that do not count are left out."""
    feedback = read_feedback(y)
    labels = read_models(models, feedback.classes)
    feedback = feedback.aligned(labels)
    table = CountedTable.of(feedback)
    recorded = table.propensity
    if propensity is not None:
        recorded = as_numbers("propensity", propensity, above=0.0, maximum=1.0).astype(np.float64)
        check_length("propensity", recorded, len(feedback))
        recorded = recorded[table.rows]
    if not feedback.logged:
        return table
    given = predicted_quality, predicted_cost
    quality, cost = _predictions(*given, feedback, labels, cost_sensitivity)
    return replace(
        table,
        propensity=recorded,
        quality=None if quality is None else quality[table.rows],
        cost=None if cost is None else cost[table.rows],
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
    check_length(PREDICTED_QUALITY, quality, len(feedback))
    if predicted_cost is not None:
        cost = as_matrix(PREDICTED_COST, predicted_cost, names)
        check_length(PREDICTED_COST, cost, len(feedback))
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
