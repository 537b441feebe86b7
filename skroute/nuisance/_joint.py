"""The default outcome model: quality and cost of all models, learned together."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from .._utils import DocumentedMixin, Folds, VersionedMixin, make_folds
from ..feedback import Feedback
from ._credibility import credibility
from ._features import SpectralFeatures
from ._fitting import single_threaded
from ._hierarchical import Design, HierarchicalRidge
from ._own_ridge import OwnRidge
from ._stacking import TreeColumns, TreeStack

# A cost of zero is taken for this share of the mean cost, so that it has a logarithm.
_ZERO_COST = 1e-6
_N_FOLDS = 5


class JointOutcome(VersionedMixin, DocumentedMixin, BaseEstimator):
    """Outcome model that learns all models together: a hierarchical ridge on spectral features.

    Model k's outcome is a shared function of the query plus a deviation of its own. The shared
    function, above all how hard a query is, is learned from every row, so that a log in which
    strong models got the hard queries does not make them look weak. Penalties maximize the
    marginal likelihood; nothing is tuned. Cost is modelled by its logarithm, and predictions of it
    are corrected for the retransformation (smearing) and kept within the observed range.

    With full feedback nothing is confounded, and sharing may cost more than it gives. There the
    prediction of quality is a mixture with two ridge regressions of every model by itself, on the
    components alone and on all features, by what the choices of each were worth out of fold.

    Parameters
    ----------
    n_components : int, default=256
        Largest number of principal components.
    n_radial : int, default=96
        Largest number of radial basis features.
    random_state : int, RandomState instance or None, default=None
        Chooses landmarks, and rows to learn components from where there are more than 4,000.

    Attributes
    ----------
    shares_ : ndarray of shape (3,) or None
        With full feedback, the shares of the shared model, trees included, and of the two others in
        the prediction of quality.
    quality_error_ : ndarray of shape (K,)
        Standard error with which each model's quality for a query is known beside that of the
        others: root mean square over the rows of the shared model's posterior standard deviation.

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
        stratum = feedback.stratum if feedback.logged else np.zeros(len(feedback), np.intp)
        rng = check_random_state(self.random_state)
        self.cross_fit(X, feedback, make_folds(_N_FOLDS, X, stratum, feedback.group, rng))
        return self

    @single_threaded
    def cross_fit(
        self, X: np.ndarray, feedback: Feedback, folds: Folds, n_jobs: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Fit on a table; return out-of-fold predictions of quality and cost, (n, K) each.

        `folds` is a list of (train rows, held-out rows). Features and penalties, a dozen numbers,
        are learned from all rows; the coefficients behind a row's prediction have not seen its
        fold. Rows without quality teach features and costs. `n_jobs` is not used: all folds
        together are the work of one pass over the rows.
        """
        random_state = check_random_state(self.random_state)
        features = SpectralFeatures(self.n_components, n_radial=self.n_radial)
        features.fit(X, feedback.weight, random_state)
        design = Design(features.transform(X), feedback, folds)
        judged = feedback.judged_only()
        of_judged = design if judged is feedback else Design(design.features, judged, folds)
        fits = _fit_outcome(of_judged, judged.quality, features.prior, alone=not feedback.logged)
        self.quality_error_ = fits[0].own_error
        log_cost = _log_cost(feedback)
        ((cost_theta, predicted, _),) = _fit_outcome(design, log_cost, features.prior)
        counted = log_cost[feedback.weight > 0]
        self.log_range_ = float(counted.min()), float(counted.max())
        cost = np.exp(np.clip(predicted, *self.log_range_))
        self.smearing_ = _smearing_factors(feedback, cost)
        self.stack_ = TreeStack(TreeColumns.of(features, X.shape[1]))
        quality_theta, quality = self._mix(X, judged, fits, folds, random_state)
        self.readout_ = features.readout(np.concatenate([quality_theta, cost_theta]), X.dtype)
        return quality, cost * self.smearing_

    def _mix(
        self,
        X: np.ndarray,
        feedback: Feedback,
        fits: list[_Fit],
        folds: Folds,
        random_state: np.random.RandomState,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the coefficients beside the trees (K, M), and mixed out-of-fold qualities."""
        thetas, predictions = [fit.theta for fit in fits], [fit.predicted for fit in fits]
        predictions[0] = self.stack_.cross_fit(X, feedback, predictions[0], folds, random_state)
        self.shares_: np.ndarray | None = None
        if len(fits) == 1:
            return thetas[0], predictions[0]
        self.shares_ = credibility(feedback, predictions)
        of_trees = float(self.shares_[0] * self.stack_.weight_)
        of_thetas = self.shares_ - of_trees * (np.arange(len(fits)) == 0)
        self.stack_.weight_ = of_trees
        theta = np.tensordot(of_thetas, thetas, 1) / max(1 - of_trees, np.finfo(np.float64).tiny)
        return theta, np.tensordot(self.shares_, predictions, 1)

    def predict(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return predicted quality and cost, (n, K) each."""
        values = self.readout_(X)
        n_models = len(self.smearing_)
        cost = np.exp(np.clip(values[:, n_models:], *self.log_range_)) * self.smearing_
        return self.stack_.predict(X, values[:, :n_models]), cost


class _Fit(NamedTuple):
    """Coefficients (K, M) of an outcome, its out-of-fold predictions (n, K), and errors (K,)."""

    theta: np.ndarray
    predicted: np.ndarray
    own_error: np.ndarray  # of the hierarchical ridge, see there


def _fit_outcome(
    design: Design, target: np.ndarray, prior: np.ndarray, *, alone: bool = False
) -> list[_Fit]:
    """Return fits of an outcome, of which the first is the hierarchical ridge's.

    With `alone`, where feedback is full, two ridge regressions of every model by itself follow: on
    the components, and with the hierarchical ridge's prior of deviations.
    """
    weight, n_models = design.feedback.weight, design.feedback.n_models
    mean = weighted_mean(target, weight)
    centred = np.asarray(target, dtype=np.float64) - mean
    scale = float(np.sqrt(weighted_mean(centred**2, weight)))
    # A constant, such as the cost of free models, leaves nothing to learn but rounding errors.
    if scale <= 1e-12 * abs(mean):
        theta = np.zeros((n_models, prior.shape[1]))
        theta[:, -1] = mean  # the last feature is the constant
        return [_Fit(theta, np.full((len(target), n_models), mean), np.zeros(n_models))]
    ridge = HierarchicalRidge(design, centred / scale, prior)
    fits: list[HierarchicalRidge | OwnRidge] = [ridge]
    if alone:
        priors = prior[0], ridge.variances.deviation
        fits += [OwnRidge(ridge.moments, variances) for variances in priors]
    error = scale * ridge.own_error
    return [_Fit(*_unscaled(fit, design, mean, scale), error) for fit in fits]


def _unscaled(
    fit: HierarchicalRidge | OwnRidge, design: Design, mean: float, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients and out-of-fold predictions in the units of the outcome."""
    theta = scale * fit.theta
    theta[:, -1] += mean
    out_of_fold = np.full((len(design.features), len(theta)), mean)
    for held, without_fold in zip(design.held, fit.theta_without_fold, strict=True):
        out_of_fold[held] += scale * (design.features[held] @ without_fold.T)
    return theta, out_of_fold


def weighted_mean(values: np.ndarray, weight: np.ndarray) -> float:
    """Return the mean of values (n,) or (n, K) over rows that count as `weight` (n,) says."""
    return float(np.average(values if values.ndim == 1 else values.mean(axis=1), weights=weight))


def _log_cost(feedback: Feedback) -> np.ndarray:
    floor = np.log(_ZERO_COST * weighted_mean(feedback.cost, feedback.weight) or 1)
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(feedback.cost, dtype=np.float64), floor)


def _smearing_factors(feedback: Feedback, predicted: np.ndarray) -> np.ndarray:
    """Return, for each model, its mean observed cost by the mean of what was predicted there."""
    weight, n_models = feedback.weight, feedback.n_models
    if feedback.action is None:
        observed, expected = weight @ feedback.cost, weight @ predicted
    else:
        own = predicted[np.arange(len(feedback)), feedback.action]
        observed = np.bincount(feedback.action, weight * feedback.cost, n_models)
        expected = np.bincount(feedback.action, weight * own, n_models)
    return np.divide(observed, expected, out=np.ones(n_models), where=expected > 0)
