"""Choosing another model now and then, so that the next log tells what it would have done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.special import erfc
from sklearn.utils import check_random_state

from .._utils import ShortRepr, check_at_least, describe, is_missing, split_router, warn
from ._exclusion import model_index

# The share of exploration that is spread evenly unless a floor is given.
_FLOOR_SHARE = 0.1
_SQRT2 = np.sqrt(2.0)
# Standard errors below this are none.
_TINY = 1e-150


class ExplorationBoundWarning(UserWarning):
    """Some queries are explored less than asked for, as `max_regret` or `max_cost` bound it.

    Attributes
    ----------
    n_bound, n_queries : int
        How many of how many queries.
    """

    def __init__(self, n_bound: int, n_queries: int) -> None:
        super().__init__(
            f"{n_bound} of {n_queries} queries are explored less than asked for, by max_regret or "
            "max_cost; models may be chosen there with a probability below floor."
        )
        self.n_bound, self.n_queries = n_bound, n_queries

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.n_bound, self.n_queries)


class Sample(NamedTuple):
    """Models drawn at random, and how likely each draw was.

    Attributes
    ----------
    label : ndarray of shape (n,)
        Labels of the drawn models.
    propensity : ndarray of shape (n,)
        Probability with which each was drawn, to be logged with the query.
    """

    label: np.ndarray
    propensity: np.ndarray

    def __repr__(self) -> str:
        return describe(self)


@dataclass(frozen=True, repr=False)
class Prospects(ShortRepr):
    """What a router thinks of all models for some queries.

    Attributes
    ----------
    decision : ndarray of shape (n, K)
        Values of which the largest is chosen.
    utility, cost : ndarray of shape (n, K) or None
        Predicted utility, in units of quality, and cost in dollars; None: not predicted.
    error : ndarray of shape (n, K) or (K,), or None
        Standard error of the predicted utility of each model; None: not known, so that every model
        may be best.
    """

    decision: np.ndarray
    utility: np.ndarray | None = None
    cost: np.ndarray | None = None
    error: np.ndarray | None = None


@dataclass(frozen=True)
class Exploration:
    """How much is explored, and within what bounds; as in `BaseRouter.exploration_proba`."""

    exploration: float = 0.05
    floor: float | None = None
    max_regret: float | None = None
    max_cost: float | None = None
    previous: Any = None
    switching_cost: float = 0.0

    def __post_init__(self) -> None:
        check_at_least(0, exploration=self.exploration, switching_cost=self.switching_cost)
        bounds = {"floor": self.floor, "max_regret": self.max_regret, "max_cost": self.max_cost}
        check_at_least(0, **{name: value for name, value in bounds.items() if value is not None})
        if self.exploration > 1:
            raise ValueError(f"exploration must be at most 1, got {self.exploration!r}")

    def probabilities(
        self,
        decision: np.ndarray,
        prospects: Prospects,
        cost_sensitivity: float | np.ndarray,
        classes: np.ndarray,
    ) -> np.ndarray:
        """Return the probability (n, K) of every model.

        Decision values (n, K) are those of the prospects, minus infinity for excluded models.
        """
        allowed = decision > -np.inf
        previous = self._previous(classes, allowed)
        chosen = self._chosen(decision.argmax(axis=1), prospects, cost_sensitivity, previous)
        rows, others = np.arange(len(allowed)), allowed
        others[rows, chosen] = False
        n_others = others.sum(axis=1)
        least = self._least(n_others)
        room = self.exploration - least * n_others
        share = self._open(prospects, chosen, others)
        probability = others * (least[:, None] + room[:, None] * share)
        scale = self._bound(prospects, cost_sensitivity, chosen, previous, probability)
        if scale is not None:
            probability *= scale[:, None]
        probability[rows, chosen] = 1 - probability.sum(axis=1)
        return probability

    def _previous(self, classes: np.ndarray, allowed: np.ndarray) -> np.ndarray | None:
        """Return the position (n,) of the last model of each query's session, -1 without one."""
        if self.previous is None:
            return None
        labels = [self.previous] if np.ndim(self.previous) == 0 else list(self.previous)
        if len(labels) != len(allowed):
            raise ValueError(
                f"previous must have one label or None for each of {len(allowed)} queries, got "
                f"{len(labels)}"
            )
        position = np.array(
            [
                -1 if is_missing(label) else model_index("previous", label, classes)
                for label in labels
            ],
            dtype=np.intp,
        )
        # A session whose model is excluded has to go elsewhere, at the same cost to all others.
        there = (position >= 0) & allowed[np.arange(len(allowed)), position]
        return np.where(there, position, -1)

    def _chosen(
        self,
        best: np.ndarray,
        prospects: Prospects,
        cost_sensitivity: float | np.ndarray,
        previous: np.ndarray | None,
    ) -> np.ndarray:
        """Return the model (n,) that most of the probability goes to: the best, or the last."""
        if previous is None or self.switching_cost == 0:
            return best
        utility = self._needed(prospects.utility, "switching_cost")
        rows = np.arange(len(best))
        gain = utility[rows, best] - utility[rows, previous]
        stays = (previous >= 0) & (gain <= np.ravel(cost_sensitivity) * self.switching_cost)
        return np.where(stays, previous, best)

    def _least(self, n_others: np.ndarray) -> np.ndarray:
        """Return the least probability (n,) of every model that is not the chosen one."""
        if self.floor is None:
            return _FLOOR_SHARE * self.exploration / np.maximum(n_others, 1)
        most = int(n_others.max(initial=0))
        if self.floor * most > self.exploration:
            raise ValueError(
                f"floor={self.floor:g} for each of {most} models beside the chosen one takes "
                f"{self.floor * most:g}, more than exploration={self.exploration:g}. Lower it, or "
                "raise exploration."
            )
        return np.full(len(n_others), float(self.floor))

    def _open(self, prospects: Prospects, chosen: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return how the rest is shared, (n, K): rows sum to 1 where it is open which is best.

        A model's share is twice the probability that it is better than the chosen one, by normal
        errors of both: 1 for one that is as good, next to nothing for one that is surely worse.
        Rows that sum to more than 1 are scaled to it.
        """
        if prospects.utility is None or prospects.error is None:
            share = others.astype(np.float64)
        else:
            error = prospects.error
            own = error[chosen] if error.ndim == 1 else error[np.arange(len(chosen)), chosen]
            # Where nothing is unknown, models that are as good share, and no others.
            scale = np.maximum(np.hypot(error, own[:, None]), _TINY)
            # erfc(z / sqrt 2) is twice the normal tail probability beyond z.
            share = others * erfc(_gap(prospects.utility, chosen) / (_SQRT2 * scale))
        return share / np.maximum(share.sum(axis=1, keepdims=True), 1.0)

    def _bound(
        self,
        prospects: Prospects,
        cost_sensitivity: float | np.ndarray,
        chosen: np.ndarray,
        previous: np.ndarray | None,
        probability: np.ndarray,
    ) -> np.ndarray | None:
        """Return by what exploration is multiplied (n,) to stay within its bounds, if any."""
        if self.max_regret is None and self.max_cost is None:
            return None
        scale, rows = np.ones(len(chosen)), np.arange(len(chosen))
        total = probability.sum(axis=1)
        switched = np.zeros(len(chosen))
        if previous is not None:
            # Whoever leaves the session's model pays for it; whoever returns to it does not.
            away = total - np.where(previous >= 0, probability[rows, previous], 0.0)
            switched = np.where(previous == chosen, away, -(total - away)) * self.switching_cost
            switched[previous < 0] = 0.0
        if self.max_regret is not None:
            gap = _gap(self._needed(prospects.utility, "max_regret"), chosen)
            given_up = (probability * gap).sum(axis=1) + np.ravel(cost_sensitivity) * switched
            scale = np.minimum(scale, _within(self.max_regret, given_up))
        if self.max_cost is not None:
            cost = self._needed(prospects.cost, "max_cost")
            dearer = (probability * (cost - cost[rows, chosen][:, None])).sum(axis=1) + switched
            scale = np.minimum(scale, _within(self.max_cost, dearer))
        n_bound = int(np.count_nonzero((scale < 1) & (total > 0)))
        if n_bound:
            warn(ExplorationBoundWarning(n_bound, len(scale)))
        return scale

    @staticmethod
    def _needed(predicted: np.ndarray | None, argument: str) -> np.ndarray:
        if predicted is None:
            raise ValueError(
                f"{argument} needs a router that predicts outcomes, such as CausalRouter; leave "
                "it out"
            )
        return predicted


def draw(probability: np.ndarray, classes: np.ndarray, random_state: Any) -> Sample:
    """Draw a model for every query from its probabilities (n, K)."""
    uniform = check_random_state(random_state).random_sample(len(probability))
    reached = probability.cumsum(axis=1)
    # Sums of probabilities are 1 up to rounding; a model of probability 0 is never drawn.
    drawn = (reached <= (uniform * reached[:, -1])[:, None]).sum(axis=1)
    return Sample(classes[drawn], probability[np.arange(len(drawn)), drawn])


def exploration_proba(estimator: Any, X: Any, **options: Any) -> np.ndarray:
    """Return the probabilities to draw from, of a router or of what ends in one.

    Parameters
    ----------
    estimator : estimator
        A fitted router, or a pipeline or search that ends in one.
    X : array-like
        Queries as its ``predict`` takes them.
    **options
        As in `BaseRouter.exploration_proba`.

    Returns
    -------
    probability : ndarray of shape (n, K)
        In the order of ``classes_`` of the router.

    See Also
    --------
    sample : Draws from them.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skroute import CausalRouter
    >>> from skroute.datasets import make_routing_problem
    >>> from skroute.routers import exploration_proba
    >>> problem = make_routing_problem(300, n_models=3, random_state=0)
    >>> pipeline = make_pipeline(StandardScaler(), CausalRouter(random_state=0))
    >>> pipeline = pipeline.fit(problem.X, problem.y)
    >>> bool(exploration_proba(pipeline, problem.X[:5], exploration=0.1).min() > 0)
    True
    """
    parts = split_router(estimator)
    return parts.router.exploration_proba(parts.transform(X), **options)


def sample(estimator: Any, X: Any, *, random_state: Any = None, **options: Any) -> Sample:
    """Draw a model for every query, by a router or by what ends in one.

    Parameters
    ----------
    estimator, X, **options
        As in `exploration_proba`.
    random_state : int, RandomState instance or None, default=None
        Decides the draws.

    Returns
    -------
    sample : Sample
        Named tuple of ``label`` and ``propensity``, (n,) each.

    Examples
    --------
    >>> from skroute import CausalRouter
    >>> from skroute.datasets import make_routing_problem
    >>> from skroute.routers import sample
    >>> problem = make_routing_problem(300, n_models=3, random_state=0)
    >>> router = CausalRouter(random_state=0).fit(problem.X, problem.y)
    >>> label, propensity = sample(router, problem.X[:5], random_state=0)
    >>> label.shape, bool((propensity > 0).all())
    ((5,), True)
    """
    parts = split_router(estimator)
    return parts.router.sample(parts.transform(X), random_state=random_state, **options)


def _gap(utility: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return by how much every model (n, K) is predicted to be worse than the chosen one."""
    best = utility[np.arange(len(chosen)), chosen]
    return np.maximum(best[:, None] - utility, 0.0)


def _within(most: float, given: np.ndarray) -> np.ndarray:
    """Return the factor (n,), at most 1, that brings what is given up to what may be."""
    return np.where(given > most, most / np.where(given > most, given, 1.0), 1.0)
