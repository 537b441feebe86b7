"""Nuisance models: outcomes, propensities and the overlap of a log."""

from ._availability import Availability
from ._choices import ChoiceModel
from ._evidence import Evidence
from ._features import SpectralFeatures
from ._fitting import fit_weighted, single_threaded
from ._gold_outcome import GoldOutcome
from ._hierarchical import Design, HierarchicalRidge, Moments, Variances, fit_variances
from ._joint import JointOutcome, weighted_mean
from ._judged import cross_fit_judged
from ._outcome import make_outcome_model
from ._overlap import Overlap, OverlapWarning
from ._per_model import PerModelOutcome
from ._propensity import (
    ScaledLogistic,
    cross_fit_propensity,
    default_propensity_model,
    fill_propensity,
    make_propensity_model,
)
from ._scores import (
    doubly_robust_scores,
    intercept_correction,
    inverse_propensity_scores,
    shrink_weights,
    shrinkage_rule,
    squares_by_model,
)
from ._support import NoExplorationWarning, Support

__all__ = [
    "Availability",
    "ChoiceModel",
    "JointOutcome",
    "NoExplorationWarning",
    "Overlap",
    "OverlapWarning",
    "PerModelOutcome",
    "Support",
    "cross_fit_propensity",
    "default_propensity_model",
    "doubly_robust_scores",
    "fill_propensity",
    "intercept_correction",
    "inverse_propensity_scores",
    "make_outcome_model",
    "shrink_weights",
    "squares_by_model",
]
