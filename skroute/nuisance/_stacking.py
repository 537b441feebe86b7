"""Boosted trees beside the hierarchical ridge, as far as out-of-fold errors tell for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._utils import Folds, ShortRepr
from ..feedback import Feedback
from ._columns_scale import ColumnScale
from ._evidence import Evidence, fold_of
from ._features import SpectralFeatures
from ._trees import BoostedTrees, as_float32

# Up to this many columns trees see them all; beyond it the leading components, and columns that
# are no directions of an embedding.
_FEW_COLUMNS, _N_COMPONENTS = 64, 24
# Rows and rounds of the first look, and the t-value that it has to exceed: with few columns, and
# with components of an embedding, where trees cost most, are served slowest and seldom help.
_GATE_ROWS, _GATE_ROUNDS = 3000, 25
_LEAST_EVIDENCE, _LEAST_EVIDENCE_OF_COMPONENTS = 1.0, 3.0


@dataclass(frozen=True, repr=False)
class TreeColumns(ShortRepr):
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


class TreeStack(ShortRepr):
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
