"""Choosing another model now and then, so that the next log tells what it would have done."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtr
from sklearn.utils import check_random_state

from .._utils import ShortRepr, check_at_least, describe, is_missing, split_router, warn
from ._exclusion import model_index

# The share of exploration that is spread evenly unless a floor is given.
_FLOOR_SHARE = 0.1
# Standard errors below this are none.
_TINY = 1e-150
# The generator of each thread for draws by a seed.
_own = threading.local()


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
        excluded: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return the probability (n, K) of every model.

        Decision values (n, K) are those of the prospects, of excluded models minus infinity.
        """
        chosen = decision.argmax(axis=1)
        previous = self._previous(classes, len(decision), excluded)
        if previous is not None:
            chosen = self._staying(chosen, prospects.utility, cost_sensitivity, previous)
        at, gap = _flat(chosen, decision), None
        if prospects.utility is not None:
            # How much better every model is predicted to be than the chosen one: at most 0.
            gap = np.minimum(prospects.utility - prospects.utility.take(at)[:, None], 0.0)
        if gap is None or prospects.error is None:
            better = np.full(decision.shape, 0.5)
        else:
            better = _better(gap, prospects.error, chosen)
        probability = self._unbound(better, at, excluded)
        if self.max_regret is not None or self.max_cost is not None:
            leaving = None if previous is None else _leaving(previous, chosen, probability)
            scale = self._scale(probability, gap, prospects.cost, at, cost_sensitivity, leaving)
            probability *= scale[:, None]
        probability.put(at, 1 - probability.sum(axis=1))
        return probability

    def _previous(
        self, classes: np.ndarray, n_rows: int, excluded: np.ndarray | None
    ) -> np.ndarray | None:
        """Return the position (n,) of the last model of each query's session, -1 without one.

        None where it changes nothing. A session whose model is excluded has to go elsewhere, at the
        same cost to all others, as one without a last model.
        """
        if self.previous is None:
            return None
        single = isinstance(self.previous, str) or not np.iterable(self.previous)
        labels = [self.previous] if single else list(self.previous)
        if len(labels) != n_rows:
            raise ValueError(
                f"previous must have one label or None for each of {n_rows} queries, got "
                f"{len(labels)}"
            )
        known = classes.tolist()
        last = np.array([_position(label, known, classes) for label in labels], dtype=np.intp)
        if self.switching_cost == 0:
            return None
        return (
            last if excluded is None else np.where(excluded.take(_flat(last, excluded)), -1, last)
        )

    def _staying(
        self,
        best: np.ndarray,
        utility: np.ndarray | None,
        cost_sensitivity: float | np.ndarray,
        previous: np.ndarray,
    ) -> np.ndarray:
        """Return the model (n,) that most of the probability goes to: the best, or the last."""
        utility = self._needed(utility, "switching_cost")
        gain = utility.take(_flat(best, utility)) - utility.take(_flat(previous, utility))
        stays = (previous >= 0) & (gain <= np.ravel(cost_sensitivity * self.switching_cost))
        return np.where(stays, previous, best)

    def _unbound(
        self, better: np.ndarray, at: np.ndarray, excluded: np.ndarray | None
    ) -> np.ndarray:
        """Return the probability (n, K) of every model but the chosen one, which has 0.

        What is left of exploration after the floors is shared in proportion to twice the
        probability that a model is better than the chosen one, (n, K), which is changed: 1 for one
        that is as good, next to nothing for one that is surely worse. Rows that sum to more than 1
        are scaled to it.
        """
        better.put(at, 0.0)
        n_others: int | np.ndarray = better.shape[1] - 1
        if excluded is not None:
            better[excluded] = 0.0
            n_others = n_others - excluded.sum(axis=1, keepdims=True)
        least, room = self._least(n_others)
        probability = least + room / np.maximum(better.sum(axis=1, keepdims=True), 0.5) * better
        probability.put(at, 0.0)
        if excluded is not None:
            probability[excluded] = 0.0
        return probability

    def _least(self, n_others: int | np.ndarray) -> tuple[float | np.ndarray, float | np.ndarray]:
        """Return the floor of models that are not chosen, and what is left of exploration."""
        if self.floor is None:
            spread = _FLOOR_SHARE * self.exploration
            return spread / np.maximum(n_others, 1), self.exploration - spread
        most = int(np.max(n_others, initial=0))
        if self.floor * most > self.exploration:
            raise ValueError(
                f"floor={self.floor:g} for each of {most} models beside the chosen one takes "
                f"{self.floor * most:g}, more than exploration={self.exploration:g}. Lower it, or "
                "raise exploration."
            )
        return self.floor, self.exploration - self.floor * n_others

    def _scale(
        self,
        probability: np.ndarray,
        gap: np.ndarray | None,
        cost: np.ndarray | None,
        at: np.ndarray,
        cost_sensitivity: float | np.ndarray,
        leaving: np.ndarray | None,
    ) -> np.ndarray:
        """Return by what exploration is multiplied (n,) to stay within its bounds."""
        switched = 0.0 if leaving is None else self.switching_cost * leaving
        scales = []
        if self.max_regret is not None:
            given_up = -(probability * self._needed(gap, "max_regret")).sum(axis=1)
            if leaving is not None:
                given_up += np.ravel(cost_sensitivity) * switched
            scales.append(_within(self.max_regret, given_up))
        if self.max_cost is not None:
            cost = self._needed(cost, "max_cost")
            dearer = (probability * (cost - cost.take(at)[:, None])).sum(axis=1)
            scales.append(_within(self.max_cost, dearer + switched))
        scale = scales[0] if len(scales) == 1 else np.minimum(*scales)
        if n_bound := int(np.count_nonzero(scale < 1)):
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
    uniform = _generator(random_state).random_sample(len(probability))
    reached = probability.cumsum(axis=1)
    # Sums of probabilities are 1 up to rounding; a model of probability 0 is never drawn.
    drawn = (reached > (uniform * reached[:, -1])[:, None]).argmax(axis=1)
    return Sample(classes[drawn], probability.take(_flat(drawn, probability)))


def _generator(random_state: Any) -> np.random.RandomState:
    """Return what scikit-learn makes of a random state; of an integer in less time."""
    if isinstance(random_state, np.random.RandomState):
        return random_state
    if not isinstance(random_state, int):
        return check_random_state(random_state)
    # A new generator first asks the system for a seed, which takes longer than to choose a model.
    if not hasattr(_own, "generator"):
        _own.generator = np.random.RandomState(0)
    _own.generator.seed(random_state)
    return _own.generator


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


def _flat(chosen: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Return where in a table (n, K), taken row by row, the chosen model (n,) of each row is.

    Where one query is asked, `take` and `put` there need a quarter of the time of indexing.
    """
    return np.arange(0, table.size, table.shape[1]) + chosen


def _better(gap: np.ndarray, error: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the probability (n, K) that a model is better than the chosen one, at most a half.

    By normal errors of both. Where nothing is unknown it is a half for models that are as good.
    """
    own = error.take(chosen if error.ndim == 1 else _flat(chosen, error))
    return ndtr(gap / np.maximum(np.hypot(error, own[:, None]), _TINY))


def _position(label: Any, known: list[Any], classes: np.ndarray) -> int:
    """Return the position of a label, -1 of None and NaN."""
    if is_missing(label):
        return -1
    if isinstance(label, str) and label in known:
        return known.index(label)
    return model_index("previous", label, classes)


def _leaving(previous: np.ndarray, chosen: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Return how much likelier than without exploration a session leaves its model, (n,).

    Probabilities (n, K) are those to explore. It is less than 0 where only they return to it.
    """
    back = probability.take(_flat(previous, probability))
    leaving = np.where(previous == chosen, probability.sum(axis=1), -back)
    return np.where(previous < 0, 0.0, leaving)


def _within(most: float, given: np.ndarray) -> np.ndarray:
    """Return the factor (n,), at most 1, that brings what is given up to what may be."""
    return np.divide(most, given, out=np.ones(len(given)), where=given > most)
