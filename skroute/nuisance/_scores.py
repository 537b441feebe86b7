"""Doubly robust scores and intercept corrections of outcome models, and how both are shrunk.

All functions take and return plain arrays; rows are queries, columns are models in the order of
``classes_``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np


def shrink_weights(weight: np.ndarray, shrinkage: float) -> np.ndarray:
    """Shrink inverse propensities optimistically.

    ``w s / (w**2 + s)`` is close to ``w`` while ``w**2`` is far below ``s`` and falls towards 0
    where ``w`` is so large that it would carry noise rather than information.

    Parameters
    ----------
    weight : ndarray of shape (n,)
        Inverse propensities or importance weights, at least 0.
    shrinkage : float
        0 gives weights of 0 (the outcome model alone), infinity leaves the weights as they are.

    Returns
    -------
    shrunk : ndarray of shape (n,)

    References
    ----------
    Su, Dimakopoulou, Krishnamurthy, Dudik, *Doubly robust off-policy evaluation with shrinkage*,
    arXiv 1907.09623, equation (9).

    Examples
    --------
    >>> import numpy as np
    >>> from skroute.nuisance import shrink_weights
    >>> shrink_weights(np.array([1.0, 3.0, 100.0]), shrinkage=9.0)
    array([0.9       , 1.5       , 0.08991907])
    """
    if shrinkage < 0 or np.isnan(shrinkage):
        raise ValueError(f"shrinkage must be at least 0 (infinity: no shrinkage), got {shrinkage}")
    if np.isinf(shrinkage):
        return weight.copy()
    scale = weight**2 + shrinkage
    return np.divide(weight * shrinkage, scale, out=np.zeros(len(weight)), where=scale > 0)


def empirical_bayes(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Multiply means (K,) by ``t / (t + variance)``, t the variance of the true ones, by moments.

    Where the estimated variance (K,) is NaN or 0 nothing can be said of the mean: 0 is returned.
    """
    known, shrunk = variance > 0, np.zeros(len(mean))
    if known.any():
        mean, variance = mean[known], variance[known]
        between = max(0.0, float(np.average(mean**2 - variance, weights=1 / variance)))
        shrunk[known] = mean * between / (between + variance)
    return shrunk


@dataclass(frozen=True)
class ShrinkageRule:
    """How far the outcomes of a log may correct an outcome model."""

    # Inverse propensities (n,) to what residuals are multiplied by in `doubly_robust_scores`, (n,),
    score_weights: Callable[[np.ndarray], np.ndarray]
    # and in the means of `intercept_correction`.
    intercept_weights: Callable[[np.ndarray], np.ndarray]
    # These means (K,) and their estimated variances (K,) to the corrections (K,).
    shrink_means: Callable[[np.ndarray, np.ndarray], np.ndarray]


# What the parameter `shrinkage` may be called instead of a number.
SHRINKAGE_RULES = {
    "auto": ShrinkageRule(partial(shrink_weights, shrinkage=5.0), np.positive, empirical_bayes)
}


def shrinkage_rule(shrinkage: float | str) -> ShrinkageRule:
    """Return the rule of a name, or of a number: the strength of `shrink_weights` in both places.

    Raises
    ------
    ValueError
        If there is no such name, or the number is below 0 or NaN.
    """
    if isinstance(shrinkage, str) and shrinkage in SHRINKAGE_RULES:
        return SHRINKAGE_RULES[shrinkage]
    if isinstance(shrinkage, str) or not shrinkage >= 0:
        names = ", ".join(repr(name) for name in SHRINKAGE_RULES)
        raise ValueError(
            f"shrinkage must be {names} or at least 0 (infinity: no shrinkage), got {shrinkage!r}"
        )
    weights = partial(shrink_weights, shrinkage=shrinkage)
    return ShrinkageRule(weights, weights, lambda mean, variance: mean)


def doubly_robust_scores(
    predicted: np.ndarray, action: np.ndarray, observed: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """Correct predicted outcomes by the weighted residual of the observed outcome.

    ``score_ik = predicted_ik + weight_i 1[action_i = k] (observed_i - predicted_ik)``

    Parameters
    ----------
    predicted : ndarray of shape (n, K)
        Out-of-fold predictions of an outcome model.
    action : ndarray of int of shape (n,)
        Logged model of each row.
    observed : ndarray of shape (n,)
        Outcome of the logged model.
    weight : ndarray of shape (n,)
        Inverse propensities, shrunk or not; 0 keeps the prediction.

    Returns
    -------
    scores : ndarray of shape (n, K)

    References
    ----------
    Tsiourvas, Sun, Perakis, *Causal LLM Routing*, arXiv 2505.16037, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from skroute.nuisance import doubly_robust_scores
    >>> predicted, action = np.array([[0.5, 0.5]]), np.array([1])
    >>> doubly_robust_scores(predicted, action, np.array([1.0]), weight=np.array([2.0]))
    array([[0.5, 1.5]])
    """
    scores = predicted.copy()
    rows = np.arange(len(action))
    scores[rows, action] += weight * (observed - predicted[rows, action])
    return scores


def intercept_correction(
    residual: np.ndarray,
    action: np.ndarray,
    inverse_propensity: np.ndarray,
    n_models: int,
    *,
    sample_weight: np.ndarray | None = None,
    group: np.ndarray | None = None,
    shrinkage: float | str = "auto",
) -> np.ndarray:
    """Estimate by how much predictions for each model are off on average over all queries.

    A penalized outcome model is biased where a model was rarely logged, and the log decides where
    that is. The self-normalized mean of out-of-fold residuals, weighted by inverse propensities,
    estimates that bias for the whole population, without bias but with noise.

    Parameters
    ----------
    residual : ndarray of shape (n,)
        Outcome of the logged model minus its out-of-fold prediction.
    action : ndarray of int of shape (n,)
        Logged model of each row.
    inverse_propensity : ndarray of shape (n,)
    n_models : int
        Number of models K.
    sample_weight : ndarray of shape (n,), default=None
        How often each row counts.
    group : ndarray of int of shape (n,), default=None
        Rows of one group are one observation, where variances are estimated.
    shrinkage : float or "auto", default="auto"
        "auto" multiplies each mean by ``t / (t + v_k)``, with v_k its jackknife variance and t the
        variance of the true means over models, estimated by moments (empirical Bayes). A float
        shrinks the weights instead, as `shrink_weights` does.

    Returns
    -------
    correction : ndarray of shape (K,)
        In the unit of the residuals; 0 for a model that is not in the log.

    References
    ----------
    Tsiourvas, Sun, Perakis, *Causal LLM Routing*, arXiv 2505.16037, section 3 (doubly robust
    scores); Morris, *Parametric empirical Bayes inference*, JASA 78 (1983).

    Examples
    --------
    >>> import numpy as np
    >>> from skroute.nuisance import intercept_correction
    >>> residual, action = np.array([0.2, 0.4, -0.3]), np.array([0, 0, 1])
    >>> intercept_correction(residual, action, np.array([1.0, 3.0, 2.0]), 2, shrinkage=np.inf)
    array([ 0.35, -0.3 ])
    """
    count = np.ones(len(action)) if sample_weight is None else sample_weight
    rule = shrinkage_rule(shrinkage)
    total = np.bincount(action, count * inverse_propensity, n_models)
    total = np.where(total > 0, total, 1.0)
    weight = rule.intercept_weights(inverse_propensity)
    mean = np.bincount(action, count * weight * residual, n_models) / total
    share = weight / total[action]
    score = share * (residual - mean[action])
    variance = _jackknife_variance(score, share, action, n_models, count, group)
    return rule.shrink_means(mean, variance)


def _jackknife_variance(
    score: np.ndarray,
    share: np.ndarray,
    action: np.ndarray,
    n_models: int,
    count: np.ndarray,
    group: np.ndarray | None,
) -> np.ndarray:
    """Return the variance of each model's weighted mean, (K,), by leaving out each observation.

    A mean that a few heavy rows make lies close to them, so that their distance from it says
    nothing. `share` (n,) are the weights of a mean, and `score` what its rows add to it, centred.
    A mean of one observation has no variance: NaN.
    """
    (added, share), model, repeats = _observations((score, share), action, n_models, count, group)
    rest = 1 - share
    moved = np.divide(added, rest, out=np.full(len(rest), np.nan), where=rest > 0)
    n_observations = np.bincount(model, repeats, n_models)
    square = np.bincount(model, repeats * moved**2, n_models)
    factor = 1 - np.divide(1, n_observations, out=np.ones(n_models), where=n_observations > 1)
    return np.where(n_observations > 1, factor * square, np.nan)


def squares_by_model(
    score: np.ndarray,
    action: np.ndarray,
    n_models: int,
    count: np.ndarray,
    group: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return each model's sum of squared scores and its number of observations, (K,) each.

    An observation is a row, as often as it counts, or what a group has of one model together.
    """
    (score,), model, repeats = _observations((score,), action, n_models, count, group)
    return np.bincount(model, repeats * score**2, n_models), np.bincount(model, repeats, n_models)


def _observations(
    values: tuple[np.ndarray, ...],
    action: np.ndarray,
    n_models: int,
    count: np.ndarray,
    group: np.ndarray | None,
) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Return values (n,) added up by observation, the model of each, and how often it counts."""
    counted = count > 0
    action, count = action[counted], count[counted]
    if group is None:
        return [value[counted] for value in values], action, count
    cell, code = np.unique(group[counted] * n_models + action, return_inverse=True)
    added = [np.bincount(code, count * value[counted]) for value in values]
    return added, cell % n_models, np.ones(len(cell))


def inverse_propensity_scores(
    action: np.ndarray, observed: np.ndarray, weight: np.ndarray, n_models: int
) -> np.ndarray:
    """Return the doubly robust scores of an outcome model that predicts 0 everywhere.

    Parameters
    ----------
    action : ndarray of int of shape (n,)
        Logged model of each row.
    observed, weight : ndarray of shape (n,)
        Outcome of the logged model; inverse propensity.
    n_models : int
        Number of models K.

    Returns
    -------
    scores : ndarray of shape (n, K)

    Examples
    --------
    >>> import numpy as np
    >>> from skroute.nuisance import inverse_propensity_scores
    >>> inverse_propensity_scores(np.array([1]), np.array([0.5]), np.array([4.0]), 2)
    array([[0., 2.]])
    """
    return doubly_robust_scores(np.zeros((len(action), n_models)), action, observed, weight)
