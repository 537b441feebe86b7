"""The bias as a conditional effect: pseudo-outcomes whose regression on the query estimates it.

The source of a label is the treatment T (gold: 1, preference: 0), its quality the outcome Y. With
``mu_t`` the expected quality by source and e the probability of gold, given query and model, the
bias ``delta = E[gold - preference]`` is the regression of either pseudo-outcome. Arrays are shaped
like the observed outcomes: (n,) for logged and (n, K) for full feedback, T and e then (n, 1).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class PseudoOutcomes(NamedTuple):
    """Pseudo-outcomes, and how much each counts in their regression."""

    value: np.ndarray
    weight: np.ndarray


def doubly_robust_outcome(
    outcome: np.ndarray,
    treated: np.ndarray,
    mu0: np.ndarray,
    mu1: np.ndarray,
    propensity: np.ndarray,
) -> PseudoOutcomes:
    """Return the DR-learner's pseudo-outcomes and their weights, all 1.

    Their expectation is delta if either the expected qualities or the propensities are right.

    References
    ----------
    Kennedy, *Towards optimal doubly robust estimation of heterogeneous causal effects*,
    arXiv 2004.14497, algorithm 1; Zhang, Xie, Yang, Wu, arXiv 2509.25535.
    """
    residual = outcome - np.where(treated, mu1, mu0)
    pseudo = mu1 - mu0 + (treated - propensity) / (propensity * (1 - propensity)) * residual
    return PseudoOutcomes(pseudo, np.ones_like(pseudo))


def residual_outcome(
    outcome: np.ndarray,
    treated: np.ndarray,
    mu0: np.ndarray,
    mu1: np.ndarray,
    propensity: np.ndarray,
) -> PseudoOutcomes:
    """Return the R-learner's pseudo-outcomes and their weights.

    ``(Y - m) / (T - e)`` with weights ``(T - e)**2``, where ``m = e mu1 + (1 - e) mu0`` is the
    expected quality of either source.

    References
    ----------
    Nie, Wager, *Quasi-oracle estimation of heterogeneous treatment effects*, Biometrika 108 (2021),
    equation (4); Zhang, Xie, Yang, Wu, arXiv 2509.25535.
    """
    expected = propensity * mu1 + (1 - propensity) * mu0
    distance = treated - propensity + np.zeros_like(expected)
    return PseudoOutcomes((outcome - expected) / distance, distance**2)


PSEUDO_OUTCOMES = {"dr": doubly_robust_outcome, "r": residual_outcome}
