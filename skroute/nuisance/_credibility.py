"""How far several predictions of quality are believed, by what their choices were worth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import softmax

from ..feedback import Feedback

# Two predictions whose choices differ by z standard errors are believed like 1 to exp(1.7 z): close
# to the odds that the better one is better indeed.
_ODDS = 1.7


def credibility(feedback: Feedback, predictions: Sequence[np.ndarray]) -> np.ndarray:
    """Return the share (J,) that each of several predictions (n, K) of quality gets in a mixture.

    Each is judged by the quality of the models that it would choose: squared errors do not tell
    which model is best where several are close. Differences are paired with the first prediction;
    rows of a group are one observation. Needs full feedback and out-of-fold predictions.
    """
    rows, weight = np.arange(len(feedback)), feedback.weight
    worth = [feedback.quality[rows, values.argmax(axis=1)] for values in predictions]
    evidence = np.zeros(len(worth))
    for j, value in enumerate(worth):
        gain = value.astype(np.float64) - worth[0]
        mean = weight @ gain / weight.sum()
        score = gain - mean
        if feedback.group is None:
            error = np.sqrt(weight @ score**2)
        else:
            error = np.sqrt((np.bincount(feedback.group, weight * score) ** 2).sum())
        evidence[j] = mean * weight.sum() / error if error > 0 else 0.0
    return softmax(_ODDS * evidence)
