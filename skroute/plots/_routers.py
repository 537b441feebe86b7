"""Routers as they are handed to a Display or to the report: one or several, bare or wrapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._utils import take_rows
from ..metrics import FittedPolicy
from ..routers import Frontier


@dataclass(frozen=True, eq=False)
class NamedRouter:
    """A fitted router at the end of pipelines and searches, and the queries that reach it.

    Attributes
    ----------
    name : str
    policy : FittedPolicy
    exclude : label, sequence of labels or bool array of shape (n, K), or None
        Models that it must not choose.
    """

    name: str
    policy: FittedPolicy
    exclude: Any = None

    @property
    def router(self) -> Any:
        return self.policy.router

    @property
    def classes(self) -> np.ndarray:
        return np.asarray(self.router.classes_)

    @property
    def cost_sensitivity(self) -> float:
        """The cost sensitivity at which it chooses."""
        return float(getattr(self.router, "cost_sensitivity", None) or 0.0)

    def excluded(self) -> np.ndarray:
        """Return which models it must not choose, (n, K), also those that it leaves out itself."""
        shape = np.shape(self.policy.X)[0], len(self.classes)
        if not hasattr(self.router, "left_out_"):
            return np.zeros(shape, dtype=bool)
        # Without a choice by query one query tells of all.
        queries = self.policy.X
        if np.ndim(self.exclude) < 2:
            queries = take_rows(queries, np.arange(1))
        values = self.router.decision_function(queries, **self._keywords)
        return np.broadcast_to(np.isneginf(values), shape)

    def allowed_models(self) -> np.ndarray:
        """Return the labels of the models that it may choose for some query."""
        return self.classes[~self.excluded().all(axis=0)]

    def frontier(self) -> Frontier:
        if not hasattr(self.router, "frontier"):
            raise ValueError(
                f"{type(self.router).__name__} has no frontier: it does not predict quality and "
                "cost. Give a router such as CausalRouter, or use from_predictions."
            )
        return self.router.frontier(self.policy.X, **self._keywords)

    def choose(self, cost_sensitivity: float | None = None) -> np.ndarray:
        """Return the labels (n,) chosen at a cost sensitivity; None is where it chooses."""
        return self.policy.choose(cost_sensitivity, **self._keywords)

    @property
    def _keywords(self) -> dict[str, Any]:
        return {} if self.exclude is None else {"exclude": self.exclude}


def read_routers(estimator: Any, X: Any, exclude: Any = None) -> list[NamedRouter]:
    """Return the routers of an estimator or of a dict from names to estimators."""
    several = isinstance(estimator, Mapping)
    if several and not estimator:
        raise ValueError("estimator is an empty dict; give at least one router")
    routers = []
    for name, fitted in estimator.items() if several else [(None, estimator)]:
        check_is_fitted(fitted)
        policy = FittedPolicy.of(fitted, X)
        router = policy.router
        if not hasattr(router, "classes_"):
            raise ValueError(
                f"{type(router).__name__} has no classes_: it does not choose among models. Give a "
                "router, a pipeline or a search that ends in one, or use from_predictions."
            )
        routers.append(
            NamedRouter(str(name) if several else type(router).__name__, policy, exclude)
        )
    return routers


def common_models(routers: Sequence[NamedRouter]) -> np.ndarray:
    """Return the models of several routers, which have to be the same."""
    classes = routers[0].classes
    for other in routers[1:]:
        if set(map(str, other.classes)) != set(map(str, classes)):
            raise ValueError(
                f"{routers[0].name!r} chooses among {[str(c) for c in classes]}, but "
                f"{other.name!r} among {[str(c) for c in other.classes]}. Draw them apart."
            )
    return classes


def fixed_policies(models: np.ndarray, n_rows: int) -> dict[Any, np.ndarray]:
    """Return for each model the policy that chooses it for all queries, as labels (n,)."""
    return {label: np.repeat(models[k : k + 1], n_rows) for k, label in enumerate(models.tolist())}
