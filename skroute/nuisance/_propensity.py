"""Propensities of the logged models, where the log does not record them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from .._utils import Folds, out_of_fold
from ..feedback import Feedback
from ._availability import where_available
from ._features import PrincipalComponents
from ._fitting import fit_weighted, single_threaded


def default_propensity_model() -> BaseEstimator:
    """Return the classifier that estimates propensities unless another one is given."""
    return ScaledLogistic()


def make_propensity_model(classifier: Any) -> Any:
    """Return the classifier to estimate propensities by; None is the default one."""
    if classifier is None:
        return default_propensity_model()
    if not hasattr(classifier, "predict_proba"):
        raise ValueError(
            f"propensity_model must be a classifier with predict_proba, got {classifier!r}"
        )
    return classifier


class ScaledLogistic(ClassifierMixin, BaseEstimator):
    """Multinomial logistic regression whose penalty does not depend on the units of X.

    It sees the leading principal components of columns on one scale.

    Parameters
    ----------
    penalty : float, default=1.0
        Prior rows: the ridge penalty on the coefficients of the components, divided by the root
        mean square of the length of a row.
    n_components : int, default=128
        Largest number of components.
    """

    def __init__(self, penalty: float = 1.0, n_components: int = 128) -> None:
        self.penalty = penalty
        self.n_components = n_components

    def fit(
        self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> ScaledLogistic:
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        self.components_ = PrincipalComponents.of(X, weight, self.n_components)
        self.logistic_ = self.on_components().fit(self.components_(X), y, sample_weight=weight)
        self.classes_ = self.logistic_.classes_
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return self.logistic_.predict_proba(self.components_(X))

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def on_components(self) -> LogisticRegression:
        """Return the unfitted regression on components, for whoever has computed them once."""
        return LogisticRegression(C=1.0 / self.penalty, max_iter=200, tol=1e-3)


def fill_propensity(
    classifier: Any, X: Any, feedback: Feedback, folds: Folds, *, n_jobs: int | None = None
) -> np.ndarray:
    """Return the propensity (n,) of each logged model: recorded where it is, else estimated.

    Recorded propensities are used as they are. Estimates are out of fold, and models that were not
    there at the time of a row, see `Availability`, have no part in it.
    """
    classifier = make_propensity_model(classifier)
    unknown = np.isnan(feedback.propensity)
    if not unknown.any():
        return feedback.propensity
    estimate = cross_fit_propensity(
        classifier, X, feedback.action, feedback.weight, feedback.n_models, folds, n_jobs
    )
    estimate = where_available(estimate, feedback)
    logged = estimate[np.arange(len(feedback)), feedback.action]
    return np.where(unknown, logged, feedback.propensity)


@single_threaded
def cross_fit_propensity(
    classifier: Any,
    X: Any,
    action: np.ndarray,
    weight: np.ndarray,
    n_models: int,
    folds: Folds,
    n_jobs: int | None = None,
) -> np.ndarray:
    """Return out-of-fold probabilities (n, K) that each model was logged; None is the default.

    A model that is missing from a fold's training rows gets its share of the whole log there.
    """
    classifier = make_propensity_model(classifier)
    share = np.bincount(action, weight, n_models) / weight.sum()
    if isinstance(classifier, ScaledLogistic):
        # Components know nothing of the models, so all folds may share them.
        seen = weight > 0
        X = PrincipalComponents.of(X[seen], weight[seen], classifier.n_components)(X)
        classifier = classifier.on_components()

    def held_out(train: np.ndarray, held: np.ndarray) -> np.ndarray:
        train = train[weight[train] > 0]
        probability = np.tile(share, (len(held), 1))
        if len(np.unique(action[train])) < 2:
            return probability
        model = fit_weighted(
            classifier, X[train], action[train], weight[train], parameter="propensity_model"
        )
        probability[:, model.classes_] = model.predict_proba(X[held])
        return probability / probability.sum(axis=1, keepdims=True)

    return out_of_fold(held_out, folds, n_jobs=n_jobs)
