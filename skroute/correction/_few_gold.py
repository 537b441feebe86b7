"""How far gold labels are believed beyond one constant, by how many there are."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from ..feedback import Feedback

# Gold rows from which on they tell more of the bias than one constant, and how sharply they do.
FEW_GOLD = 20
_SHARPNESS = 6


def told_by_gold(feedback: Feedback) -> float:
    """Return what share of the departures from one constant bias and equal weights is kept.

    ``n**6 / (n**6 + 20**6)`` of n gold rows: .02 of ten, .5 of 20, .92 of 30, 1.00 of 60. Which
    forms of a bias a few labels favour, and how noisy they look, is mostly luck. The constant is
    not drawn back: it needs more evidence (`AveragedTransfer`).
    """
    n_gold = float(feedback.weight[feedback.gold].sum())
    return float(expit(_SHARPNESS * np.log(n_gold / FEW_GOLD)))
