"""The mean of each model's nearest logged queries."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import check_random_state

from .._utils import atomic_fit, check_at_least
from ..feedback import Feedback
from ..routers import OutcomeRouter, read_fit_input

# A model seen on fewer rows has so many rows of the mean quality of all models added to it.
_FEWEST_ROWS, _PRIOR_ROWS = 10, 5.0


class KNeighborsRouter(OutcomeRouter):
    """Predict every model by its outcomes on the nearest queries that it answered.

    Parameters
    ----------
    cost_sensitivity : float, default=0.0
        Quality given up per dollar saved.
    n_neighbors : int, default=40
        Neighbours a model. Weights count: a row of weight 2 is two neighbours.
    metric : str or callable, default="euclidean"
        Distance, as in `sklearn.neighbors.NearestNeighbors`.
    max_reference : int, default=5000
        At most so many rows a model are searched, a random choice of them where there are more:
        time per query does not grow with the log.
    random_state : int, RandomState instance or None, default=None
        Decides that choice.

    Attributes
    ----------
    classes_, gone_, moves_, left_out_, training_queries_, n_features_in_, feature_names_in_
        As of every router, see `skroute.routers.BaseRouter`.

    Notes
    -----
    To the neighbours of a model seen on fewer than 10 rows, 5 rows of the mean quality over all
    models are added, so that one lucky answer makes no winner. A model whose rows all weigh 0 is
    predicted by the mean quality and the mean cost over all models. Quality is searched among the
    rows that were judged, cost among all. No correction is made for how
    the log came about.

    Examples
    --------
    >>> from skroute.baselines import KNeighborsRouter
    >>> from skroute.datasets import make_routing_problem
    >>> problem = make_routing_problem(2000, 3, random_state=0)
    >>> test = problem.draw(1000, random_state=1)
    >>> router = KNeighborsRouter(cost_sensitivity=10.0).fit(problem.X, problem.y)
    >>> round(test.regret(router.predict(test.X), 10.0), 2)
    0.02
    """

    def __init__(
        self,
        cost_sensitivity: float = 0.0,
        *,
        n_neighbors: int = 40,
        metric: Any = "euclidean",
        max_reference: int = 5000,
        random_state: Any = None,
    ) -> None:
        self.cost_sensitivity = cost_sensitivity
        self.n_neighbors = n_neighbors
        self.metric = metric
        self.max_reference = max_reference
        self.random_state = random_state

    @atomic_fit
    def fit(self, X: ArrayLike, y: Any, sample_weight: ArrayLike | None = None) -> KNeighborsRouter:
        """Keep the queries and outcomes to search among.

        Parameters
        ----------
        X, y, sample_weight
            As in `skroute.CausalRouter.fit`.

        Returns
        -------
        self : KNeighborsRouter
        """
        check_at_least(1, n_neighbors=self.n_neighbors, max_reference=self.max_reference)
        X, feedback = read_fit_input(self, X, y, sample_weight)
        rng, judged = check_random_state(self.random_state), feedback.judged_only()
        self._prior_ = _pooled_outcomes(feedback)
        self._references_ = self._references(X, judged, rng)
        # Costs are known of rows that were not judged, too.
        apart = judged is not feedback
        self._cost_references_ = self._references(X, feedback, rng) if apart else None
        return self

    def _references(
        self, X: np.ndarray, feedback: Feedback, rng: np.random.RandomState
    ) -> list[tuple[NearestNeighbors, np.ndarray, np.ndarray] | None]:
        """Return what is searched for each model, or for all of them together."""
        counted = feedback.weight > 0
        parts = [counted]
        if feedback.action is not None:
            parts = [counted & (feedback.action == k) for k in range(feedback.n_models)]
        return [self._reference(X, feedback, np.flatnonzero(part), rng) for part in parts]

    def _reference(
        self, X: np.ndarray, feedback: Feedback, rows: np.ndarray, rng: np.random.RandomState
    ) -> tuple[NearestNeighbors, np.ndarray, np.ndarray] | None:
        """Return a search index, outcomes (m, models, 2) and weights (m,) of some rows."""
        if len(rows) == 0:
            return None
        if len(rows) > self.max_reference:
            rows = np.sort(rng.choice(rows, self.max_reference, replace=False))
        near = NearestNeighbors(n_neighbors=min(self.n_neighbors, len(rows)), metric=self.metric)
        outcome = np.stack([feedback.quality[rows], feedback.cost[rows]], axis=-1)
        return near.fit(X[rows]), outcome.reshape(len(rows), -1, 2), feedback.weight[rows]

    def _predict_outcomes(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        outcome = self._nearest(X, self._references_)
        by_cost = outcome
        if self._cost_references_ is not None:
            by_cost = self._nearest(X, self._cost_references_)
        return outcome[..., 0], by_cost[..., 1]

    def _nearest(self, X: np.ndarray, references: list[Any]) -> np.ndarray:
        """Return the mean outcomes (n, K, 2) of the nearest rows."""
        parts = [
            np.tile(self._prior_, (len(X), 1, 1)) if part is None else self._means(X, *part)
            for part in references
        ]
        return np.concatenate(parts, axis=1)

    def _means(
        self, X: np.ndarray, near: NearestNeighbors, outcome: np.ndarray, weight: np.ndarray
    ) -> np.ndarray:
        """Return the means (n, models, 2) over the nearest rows of a total weight n_neighbors."""
        found = near.kneighbors(X, return_distance=False)
        mass = weight[found]
        mass = np.clip(self.n_neighbors - (mass.cumsum(axis=1) - mass), 0.0, mass)
        total = mass.sum(axis=1)[:, None]
        means = np.empty((len(X), *outcome.shape[1:]))
        # A model at a time: the outcomes of all models on all neighbours would be a large array.
        for k in range(outcome.shape[1]):
            for part in range(2):
                means[:, k, part] = (mass * outcome[found, k, part]).sum(axis=1)
        means /= total[..., None]
        if weight.sum() < _FEWEST_ROWS:
            quality, prior = means[..., 0], self._prior_[..., 0]
            means[..., 0] = (total * quality + _PRIOR_ROWS * prior) / (total + _PRIOR_ROWS)
        return means


def _pooled_outcomes(feedback: Feedback) -> np.ndarray:
    """Return the mean quality and cost over all rows and models, shape (1, 2)."""
    judged = feedback.judged_only()
    means = [
        np.average(outcome.reshape(len(feedback), -1).mean(axis=1), weights=weight)
        for outcome, weight in ((judged.quality, judged.weight), (feedback.cost, feedback.weight))
    ]
    return np.array([means], dtype=np.float64)
