"""Nuisance models: outcomes, propensities and the overlap of a log."""

from ._joint import JointOutcome
from ._outcome import make_outcome_model
from ._overlap import Overlap, OverlapWarning
from ._per_model import PerModelOutcome
from ._propensity import cross_fit_propensity, default_propensity_model, fill_propensity

__all__ = [
    "JointOutcome",
    "Overlap",
    "OverlapWarning",
    "PerModelOutcome",
    "cross_fit_propensity",
    "default_propensity_model",
    "fill_propensity",
    "make_outcome_model",
]
