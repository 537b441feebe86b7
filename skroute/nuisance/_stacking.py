"""Boosted trees beside the hierarchical ridge, as far as out-of-fold errors tell for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._utils import Folds
from ..feedback import Feedback
from ._columns_scale import ColumnScale
from ._features import SpectralFeatures
from ._trees import BoostedTrees, as_float32

# Up to this many columns trees see them all; beyond it the leading components, and columns that
# are no directions of an embedding.
_FEW_COLUMNS, _N_COMPONENTS = 64, 24
# Rows and rounds of the first look, and the t-value that it has to exceed: with few columns, and
# with components of an embedding, where trees cost most, are served slowest and seldom help.
_GATE_ROWS, _GATE_ROUNDS = 3000, 25
_LEAST_EVIDENCE, _LEAST_EVIDENCE_OF_COMPONENTS = 1.0, 3.0


@dataclass(frozen=True)
class TreeColumns:
    """What trees see of a query: few columns as they are, of an embedding the leading components.

    Columns that are no directions of an embedding are seen in any case.
    """

    scale: ColumnScale
    projection: np.ndarray | None
    raw: np.ndarray | None

    @classmethod
    def of(cls, features: SpectralFeatures, n_columns: int) -> TreeColumns:
        """Return the columns that trees see of queries of `n_columns`."""
        if n_columns <= _FEW_COLUMNS:
            return cls(features.columns_, None, None)
        leading = features.projection()[:, :_N_COMPONENTS]
        return cls(features.columns_, leading, features.columns_.raw[:_FEW_COLUMNS])

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Return columns (n, m), float32."""
        squashed = self.scale.squash(X)
        if self.projection is None:
            return as_float32(squashed)
        components = squashed @ self.projection.astype(X.dtype)
        return as_float32(np.hstack([components, squashed[:, self.raw]]))


class TreeStack:
    """Convex combination of predictions with those of boosted trees.

    Parameters
    ----------
    columns : TreeColumns

    Attributes
    ----------
    weight_ : float
        Share of the trees, in [0, 1]: the one of least squared out-of-fold error, less one
        standard error. 0 leaves predictions as they are, and needs no trees.
    mix_ : float
        Share of the models' own trees in that of all trees.
    trees_ : BoostedTrees or None
        Those of all rows; None where the weight is 0.
    """

    def __init__(self, columns: TreeColumns) -> None:
        self.columns = columns

    def cross_fit(
        self,
        X: np.ndarray,
        feedback: Feedback,
        predicted: np.ndarray,
        folds: Folds,
        random_state: np.random.RandomState,
    ) -> np.ndarray:
        """Fit beside out-of-fold predictions of quality (n, K); return combined ones.

        Notes
        -----
        Where a few trees, learned on half of at most 3,000 rows, do not help on the other half,
        that is all. Else trees are fitted for every fold, and for all rows.
        """
        self.weight_, self.mix_, self.trees_ = 0.0, 0.5, None
        columns = self.columns(X)
        few = self.columns.projection is None
        least = _LEAST_EVIDENCE if few else _LEAST_EVIDENCE_OF_COMPONENTS
        if _first_evidence(columns, feedback, predicted, folds, random_state) <= least:
            return predicted
        shared, own = np.empty_like(predicted), np.empty_like(predicted)
        for train, held in folds:
            trees = BoostedTrees().fit(columns[train], feedback.take(train))
            shared[held], own[held] = trees.predict(columns[held])
        evidence = Evidence(feedback, folds)
        slope, error = evidence.slope((shared + own) / 2, own - shared)
        if error > 0:
            believed = slope**2 / (slope**2 + error**2)
            self.mix_ = float(np.clip(0.5 + believed * slope, 0, 1))
        combined = self._combined(shared, own)
        slope, error = evidence.slope(predicted, combined - predicted)
        self.weight_ = float(np.clip(slope - error, 0, 1))
        if self.weight_ > 0:
            self.trees_ = BoostedTrees().fit(columns, feedback)
        return predicted + self.weight_ * (combined - predicted)

    def predict(self, X: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """Return predictions (n, K) combined with those of the trees."""
        if self.trees_ is None:
            return predicted
        combined = self._combined(*self.trees_.predict(self.columns(X)))
        return predicted + self.weight_ * (combined - predicted)

    def _combined(self, shared: np.ndarray, own: np.ndarray) -> np.ndarray:
        return (1 - self.mix_) * shared + self.mix_ * own


def _first_evidence(
    columns: np.ndarray,
    feedback: Feedback,
    predicted: np.ndarray,
    folds: Folds,
    random_state: np.random.RandomState,
) -> float:
    """Return the t-value with which a few trees, learned on some folds, help on the others."""
    fold, rows = fold_of(folds, len(feedback)), np.flatnonzero(feedback.weight > 0)
    if len(rows) > _GATE_ROWS:
        rows = np.sort(random_state.choice(rows, _GATE_ROWS, replace=False))
    half = fold[rows] < (fold.max() + 1) / 2
    train, held = rows[half], rows[~half]
    if len(held) == 0 or len(train) == 0:
        return 0.0
    trees = BoostedTrees(_GATE_ROUNDS).fit(columns[train], feedback.take(train))
    shared, own = trees.predict(columns[held])
    evidence = Evidence(feedback.take(held), [(train, np.arange(len(held)))])
    slope, error = evidence.slope(predicted[held], (shared + own) / 2 - predicted[held])
    return slope / error if error > 0 else 0.0


class Evidence:
    """Outcomes that were seen, to regress on differences of out-of-fold predictions.

    The level of every fold and model is left out: a model whose held-out outcomes are high has
    lower ones left to train on, so that levels of a fold are bound to look wrong.
    """

    def __init__(self, feedback: Feedback, folds: Folds) -> None:
        n_models, fold = feedback.n_models, fold_of(folds, len(feedback))
        if feedback.action is None:
            self.row = np.repeat(np.arange(len(feedback)), n_models)
            self.model = np.tile(np.arange(n_models), len(feedback))
        else:
            self.row, self.model = np.arange(len(feedback)), feedback.action
        self.target = np.ravel(feedback.quality)
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
