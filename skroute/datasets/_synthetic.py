"""Synthetic routing problems whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from scipy.special import expit
from sklearn.utils import check_random_state

from .._utils import ShortRepr, check_at_least
from ..feedback import full_feedback, index_of, numbered_models
from ._logging import LoggingMode, check_logging, draw_log, logging_propensities, standardize

Regime = Literal["linear", "nonlinear", "noisy", "no_signal", "dominating"]

# Scale, in logits, of: the linear and the non-linear difference between models, and the
# difficulty that all models share.
_SCALES = {
    "linear": (1.0, 0.0, 0.5),
    "nonlinear": (0.7, 1.0, 0.5),
    "noisy": (0.2, 0.2, 1.0),
    "no_signal": (0.0, 0.0, 0.0),
    "dominating": (0.7, 0.7, 0.5),
}
_CHEAPEST, _DEAREST = 1e-4, 1e-2
_HIDDEN_UNITS, _ACTIVE_FEATURES = 6, 20
_CALIBRATION_ROWS = 4000


@dataclass(frozen=True, eq=False, repr=False)
class _Truth(ShortRepr):
    """The parameters that decide a problem: outcomes, costs and the logging policy."""

    regime: str
    ability: np.ndarray  # (K,), on the scale of logits
    linear: np.ndarray  # (d, K)
    hidden: np.ndarray  # (d, hidden units)
    mixing: np.ndarray  # (hidden units, K)
    shared: np.ndarray  # (d,), of the difficulty that all models share
    length: np.ndarray  # (d,)
    price: np.ndarray  # (K,), dollars
    score: np.ndarray  # (d, K), of the logging policy
    logging: dict[str, Any]
    mean_ability: np.ndarray  # (K,), standardized mean quality
    difficulty: tuple[float, float]  # mean and standard deviation over queries

    def quality(self, X: np.ndarray) -> np.ndarray:
        difference = X @ self.linear + np.tanh(3.0 * (X @ self.hidden)) @ self.mixing
        quality = expit(self.ability + difference - (X @ self.shared)[:, None])
        if self.regime == "dominating":
            quality[:, -1] = 1.0 - 0.5 * (1.0 - quality[:, :-1].max(axis=1))
        return quality

    def cost(self, X: np.ndarray) -> np.ndarray:
        return self.price * np.exp(0.5 * (X @ self.length))[:, None]

    def propensity(self, X: np.ndarray, quality: np.ndarray) -> np.ndarray:
        centre, scale = self.difficulty
        difficulty = (-quality.mean(axis=1) - centre) / scale
        return logging_propensities(X @ self.score, self.mean_ability, difficulty, **self.logging)


@dataclass(frozen=True, eq=False, repr=False)
class RoutingProblem(ShortRepr):
    """Queries, their feedback, and the truth behind it.

    Attributes
    ----------
    X : ndarray of float32 of shape (n, d)
        Queries.
    y : structured ndarray of shape (n,)
        Logged feedback with the true propensity of the logged model.
    y_full : structured ndarray of shape (n,)
        Every model's outcome on the same queries; `y` shows one of them a row.
    models : ndarray of str of shape (K,)
        Names, from the cheapest and weakest to the dearest and strongest. This is the order of
        their strings, and of every model axis.
    propensity : ndarray of shape (n, K)
        Probability with which the logging policy chose each model.
    expected_quality, expected_cost : ndarray of shape (n, K)
        Expected outcomes given the query; cost in dollars.
    """

    X: np.ndarray
    y: np.ndarray
    y_full: np.ndarray
    models: np.ndarray
    propensity: np.ndarray
    expected_quality: np.ndarray
    expected_cost: np.ndarray
    _truth: _Truth

    def true_utility(self, cost_sensitivity: float = 0.0) -> np.ndarray:
        """Return expected quality - cost_sensitivity * expected cost, shape (n, K)."""
        return self.expected_quality - cost_sensitivity * self.expected_cost

    def regret(self, labels: Any, cost_sensitivity: float = 0.0) -> float:
        """Return the mean true utility that choosing `labels` (n,) loses to the best choice."""
        labels = np.asarray(labels)
        if labels.shape != (len(self.X),):
            raise ValueError(f"labels must have shape ({len(self.X)},), got {labels.shape}")
        chosen = index_of(labels, self.models)
        utility = self.true_utility(cost_sensitivity)
        return float(np.mean(utility.max(axis=1) - utility[np.arange(len(utility)), chosen]))

    def draw(
        self, n_queries: int, random_state: int | np.random.RandomState | None = None
    ) -> RoutingProblem:
        """Return a problem of further queries with the same truth, such as a test set."""
        return _draw_problem(self._truth, n_queries, check_random_state(random_state))


def make_routing_problem(
    n_queries: int = 2000,
    n_features: int = 20,
    n_models: int = 4,
    *,
    regime: Regime = "nonlinear",
    logging: LoggingMode = "linear",
    strength: float = 1.0,
    floor: float = 0.1,
    random_state: int | np.random.RandomState | None = None,
) -> RoutingProblem:
    """Make a routing problem with biased logs and a known truth.

    Parameters
    ----------
    n_queries, n_features, n_models : int
        At least 1, 1 and 2.
    regime : {"nonlinear", "linear", "noisy", "no_signal", "dominating"}, default="nonlinear"
        How expected quality depends on the query. "linear": logits are linear in at most 20
        features. "nonlinear": hidden units are added. "noisy": models differ little from each
        other, and mostly share how hard the query is, as with real embeddings. "no_signal": neither
        quality nor cost depends on it; the best fixed model is right. "dominating": the dearest
        model has the highest quality on every query.
    logging, strength, floor
        The logging policy, as `mode`, `strength` and `floor` of `simulate_log`. How hard a query
        is, is its true mean quality.
    random_state : int, RandomState instance or None, default=None
        Decides the truth and the queries.

    Returns
    -------
    problem : RoutingProblem
        `problem.draw(n)` gives further queries of the same truth.

    Raises
    ------
    ValueError
        If an argument is not as described.

    Notes
    -----
    Queries are standard normal. Outcomes are 0 or 1, drawn for every model with its expected
    quality. Prices rise geometrically from 0.0001 to 0.01 dollars a query; the cost of a query
    grows with its length, a log-linear function of X (but for "no_signal"), times log-normal noise.

    Examples
    --------
    >>> from skroute.datasets import make_routing_problem
    >>> problem = make_routing_problem(500, n_models=3, random_state=0)
    >>> problem.X.shape, problem.models.tolist()
    ((500, 20), ['model_0', 'model_1', 'model_2'])
    >>> best = problem.models[problem.true_utility(20.0).argmax(axis=1)]
    >>> problem.regret(best, cost_sensitivity=20.0)
    0.0
    >>> test = problem.draw(1000, random_state=1)
    >>> test.y_full["quality"]["model_2"].shape
    (1000,)
    """
    if regime not in _SCALES:
        raise ValueError(f"regime must be one of {tuple(_SCALES)}, got {regime!r}")
    check_at_least(1, n_features=n_features)
    check_at_least(2, n_models=n_models)
    check_logging(logging, strength, floor)
    rng = check_random_state(random_state)
    options = {"mode": logging, "strength": strength, "floor": floor}
    return _draw_problem(_make_truth(n_features, n_models, regime, options, rng), n_queries, rng)


def _make_truth(
    n_features: int,
    n_models: int,
    regime: str,
    logging: dict[str, Any],
    rng: np.random.RandomState,
) -> _Truth:
    linear_scale, hidden_scale, shared_scale = _SCALES[regime]
    active = min(n_features, _ACTIVE_FEATURES)

    def directions(*shape: int, scale: float) -> np.ndarray:
        values = np.zeros((n_features, *shape), dtype=np.float32)
        values[:active] = rng.normal(size=(active, *shape)) * scale / np.sqrt(active)
        return values

    parts = {
        "linear": directions(n_models, scale=linear_scale),
        "hidden": directions(_HIDDEN_UNITS, scale=1.0),
        "mixing": rng.normal(size=(_HIDDEN_UNITS, n_models)).astype(np.float32)
        * np.float32(hidden_scale / np.sqrt(_HIDDEN_UNITS)),
        "shared": directions(scale=shared_scale),
        "length": directions(scale=0.0 if regime == "no_signal" else 1.0),
        "score": directions(n_models, scale=1.0),
    }
    truth = _Truth(
        regime=regime,
        ability=np.linspace(-0.5, 1.5, n_models, dtype=np.float32),
        price=np.geomspace(_CHEAPEST, _DEAREST, n_models),
        logging=logging,
        mean_ability=np.zeros(n_models),
        difficulty=(0.0, 1.0),
        **parts,
    )
    # The logging policy needs what its operator would know: how able models are on average, and
    # the scale of difficulty.
    sample = rng.normal(size=(_CALIBRATION_ROWS, n_features)).astype(np.float32)
    quality = truth.quality(sample)
    difficulty = -quality.mean(axis=1, dtype=np.float64)
    return replace(
        truth,
        mean_ability=standardize(quality.mean(axis=0, dtype=np.float64)),
        difficulty=(float(difficulty.mean()), float(difficulty.std()) or 1.0),
    )


def _draw_problem(truth: _Truth, n_queries: int, rng: np.random.RandomState) -> RoutingProblem:
    check_at_least(1, n_queries=n_queries)
    n_models = len(truth.ability)
    X = rng.normal(size=(n_queries, len(truth.linear))).astype(np.float32)
    expected_quality, expected_cost = truth.quality(X), truth.cost(X)
    quality = (rng.uniform(size=expected_quality.shape) < expected_quality).astype(np.float32)
    # Log-normal with mean 1.
    noise = np.exp(0.3 * rng.normal(size=expected_cost.shape) - 0.3**2 / 2)
    cost = (expected_cost * noise).astype(np.float32)
    propensity = truth.propensity(X, expected_quality)
    models = np.array(numbered_models(n_models))
    return RoutingProblem(
        X=X,
        y=draw_log(models, quality, cost, propensity, rng),
        y_full=full_feedback(quality, cost, models=models),
        models=models,
        propensity=propensity,
        expected_quality=expected_quality.astype(np.float64),
        expected_cost=expected_cost,
        _truth=truth,
    )
