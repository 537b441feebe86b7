"""Regret of a policy where every model's outcome is known."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._utils import check_cost_sensitivity, check_sample_weight
from ..feedback import Feedback, as_matrix, read_feedback
from ._policies import read_models, read_policy
from ._tables import rows_that_count


def regret_score(
    y: Any,
    policy: ArrayLike,
    *,
    cost_sensitivity: float = 0.0,
    models: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Return the mean utility that a policy loses against the best model of each query.

    Parameters
    ----------
    y : table of n rows, or array-like or DataFrame of shape (n, K)
        Full feedback, see `skroute.feedback`; or the utility of every model, as an array or as a
        DataFrame whose columns are the models. 1-D labels make this the error rate.
    policy : array-like of shape (n,) or (n, K)
        The chosen model of each row, or the probability of each model, in the order of `models`.
    cost_sensitivity : float, default=0.0
        Utility is quality minus this times cost (quality per dollar). 0 if `y` is utilities.
    models : array-like of shape (K,), default=None
        Labels of the models to compare with, matched by string. None: those of `y`, sorted by
        string, or 0, ..., K - 1 for an array of utilities.
    sample_weight : array-like of shape (n,), default=None
        Multiplies the weights of `y`.

    Returns
    -------
    regret : float
        At least 0; lower is better.

    Raises
    ------
    ValueError
        If `y` is logged feedback, whose best models are unknown, or if an argument is not as
        described.

    See Also
    --------
    policy_value : The value of a policy, also on logged feedback.

    Notes
    -----
    The mean over rows of ``max_k u_k - sum_k policy_k u_k``. Where some rows of `y` are gold and
    some are not, only gold rows are used. Time and memory are O(n K).

    Examples
    --------
    >>> from skroute import full_feedback
    >>> from skroute.metrics import regret_score
    >>> y = full_feedback([[0.25, 1.0], [0.5, 0.5]], [[0, 2], [0, 2]], models=["small", "large"])
    >>> regret_score(y, ["small", "small"])
    0.375
    >>> regret_score(y, ["large", "large"], cost_sensitivity=0.25)
    0.25
    >>> regret_score([[0.25, 1.0], [0.5, 0.5]], [0, 1])
    0.375
    """
    cost_sensitivity = check_cost_sensitivity(cost_sensitivity)
    utility, labels, weight = _utilities(y, cost_sensitivity, models, sample_weight)
    chosen = read_policy(policy, labels, len(utility)).average(utility)
    return float(np.average(utility.max(axis=1) - chosen, weights=weight))


def _utilities(
    y: Any, cost_sensitivity: float, models: Any, sample_weight: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return utilities (n, K), their labels and the weight of each row, 0 where it is left out."""
    if not _is_utilities(y):
        feedback = read_feedback(y)
        if feedback.logged:
            raise ValueError(
                "y is logged feedback, which does not show the best model of a query. Give full "
                "feedback or utilities of shape (n, K), or use policy_value."
            )
        feedback = feedback.aligned(read_models(models, feedback.classes))
        feedback = feedback.reweighted(check_sample_weight(sample_weight, len(feedback)))
        weight = np.where(rows_that_count(feedback), feedback.weight, 0.0)
        return feedback.utility(cost_sensitivity), feedback.classes, weight
    if cost_sensitivity > 0:
        raise ValueError(
            f"cost_sensitivity={cost_sensitivity:g} has no meaning for an array of utilities. "
            "Subtract the cost yourself, or give full feedback."
        )
    default = np.asarray(y.columns) if hasattr(y, "columns") else np.arange(np.shape(y)[1])
    labels = read_models(models, default)
    utility = as_matrix("y", y, [str(label) for label in labels])
    if utility.size == 0:
        raise ValueError(f"y has shape {utility.shape}; a row and a model are required")
    given = check_sample_weight(sample_weight, len(utility))
    return utility, labels, np.ones(len(utility)) if given is None else given


def _is_utilities(y: Any) -> bool:
    if isinstance(y, Feedback):
        return False
    if hasattr(y, "columns"):
        names = [str(name) for name in y.columns]
        return not any(
            name.startswith("quality:") or name in ("model", "quality") for name in names
        )
    array = np.asarray(y)
    return array.dtype.names is None and array.ndim == 2
