"""From which cost sensitivity on routing is worth more than one model for all queries."""

from __future__ import annotations

import numpy as np

from ..feedback import Feedback
from ._frontier import Frontier

# Between two looks as many choices change as between any other two.
_N_LOOKS = 16
# What sums of equal choices may differ by.
_ROUNDING = 1e-12


def routing_start(
    feedback: Feedback,
    quality: np.ndarray,
    cost: np.ndarray,
    mean: np.ndarray,
    mean_cost: np.ndarray,
) -> float:
    """Return up to which cost sensitivity one model for all queries is better than choosing.

    Where quality alone counts one model is often the best for nearly all queries. Others look
    better for some, and the best of many noisy predictions is too good to be true even where each
    is unbiased. With full feedback it is known exactly what out-of-fold choices were worth. Logged
    feedback would have to estimate it: there it is 0.

    Parameters
    ----------
    feedback : Feedback
    quality, cost : ndarray of shape (n, K)
        Out-of-fold predictions by which is chosen.
    mean, mean_cost : ndarray of shape (K,)
        Those by which one model is chosen for all.

    Returns
    -------
    cost_sensitivity : float
        0 if routing pays from the start, infinity if it pays nowhere.
    """
    if feedback.logged:
        return 0.0
    weight, rows = feedback.weight, np.arange(len(feedback))
    labels = np.arange(feedback.n_models)
    frontier = Frontier.of(quality, cost, labels, 0.0, np.inf, weight)
    quantiles = frontier.change_quantiles(np.linspace(0, 1, _N_LOOKS + 1)[1:])
    same = Frontier.of(mean[None], mean_cost[None], labels, 0.0, np.inf).cost_sensitivity
    for value in np.unique(np.r_[0.0, quantiles, same]):
        seen = feedback.quality - value * feedback.cost
        chosen = (quality - value * cost).argmax(axis=1)
        best = (mean - value * mean_cost).argmax()
        if weight @ (seen[rows, chosen] - seen[:, best]) >= -_ROUNDING * weight.sum():
            return float(value)
    return np.inf
