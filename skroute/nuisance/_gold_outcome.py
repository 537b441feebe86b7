"""Outcome model of gold quality that also learns from what a judge said of other rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .._utils import Folds
from ..feedback import Feedback
from ._joint import JointOutcome

# Gold rows that a slope of 1 through what the judge would say counts for.
_PRIOR_ROWS = 4.0


class GoldOutcome:
    """Outcome model of gold quality and cost, helped by the judge's labels.

    Gold quality is a line through what the judge is predicted to say plus an outcome model of what
    that leaves, so that few gold rows suffice where the judge errs in scale and level alone.
    Without the judge's labels it is the outcome model.

    Parameters
    ----------
    n_components, n_radial, random_state
        As of `JointOutcome`, which predicts the judge's labels, the rest of gold quality, and cost.

    Attributes
    ----------
    line_ : ndarray of shape (2,)
        Intercept and slope; zeros without a judge.
    """

    def __init__(self, n_components: int = 256, n_radial: int = 96, random_state: int = 0) -> None:
        self.n_components = n_components
        self.n_radial = n_radial
        self.random_state = random_state

    def cross_fit(
        self, X: np.ndarray, feedback: Feedback, gold: np.ndarray, folds: Folds
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Fit; return out-of-fold gold quality, cost and judge's labels, (n, K) each.

        `gold` (n,) says whose quality is a gold one: at least one row. The line, two numbers, is
        learned from all of them. The judge's labels are 0 where there are none.
        """
        label, quality = feedback.judge_label, feedback.quality
        labelled = ~np.isnan(label if feedback.logged else label[:, 0])
        self.judge_, self.line_ = None, np.zeros(2)
        preference = np.zeros((len(feedback), feedback.n_models))
        if (labelled & ~gold).any():
            self.judge_ = self._joint()
            preference, _ = self.judge_.cross_fit(X, _known(feedback, label, labelled), folds)
            own = feedback.own(preference)
            self.line_ = _line(own[gold], quality[gold], feedback.weight[gold])
            quality = quality - self._on_line(own)
        self.rest_ = self._joint()
        rest, cost = self.rest_.cross_fit(X, _known(feedback, quality, gold), folds)
        return self._on_line(preference) + rest, cost, preference

    def predict(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return gold quality, cost and the judge's labels, (n, K) each."""
        rest, cost = self.rest_.predict(X)
        preference = np.zeros_like(rest) if self.judge_ is None else self.judge_.predict(X)[0]
        return self._on_line(preference) + rest, cost, preference

    def _joint(self) -> JointOutcome:
        return JointOutcome(self.n_components, self.n_radial, random_state=self.random_state)

    def _on_line(self, preference: np.ndarray) -> np.ndarray:
        return self.line_[0] + self.line_[1] * preference


def _known(feedback: Feedback, quality: np.ndarray, rows: np.ndarray) -> Feedback:
    """Return the table with a quality that is known in some rows alone."""
    if rows.all():
        return replace(feedback, quality=quality)
    if feedback.logged:
        return replace(feedback, quality=np.where(rows, quality, np.nan))
    quality = np.where(rows[:, None], quality, 0.0)
    return replace(feedback, quality=quality, weight=feedback.weight * rows)


def _line(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return intercept and slope of y on x, the slope drawn towards 1 as by a few rows more."""
    if x.ndim == 2:
        weight = np.repeat(weight, x.shape[1])
    x, y = x.ravel(), y.ravel().astype(np.float64)
    mean_x, mean_y = np.average(x, weights=weight), np.average(y, weights=weight)
    centred = x - mean_x
    power = weight @ centred**2
    prior = _PRIOR_ROWS * power / weight.sum()
    slope = 1.0
    if power > 0:
        slope = (weight @ (centred * (y - mean_y)) + prior) / (power + prior)
    return np.array([mean_y - slope * mean_x, slope])
