"""Propensities of the logged models, where the log does not record them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from .._utils import Folds, out_of_fold
from ..feedback import Feedback
from ._fitting import fit_weighted


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
    """Multinomial logistic regression whose penalty does not depend on the scale of X.

    Parameters
    ----------
    penalty : float, default=1.0
        Prior rows: the ridge penalty on the coefficients of X centred and divided by one number,
        the root mean square of its entries times the square root of the number of features.
    """

    def __init__(self, penalty: float = 1.0) -> None:
        self.penalty = penalty

    def fit(
        self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> ScaledLogistic:
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        self.center_ = np.average(X, axis=0, weights=weight).astype(X.dtype)
        centred = X - self.center_
        spread = np.sqrt(np.average((centred**2).sum(axis=1), weights=weight))
        self.scale_ = X.dtype.type(spread if spread > 0 else 1.0)
        centred /= self.scale_
        self.logistic_ = LogisticRegression(C=1.0 / self.penalty, max_iter=200, tol=1e-3)
        self.logistic_.fit(centred, y, sample_weight=weight)
        self.classes_ = self.logistic_.classes_
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return self.logistic_.predict_proba((X - self.center_) / self.scale_)

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def fill_propensity(
    classifier: Any, X: Any, feedback: Feedback, folds: Folds, *, n_jobs: int | None = None
) -> np.ndarray:
    """Return the propensity (n,) of each logged model: recorded where it is, else estimated.

    Recorded propensities are used as they are. Estimates are out of fold.
    """
    classifier = make_propensity_model(classifier)
    unknown = np.isnan(feedback.propensity)
    if not unknown.any():
        return feedback.propensity
    estimate = cross_fit_propensity(
        classifier, X, feedback.action, feedback.weight, feedback.n_models, folds, n_jobs
    )
    logged = estimate[np.arange(len(feedback)), feedback.action]
    return np.where(unknown, logged, feedback.propensity)


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
