"""Biased logging policies: what a deployment would have shown of full feedback."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from scipy.special import softmax
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import check_array, check_random_state

from ..feedback import logged_feedback, read_feedback, row_columns

LoggingMode = Literal["linear", "difficulty", "uniform"]
MODES = ("linear", "difficulty", "uniform")

# Neighbours that tell how hard a query looks, searched among at most so many rows.
_N_NEIGHBORS, _REFERENCE_ROWS = 30, 5000


def simulate_log(
    X: Any,
    y: Any,
    *,
    mode: LoggingMode = "linear",
    strength: float = 1.0,
    floor: float = 0.1,
    random_state: int | np.random.RandomState | None = None,
) -> np.ndarray:
    """Simulate what a biased deployment would have logged of full feedback.

    Parameters
    ----------
    X : array-like of shape (n, d)
        Queries.
    y : full feedback of shape (n,)
        Every model's outcome; see `skroute.full_feedback`.
    mode : {"linear", "difficulty", "uniform"}, default="linear"
        "linear": models of high mean quality are favoured, and a random linear score of X.
        "difficulty": strong models get the queries that look hard, weak models the easy rest, as
        deployments do it; plain means by model are confounded then. "uniform": every model alike.
    strength : float, default=1.0
        Scale of the logits. 0 is uniform.
    floor : float, default=0.1
        Share of queries that are given to a random model, in (0, 1]. No propensity is below
        ``floor / K``.
    random_state : int, RandomState instance or None, default=None
        Decides the linear scores and the draw.

    Returns
    -------
    y_log : structured ndarray of shape (n,)
        Logged feedback with `cost` and the true `propensity` of the logged model. Labels and all
        columns with one value a row are those of `y`.

    Raises
    ------
    ValueError
        If an option is not as described or `y` is not full feedback.

    Notes
    -----
    Propensities depend on X and on outcomes of *other* rows only, so that given the propensity
    the logged model is independent of the row's own outcomes. How hard a query looks is the mean
    quality of all models on its 30 nearest other rows, out of at most 5,000; time and memory are
    linear in rows.

    Examples
    --------
    >>> import numpy as np
    >>> from skroute import full_feedback
    >>> from skroute.datasets import simulate_log
    >>> X = np.random.default_rng(0).normal(size=(1000, 3))
    >>> quality = np.tile([0.3, 0.5, 0.9], (1000, 1))
    >>> y = simulate_log(X, full_feedback(quality, models=["a", "b", "c"]), random_state=0)
    >>> y.dtype.names
    ('model', 'quality', 'cost', 'propensity')
    >>> [int((y["model"] == name).sum()) for name in "abc"]
    [123, 225, 652]
    """
    feedback = read_feedback(y)
    if feedback.logged:
        raise ValueError("y is logged already; simulate_log needs full feedback")
    check_logging(mode, strength, floor)
    X = check_array(X, dtype=(np.float64, np.float32))
    if len(X) != len(feedback):
        raise ValueError(f"X has {len(X)} rows and y has {len(feedback)}; they must be the same")
    rng = check_random_state(random_state)
    direction = rng.normal(size=(X.shape[1], feedback.n_models))
    score = (X - X.mean(axis=0)) @ direction
    difficulty = np.zeros(len(X))
    if mode == "difficulty":
        difficulty = _apparent_difficulty(X, feedback.quality.mean(axis=1), rng)
    propensity = logging_propensities(
        score / (score.std() or 1.0),
        standardize(feedback.quality.mean(axis=0, dtype=np.float64)),
        difficulty,
        mode=mode,
        strength=strength,
        floor=floor,
    )
    outcomes = feedback.classes, feedback.quality, feedback.cost
    return draw_log(*outcomes, propensity, rng, **row_columns(y))


def check_logging(mode: str, strength: float, floor: float) -> None:
    if mode not in MODES:
        raise ValueError(f"mode must be one of {MODES}, got {mode!r}")
    if not np.isfinite(strength) or strength < 0:
        raise ValueError(f"strength must be a finite number of at least 0, got {strength!r}")
    if not 0 < floor <= 1:
        raise ValueError(f"floor must be in (0, 1], got {floor!r}")


def logging_propensities(
    score: np.ndarray,
    ability: np.ndarray,
    difficulty: np.ndarray,
    *,
    mode: str,
    strength: float,
    floor: float,
) -> np.ndarray:
    """Return the propensities (n, K) of a logging policy.

    `score` (n, K) are linear scores of the queries, of unit scale. The mean quality of the models
    (K,), their `ability`, and how hard the queries look (n,) are standardized.
    """
    n_models = score.shape[1]
    if mode == "uniform":
        return np.full(score.shape, 1.0 / n_models)
    if mode == "linear":
        logits = score + ability
    else:
        logits = 1.5 * np.tanh(2.0 * difficulty)[:, None] * ability + 0.5 * np.tanh(3.0 * score)
    return (1.0 - floor) * softmax(strength * logits.astype(np.float64), axis=1) + floor / n_models


def draw_log(
    models: np.ndarray,
    quality: np.ndarray,
    cost: np.ndarray | None,
    propensity: np.ndarray,
    rng: np.random.RandomState,
    **columns: Any,
) -> np.ndarray:
    """Draw one model a row with its propensity; return the log that shows its outcomes, (n, K)."""
    below = propensity.cumsum(axis=1) < rng.uniform(size=(len(propensity), 1))
    shown = np.arange(len(below)), np.minimum(below.sum(axis=1), len(models) - 1)
    if cost is not None:
        columns["cost"] = cost[shown]
    return logged_feedback(
        models[shown[1]], quality[shown], propensity=propensity[shown], **columns
    )


def standardize(values: np.ndarray) -> np.ndarray:
    """Return values of mean 0 and standard deviation 1, or 0 where they are all the same."""
    centred = values - values.mean()
    return centred / (centred.std() or 1.0)


def _apparent_difficulty(
    X: np.ndarray, mean_quality: np.ndarray, rng: np.random.RandomState
) -> np.ndarray:
    """Return how hard queries look: minus the mean quality of near other rows, standardized."""
    n_rows = len(X)
    reference = np.arange(n_rows)
    if n_rows > _REFERENCE_ROWS:
        reference = np.sort(rng.choice(n_rows, _REFERENCE_ROWS, replace=False))
    n_neighbors = min(_N_NEIGHBORS, len(reference) - 1)
    if n_neighbors < 1:
        return np.zeros(n_rows)
    near = NearestNeighbors(n_neighbors=n_neighbors + 1).fit(X[reference])
    found = reference[near.kneighbors(X, return_distance=False)]
    # One neighbour too many was searched: drop the row itself, else the farthest.
    drop = found == np.arange(n_rows)[:, None]
    drop[~drop.any(axis=1), -1] = True
    return standardize(-np.where(drop, 0.0, mean_quality[found]).sum(axis=1) / n_neighbors)
