"""A random model for every query."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state, gen_batches

from .._utils import atomic_fit, scramble
from ..routers import BaseRouter, read_fit_input

_BATCH_ROWS = 4096


class RandomRouter(BaseRouter):
    """Every model with the same probability, drawn anew for every distinct query.

    The draw is a keyed hash of the query's features, as deployments assign experiments: a query
    gets the same model whenever it comes again, in whatever company. `predict_proba` is the chance
    over all keys: the same for every model that is not excluded.

    Parameters
    ----------
    cost_sensitivity : float, default=0.0
        Quality per dollar, for `score` alone: random choices do not depend on it.
    random_state : int, RandomState instance or None, default=None
        Decides the key.

    Attributes
    ----------
    key_ : ndarray of uint64 of shape (n_features + K,)
    classes_, gone_, moves_, left_out_, training_queries_, n_features_in_, feature_names_in_
        As of every router, see `skroute.routers.BaseRouter`.

    Examples
    --------
    >>> import numpy as np
    >>> from skroute.baselines import RandomRouter
    >>> X = np.arange(3000.0)[:, None]
    >>> router = RandomRouter(random_state=0).fit(X[:3], ["a", "b", "c"])
    >>> np.unique(router.predict(X), return_counts=True)[1]
    array([ 946, 1020, 1034])
    """

    def __init__(self, cost_sensitivity: float = 0.0, *, random_state: Any = None) -> None:
        self.cost_sensitivity = cost_sensitivity
        self.random_state = random_state

    @atomic_fit
    def fit(self, X: ArrayLike, y: Any, sample_weight: ArrayLike | None = None) -> RandomRouter:
        """Read the models' labels and draw the key.

        Parameters
        ----------
        X, y, sample_weight
            As in `skroute.CausalRouter.fit`. Of X only the number of features counts; weights
            are checked, and change nothing.

        Returns
        -------
        self : RandomRouter
        """
        X, feedback = read_fit_input(self, X, y, sample_weight)
        rng = check_random_state(self.random_state)
        size = X.shape[1] + feedback.n_models
        self.key_ = np.frombuffer(rng.bytes(8 * size), dtype=np.uint64) | np.uint64(1)
        return self

    def _decision_values(self, X: np.ndarray, cost_sensitivity: Any) -> np.ndarray:
        features, models = self.key_[: X.shape[1]], self.key_[X.shape[1] :]
        decision = np.empty((len(X), len(models)))
        for rows in gen_batches(len(X), _BATCH_ROWS):
            with np.errstate(over="ignore"):
                single = X[rows].astype(np.float32)
            # Adding 0 turns -0.0 into 0.0, which is equal but has other bits.
            bits = (single + np.float32(0)).view(np.uint32).astype(np.uint64)
            mixed = scramble((bits * features).sum(axis=1))
            decision[rows] = scramble(mixed[:, None] ^ models)
        return decision

    def _probabilities(
        self, X: np.ndarray, cost_sensitivity: Any, excluded: np.ndarray | None
    ) -> np.ndarray:
        allowed = np.ones((len(X), len(self.classes_))) if excluded is None else 1.0 - excluded
        return allowed / allowed.sum(axis=1, keepdims=True)
