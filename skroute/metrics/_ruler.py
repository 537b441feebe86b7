"""The one way in which a policy is valued from a table: by routers' `score` and by scorers."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_array

from .._crossfit import make_folds
from .._reader import Feedback, index_of
from ..nuisance import (
    fill_propensity,
    make_outcome_model,
)
from ._estimators import self_normalized_doubly_robust

_N_FOLDS = 5
# Estimated propensities below this are raised to it; recorded ones are used as they are.
_MIN_ESTIMATED_PROPENSITY = 0.01


def honest_value(
    choice: np.ndarray,
    X: Any,
    feedback: Feedback,
    *,
    classes: np.ndarray,
    cost_sensitivity: float,
) -> float:
    """Return the policy value of the chosen labels on a table.

    Everything it rests on is fixed by the table: the rows, the folds, the outcome models and,
    where the log has none, the propensities. The policy enters by its choices alone.

    Parameters
    ----------
    choice : ndarray of shape (n,)
        Labels chosen by the policy.
    X : array-like of shape (n, d)
    feedback : Feedback
        The table, any set of models.
    classes : ndarray of shape (K,)
        Labels that the policy can choose. A logged model that is not among them counts as never
        chosen.
    cost_sensitivity : float
    """
    X = check_array(X, dtype=(np.float64, np.float32))
    feedback = feedback.aligned(classes)
    chosen = index_of(choice, classes)
    if feedback.gold.any() and not feedback.gold.all():
        X, chosen, feedback = X[feedback.gold], chosen[feedback.gold], feedback.take(feedback.gold)
    utility = feedback.utility(cost_sensitivity)
    rows = np.arange(len(feedback))
    if not feedback.logged:
        return float(np.average(utility[rows, chosen], weights=feedback.weight))
    quality, cost, propensity = evaluation_models(X, feedback)
    predicted = quality - cost_sensitivity * cost
    terms = self_normalized_doubly_robust(
        (chosen == feedback.action) / propensity,
        utility,
        predicted[rows, chosen],
        predicted[rows, feedback.action],
    )
    return terms.value(feedback.weight)


def evaluation_models(
    X: np.ndarray, feedback: Feedback
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return cross-fitted quality and cost, (n, K) each, and the propensity (n,) of logged models.

    Rows that show a model outside `classes`, or weigh nothing, teach the outcome models nothing.
    They are predicted by what the other rows taught, and keep a propensity of 1, which nothing
    multiplies.
    """
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
    floor = np.where(np.isnan(seen.propensity), _MIN_ESTIMATED_PROPENSITY, 0.0)
    propensity[known] = np.maximum(estimated, floor)
    return quality, cost, propensity
