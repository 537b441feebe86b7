"""Outcome models of both label sources by any regressor, one for each source and model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from .._utils import Folds, out_of_fold
from ..feedback import Feedback
from ..nuisance import make_outcome_model
from ._sources import JointSources


class SeparateSources(BaseEstimator):
    """Outcome models that fit clones of one regressor for each source and model.

    A source without a row is predicted as the other one.
    """

    def __init__(self, regressor: Any) -> None:
        self.regressor = regressor

    def fit(self, X: np.ndarray, feedback: Feedback) -> SeparateSources:
        """Fit on a table."""
        # Models of cost are not needed; of a constant none is fitted.
        free = replace(feedback, cost=np.broadcast_to(np.float64(0), feedback.quality.shape))
        label = feedback.judge_label
        his = ~np.isnan(label if feedback.logged else label[:, 0])
        self.models_ = []
        for table, rows in ((replace(free, quality=label), his), (free, feedback.gold)):
            taught = rows & (free.weight > 0)
            model = make_outcome_model(self.regressor)
            self.models_.append(model.fit(X[taught], table.take(taught)) if taught.any() else None)
        return self

    def cross_fit(
        self, X: np.ndarray, feedback: Feedback, folds: Folds, n_jobs: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Fit on a table; return out-of-fold expected quality (n, K, 2), and quality.

        The first are of preference and gold, in this order; the other is that of the table.
        """

        def held_out(train: np.ndarray, held: np.ndarray) -> np.ndarray:
            return clone(self).fit(X[train], feedback.take(train)).predict(X[held])

        predicted = out_of_fold(held_out, folds, n_jobs=n_jobs)
        self.fit(X, feedback)
        return predicted, feedback.quality

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return expected quality (n, K, 2): preference, gold."""
        known = [None if m is None else m.predict(X)[0] for m in self.models_]
        fallback = next(values for values in known if values is not None)
        return np.stack([fallback if values is None else values for values in known], axis=2)


def make_source_outcomes(regressor: Any) -> JointSources | SeparateSources:
    """Return unfitted outcome models of both sources; None is the joint one."""
    return JointSources() if regressor is None else SeparateSources(regressor)
