"""Preference-based labels on the gold scale, and what they are worth there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..feedback import Feedback
from ._sources import JointSources, models_that_vary, only_models, seen

# Corrected rows also hand on what gold ones taught the corrector, to learners that are worse at it.
# So they may count for this multiple of what they tell themselves.
_MULTIPLE = 2.0


def add_bias(feedback: Feedback, bias: np.ndarray) -> Feedback:
    """Return the table with the bias (n, K) added to the quality of its preference rows."""
    judged = ~feedback.gold
    quality = np.asarray(feedback.quality, dtype=np.float64).copy()
    quality[judged] += seen(bias, feedback)[judged]
    return replace(feedback, quality=quality)


def weigh_preference(feedback: Feedback, weight: float) -> Feedback:
    """Return the table with the weights of its preference rows multiplied by one number."""
    return replace(feedback, weight=feedback.weight * np.where(feedback.gold, 1.0, weight))


def preference_weight(X: np.ndarray, feedback: Feedback) -> float:
    """Return what a preference row, once corrected, is worth beside a gold one, in [0, 1].

    The ratio of the noise variances of gold and preference, at most 1, where either source is a
    function of the query plus noise. Where a large bias leaves the preference rows less than half
    the information about gold quality that the gold rows have, or that they would have without it,
    the weight falls in proportion: however many they are, they share one bias. The weight follows
    from queries and labels alone, so that whoever sees them finds the same number.
    """
    counted = feedback.gold[feedback.weight > 0]
    varies = models_that_vary(feedback)
    if counted.all() or not counted.any() or not varies.any():
        return 1.0
    noise, information = JointSources(0).compare(X, only_models(feedback, varies))
    return min(1.0, noise) * min(1.0, _MULTIPLE * information)
