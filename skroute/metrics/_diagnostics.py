"""How far the importance weights behind a value can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import genpareto

from .._utils import ShortRepr, check_cost_sensitivity
from ._contrast import known_propensity, predictions_and_residuals
from ._estimators import effective_sample_size
from ._spans import read_policies
from ._tables import read_table

# With fewer different weights there is no tail to fit.
_FEWEST_IN_TAIL = 5


@dataclass(frozen=True, repr=False)
class WeightDiagnostics(ShortRepr):
    """What the weights of a policy's value look like, and what they do to it.

    Attributes
    ----------
    pareto_k : float
        Shape of the tail of the weights: moments of order 1 / k and above do not exist. Below 0.5
        all is well; from 0.5 to 0.7 the value settles slowly as rows are added, and its interval is
        too narrow; above 0.7 neither is to be trusted. NaN where fewer than five different weights
        lie in the tail, as where the log chose by few different propensities: no tail, no trouble.
    effective_sample_size : float
        ``(sum w)**2 / sum w**2`` over the rows used: below 30 intervals are too narrow.
    largest_share : float
        Share of all weight that one row carries: above 0.05 this row decides.
    clip : ndarray of shape (m,)
        Importance weights above which rows are cut down, ascending.
    value : ndarray of shape (m,)
        The value with importance weights cut at `clip`. Where values differ by more than the
        interval is wide, a few rows of large weight make the result.
    share_clipped : ndarray of shape (m,)
        Share of the rows with a positive weight that are cut.
    """

    pareto_k: float
    effective_sample_size: float
    largest_share: float
    clip: np.ndarray
    value: np.ndarray
    share_clipped: np.ndarray


def weight_diagnostics(
    y: object,
    policy: ArrayLike,
    *,
    clips: Sequence[float] = (1.0, 2.0, 5.0, 10.0, 20.0, np.inf),
    cost_sensitivity: float = 0.0,
    predicted_quality: ArrayLike | None = None,
    predicted_cost: ArrayLike | None = None,
    predicted_preference: ArrayLike | None = None,
    models: ArrayLike | None = None,
    propensity: ArrayLike | None = None,
    judged_propensity: ArrayLike | None = None,
) -> WeightDiagnostics:
    """Diagnose the importance weights that a policy's value on a log rests on.

    Parameters
    ----------
    y : table of n rows
        Logged feedback, see `skroute.feedback`.
    policy : array-like of shape (n,) or (n, K)
        As in `policy_value`.
    clips : sequence of float, default=(1, 2, 5, 10, 20, inf)
        Positive importance weights to cut at; inf gives the value as it is.
    cost_sensitivity, predicted_quality, predicted_cost, models, propensity, judged_propensity
        As in `policy_value`.
    predicted_preference : ignored
        Not used, present so that all of `evaluation_predictions` can be passed on.

    Returns
    -------
    diagnostics : WeightDiagnostics
        Its attributes say how to read them.

    Raises
    ------
    ValueError
        If an argument is not as described, `y` is full feedback, a propensity is missing, or the
        policy never chooses what the log shows.

    See Also
    --------
    policy_value : The value, by "sndr" with predictions and "snips" without, as here.
    sensitivity_bounds : What propensities that are wrong could do.

    Notes
    -----
    A generalized Pareto distribution is fitted, by maximum likelihood, to what the largest
    ``min(n / 5, 3 sqrt(n))`` weights exceed the next one by [1]_. A weight is importance weight
    times row weight. Cutting weights trades variance for bias [2]_.

    References
    ----------
    .. [1] Vehtari, Simpson, Gelman, Yao, Gabry, *Pareto Smoothed Importance Sampling*, Journal of
       Machine Learning Research 2024, arXiv 1507.02646, section 3.
    .. [2] Ionides, *Truncated Importance Sampling*, Journal of Computational and Graphical
       Statistics 2008.

    Examples
    --------
    >>> import numpy as np
    >>> from skroute import logged_feedback
    >>> from skroute.metrics import weight_diagnostics
    >>> rng = np.random.default_rng(0)
    >>> p = rng.uniform(0.01, 0.99, 2000) ** 2  # rarely, and sometimes nearly never
    >>> large = rng.random(2000) < p
    >>> quality = np.where(large, 0.8, 0.6) + rng.normal(0, 0.1, 2000)
    >>> y = logged_feedback(
    ...     np.where(large, "large", "small"), quality, propensity=np.where(large, p, 1 - p)
    ... )
    >>> weight_diagnostics(y, np.full(2000, "large")).pareto_k > 0.5
    True
    >>> weight_diagnostics(y, np.full(2000, "small")).pareto_k < 0.5
    True
    """
    clip = np.sort(np.atleast_1d(np.asarray(clips, dtype=np.float64)))
    if clip.ndim != 1 or not (clip > 0).all():
        raise ValueError(f"clips must be positive numbers, got {clips!r}")
    cost_sensitivity = check_cost_sensitivity(cost_sensitivity)
    table = read_table(
        y,
        cost_sensitivity=cost_sensitivity,
        predicted_quality=predicted_quality,
        predicted_cost=predicted_cost,
        models=models,
        propensity=propensity,
        judged_propensity=judged_propensity,
    )
    if not table.feedback.logged:
        raise ValueError(
            "y is full feedback, whose values need no importance weights. Give logged feedback."
        )
    table, (read,), _ = read_policies(table, [policy], ["policy"])
    assert read is not None
    importance = read.of(table.feedback.action) / known_propensity(table) * table.judged_weight()
    if not importance.any():
        raise ValueError(
            f"policy never chooses the logged model in any of the {len(importance)} rows used: "
            "there are no weights to look at."
        )
    predicted, residual = predictions_and_residuals(table, cost_sensitivity)
    cut = np.minimum(importance, clip[:, None]) * table.weight
    direct = np.average(read.average(predicted), weights=table.weight)
    weight = importance * table.weight
    used = importance > 0
    return WeightDiagnostics(
        pareto_k=pareto_shape(weight),
        effective_sample_size=effective_sample_size(weight),
        largest_share=float(weight.max() / weight.sum()),
        clip=clip,
        value=direct + cut @ residual / cut.sum(axis=1),
        share_clipped=np.mean(importance[used] > clip[:, None], axis=1),
    )


def pareto_shape(weight: np.ndarray) -> float:
    """Return the shape of the generalized Pareto distribution that fits the tail of weights (n,).

    NaN where fewer than five different weights are in the tail.
    """
    ordered = np.sort(weight)
    in_tail = int(np.ceil(min(len(weight) / 5, 3 * np.sqrt(len(weight)))))
    # The first is the threshold; what is as large as it is not in the tail.
    tail = ordered[-in_tail - 1 :]
    excess = tail[tail > tail[0]] - tail[0]
    if len(np.unique(excess)) < _FEWEST_IN_TAIL:
        return np.nan
    return float(genpareto.fit(excess / excess.mean(), floc=0)[0])
