"""Which rows to label next: those that settle the most decisions."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm
from sklearn.utils import check_random_state

from ._labels import models_that_vary, read_both_sources
from ._sources import GoldPosterior, JointSources

# Rows among which to choose, drawn at random where there are more.
_MOST_CANDIDATES = 4000
_TINY = 1e-300


def next_gold_rows(X: ArrayLike, y: Any, n_rows: int, *, random_state: Any = None) -> np.ndarray:
    """Propose rows whose gold label would settle the most decisions between models.

    Parameters
    ----------
    X : array-like of shape (n, d)
        Queries.
    y : table of feedback of shape (n,)
        With gold and preference rows, see `skroute.feedback`. Rows that were never judged may be
        proposed, too.
    n_rows : int
        How many rows to propose, at least 1.
    random_state : int, RandomState instance or None, default=None
        Decides among which 4,000 rows to choose, where there are more without a gold label.

    Returns
    -------
    rows : ndarray of int of shape (m,)
        Rows of `y`, the most valuable first; fewer than `n_rows` where no more are without gold.

    Raises
    ------
    ValueError
        If an argument is not as described, or `y` lacks gold or preference rows.

    Notes
    -----
    Rows are chosen one after the other. Each is the one that lowers most the posterior variance of
    expected gold quality, summed over queries and models, each counted by the density with which
    its lead over the best other model is zero: so that labels go to what is unknown where it
    decides. The posterior is that of the default outcome models of `DRBiasCorrector`. The choice
    follows from queries and models alone, so that gold rows bought by it may be corrected for.

    Time is O(n M**2 + M**3) for each proposed row, with M columns as in `DRBiasCorrector`.

    References
    ----------
    Cohn, Ghahramani, Jordan, *Active learning with statistical models*, JAIR 4 (1996); Frazier,
    Powell, Dayanik, *A knowledge-gradient policy for sequential information collection*, SIAM J.
    Control and Optimization 47 (2008), on the density.

    Examples
    --------
    >>> from skroute.correction import next_gold_rows
    >>> from skroute.datasets import make_gold_preference
    >>> problem = make_gold_preference(500, 5, n_gold=30, random_state=0)
    >>> rows = next_gold_rows(problem.X, problem.y, 10, random_state=0)
    >>> len(rows), bool(problem.y["gold"][rows].any())
    (10, False)
    """
    if not isinstance(n_rows, Integral) or n_rows < 1:
        raise ValueError(f"n_rows must be a whole number of at least 1, got {n_rows!r}")
    queries, feedback = read_both_sources(X, y)
    judged = feedback.judged_only()
    varies = models_that_vary(judged)
    if not varies.any():
        raise ValueError("y has the same quality in all rows of every model: nothing is to decide")
    posterior = JointSources().posterior(queries, judged.aligned(judged.classes[varies]))
    # Models whose quality never varies are known.
    first = int(np.flatnonzero(judged.weight)[0])
    known = -np.inf if feedback.logged else judged.quality[first, ~varies].max(initial=-np.inf)
    candidates = np.flatnonzero(~feedback.gold & (feedback.weight > 0))
    if len(candidates) > _MOST_CANDIDATES:
        rng = check_random_state(random_state)
        candidates = np.sort(rng.choice(candidates, _MOST_CANDIDATES, replace=False))
    weight = _importance(posterior, candidates, known)
    shown = [feedback.action[candidates]] if feedback.logged else range(posterior.n_models)
    labels = [posterior.columns_of(candidates, model) for model in shown]
    return candidates[_greedy(posterior, weight, labels, min(n_rows, len(candidates)))]


def _importance(posterior: GoldPosterior, rows: np.ndarray, known: float) -> np.ndarray:
    """Return the weights (M, M) of the posterior covariance in the doubt about decisions."""
    n_models = posterior.n_models
    of_model = [posterior.columns_of(rows, k) for k in range(n_models)]
    mean = np.column_stack([z @ posterior.theta for z in of_model])
    variance = np.column_stack(
        [np.einsum("ij,ij->i", z @ posterior.covariance, z) for z in of_model]
    )
    total = np.zeros_like(posterior.covariance)
    for k, z in enumerate(of_model):
        others = np.delete(mean, k, axis=1)
        rival, doubt = np.full(len(rows), known), variance[:, k].copy()
        if n_models > 1:
            best = others.argmax(axis=1)[:, None]
            best_mean = np.take_along_axis(others, best, axis=1)[:, 0]
            best_doubt = np.take_along_axis(np.delete(variance, k, axis=1), best, axis=1)[:, 0]
            doubt += np.where(best_mean > known, best_doubt, 0)
            rival = np.maximum(best_mean, known)
        spread = np.sqrt(np.maximum(doubt, _TINY))
        density = norm.pdf((mean[:, k] - rival) / spread) / spread
        total += z.T @ (density[:, None] * z)
    return total


def _greedy(
    posterior: GoldPosterior, weight: np.ndarray, labels: list[np.ndarray], n_rows: int
) -> np.ndarray:
    """Return candidates one after the other, each that of the largest gain after those before.

    `labels` has, for each label that a candidate would get, its columns (m, M).
    """
    # Covariances of each label with all coefficients, brought up to date by each chosen one.
    covariance = posterior.covariance.copy()
    chosen: list[int] = []
    left = np.ones(len(labels[0]), dtype=bool)
    for _ in range(n_rows):
        gain = np.zeros(len(left))
        weighted = covariance @ weight @ covariance
        for z in labels:
            spread = posterior.noise + np.einsum("ij,ij->i", z @ covariance, z)
            gain += np.einsum("ij,ij->i", z @ weighted, z) / spread
        best = int(np.where(left, gain, -np.inf).argmax())
        chosen.append(best)
        left[best] = False
        for z in labels:
            direction = covariance @ z[best]
            covariance -= np.outer(direction, direction) / (posterior.noise + z[best] @ direction)
    return np.array(chosen, dtype=np.intp)
