"""The default outcome model: quality and cost of all models, learned together."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from threadpoolctl import threadpool_limits

from .._utils import Folds, VersionedMixin, make_folds
from ..feedback import Feedback
from ._features import SpectralFeatures
from ._hierarchical import Moments, Posterior, Variances, fit_variances

# A cost of zero is taken for this share of the mean cost, so that it has a logarithm.
_ZERO_COST = 1e-6
_N_FOLDS = 5


class JointOutcome(VersionedMixin, BaseEstimator):
    """Outcome model that learns all models together: a hierarchical ridge on spectral features.

    Model k's outcome is a shared function of the query plus a deviation of its own. The shared
    function, above all how hard a query is, is learned from every row, so that a log in which
    strong models got the hard queries does not make them look weak. Penalties maximize the
    marginal likelihood; nothing is tuned. Cost is modelled by its logarithm, and predictions of it
    are corrected for the retransformation (smearing) and kept within the range that was seen.

    Parameters
    ----------
    n_components : int, default=256
        Largest number of principal components.
    n_radial : int, default=96
        Largest number of radial basis features.
    random_state : int, RandomState instance or None, default=None
        Chooses landmarks, and rows to learn components from where there are more than 4,000.

    Notes
    -----
    With M <= n_components + n_radial + 1 features, K models and F folds: time O(n M**2 + F K M**3)
    and memory O(n M + F K M**2).

    Examples
    --------
    >>> from skroute.datasets import make_routing_problem
    >>> from skroute.feedback import read_feedback
    >>> from skroute.nuisance import JointOutcome
    >>> problem = make_routing_problem(300, n_models=3, random_state=0)
    >>> model = JointOutcome(random_state=0).fit(problem.X, read_feedback(problem.y))
    >>> quality, cost = model.predict(problem.X)
    >>> quality.shape, bool((cost > 0).all())
    ((300, 3), True)

    References
    ----------
    Duan, *Smearing estimate: a nonparametric retransformation method*, JASA 78 (1983).
    """

    def __init__(
        self, n_components: int = 256, n_radial: int = 96, random_state: Any = None
    ) -> None:
        self.n_components = n_components
        self.n_radial = n_radial
        self.random_state = random_state

    def fit(self, X: np.ndarray, feedback: Feedback) -> JointOutcome:
        """Fit on a table, with folds of its own behind the correction of costs.

        Parameters
        ----------
        X : ndarray of shape (n, d), float32 or float64
        feedback : Feedback
            The table, as `skroute.feedback.read_feedback` gives it.

        Returns
        -------
        self : JointOutcome
        """
        stratum = np.zeros(len(feedback), np.intp) if feedback.action is None else feedback.action
        rng = check_random_state(self.random_state)
        self.cross_fit(X, feedback, make_folds(_N_FOLDS, X, stratum, feedback.group, rng))
        return self

    def cross_fit(
        self, X: np.ndarray, feedback: Feedback, folds: Folds, n_jobs: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Fit on a table; return out-of-fold predictions of quality and cost, (n, K) each.

        `folds` is a list of (train rows, held-out rows). Features and penalties, a dozen numbers,
        are learned from all rows; the coefficients behind a row's prediction have not seen its
        fold. `n_jobs` is not used: all folds together are the work of one pass over the rows.
        """
        # Many small matrices: threads would wait for each other, and decide the rounding.
        with threadpool_limits(1, user_api="blas"):
            return self._cross_fit(X, feedback, folds)

    def _cross_fit(
        self, X: np.ndarray, feedback: Feedback, folds: Folds
    ) -> tuple[np.ndarray, np.ndarray]:
        self.features_ = SpectralFeatures(self.n_components, n_radial=self.n_radial)
        self.features_.fit(X, feedback.weight, check_random_state(self.random_state))
        design = Design(self.features_.transform(X), feedback, folds)
        prior = self.features_.prior
        self.quality_ = HierarchicalRidge(design, feedback.quality, prior)
        cost = feedback.cost
        self.log_floor_ = np.log(
            _ZERO_COST * np.average(_row_mean(cost), weights=feedback.weight) or 1
        )
        self.log_cost_ = HierarchicalRidge(design, self._log(cost), prior)
        seen = self._log(cost[feedback.weight > 0])
        self.log_range_ = float(seen.min()), float(seen.max())
        self.smearing_ = np.ones(feedback.n_models)
        predicted = self._cost(self.log_cost_.out_of_fold)
        self.smearing_ = _level_ratio(feedback, predicted)
        theta = np.concatenate([self.quality_.coefficients(), self.log_cost_.coefficients()])
        self.readout_ = self.features_.readout(theta, X.dtype)
        return self.quality_.out_of_fold, predicted * self.smearing_

    def predict(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return predicted quality and cost, (n, K) each."""
        values = self.readout_(X)
        n_models = len(self.smearing_)
        return values[:, :n_models], self._cost(values[:, n_models:])

    def _log(self, cost: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return np.maximum(np.log(cost, dtype=np.float64), self.log_floor_)

    def _cost(self, log_cost: np.ndarray) -> np.ndarray:
        return np.exp(np.clip(log_cost, *self.log_range_)) * self.smearing_


class Design:
    """Features of all rows, the folds, and the Gram matrices behind every fit on them."""

    def __init__(self, features: np.ndarray, feedback: Feedback, folds: Folds) -> None:
        self.features, self.feedback = features, feedback
        everything = np.arange(len(features))
        self.held = [held for _, held in folds]
        left_out = [np.setdiff1d(everything, train) for train, _ in folds]
        self.parts = [everything, *left_out]
        self.grams = [self._gram(rows) for rows in self.parts]

    def moments(self, target: np.ndarray) -> list[Moments]:
        """Return the moments of all rows, and of all rows but those each fold leaves out."""
        total, *left_out = [
            self._moments(rows, gram, target)
            for rows, gram in zip(self.parts, self.grams, strict=True)
        ]
        return [total, *(total - part for part in left_out)]

    def _by_model(self, rows: np.ndarray) -> list[np.ndarray]:
        action, n_models = self.feedback.action, self.feedback.n_models
        if action is None:
            return [rows] * n_models
        return [rows[action[rows] == k] for k in range(n_models)]

    def _gram(self, rows: np.ndarray) -> np.ndarray:
        n_models, n_features = self.feedback.n_models, self.features.shape[1]
        if self.feedback.logged:
            return np.stack([self._weighted_gram(mine) for mine in self._by_model(rows)])
        gram = self._weighted_gram(rows)
        return np.broadcast_to(gram, (n_models, n_features, n_features))

    def _weighted_gram(self, rows: np.ndarray) -> np.ndarray:
        scaled = self.features[rows] * np.sqrt(self.feedback.weight[rows])[:, None]
        return scaled.T @ scaled

    def _moments(self, rows: np.ndarray, gram: np.ndarray, target: np.ndarray) -> Moments:
        cross = np.empty(gram.shape[:2])
        square, count = np.empty(len(gram)), np.empty(len(gram))
        for k, mine in enumerate(self._by_model(rows)):
            z = target[mine] if target.ndim == 1 else target[mine, k]
            weight = self.feedback.weight[mine]
            cross[k] = (weight * z) @ self.features[mine]
            square[k], count[k] = weight @ z**2, weight.sum()
        return Moments(gram, cross, square, count)


class HierarchicalRidge:
    """One outcome of all models on a design, with its out-of-fold predictions (n, K)."""

    def __init__(self, design: Design, target: np.ndarray, prior: np.ndarray) -> None:
        weight = design.feedback.weight
        self.mean = float(np.average(_row_mean(target), weights=weight))
        centred = np.asarray(target, dtype=np.float64) - self.mean
        self.scale = float(np.sqrt(np.average(_row_mean(centred**2), weights=weight)))
        shape = len(target), design.feedback.n_models
        self.out_of_fold = np.full(shape, self.mean)
        self.theta = np.zeros((shape[1], prior.shape[1]))
        # A constant, such as the cost of free models, leaves nothing to learn but rounding errors.
        if self.scale <= 1e-12 * abs(self.mean):
            return
        total, *without_fold = design.moments(centred / self.scale)
        self.variances: Variances = fit_variances(total, prior)
        self.theta = Posterior(total, self.variances).theta
        for held, moments in zip(design.held, without_fold, strict=True):
            theta = Posterior(moments, self.variances).theta
            self.out_of_fold[held] += self.scale * (design.features[held] @ theta.T)

    def coefficients(self) -> np.ndarray:
        """Return what features are multiplied by to predict the outcome, (K, M)."""
        theta = self.scale * self.theta
        theta[:, -1] += self.mean  # the last feature is the constant
        return theta


def _row_mean(values: np.ndarray) -> np.ndarray:
    return values if values.ndim == 1 else values.mean(axis=1)


def _level_ratio(feedback: Feedback, predicted: np.ndarray) -> np.ndarray:
    """Return, for each model, the mean cost seen over the mean cost predicted for those rows."""
    weight, n_models = feedback.weight, feedback.n_models
    if feedback.action is None:
        seen, expected = weight @ feedback.cost, weight @ predicted
    else:
        own = predicted[np.arange(len(feedback)), feedback.action]
        seen = np.bincount(feedback.action, weight * feedback.cost, n_models)
        expected = np.bincount(feedback.action, weight * own, n_models)
    return np.divide(seen, expected, out=np.ones(n_models), where=expected > 0)
