"""The probability that a label is gold, given the query and the model it belongs to."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._utils import Folds
from ..feedback import Feedback
from ..nuisance import Overlap, cross_fit_propensity, default_propensity_model


def estimate_gold_propensity(
    classifier: Any,
    X: np.ndarray,
    feedback: Feedback,
    folds: Folds,
    min_propensity: float,
    n_jobs: int | None = None,
) -> tuple[np.ndarray, Overlap]:
    """Return the out-of-fold probability of gold (n,), and how well the sources overlap.

    In a log the classifier sees an indicator column for each model beside X.
    """
    if classifier is None:
        classifier = default_propensity_model()
    columns, gold = X, feedback.gold.astype(np.intp)
    if feedback.action is not None:
        # On the scale of X, so that one penalty suits both.
        spread = np.sqrt(np.var(X, axis=0).sum()) or 1.0
        indicator = spread * np.eye(feedback.n_models)[feedback.action]
        columns = np.hstack([X, indicator.astype(X.dtype)])
    both = cross_fit_propensity(classifier, columns, gold, feedback.weight, 2, folds, n_jobs)
    own = both[np.arange(len(X)), gold]
    return both[:, 1], Overlap.of(gold, own, feedback.weight, 2, min_propensity)
