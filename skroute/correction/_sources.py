"""Outcome models of both label sources: expected gold and preference quality of every model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from .._utils import Folds
from ..feedback import Feedback
from ..nuisance import (
    Design,
    Moments,
    SpectralFeatures,
    fit_variances,
    single_threaded,
    weighted_mean,
)
from ._few_gold import told_by_gold
from ._transfer import AveragedTransfer, Judge, Sums

_N_COMPONENTS, _N_RADIAL = 128, 64
# Columns, over all models, in which a model may differ from the others in more than its intercept.
_MODEL_COLUMNS = 128
# Rows of both labels for which it counts that the judge saw nothing beyond the query.
_PRIOR_ROWS = 4.0
_TINY = 1e-300


class JointSources(BaseEstimator):
    """Outcome models of gold and preference, learned one after the other.

    What is expected of the judge is a ridge on all that he labelled, its penalties and noise by
    marginal likelihood; gold is that plus a bias, averaged over its form (`AveragedTransfer`).
    Coefficients of model k are ``shared + model_k`` on spectral features; models differ in their
    intercept and along the leading components. Where the judge labelled gold rows too, what he
    saw in the answer beyond the query is taken from the gold labels as a control variate.

    Attributes
    ----------
    worth_ : ndarray of shape (K,)
        What a corrected preference row of each model counts for beside a gold one, in [0, 1]: the
        noise variance of gold by that of preference labels, at most 1; times the variance that gold
        labels alone would leave of expected gold by the posterior variance of the bias, at most 1
        and squared; times the posterior variance of the gold level that is known best by that of
        this model's; all to the power `told_by_gold`, about 0 with few gold rows.
    rows_of_mean_ : ndarray of shape (K,)
        How many gold rows would tell the mean gold quality of each model as well as all labels do;
        after `fit` alone.
    left_by_line_ : float
        Standard deviation of gold labels around a line through what is expected of the judge, in
        units of quality.

    Notes
    -----
    With M <= 321 + K columns and F folds, time is O(n M**2 + F M**3), memory O(n M + M**2).

    References
    ----------
    Angelopoulos, Duchi, Zrnic, *PPI++: Efficient prediction-powered inference*, arXiv 2311.01453,
    on the control variate.
    """

    @single_threaded
    def fit(self, X: np.ndarray, feedback: Feedback) -> JointSources:
        """Fit on a table; no folds are drawn, and nothing is left to chance."""
        labels, judge, gold, transfer = self._learn(X, feedback)
        self.worth_ = self._worth(feedback, labels, judge, gold, transfer)
        self.rows_of_mean_ = self._rows_of_mean(feedback, labels, transfer)
        return self

    @single_threaded
    def cross_fit(
        self, X: np.ndarray, feedback: Feedback, folds: Folds, n_jobs: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Fit on a table; return out-of-fold expected quality (n, K, 2), and quality.

        The first are of preference and gold, in this order; the other is the table's, less what the
        judge saw in gold rows. `n_jobs` is not used: the work of all folds together is that of one
        pass over the rows.
        """
        labels, judge, gold, transfer = self._learn(X, feedback)
        self.worth_ = self._worth(feedback, labels, judge, gold, transfer)
        predicted = np.empty((len(X), feedback.n_models, 2))
        for train, held in folds:
            left_out = np.setdiff1d(np.arange(len(X)), train)
            rest = judge.without(self._judge_sums(labels, feedback, left_out))
            theta = transfer.theta_of(
                rest, gold.without(self._gold_sums(labels, feedback, left_out))
            )
            predicted[held] = self._both(labels.features[held], theta)
        own = labels.gold if feedback.logged else labels.gold[:, None]
        return predicted, np.where(own, self.mean_ + self.scale_ * labels.target, feedback.quality)

    @single_threaded
    def posterior(self, X: np.ndarray, feedback: Feedback) -> GoldPosterior:
        """Fit on a table; return what is known of gold quality."""
        labels, _, _, transfer = self._learn(X, feedback)
        theta, (covariance, _) = self.theta_[1].copy(), transfer.covariances()
        theta[-1] += self.mean_ / self.scale_
        noise = self.scale_**2 * transfer.noise
        return GoldPosterior(
            labels.features,
            self.own_,
            self.columns_,
            self.scale_ * theta,
            self.scale_**2 * covariance,
            noise,
        )

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return expected quality (n, K, 2): preference, gold."""
        return self._both(self.features_.transform(X), self.theta_)

    def _learn(
        self, X: np.ndarray, feedback: Feedback
    ) -> tuple[_Labels, Judge, Sums, AveragedTransfer]:
        """Fit; return labels, the judge, sums of the gold labels, and what is learned of both."""
        self.features_ = SpectralFeatures(_N_COMPONENTS, n_radial=_N_RADIAL)
        self.features_.fit(X, feedback.weight, check_random_state(0))
        self._lay_out_columns(feedback.n_models)
        quality = np.asarray(feedback.quality, dtype=np.float64)
        self.mean_ = weighted_mean(quality, feedback.weight)
        self.scale_ = np.sqrt(weighted_mean((quality - self.mean_) ** 2, feedback.weight)) or 1.0
        labels = _Labels(
            self.features_.transform(X),
            (quality - self.mean_) / self.scale_,
            (feedback.judge_label.astype(np.float64) - self.mean_) / self.scale_,
            feedback.gold,
        )
        everything = np.arange(len(X))
        his, prior = self._judge_sums(labels, feedback, everything), self._prior()
        variances = fit_variances(_of_one_source(his), prior)
        judge = Judge(his, variances.shared + variances.deviation, float(variances.noise[0]))
        labels = self._less_what_the_judge_saw(labels, feedback, judge)
        gold, constants = self._gold_sums(labels, feedback, everything), self._constants()
        # Components alike, shared and, where there are several models, of their own.
        plain = prior[[0, 3]].sum(axis=0) if len(constants) else prior[0]
        transfer = AveragedTransfer(judge, gold, constants, plain, told_by_gold(feedback))
        self.theta_ = transfer.theta
        self.left_by_line_ = float(self.scale_ * np.sqrt(transfer.line.noise))
        return labels, judge, gold, transfer

    def _worth(
        self,
        feedback: Feedback,
        labels: _Labels,
        judge: Judge,
        gold: Sums,
        transfer: AveragedTransfer,
    ) -> np.ndarray:
        """Return what a corrected preference row of each model counts for, (K,)."""
        mean = np.average(labels.features, axis=0, weights=feedback.weight)
        of_gold, of_bias = transfer.covariances()
        level = np.array([self._variance(mean, k, of_gold) for k in range(feedback.n_models)])
        gram = (judge.sums.gram + gold.gram) / (judge.sums.count + gold.count)
        alone, bias = (float(np.sum(gram * c)) for c in (transfer.by_gold_alone(gold), of_bias))
        # What is not known of the bias is in the labels, and the same in those of like queries:
        # where gold labels alone would leave less unknown, they should decide.
        noise = min(1.0, transfer.noise / judge.noise)
        known = min(1.0, alone / max(bias, _TINY)) ** 2
        return (noise * known * level.min() / level) ** told_by_gold(feedback)

    def _rows_of_mean(
        self, feedback: Feedback, labels: _Labels, transfer: AveragedTransfer
    ) -> np.ndarray:
        """Return how many gold rows would tell each model's mean as well as all labels do, (K,)."""
        weight, (of_gold, _) = feedback.weight * feedback.gold, transfer.covariances()
        mean = np.average(labels.features, axis=0, weights=weight)
        level = [self._variance(mean, k, of_gold) for k in range(feedback.n_models)]
        return transfer.noise / np.array(level)

    def _less_what_the_judge_saw(
        self, labels: _Labels, feedback: Feedback, judge: Judge
    ) -> _Labels:
        """Return the labels, those of gold rows less what the judge's own label foretells of them.

        That is a multiple of how far his label is from what is expected of him without it.
        """
        if feedback.preference is None:
            return labels
        both = np.flatnonzero(
            feedback.gold & ~np.isnan(feedback.preference) & (feedback.weight > 0)
        )
        if not len(both):
            return labels
        weight, z = feedback.weight[both], labels.target[both]
        expected, leverage = np.empty(len(both)), np.empty(len(both))
        for k, columns in enumerate(self.columns_):
            mine = feedback.action[both] == k
            phi = self._of_model(labels.features[both[mine]])
            expected[mine] = phi @ judge.mean[columns]
            covariance = judge.covariance[np.ix_(columns, columns)]
            leverage[mine] = np.einsum("ij,ij->i", phi @ covariance, phi) / judge.noise
        left = (labels.judge[both] - expected) / (1 - np.minimum(weight * leverage, 0.99))
        line = np.column_stack([np.ones(len(both)), labels.judge[both] - left])
        root = np.sqrt(weight)[:, None]
        fitted, *_ = np.linalg.lstsq(root * line, root[:, 0] * z, rcond=None)
        shared = weight @ (left * (z - line @ fitted))
        multiple = shared / (weight @ left**2 + _PRIOR_ROWS * judge.noise)
        target = labels.target.copy()
        target[both] -= multiple * left
        return labels._replace(target=target)

    def _lay_out_columns(self, n_models: int) -> None:
        """Set, for each model, the column of its own and the shared part of each coefficient."""
        n_shared = self.features_.n_features
        leading = np.arange(min(self.features_.components_.shape[1], _MODEL_COLUMNS // n_models))
        # Of a single model, what is its own and what is shared is the same.
        own = np.append(leading, n_shared - 1) if n_models > 1 else leading[:0]
        shift = n_models * len(own)
        self.own_ = own
        self.columns_ = [
            np.r_[k * len(own) + np.arange(len(own)), shift + np.arange(n_shared)]
            for k in range(n_models)
        ]

    def _prior(self) -> np.ndarray:
        """Return the prior variance of every column per unit of each scale."""
        prior, own = self.features_.prior, self.own_
        n_scales, n_models = len(prior), len(self.columns_)
        if not len(own):
            return prior
        intercept = np.append(np.zeros(len(own) - 1), 1.0)
        rows = [prior[0, own], prior[1, own], intercept]
        by_model = np.tile(np.vstack(rows), n_models)
        return np.block(
            [
                [np.zeros((n_scales, by_model.shape[1])), prior],
                [by_model, np.zeros((len(rows), prior.shape[1]))],
            ]
        )

    def _constants(self) -> np.ndarray:
        """Return the column of each model's constant (K,), or nothing for a single model."""
        n_own = len(self.own_)
        ends = [columns[n_own - 1] for columns in self.columns_ if n_own]
        return np.array(ends, dtype=np.intp)

    def _of_model(self, phi: np.ndarray) -> np.ndarray:
        """Return the features of each of a model's columns."""
        return _with_own(phi, self.own_)

    def _variance(self, phi: np.ndarray, k: int, covariance: np.ndarray) -> float:
        """Return the variance of what is expected of a model at features (M,)."""
        columns, own = self.columns_[k], self._of_model(phi)
        return float(own @ covariance[np.ix_(columns, columns)] @ own)

    def _judge_sums(self, labels: _Labels, feedback: Feedback, rows: np.ndarray) -> Sums:
        """Return the sums of the judge's labels over some rows."""
        his = ~np.isnan(labels.judge if feedback.logged else labels.judge[:, 0])
        return self._sums_of(labels.features, labels.judge, feedback, rows[his[rows]])

    def _gold_sums(self, labels: _Labels, feedback: Feedback, rows: np.ndarray) -> Sums:
        """Return the sums of the gold labels over some rows."""
        return self._sums_of(labels.features, labels.target, feedback, rows[labels.gold[rows]])

    def _sums_of(
        self, phi: np.ndarray, target: np.ndarray, feedback: Feedback, rows: np.ndarray
    ) -> Sums:
        n_columns = self.columns_[-1][-1] + 1
        gram, cross = np.zeros((n_columns, n_columns)), np.zeros(n_columns)
        feature = self._of_model(np.arange(phi.shape[1]))
        (by_model,) = Design(phi[rows], feedback.take(rows), []).moments(target[rows])
        for k, columns in enumerate(self.columns_):
            gram[np.ix_(columns, columns)] += by_model.gram[k][np.ix_(feature, feature)]
            cross[columns] += by_model.cross[k][feature]
        return Sums(gram, cross, float(by_model.square.sum()), float(by_model.count.sum()))

    def _both(self, phi: np.ndarray, theta: np.ndarray) -> np.ndarray:
        values = np.empty((len(phi), len(self.columns_), 2))
        for k, columns in enumerate(self.columns_):
            coefficients = theta[:, columns[len(self.own_) :]].copy()
            coefficients[:, self.own_] += theta[:, columns[: len(self.own_)]]
            values[:, k] = phi @ coefficients.T
        return self.mean_ + self.scale_ * values


class GoldPosterior(NamedTuple):
    """What is known of gold quality, in its units."""

    features: np.ndarray  # of the rows of the table
    own: np.ndarray  # those in which models may differ
    columns: list[np.ndarray]  # of each model
    theta: np.ndarray  # (M,): posterior means of the coefficients
    covariance: np.ndarray  # (M, M)
    noise: float  # variance of a gold label around what is expected of it

    @property
    def n_models(self) -> int:
        return len(self.columns)

    def columns_of(self, rows: np.ndarray, model: np.ndarray | int) -> np.ndarray:
        """Return what the coefficients are multiplied by in some rows, shown by a model, (m, M)."""
        phi = self.features[rows].astype(np.float64)
        model = np.broadcast_to(model, len(rows))
        values = np.zeros((len(rows), len(self.theta)))
        full = _with_own(phi, self.own)
        for k, columns in enumerate(self.columns):
            mine = model == k
            values[np.ix_(mine, columns)] = full[mine]
        return values


def _with_own(phi: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return the features of each of a model's columns: those of its own, and the shared ones."""
    return np.concatenate([phi[..., own], phi], axis=-1)


class _Labels(NamedTuple):
    """What rows say of quality, in units of its spread."""

    features: np.ndarray  # (n, M)
    target: np.ndarray  # shaped like the table's quality: what is learned from it
    judge: np.ndarray  # shaped like the table's quality: what the judge said, NaN where nothing
    gold: np.ndarray  # (n,) of bool: whether the target is a gold label


def _of_one_source(sums: Sums) -> Moments:
    return Moments(
        sums.gram[None], sums.cross[None], np.array([sums.square]), np.array([sums.count])
    )
