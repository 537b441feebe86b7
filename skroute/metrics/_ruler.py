"""The one way in which a policy is valued from a table: by routers' `score` and by scorers."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_array

from .._crossfit import make_folds
from .._reader import Feedback
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
    position = {str(label): k for k, label in enumerate(classes)}
    chosen = np.array([position[str(label)] for label in np.asarray(choice).tolist()], np.intp)
    if feedback.gold.any() and not feedback.gold.all():
        X, chosen, feedback = X[feedback.gold], chosen[feedback.gold], feedback.take(feedback.gold)
    utility = feedback.utility(cost_sensitivity)
    rows = np.arange(len(feedback))
    if not feedback.logged:
        return float(np.average(utility[rows, chosen], weights=feedback.weight))
    predicted, propensity = evaluation_models(X, feedback, cost_sensitivity)
    terms = self_normalized_doubly_robust(
        (chosen == feedback.action) / propensity,
        utility,
        predicted[rows, chosen],
        predicted[rows, feedback.action],
    )
    return terms.value(feedback.weight)


def evaluation_models(
    X: np.ndarray, feedback: Feedback, cost_sensitivity: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return cross-fitted utilities (n, K) and the propensity (n,) of each logged model.

    Rows that show a model outside `classes` teach the outcome models nothing and keep a propensity
    of 1, which nothing multiplies.
    """
    known = np.flatnonzero(feedback.action >= 0)
    predicted = np.zeros((len(feedback), feedback.n_models))
    propensity = np.ones(len(feedback))
    if len(known) == 0:
        return predicted, propensity
    seen = feedback.take(known)
    random_state = np.random.RandomState(0)
    folds = make_folds(_N_FOLDS, X[known], seen.action, seen.group, random_state)
    quality, cost = make_outcome_model(None, random_state=0).cross_fit(X[known], seen, folds)
    predicted[known] = quality - cost_sensitivity * cost
    estimated = fill_propensity(None, X[known], seen, folds)
    floor = np.where(np.isnan(seen.propensity), _MIN_ESTIMATED_PROPENSITY, 0.0)
    propensity[known] = np.maximum(estimated, floor)
    return predicted, propensity
