"""Who was judged: the probability that the quality of a row is known, given query and model."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._utils import Folds
from ..feedback import Feedback
from ._propensity import cross_fit_propensity


def cross_fit_judged(
    X: np.ndarray,
    feedback: Feedback,
    judged: np.ndarray,
    folds: Folds,
    classifier: Any = None,
    n_jobs: int | None = None,
) -> np.ndarray:
    """Return out-of-fold probabilities (n,) that a row is judged, given query and logged model.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    feedback : Feedback
        Full, or logged without unknown models.
    judged : ndarray of bool of shape (n,)
        Rows whose quality is known, or is gold, whatever it is that some have.
    folds : list of (train rows, held-out rows)
    classifier : classifier, default=None
        None is that of propensities.
    n_jobs : int, default=None
    """
    columns = with_model_indicators(X, feedback)
    probability = cross_fit_propensity(
        classifier, columns, judged.astype(np.intp), feedback.weight, 2, folds, n_jobs
    )
    return probability[:, 1]


def with_model_indicators(X: np.ndarray, feedback: Feedback) -> np.ndarray:
    """Return X, in a log with an indicator column for each model on the scale of X."""
    if feedback.action is None:
        return X
    # One penalty then suits both.
    spread = np.sqrt(np.var(X, axis=0, dtype=np.float64).sum()) or 1.0
    indicator = spread * np.eye(feedback.n_models)[feedback.action]
    return np.hstack([X, indicator.astype(X.dtype)])
