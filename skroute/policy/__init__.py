"""Policies: the regret losses, and classifiers that minimize them."""

from ._classifier import RegretPolicyClassifier
from ._interval import IntervalPolicy
from ._surrogates import classification_surrogate, softmax_regret

__all__ = [
    "IntervalPolicy",
    "RegretPolicyClassifier",
    "classification_surrogate",
    "softmax_regret",
]
