"""The one way in which a policy is valued from a table: by routers' `score` and by scorers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_array

from .._utils import make_folds
from ..feedback import Feedback, index_of
from ..nuisance import (
    fill_propensity,
    make_outcome_model,
)
from ._estimators import self_normalized_doubly_robust
from ._memory import ArrayMemory

_N_FOLDS = 5
# Estimated propensities below this are raised to it; recorded ones are used as they are.
MIN_ESTIMATED_PROPENSITY = 0.01
# All candidates of a search are scored on the same folds.
RECENT = ArrayMemory()


@dataclass(frozen=True, eq=False)
class Ruler:
    """A table made ready to value any policy over a set of models.

    Everything it rests on is fixed by the table: the rows, the folds, the outcome models and,
    where the log has none, the propensities. A policy enters by its choices alone.

    Attributes
    ----------
    feedback : Feedback
        The rows that count, gold ones where there are any, in the order of the models.
    rows : slice or ndarray of bool
        Which rows of the table these are.
    quality, cost : ndarray of shape (n_used, K)
        Outcomes in full feedback, cross-fitted predictions for logged feedback.
    propensity : ndarray of shape (n_used,) or None
        Of the logged models; None in full feedback.
    """

    feedback: Feedback
    rows: Any
    quality: np.ndarray
    cost: np.ndarray
    propensity: Any

    @classmethod
    def of(cls, X: Any, feedback: Feedback, classes: np.ndarray) -> Ruler:
        """Make the ruler of a table.

        Parameters
        ----------
        X : array-like of shape (n, d)
            What describes the queries; full feedback needs none.
        feedback : Feedback
            The table, any set of models.
        classes : ndarray of shape (K,)
            Labels that policies can choose. A logged model that is not among them counts as never
            chosen.
        """
        feedback = feedback.aligned(classes)
        counted = feedback.weight > 0
        if not counted.any():
            raise ValueError("sample_weight and the column 'weight' leave no row with a weight")
        rows: Any = slice(None)
        if (feedback.gold & counted).any() and not feedback.gold.all():
            rows = feedback.gold
        used = feedback.take(rows)
        if not used.logged:
            return cls(used, rows, used.quality, used.cost, None)
        X = check_array(X, dtype=(np.float64, np.float32))
        return cls(used, rows, *evaluation_models(X[rows], used))

    def outcome(self, choice: np.ndarray) -> tuple[float, float]:
        """Return mean quality and mean cost of choosing these labels, one a row of the table."""
        chosen = index_of(choice, self.feedback.classes)[self.rows]
        return (
            self._mean(chosen, self.feedback.quality, self.quality),
            self._mean(chosen, self.feedback.cost, self.cost),
        )

    def value(self, choice: np.ndarray, cost_sensitivity: float) -> float:
        """Return the mean utility of choosing these labels."""
        quality, cost = self.outcome(choice)
        return quality - cost_sensitivity * cost

    def _mean(self, chosen: np.ndarray, observed: np.ndarray, predicted: np.ndarray) -> float:
        """Return the mean outcome; self-normalized doubly robust where it was logged."""
        rows, weight = np.arange(len(chosen)), self.feedback.weight
        direct = predicted[rows, chosen]
        if not self.feedback.logged:
            return float(np.average(direct.astype(np.float64), weights=weight))
        action = self.feedback.action
        importance = (chosen == action) / self.propensity
        return self_normalized_doubly_robust(
            importance, observed, direct, predicted[rows, action]
        ).value(weight)


def honest_value(
    choice: np.ndarray,
    X: Any,
    feedback: Feedback,
    *,
    classes: np.ndarray,
    cost_sensitivity: float,
) -> float:
    """Return the policy value of the chosen labels (n,) on a table; see `Ruler`."""
    return Ruler.of(X, feedback, classes).value(choice, cost_sensitivity)


def evaluation_models(
    X: np.ndarray, feedback: Feedback
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return cross-fitted quality and cost, (n, K) each, and the propensity (n,) of logged models.

    Rows that show a model outside `classes`, or weigh nothing, teach the outcome models nothing.
    They are predicted by what the other rows taught, and keep a propensity of 1, which nothing
    multiplies. The arrays are read-only.
    """
    return RECENT.recall(
        lambda: _fit_evaluation_models(X, feedback),
        X,
        feedback.action,
        feedback.quality,
        feedback.cost,
        feedback.propensity,
        feedback.group,
        feedback.weight,
        feedback.n_models,
    )


def _fit_evaluation_models(
    X: np.ndarray, feedback: Feedback
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    quality, cost = np.zeros((2, len(feedback), feedback.n_models))
    propensity = np.ones(len(feedback))
    teaches = (feedback.action >= 0) & (feedback.weight > 0)
    known, other = np.flatnonzero(teaches), np.flatnonzero(~teaches)
    if len(known) == 0:
        return quality, cost, propensity
    seen = feedback.take(known)
    random_state = np.random.RandomState(0)
    folds = make_folds(_N_FOLDS, X[known], seen.action, seen.group, random_state)
    model = make_outcome_model(None, random_state=0)
    quality[known], cost[known] = model.cross_fit(X[known], seen, folds)
    if len(other):
        quality[other], cost[other] = model.predict(X[other])
    estimated = fill_propensity(None, X[known], seen, folds)
    floor = np.where(np.isnan(seen.propensity), MIN_ESTIMATED_PROPENSITY, 0.0)
    propensity[known] = np.maximum(estimated, floor)
    return quality, cost, propensity
