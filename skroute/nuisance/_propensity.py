"""Propensities of the logged models, where the log does not record them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import has_fit_parameter

from .._utils import Folds, run_folds
from ..feedback import Feedback


def default_propensity_model() -> BaseEstimator:
    """Return the classifier that estimates propensities unless another one is given."""
    return ScaledLogistic()


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
    classifier: Any,
    X: Any,
    feedback: Feedback,
    folds: Folds,
    *,
    n_jobs: int | None = None,
) -> np.ndarray:
    """Return the propensity (n,) of each logged model: recorded where it is, else estimated.

    Recorded propensities are used as they are. Estimates are out of fold.
    """
    if classifier is None:
        classifier = default_propensity_model()
    if not hasattr(classifier, "predict_proba"):
        raise ValueError(
            f"propensity_model must be a classifier with predict_proba, got {classifier!r}"
        )
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
    """Return out-of-fold probabilities (n, K) that each model was logged.

    A model that is missing from a fold's training rows gets its share of the whole log there.
    """
    share = np.bincount(action, weight, n_models) / weight.sum()

    def held_out(train: np.ndarray, held: np.ndarray) -> np.ndarray:
        return _fit_predict(classifier, X, action, weight, share, train, held)

    propensity = np.empty((len(action), n_models))
    for (_, held), part in zip(folds, run_folds(held_out, folds, n_jobs=n_jobs), strict=True):
        propensity[held] = part
    return propensity


def _fit_predict(
    classifier: Any,
    X: Any,
    action: np.ndarray,
    weight: np.ndarray,
    share: np.ndarray,
    train: np.ndarray,
    held: np.ndarray,
) -> np.ndarray:
    train = train[weight[train] > 0]
    seen = np.unique(action[train])
    probability = np.tile(share, (len(held), 1))
    if len(seen) < 2:
        return probability
    model, arguments = clone(classifier), {}
    if (weight[train] != 1).any():
        if not has_fit_parameter(model, "sample_weight"):
            raise ValueError(
                f"propensity_model {type(model).__name__} takes no sample_weight, but the rows are "
                "weighted. Use a classifier that takes it, or leave the weights out."
            )
        arguments["sample_weight"] = weight[train]
    model.fit(X[train], action[train], **arguments)
    probability[:, model.classes_] = model.predict_proba(X[held])
    return probability / probability.sum(axis=1, keepdims=True)
