"""What correction reads of a table that was read, and what it changes in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_array, check_consistent_length

from ..feedback import Feedback, read_feedback


def read_both_sources(X: ArrayLike, y: Any) -> tuple[np.ndarray, Feedback]:
    """Return queries and table, checked: it has judged rows of gold and of preference."""
    queries: np.ndarray = check_array(X, dtype=(np.float64, np.float32))
    feedback = read_feedback(y)
    check_consistent_length(queries, feedback.quality)
    counted = feedback.gold[feedback.judged_only().weight > 0]
    if counted.all() or not counted.any():
        raise ValueError(
            "y needs gold and preference-based rows of positive weight, told apart by its column "
            f"'gold'; it has {counted.sum()} gold rows of {len(counted)}. Where there is none, "
            "label some rows drawn at random"
        )
    return queries, feedback


def models_that_vary(feedback: Feedback) -> np.ndarray:
    """Return a mask (K,) of the models whose quality differs between rows of positive weight."""
    if feedback.logged:
        return np.ones(feedback.n_models, dtype=bool)
    return np.ptp(feedback.quality[feedback.weight > 0], axis=0) > 0


def correct_labels(feedback: Feedback, bias: np.ndarray, preference_weight: np.ndarray) -> Feedback:
    """Return the table with its preference rows moved by the bias (n, K), and their new weights.

    A row counts as its model's preference weight (K,) says, and one of full feedback as their mean.
    Rows that were not judged stay as they are.
    """
    preference = feedback.judged & ~feedback.gold
    quality = np.asarray(feedback.quality, dtype=np.float64).copy()
    quality[preference] += feedback.own(bias)[preference]
    worth = preference_weight.mean()
    if feedback.logged:
        worth = preference_weight[feedback.action]
    weight = feedback.weight * np.where(preference, worth, 1.0)
    return replace(feedback, quality=quality, weight=weight)
