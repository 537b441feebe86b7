"""Which model a log chooses for a query, by flexible classifiers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from .._utils import ShortRepr
from ..feedback import Feedback
from ._features import PrincipalComponents
from ._fitting import single_threaded

# Components that the logistic regression and the trees see, and columns that the latter see too.
_COMPONENTS, _TREE_COMPONENTS, _TREE_COLUMNS = 128, 24, 8
# Rows that a classifier of all choices is fitted on.
_MOST_ROWS = 10_000


@dataclass(frozen=True, repr=False)
class ChoiceColumns(ShortRepr):
    """What the classifiers see of a query.

    Attributes
    ----------
    components : PrincipalComponents
    telling : ndarray of int of shape (c,) or None
        Columns that differ most between choices; None: the trees see all columns and no components.
    """

    components: PrincipalComponents
    telling: np.ndarray | None

    @classmethod
    def of(cls, X: np.ndarray, action: np.ndarray, weight: np.ndarray) -> ChoiceColumns:
        """Learn from queries (n, d), choices (n,) and weights (n,)."""
        components = PrincipalComponents.of(X, weight, _COMPONENTS)
        if X.shape[1] <= _TREE_COMPONENTS + _TREE_COLUMNS:
            return cls(components, None)
        columns = components.columns.transform(X.astype(np.float64))
        order = np.argsort(-_share_between(columns, action, weight), kind="stable")
        return cls(components, np.sort(order[:_TREE_COLUMNS]))

    def __call__(self, X: np.ndarray, kind: str) -> np.ndarray:
        """Return the columns (n, m) for a kind of classifier."""
        projected = self.components(X)
        if kind == "logistic":
            return projected
        columns = self.components.columns.transform(X.astype(np.float64))
        if self.telling is None:
            return columns
        return np.column_stack([projected[:, :_TREE_COMPONENTS], columns[:, self.telling]])


class ChoiceClassifier(ShortRepr):
    """Probabilities of all models by a lightly penalized logistic regression or boosted trees.

    Parameters
    ----------
    kind : {"logistic", "trees"}
    n_models : int
    n_rounds : int
        Trees of each model.
    """

    def __init__(self, kind: str, n_models: int, n_rounds: int = 60) -> None:
        self.kind = kind
        self.n_models = n_models
        self.n_rounds = n_rounds

    def fit(self, X: np.ndarray, action: np.ndarray, weight: np.ndarray) -> ChoiceClassifier:
        """Fit on columns (n, m)."""
        self.shown_ = np.unique(action)
        if len(self.shown_) == 1:
            return self
        if self.kind == "logistic":
            # Choices without chance are separable: a large penalty would blur them.
            self.model_ = LogisticRegression(C=10.0, max_iter=200, tol=1e-3)
            self.model_.fit(X, action, sample_weight=weight)
            return self
        import xgboost  # slow to import

        options: dict[str, Any] = {
            "objective": "multi:softprob",
            "num_class": self.n_models,
            "tree_method": "hist",
            "max_depth": 4,
            "max_bin": 64,
            "eta": 0.3,
            "nthread": 1,
        }
        table = xgboost.DMatrix(X, label=action, weight=weight, nthread=1)
        self.model_ = xgboost.train(options, table, self.n_rounds)
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Return probabilities (n, K)."""
        probability = np.zeros((len(X), self.n_models))
        if len(self.shown_) == 1:
            probability[:, self.shown_] = 1.0
        elif self.kind == "logistic":
            probability[:, self.shown_] = self.model_.predict_proba(X)
        else:
            probability[:] = self.model_.inplace_predict(X).reshape(probability.shape)
        return probability

    def __getstate__(self) -> dict[str, Any]:
        # Bytes in the place of a booster: loaders that ask for trust know no type of XGBoost's.
        state = dict(vars(self))
        if self.kind == "trees" and "model_" in state:
            state["model_"] = bytes(self.model_.save_raw())
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if self.kind == "trees" and "model_" in state:
            import xgboost

            self.model_ = xgboost.Booster({"nthread": 1})
            self.model_.load_model(bytearray(state["model_"]))


@dataclass(frozen=True, repr=False)
class ChoiceModel(ShortRepr):
    """The probability with which a log chooses each model, for any query.

    Attributes
    ----------
    columns : ChoiceColumns
    classifier : ChoiceClassifier
    """

    columns: ChoiceColumns
    classifier: ChoiceClassifier

    @classmethod
    @single_threaded
    def of(cls, X: np.ndarray, feedback: Feedback, kind: str) -> ChoiceModel:
        """Fit a classifier on at most 10,000 rows of a logged table."""
        rows = np.flatnonzero((feedback.weight > 0) & (feedback.action >= 0))
        if len(rows) > _MOST_ROWS:
            rows = np.sort(np.random.RandomState(0).choice(rows, _MOST_ROWS, replace=False))
        shown = X[rows], feedback.action[rows], feedback.weight[rows]
        columns = ChoiceColumns.of(*shown)
        classifier = ChoiceClassifier(kind, feedback.n_models)
        return cls(columns, classifier.fit(columns(shown[0], kind), *shown[1:]))

    @single_threaded
    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Return probabilities (n, K) for queries (n, d)."""
        return self.classifier.predict_proba(self.columns(X, self.classifier.kind))


def _share_between(X: np.ndarray, action: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the share of the variance of each column (m,) that is between choices."""
    shown = np.eye(int(action.max()) + 1)[action] * weight[:, None]
    rows, center = shown.sum(axis=0), weight @ X / weight.sum()
    between = rows @ (shown.T @ X / rows[:, None] - center) ** 2
    total = weight @ (X - center) ** 2
    return np.divide(between, total, out=np.zeros_like(total), where=total > 0)
