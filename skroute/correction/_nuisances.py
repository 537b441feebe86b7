"""Cross-fitted nuisances of the bias, and the pseudo-outcomes they give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from .._utils import Folds, make_folds
from ..feedback import Feedback
from ..nuisance import Overlap
from ._propensity import estimate_gold_propensity
from ._pseudo_outcomes import PSEUDO_OUTCOMES
from ._sources import JointSources, SeparateSources, make_source_outcomes, seen


@dataclass(frozen=True)
class Nuisances:
    """What the bias is learned from, all of it out of fold.

    Attributes
    ----------
    folds : list of (train rows, held-out rows)
    seed : int
        For the random parts of further default models.
    outcome_model : JointSources or SeparateSources
        Fitted on all rows.
    expected : ndarray of shape (n, K, 2)
        Expected quality: preference, gold.
    gold_propensity : ndarray of shape (n,)
        Probability of gold, as estimated.
    overlap : Overlap
    min_propensity : float
        How far propensities are kept from 0 and 1 where they divide.
    """

    folds: Folds
    seed: int
    outcome_model: JointSources | SeparateSources
    expected: np.ndarray
    gold_propensity: np.ndarray
    overlap: Overlap
    min_propensity: float

    @property
    def difference(self) -> np.ndarray:
        """Expected gold minus expected preference quality (n, K)."""
        return self.expected[:, :, 1] - self.expected[:, :, 0]

    def pseudo_outcomes(self, learner: str, feedback: Feedback) -> tuple[np.ndarray, np.ndarray]:
        """Return the learner's pseudo-outcomes and weights, shaped like the quality."""
        propensity = np.clip(self.gold_propensity, self.min_propensity, 1 - self.min_propensity)
        quality, treated = np.asarray(feedback.quality, dtype=np.float64), feedback.gold
        if not feedback.logged:
            treated, propensity = treated[:, None], propensity[:, None]
        mu0, mu1 = (seen(self.expected[:, :, source], feedback) for source in (0, 1))
        return PSEUDO_OUTCOMES[learner](quality, treated, mu0, mu1, propensity)


def cross_fit_nuisances(corrector: BaseEstimator, X: np.ndarray, feedback: Feedback) -> Nuisances:
    """Fit outcome models and propensities by the parameters of a corrector."""
    rng = check_random_state(corrector.random_state)
    model = 0 if feedback.action is None else feedback.action
    folds = make_folds(corrector.cv, X, 2 * model + feedback.gold, feedback.group, rng)
    seed = int(rng.randint(np.iinfo(np.int32).max))
    outcomes = make_source_outcomes(corrector.outcome_model, seed)
    expected = outcomes.cross_fit(X, feedback, folds, corrector.n_jobs)
    least = corrector.min_propensity
    propensity, overlap = estimate_gold_propensity(
        corrector.propensity_model, X, feedback, folds, least, corrector.n_jobs
    )
    return Nuisances(folds, seed, outcomes, expected, propensity, overlap, least)
