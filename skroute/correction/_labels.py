"""What correction reads of a table that was read, and what it changes in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..feedback import Feedback


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
