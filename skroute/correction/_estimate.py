"""The bias of every query and model, learned from a table step by step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from .._utils import Folds, make_folds
from ..feedback import Feedback
from ..nuisance import Overlap, cross_fit_judged
from ._bias_models import make_bias_model
from ._few_gold import told_by_gold
from ._labels import models_that_vary
from ._pseudo_outcomes import PSEUDO_OUTCOMES, PseudoOutcomes
from ._separate_sources import SeparateSources, make_source_outcomes
from ._sources import JointSources
from ._warnings import warn_of_few_gold, warn_of_missing_gold


class FittedBias(NamedTuple):
    """The bias of any query, by models fitted on all rows."""

    varies: np.ndarray  # (K,) of bool: whether a model's quality varies; if not its bias is 0
    outcome_model: Any = None  # None, as the other, if no quality varies
    bias_model: Any = None
    constant: float = 0.0
    told: float = 1.0  # what is kept of departures from the constant

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return the bias (n, K)."""
        bias = np.zeros((len(X), len(self.varies)))
        if self.varies.any():
            start = bias_of_expected(self.outcome_model.predict(X))
            bias[:, self.varies] = self.around_constant(self.bias_model.predict(X, start))
        return bias

    def around_constant(self, bias: np.ndarray) -> np.ndarray:
        """Return a bias, drawn to the constant as there are few gold rows."""
        return self.constant + self.told * (bias - self.constant)


class BiasEstimate(NamedTuple):
    """What was learned from a table."""

    cross_fitted: np.ndarray  # (n, K): each row's bias by models that were not fitted on its fold
    fitted: FittedBias
    preference_weight: np.ndarray  # (K,): what a corrected row of each model counts for
    overlap: Overlap | None = None


def estimate_bias(corrector: BaseEstimator, X: np.ndarray, feedback: Feedback) -> BiasEstimate:
    """Learn the bias by the parameters of a corrector.

    It is 0 where there is nothing to learn: with gold rows only, and, with a warning, without any.
    Rows without quality teach nothing.
    """
    warn_of_missing_gold(feedback)
    feedback = feedback.judged_only()
    bias = np.zeros((len(X), feedback.n_models))
    if not can_compare(feedback):
        nothing = FittedBias(np.zeros(feedback.n_models, dtype=bool))
        return BiasEstimate(bias, nothing, np.ones(feedback.n_models))
    varies = models_that_vary(feedback)
    feedback = feedback.aligned(feedback.classes[varies])
    nuisances = cross_fit_nuisances(corrector, X, feedback)
    pseudo = nuisances.pseudo_outcomes(corrector.learner, feedback, corrector.min_propensity)
    start = bias_of_expected(nuisances.expected)
    bias_model = make_bias_model(corrector.bias_model, nuisances.seed)
    found = bias_model.cross_fit(X, feedback, pseudo, start, nuisances.folds, corrector.n_jobs)
    constant = float(np.average(start.mean(axis=1), weights=feedback.weight))
    told = told_by_gold(feedback)
    fitted = FittedBias(varies, nuisances.outcome_model, bias_model, constant, told)
    bias[:, varies] = fitted.around_constant(found)
    sources = joint_sources(nuisances, X, feedback)
    warn_of_few_gold(feedback, sources.left_by_line_)
    weight = _of_all_models(sources.worth_, varies)
    overlap = _overlap(feedback, nuisances.gold_propensity, corrector.min_propensity, len(varies))
    return BiasEstimate(bias, fitted, weight, overlap)


class Nuisances(NamedTuple):
    """What the bias is learned from, all of it out of fold."""

    folds: Folds
    seed: int  # of the random parts of further default models
    outcome_model: JointSources | SeparateSources  # fitted on all rows
    expected: np.ndarray  # (n, K, 2): expected quality, preference and gold
    quality: np.ndarray  # shaped like the table's: its quality, noise of gold labels removed
    gold_propensity: np.ndarray  # (n,): probability that a row is gold, as estimated

    def pseudo_outcomes(
        self, learner: str, feedback: Feedback, min_propensity: float
    ) -> PseudoOutcomes:
        """Return the learner's pseudo-outcomes, propensities kept from 0 and 1."""
        propensity = np.clip(self.gold_propensity, min_propensity, 1 - min_propensity)
        quality, treated = np.asarray(self.quality, dtype=np.float64), feedback.gold
        if not feedback.logged:
            treated, propensity = treated[:, None], propensity[:, None]
        mu0, mu1 = (feedback.own(self.expected[:, :, source]) for source in (0, 1))
        return PSEUDO_OUTCOMES[learner](quality, treated, mu0, mu1, propensity)


def cross_fit_nuisances(corrector: BaseEstimator, X: np.ndarray, feedback: Feedback) -> Nuisances:
    """Fit outcome models and propensities by the parameters of a corrector."""
    rng = check_random_state(corrector.random_state)
    model = 0 if feedback.action is None else feedback.action
    stratum = 4 * model + 2 * (feedback.weight > 0) + feedback.gold
    folds = make_folds(corrector.cv, X, stratum, feedback.group, rng)
    seed = int(rng.randint(np.iinfo(np.int32).max))
    outcome_model = make_source_outcomes(corrector.outcome_model)
    expected, quality = outcome_model.cross_fit(X, feedback, folds, corrector.n_jobs)
    gold, model = feedback.gold, corrector.propensity_model
    propensity = cross_fit_judged(X, feedback, gold, folds, model, corrector.n_jobs)
    return Nuisances(folds, seed, outcome_model, expected, quality, propensity)


def _overlap(
    feedback: Feedback, propensity: np.ndarray, min_propensity: float, n_models: int
) -> Overlap:
    """Return the overlap of preference and gold by model: the same of all where all are shown."""
    own = np.where(feedback.gold, propensity, 1.0 - propensity)
    n_shown = feedback.n_models if feedback.logged else 1
    code = feedback.gold * n_shown + (feedback.action if feedback.logged else 0)
    overlap = Overlap.of(code, own, feedback.weight, 2 * n_shown, min_propensity)
    size = overlap.effective_sample_size.reshape(2, n_shown)
    return replace(overlap, effective_sample_size=np.repeat(size, n_models // n_shown, axis=1))


def joint_sources(nuisances: Nuisances, X: np.ndarray, feedback: Feedback) -> JointSources:
    """Return the default outcome models, fitted on all rows, whichever the corrector uses."""
    fitted = nuisances.outcome_model
    return fitted if isinstance(fitted, JointSources) else JointSources().fit(X, feedback)


def bias_of_expected(expected: np.ndarray) -> np.ndarray:
    """Return gold minus preference (n, K) of expected qualities (n, K, 2)."""
    return expected[:, :, 1] - expected[:, :, 0]


def preference_weight(X: np.ndarray, feedback: Feedback) -> np.ndarray:
    """Return what a preference row of each model, once corrected, is worth beside a gold one, (K,).

    It follows from queries and labels alone (`JointSources.worth_`), so that whoever sees them
    finds the same numbers.
    """
    feedback = feedback.judged_only()
    if not can_compare(feedback):
        return np.ones(feedback.n_models)
    varies = models_that_vary(feedback)
    sources = JointSources().fit(X, feedback.aligned(feedback.classes[varies]))
    return _of_all_models(sources.worth_, varies)


def _of_all_models(worth: np.ndarray, varies: np.ndarray) -> np.ndarray:
    """Return the worth of all models: a constant one's is the others' mean."""
    weight = np.full(len(varies), worth.mean())
    weight[varies] = worth
    return weight


def can_compare(feedback: Feedback) -> bool:
    """Tell whether there are rows of both sources, and models whose quality varies."""
    counted = feedback.gold[feedback.weight > 0]
    return bool(counted.any() and not counted.all() and models_that_vary(feedback).any())
