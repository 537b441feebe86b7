"""Synthetic gold and preference labels whose bias is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from sklearn.utils import check_random_state

from .._utils import ShortRepr, check_at_least
from ..feedback import full_feedback, gain_feedback, numbered_models
from ._logging import draw_log

# Every model gets this share of its bias from what all models have in common.
_COMMON_BIAS = 0.7
_ACTIVE_FEATURES = 8


@dataclass(frozen=True, eq=False, repr=False)
class GoldPreferenceProblem(ShortRepr):
    """Queries with labels from two sources, and the truth behind them.

    Attributes
    ----------
    X : ndarray of shape (n, d)
        Queries.
    y : structured ndarray of shape (n,)
        Few gold and many preference-based labels, told apart by the column ``gold``: paired gains
        for two models, else logged feedback.
    y_gold : structured ndarray of shape (n,)
        Full feedback of gold quality for all models, which no one would have.
    models : ndarray of str of shape (K,)
        In the order of every model axis.
    expected_quality : ndarray of shape (n, K)
        Expected gold quality; of paired gains, 0 for the alternative and the expected gain.
    bias : ndarray of shape (n, K)
        Expected gold minus expected preference quality.
    gold_propensity : ndarray of shape (n,)
        Probability of a gold label in one draw, times `n_gold`.
    """

    X: np.ndarray
    y: np.ndarray
    y_gold: np.ndarray
    models: np.ndarray
    expected_quality: np.ndarray
    bias: np.ndarray
    gold_propensity: np.ndarray


def make_gold_preference(
    n_queries: int = 5000,
    n_features: int = 50,
    *,
    n_models: int = 2,
    n_gold: int = 100,
    bias: float = 0.3,
    noise: float = 0.2,
    preference_noise: float = 0.2,
    selection: float = 0.0,
    random_state: int | np.random.RandomState | None = None,
) -> GoldPreferenceProblem:
    """Make few gold and many biased preference-based labels with a known bias.

    Parameters
    ----------
    n_queries, n_features, n_models : int
        At least 2, 1 and 2. Two models give paired gains, more give a log that shows one a query.
    n_gold : int, default=100
        Number of gold labels, from 1 to `n_queries` - 1.
    bias : float, default=0.3
        Root mean square of the bias over queries, at least 0.
    noise, preference_noise : float, default=0.2
        Standard deviation of the labels of either source around their expectation, at least 0.
    selection : float, default=0.0
        How strongly gold labels are drawn by the first feature, on the scale of log odds; 0 draws
        them at random.
    random_state : int, RandomState instance or None, default=None
        Decides truth, queries and labels.

    Returns
    -------
    problem : GoldPreferenceProblem

    Raises
    ------
    ValueError
        If an argument is not as described.

    Notes
    -----
    Features are normal with variances that fall like 1 / j, as principal components of embeddings
    do. Expected quality is logistic in the leading 8, and the bias a smooth function of them, not
    centred at 0; with more than two models, mostly the same one for all. In the log, strong models
    got queries that are high in the second feature.

    Examples
    --------
    >>> from skroute.datasets import make_gold_preference
    >>> problem = make_gold_preference(1000, n_gold=100, random_state=0)
    >>> int(problem.y["gold"].sum()), problem.models.tolist()
    (100, ['alternative', 'primary'])
    """
    check_at_least(1, n_features=n_features)
    check_at_least(2, n_queries=n_queries, n_models=n_models)
    check_at_least(0, bias=bias, noise=noise, preference_noise=preference_noise)
    if not 1 <= n_gold < n_queries:
        raise ValueError(f"n_gold must be from 1 to n_queries - 1, got {n_gold!r}")
    rng = check_random_state(random_state)
    X = rng.normal(size=(n_queries, n_features)) / np.sqrt(np.arange(1, n_features + 1))
    shown = 1 if n_models == 2 else n_models
    quality = _expected_quality(X, n_models, rng)
    if n_models == 2:
        quality = quality[:, [1]] - quality[:, [0]]
    offset = bias * _unit_bias(X, shown, rng)
    is_gold, gold_propensity = _draw_gold(X[:, 0], n_gold, selection, rng)
    gold = quality + noise * rng.normal(size=quality.shape)
    judged = quality - offset + preference_noise * rng.normal(size=quality.shape)
    label = np.where(is_gold[:, None], gold, judged)
    if n_models == 2:
        zero = np.zeros((n_queries, 1))
        y, y_gold = gain_feedback(label[:, 0], gold=is_gold), gain_feedback(gold[:, 0])
        models = np.array(["alternative", "primary"])
        quality, offset = np.hstack([zero, quality]), np.hstack([zero, offset])
    else:
        models = np.array(numbered_models(n_models))
        appeal = np.exp(np.outer(X[:, min(1, n_features - 1)], np.linspace(-1, 1, n_models)))
        propensity = 0.8 * appeal / appeal.sum(axis=1, keepdims=True) + 0.2 / n_models
        y = draw_log(models, label, None, propensity, rng, gold=is_gold)
        y_gold = full_feedback(gold, models=models)
    return GoldPreferenceProblem(X, y, y_gold, models, quality, offset, gold_propensity)


def _expected_quality(X: np.ndarray, n_models: int, rng: np.random.RandomState) -> np.ndarray:
    active = min(X.shape[1], _ACTIVE_FEATURES)
    shared = X[:, :active] @ rng.normal(size=active)
    own = X[:, :active] @ rng.normal(size=(active, n_models))
    return expit(np.linspace(-0.5, 0.5, n_models) + own - shared[:, None])


def _unit_bias(X: np.ndarray, n_models: int, rng: np.random.RandomState) -> np.ndarray:
    """Return a smooth function of the query for each model, with mean square 1."""
    active = min(X.shape[1], _ACTIVE_FEATURES)
    common = np.tanh(X[:, :active] @ rng.normal(size=active)) - 0.5
    own = np.tanh(X[:, :active] @ rng.normal(size=(active, n_models))) + 0.5 * rng.normal(
        size=n_models
    )
    share = 1.0 if n_models == 1 else _COMMON_BIAS
    mixed = share * common[:, None] + (1 - share) * own
    return mixed / np.sqrt((mixed**2).mean())


def _draw_gold(
    feature: np.ndarray, n_gold: int, selection: float, rng: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    appeal = np.exp(selection * feature)
    probability = appeal / appeal.sum()
    is_gold = np.zeros(len(feature), dtype=bool)
    is_gold[rng.choice(len(feature), n_gold, replace=False, p=probability)] = True
    return is_gold, n_gold * probability
