"""Boosted trees for the outcomes of all models, by XGBoost.

Two boosters, whose mean is better than either. In the first, each tree has a leaf value for every
model, so that all models share where it splits, and their rows decide together; in the second,
every model has trees of its own. A row teaches the models that it shows and no other. Columns are
rounded down to at most 64 edges, chosen among their distinct values, so that a weight of two is a
row twice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..feedback import Feedback

_MOST_EDGES = 64
_LARGEST = np.finfo(np.float32).max
# Depth, step, penalty in rows, and the strategy of the two boosters.
_SHARED = {"max_depth": 2, "eta": 0.2, "lambda": 1.0, "multi_strategy": "multi_output_tree"}
_OWN = {"max_depth": 3, "eta": 0.1, "lambda": 5.0, "multi_strategy": "one_output_per_tree"}


class BoostedTrees:
    """Boosted trees of the quality of all models.

    Parameters
    ----------
    n_rounds : int
        Trees of the shared booster, and of each model in the other.
    """

    def __init__(self, n_rounds: int = 50) -> None:
        self.n_rounds = n_rounds

    def fit(self, X: np.ndarray, feedback: Feedback) -> BoostedTrees:
        """Fit on columns X (n, m), float32, and the quality of a table."""
        import xgboost  # slow to import

        counted = feedback.weight > 0
        X, feedback = X[counted], feedback.take(counted)
        target = feedback.quality
        shape = len(X), feedback.n_models
        shown = np.broadcast_to(feedback.weight[:, None], shape)
        if feedback.action is not None:
            shown = shown * (feedback.action[:, None] == np.arange(feedback.n_models))
            target = np.broadcast_to(target[:, None], shape)
        total = shown.sum(axis=0)
        safe = np.where(total > 0, total, 1.0)
        self.mean_ = np.where(
            total > 0, (shown * target).sum(axis=0) / safe, np.average(target, weights=shown)
        )
        centred = target - self.mean_
        self.scale_ = float(np.sqrt(np.average(centred**2, weights=shown))) or 1.0
        table = xgboost.DMatrix(_round_down(X), label=centred / self.scale_)
        table.set_base_margin(np.zeros(shape, dtype=np.float32))
        goal, weight = centred / self.scale_, shown.astype(np.float64)

        def squared_error(margin: np.ndarray, _: Any) -> tuple[np.ndarray, np.ndarray]:
            return weight * (margin.reshape(shape) - goal), weight

        self.boosters_ = [
            xgboost.train(
                {
                    "tree_method": "hist",
                    "max_bin": 256,
                    "num_target": shape[1],
                    "base_score": 0.0,
                    "nthread": 1,
                    "disable_default_eval_metric": True,
                    **kind,
                },
                table,
                self.n_rounds,
                obj=squared_error,
            )
            for kind in (_SHARED, _OWN)
        ]
        return self

    def predict(self, X: np.ndarray) -> list[np.ndarray]:
        """Return predictions (n, K) of the shared and of the models' own trees."""
        shape = len(X), len(self.mean_)
        margins = [b.inplace_predict(X, predict_type="margin") for b in self.boosters_]
        return [self.mean_ + self.scale_ * margin.reshape(shape) for margin in margins]


def as_float32(X: np.ndarray) -> np.ndarray:
    """Return X in float32, with the largest such number for what is larger."""
    return np.clip(X, -_LARGEST, _LARGEST).astype(np.float32)


def _round_down(X: np.ndarray) -> np.ndarray:
    """Return X with every value replaced by the last edge of its column that is not above it.

    A tree that splits between these splits unrounded values alike.
    """
    rounded = np.empty_like(X)
    for j, column in enumerate(X.T):
        edge = np.unique(column)
        if len(edge) > _MOST_EDGES:
            edge = edge[np.arange(_MOST_EDGES) * len(edge) // _MOST_EDGES]
        rounded[:, j] = edge[np.searchsorted(edge, column, side="right") - 1]
    return rounded
