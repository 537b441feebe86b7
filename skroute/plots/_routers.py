"""Routers as they are handed to a Display: one or several, bare or wrapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..metrics import Candidate
from ..routers import Frontier


@dataclass(frozen=True, eq=False)
class NamedRouter:
    """A fitted router at the end of pipelines and searches, and the queries that reach it.

    Attributes
    ----------
    name : str
    candidate : Candidate
    router : estimator
        What chooses, and predicts outcomes: `candidate.last`.
    """

    name: str
    candidate: Candidate
    router: Any

    @property
    def classes(self) -> np.ndarray:
        return np.asarray(self.router.classes_)

    @property
    def cost_sensitivity(self) -> float:
        """The cost sensitivity at which it chooses."""
        return float(getattr(self.router, "cost_sensitivity", None) or 0.0)

    def frontier(self) -> Frontier:
        if not hasattr(self.router, "frontier"):
            raise ValueError(
                f"{type(self.router).__name__} has no frontier: it does not predict quality and "
                "cost. Give a router such as CausalRouter, or use from_predictions."
            )
        return self.router.frontier(self.candidate.X)

    def choose(self, cost_sensitivity: float | None = None) -> np.ndarray:
        """Return the labels (n,) chosen at a cost sensitivity; None is where it chooses."""
        if cost_sensitivity is None:
            return np.asarray(self.candidate.last.predict(self.candidate.X))
        return self.candidate.choose(cost_sensitivity)


def read_routers(estimator: Any, X: Any) -> list[NamedRouter]:
    """Return the routers of an estimator or of a dict from names to estimators."""
    several = isinstance(estimator, Mapping)
    if several and not estimator:
        raise ValueError("estimator is an empty dict; give at least one router")
    items = estimator.items() if several else [(None, estimator)]
    routers = []
    for name, fitted in items:
        check_is_fitted(fitted)
        candidate = Candidate.of(fitted, X)
        router = candidate.last
        if not hasattr(router, "classes_"):
            raise ValueError(
                f"{type(router).__name__} has no classes_: it does not choose among models. Give a "
                "router, a pipeline or a search that ends in one, or use from_predictions."
            )
        routers.append(
            NamedRouter(str(name) if several else type(candidate.last).__name__, candidate, router)
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


def policies_along(frontier: Frontier, n_points: int) -> list[np.ndarray]:
    """Return the labels (n,) of some states between changes, in steps of equal predicted change.

    A step counts what it changes in cost and what it changes in quality, each of the whole.
    """
    states = frontier.states()
    path = np.zeros(len(states))
    for outcome in (frontier.mean_cost, frontier.mean_quality):
        walked = np.abs(np.diff(outcome[states])).cumsum()
        if len(walked) and walked[-1] > 0:
            path[1:] += walked / walked[-1]
    picked = states[np.unique(np.searchsorted(path, np.linspace(0.0, path[-1], n_points)))]
    return [frontier.choice_at(frontier.within_state(state)) for state in picked.tolist()]
