"""A fitted estimator as a policy on some queries: what scorers and Displays work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_array

from .._utils import split_router
from ..feedback import Feedback, encode_labels
from ._training_queries import warn_if_trained_on
from ._two_models import read_pair


@dataclass(frozen=True, eq=False)
class FittedPolicy:
    """What chooses at the end of pipelines and searches, and the queries that it chooses for.

    Attributes
    ----------
    router : estimator
        The last step: a router, or any estimator whose predictions are model labels.
    X : array-like
        The queries as they reach `router`; transformed once, for all that follows.
    given : array-like
        The queries as they were given.
    """

    router: Any
    X: Any
    given: Any

    @classmethod
    def of(cls, estimator: Any, X: Any) -> FittedPolicy:
        """Take an estimator apart."""
        parts = split_router(estimator)
        return cls(parts.router, parts.transform(X), X)

    @property
    def innermost(self) -> Any:
        """The router that learned from the log: `router`, or the one in what it wraps."""
        return split_router(getattr(self.router, "router_", self.router)).router

    @property
    def cost_sensitivity(self) -> float | None:
        """The one that the estimator is valued at; None where it has none of its own."""
        own = getattr(self.router, "score_cost_sensitivity", None)
        own = getattr(self.router, "cost_sensitivity", None) if own is None else own
        return None if own is None else float(own)

    def choose(self, cost_sensitivity: float | None, **keywords: Any) -> np.ndarray:
        """Return the labels (n,) chosen at a cost sensitivity; None is the estimator's own.

        Further keywords are those of its ``predict``, such as `exclude`.
        """
        # An estimator without one chooses the same at any, and does not know the keyword.
        if cost_sensitivity is not None and self.cost_sensitivity is not None:
            keywords["cost_sensitivity"] = cost_sensitivity
        choice = self.router.predict(self.X, **keywords)
        if np.ndim(choice) != 1:
            raise ValueError(
                f"{type(self.router).__name__}.predict must return one model label a row, got an "
                f"array of shape {np.shape(choice)}"
            )
        return np.asarray(choice)

    def rank(self, strong: Any, weak: Any) -> np.ndarray:
        """Return how much each query (n,) is worth the strong model rather than the weak one."""
        router, X = self.router, self.X
        names = [str(label) for label in router.classes_]
        k, j = (names.index(name) for name in read_pair(names, strong, weak, "the estimator"))
        if hasattr(router, "decision_function"):
            decision = np.asarray(router.decision_function(X))
            if decision.ndim == 1:
                return decision if k == 1 else -decision
            return decision[:, k] - decision[:, j]
        if hasattr(router, "predict_proba"):
            probability = np.asarray(router.predict_proba(X), dtype=np.float64)
            both = probability[:, k] + probability[:, j]
            share = np.full(len(both), 0.5)
            return np.divide(probability[:, k], both, out=share, where=both > 0)
        raise ValueError(
            f"{type(router).__name__} ranks no queries: it has neither decision_function nor "
            "predict_proba. Use make_policy_scorer, which needs labels alone."
        )

    def labels(self, feedback: Feedback, choice: np.ndarray) -> np.ndarray:
        """Return the models that the estimator can choose: its classes, else all that are seen."""
        classes = getattr(self.router, "classes_", None)
        if classes is None:
            chosen, _ = encode_labels("predictions", choice)
            named = {str(label): label for label in [*chosen, *feedback.classes]}
            return np.array([named[name] for name in sorted(named)])
        known = {str(label) for label in classes}
        if not known & {str(label) for label in feedback.classes}:
            raise ValueError(
                f"{type(self.router).__name__} chooses among {sorted(known)}, of which y has none: "
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
        if hasattr(self.router, "training_queries_"):
            X = check_array(self._own_queries(), dtype=(np.float64, np.float32))
            warn_if_trained_on(self.router, X)

    def _own_queries(self) -> Any:
        own = getattr(self.router, "query_features", None)
        return self.X if own is None else own(self.X)


def _as_numeric(X: Any) -> np.ndarray | None:
    """Return X as a finite numeric matrix, or None if it is text, sparse or has gaps."""
    try:
        return check_array(X, dtype=(np.float64, np.float32))
    except (TypeError, ValueError):
        return None
