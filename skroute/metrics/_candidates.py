"""What a scorer is handed: a fitted estimator, bare or wrapped, and the queries it is to answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_array

from .._utils import split_router
from ..feedback import Feedback, encode_labels
from ._training_queries import warn_if_trained_on


@dataclass(frozen=True, eq=False)
class Candidate:
    """The estimator at the end of pipelines and searches, and its input.

    Attributes
    ----------
    last : estimator
        What decides.
    X : array-like
        The queries as they reach `last`.
    given : array-like
        The queries as they were given.
    """

    last: Any
    X: Any
    given: Any

    @classmethod
    def of(cls, estimator: Any, X: Any) -> Candidate:
        """Take off searches and pipelines; the input is transformed once, for all that follows."""
        given = X
        while True:
            if isinstance(estimator, Pipeline):
                for _, step in estimator.steps[:-1]:
                    X = X if step in (None, "passthrough") else step.transform(X)
                estimator = estimator.steps[-1][1]
            elif hasattr(estimator, "best_estimator_"):
                estimator = estimator.best_estimator_
            else:
                return cls(estimator, X, given)

    @property
    def router(self) -> Any:
        """What was fitted: `last`, or the router at the end of what it wraps."""
        return split_router(getattr(self.last, "router_", self.last)).router

    @property
    def cost_sensitivity(self) -> float | None:
        """The one that the estimator is valued at; None where it has none of its own."""
        own = getattr(self.last, "score_cost_sensitivity", None)
        own = getattr(self.last, "cost_sensitivity", None) if own is None else own
        return None if own is None else float(own)

    def choose(self, cost_sensitivity: float | None, **keywords: Any) -> np.ndarray:
        """Return the labels (n,) chosen at a cost sensitivity; None is the estimator's own.

        Further keywords are those of its ``predict``, such as `exclude`.
        """
        # An estimator without one chooses the same at any, and does not know the keyword.
        if cost_sensitivity is None or self.cost_sensitivity is None:
            choice = self.last.predict(self.X, **keywords)
        else:
            choice = self.last.predict(self.X, cost_sensitivity=cost_sensitivity, **keywords)
        if np.ndim(choice) != 1:
            raise ValueError(
                f"{type(self.last).__name__}.predict must return one model label a row, got an "
                f"array of shape {np.shape(choice)}"
            )
        return np.asarray(choice)

    def preference(self, strong: Any, weak: Any) -> np.ndarray:
        """Return how much each query (n,) is worth the strong model rather than the weak one."""
        last, X = self.last, self.X
        k, j = self._pair(strong, weak)
        if hasattr(last, "decision_function"):
            decision = np.asarray(last.decision_function(X))
            if decision.ndim == 1:
                return decision if k == 1 else -decision
            return decision[:, k] - decision[:, j]
        if hasattr(last, "predict_proba"):
            probability = np.asarray(last.predict_proba(X), dtype=np.float64)
            both = probability[:, k] + probability[:, j]
            share = np.full(len(both), 0.5)
            return np.divide(probability[:, k], both, out=share, where=both > 0)
        if hasattr(last, "predict_quality"):
            utility = last.predict_quality(X)
            if self.cost_sensitivity:
                utility = utility - self.cost_sensitivity * last.predict_cost(X)
            return utility[:, k] - utility[:, j]
        raise ValueError(
            f"{type(last).__name__} ranks no queries: it has neither decision_function nor "
            "predict_proba nor predict_quality. Use make_policy_scorer, which needs labels alone."
        )

    def _pair(self, strong: Any, weak: Any) -> tuple[int, int]:
        names = [str(label) for label in self.last.classes_]
        if weak is None:
            others = [name for name in names if name != str(strong)]
            if len(names) != 2 or len(others) != 1:
                raise ValueError(f"weak must name a model: the estimator knows {names}")
            weak = others[0]
        for argument, label in (("strong", strong), ("weak", weak)):
            if str(label) not in names:
                raise ValueError(
                    f"{argument}={label!r} is unknown to the estimator; it has {names}"
                )
        return names.index(str(strong)), names.index(str(weak))

    def labels(self, feedback: Feedback, choice: np.ndarray) -> np.ndarray:
        """Return the models that the estimator can choose: its classes, else all that are seen."""
        classes = getattr(self.last, "classes_", None)
        if classes is None:
            chosen, _ = encode_labels("predictions", choice)
            named = {str(label): label for label in [*chosen, *feedback.classes]}
            return np.array([named[name] for name in sorted(named)])
        known = {str(label) for label in classes}
        if not known & {str(label) for label in feedback.classes}:
            raise ValueError(
                f"{type(self.last).__name__} chooses among {sorted(known)}, of which y has none: "
                f"it shows {[str(label) for label in feedback.classes]}. Fit it to model labels."
            )
        return np.asarray(classes)

    @property
    def queries(self) -> Any:
        """What describes the queries to evaluation models.

        X as it was given, where it is numeric, so that no transformer has a say; else what the last
        step gets, without the bias columns that are none of the query.
        """
        if self.X is not self.given:
            numeric = _as_numeric(self.given)
            if numeric is not None:
                return numeric
        return self._own_queries()

    def warn_if_trained_on(self) -> None:
        """Warn if the queries are those of the estimator's own training log."""
        if hasattr(self.last, "training_queries_"):
            X = check_array(self._own_queries(), dtype=(np.float64, np.float32))
            warn_if_trained_on(self.last, X)

    def _own_queries(self) -> Any:
        own = getattr(self.last, "query_features", None)
        return self.X if own is None else own(self.X)


def _as_numeric(X: Any) -> np.ndarray | None:
    """Return X as a finite numeric matrix, or None if it is text, sparse or has gaps."""
    try:
        return check_array(X, dtype=(np.float64, np.float32))
    except (TypeError, ValueError):
        return None
