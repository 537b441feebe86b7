"""What a table says about policies: checked once, the same for every policy valued on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._utils import as_numbers, warn
from ..feedback import Feedback, as_matrix, read_feedback
from ._policies import check_length, read_models
from ._warnings import GoldRowsWarning, PreferenceOnlyWarning

PREDICTED_QUALITY, PREDICTED_COST = "predicted_quality", "predicted_cost"
PREDICTED_PREFERENCE = "predicted_preference"


def rows_that_count(feedback: Feedback) -> np.ndarray:
    """Return a mask (n,) of the rows whose quality counts: the one rule for all values.

    The quality of a row counts if the weight is positive and the quality known on the gold scale.
    Where that holds for no row, all that were judged count, with a `PreferenceOnlyWarning`.
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
    judged = feedback.judged & weighted
    if not judged.any():
        raise ValueError(
            "no row of positive weight has a quality: nothing was judged, so that no value can be "
            "told. Judge some answers."
        )
    warn(
        PreferenceOnlyWarning(
            "No row that counts has a gold quality: the value is on the scale of the "
            "preference-based quality, which may be biased. Add gold rows, or correct the "
            "preference rows first.",
            n_rows=int(judged.sum()),
        )
    )
    return judged


@dataclass(frozen=True)
class CountedTable:
    """The rows of a table that count, as arrays, with what is known of every model there.

    Attributes
    ----------
    feedback : Feedback
        The n rows that count, its model axis in the order of `models`.
    counted : ndarray of bool of shape (n_rows,)
        Which rows of the table these are.
    scored : ndarray of bool of shape (n,)
        Rows whose quality counts, see `rows_that_count`.
    propensity : ndarray of shape (n,) or None
        Propensity of the logged model, NaN where it is missing. None in full feedback.
    judged_propensity : ndarray of shape (n,) or None
        Probability that a row is a scored one. None: all are, or those that are not were left out.
    quality, cost : ndarray of shape (n, K) or None
        Outcomes in full feedback, predictions for logged feedback.
    preference : ndarray of shape (n, K) or None
        Predictions of what the judge says, where the judge's label of every row is known.
    cluster : ndarray of int of shape (n,) or None
        Codes 0, 1, ... of the groups, which are independent of each other; None: every row is.
    """

    feedback: Feedback
    counted: np.ndarray
    scored: np.ndarray
    propensity: Any
    judged_propensity: Any
    quality: Any
    cost: Any
    preference: Any
    cluster: np.ndarray | None

    @classmethod
    def of(cls, feedback: Feedback, *, scored_alone: bool = False) -> CountedTable:
        """Leave out rows of weight 0 and, if `scored_alone`, those not scored.

        A log is without predictions yet.
        """
        scored = rows_that_count(feedback)
        counted = scored if scored_alone else feedback.weight > 0
        # Nothing is copied where every row counts.
        used = feedback if counted.all() else feedback.take(counted)
        quality, cost = (None, None) if used.logged else (used.quality, used.cost)
        return cls(
            feedback=used,
            counted=counted,
            scored=scored[counted],
            propensity=used.propensity,
            judged_propensity=None,
            quality=quality,
            cost=cost,
            preference=None,
            cluster=_clusters(used),
        )

    def take(self, rows: np.ndarray | None) -> CountedTable:
        """Return the part of the table that a mask (n,) names; None is all of it."""
        if rows is None or rows.all():
            return self
        if not rows.any():
            raise ValueError(
                "the policies choose for none of the rows that count, so that nothing can be said "
                "of them. Give a table with rows that they chose for."
            )
        counted = self.counted.copy()
        counted[counted] = rows
        feedback = self.feedback.take(rows)
        names = ("propensity", "judged_propensity", "quality", "cost", "preference")
        parts = {name: getattr(self, name) for name in names}
        taken = {name: None if part is None else part[rows] for name, part in parts.items()}
        return replace(
            self,
            feedback=feedback,
            counted=counted,
            scored=self.scored[rows],
            cluster=_clusters(feedback),
            **taken,
        )

    @property
    def rows(self) -> Any:
        """Index of the rows that count: a slice where all do."""
        return slice(None) if self.counted.all() else self.counted

    @property
    def weight(self) -> np.ndarray:
        return self.feedback.weight

    @property
    def all_scored(self) -> bool:
        return self.judged_propensity is None

    def judged_weight(self) -> Any:
        """Return what stands for each row (n,) where quality counts: 0 for rows not scored."""
        return 1.0 if self.all_scored else self.scored / self.judged_propensity

    def require_propensity(self, why: str) -> np.ndarray:
        """Return the propensities, or say which row lacks one, why it is needed and what to do."""
        missing = np.flatnonzero(np.isnan(self.propensity))
        if len(missing):
            row = int(np.flatnonzero(self.counted)[missing[0]])
            raise ValueError(
                f"column 'propensity', row {row}: found nan ({len(missing)} of "
                f"{len(self.feedback)} rows); {why}"
            )
        return self.propensity

    def order_in_time(self) -> np.ndarray:
        """Return the rows in their order in time."""
        if self.feedback.time is None:
            raise ValueError(
                "interval='block' takes blocks of rows that follow each other, but y has no column "
                "'time'. Add one; the number of a row will do."
            )
        return np.argsort(self.feedback.time, kind="stable")


def _clusters(feedback: Feedback) -> np.ndarray | None:
    if feedback.group is None:
        return None
    return np.unique(feedback.group, return_inverse=True)[1].reshape(-1)


def read_table(
    y: Any,
    *,
    cost_sensitivity: float = 0.0,
    predicted_quality: Any = None,
    predicted_cost: Any = None,
    predicted_preference: Any = None,
    models: Any = None,
    propensity: Any = None,
    judged_propensity: Any = None,
) -> CountedTable:
    """Check a table and the predictions for it; rows that do not count are left out."""
    feedback = read_feedback(y)
    labels = read_models(models, feedback.classes)
    feedback = feedback.aligned(labels)
    table = CountedTable.of(feedback, scored_alone=judged_propensity is None)
    if judged_propensity is not None:
        judged = _probability("judged_propensity", judged_propensity, feedback)[table.rows]
        table = replace(table, judged_propensity=judged)
    elif (feedback.weight[~table.counted] > 0).any():
        _warn_of_gold_rows(feedback, table)
    recorded = table.propensity
    if propensity is not None:
        recorded = _probability("propensity", propensity, feedback)[table.rows]
    if feedback.logged:
        table = replace(table, propensity=recorded)
    elif table.all_scored:
        return table
    given = predicted_quality, predicted_cost
    parts = _predictions(*given, feedback, labels, cost_sensitivity)
    quality, cost = (None if part is None else part[table.rows] for part in parts)
    preference = None
    if predicted_preference is not None:
        preference = _matrix(PREDICTED_PREFERENCE, predicted_preference, feedback)[table.rows]
    if not feedback.logged:
        cost = table.cost  # known
    return replace(table, quality=quality, cost=cost, preference=preference)


def _warn_of_gold_rows(feedback: Feedback, table: CountedTable) -> None:
    n_rows, n_scored = int(np.count_nonzero(feedback.weight)), len(table.feedback)
    warn(
        GoldRowsWarning(
            f"{n_rows - n_scored:,} of {n_rows:,} rows have no gold quality, and nothing says how "
            f"likely that was: the value is that of the other {n_scored:,} rows alone, whose "
            "queries may be of another kind. Pass **evaluation_predictions(X, y), which has "
            "judged_propensity=.",
            n_rows=n_rows,
            n_scored=n_scored,
        )
    )


def _probability(name: str, values: Any, feedback: Feedback) -> np.ndarray:
    """Return the probability (n,) that belongs to each logged model, of values (n,) or (n, K)."""
    if np.ndim(values) == 2:
        matrix = _matrix(name, values, feedback)
        own = np.zeros(len(feedback), np.intp) if feedback.action is None else feedback.action
        # A model that is not in the list is never chosen, so that nothing is divided by this.
        values = np.where(own < 0, 1.0, matrix[np.arange(len(feedback)), own])
    values = as_numbers(name, values, above=0.0, maximum=1.0).astype(np.float64)
    check_length(name, values, len(feedback))
    return values


def _matrix(name: str, values: Any, feedback: Feedback) -> np.ndarray:
    matrix = as_matrix(name, values, [str(label) for label in feedback.classes])
    check_length(name, matrix, len(feedback))
    return matrix


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
    quality = _matrix(PREDICTED_QUALITY, predicted_quality, feedback)
    if predicted_cost is not None:
        return quality, _matrix(PREDICTED_COST, predicted_cost, feedback)
    if not feedback.cost.any():
        # Every answer was free, so there is nothing to predict.
        return quality, np.broadcast_to(np.float64(0), quality.shape)
    if cost_sensitivity > 0 and feedback.logged:
        raise ValueError(
            "predicted_quality is given without predicted_cost, which is needed for "
            f"cost_sensitivity={cost_sensitivity:g}. Give both."
        )
    return quality, None
