"""What out-of-fold errors tell of a direction in which predictions could be moved."""

from __future__ import annotations

import numpy as np

from .._utils import Folds
from ..feedback import Feedback


class Evidence:
    """Outcomes that were seen, to regress on differences of out-of-fold predictions.

    The level of every fold and model is left out: a model whose held-out outcomes are high has
    lower ones left to train on, so that levels of a fold are bound to look wrong.

    Parameters
    ----------
    feedback : Feedback
    folds : list of (train rows, held-out rows)
        Those behind the predictions.
    outcome : ndarray of shape (n,) if logged, (n, K) if full, default=None
        The outcomes; None: the table's quality.
    """

    def __init__(self, feedback: Feedback, folds: Folds, outcome: np.ndarray | None = None) -> None:
        n_models, fold = feedback.n_models, fold_of(folds, len(feedback))
        if feedback.action is None:
            self.row = np.repeat(np.arange(len(feedback)), n_models)
            self.model = np.tile(np.arange(n_models), len(feedback))
        else:
            self.row, self.model = np.arange(len(feedback)), feedback.action
        self.target = np.ravel(feedback.quality if outcome is None else outcome)
        self.weight = feedback.weight[self.row]
        self.cell = fold[self.row] * n_models + self.model
        self.total = np.bincount(self.cell, self.weight)
        self.group, self.n_rows = feedback.group, len(feedback)
        self.by_row, self.row_weight = feedback.action is None, feedback.weight

    def slope(self, predicted: np.ndarray, direction: np.ndarray) -> tuple[float, float]:
        """Return the slope of outcomes less `predicted` on `direction`, (n, K), and its error.

        Errors of a group, or else of a query, are one observation.
        """
        x = self._centred(direction[self.row, self.model])
        z = self._centred(self.target - predicted[self.row, self.model])
        power = float(self.weight @ x**2)
        if power <= np.finfo(np.float64).tiny:
            return 0.0, 0.0
        slope = float(self.weight @ (x * z)) / power
        score = x * (z - slope * x)
        if self.group is not None:
            variance = (np.bincount(self.group[self.row], self.weight * score) ** 2).sum()
        elif self.by_row:
            variance = self.row_weight @ score.reshape(self.n_rows, -1).sum(axis=1) ** 2
        else:
            variance = self.weight @ score**2
        return slope, float(np.sqrt(variance)) / power

    def _centred(self, values: np.ndarray) -> np.ndarray:
        level = np.bincount(self.cell, self.weight * values) / np.where(
            self.total > 0, self.total, 1.0
        )
        return values - level[self.cell]


def fold_of(folds: Folds, n_rows: int) -> np.ndarray:
    """Return the fold (n,) that holds each row out."""
    fold = np.empty(n_rows, dtype=np.intp)
    for code, (_, held) in enumerate(folds):
        fold[held] = code
    return fold
