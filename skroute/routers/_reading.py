"""What routers are given, checked: queries, and the table that `fit` learns from."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.utils.validation import check_consistent_length, validate_data

from .._utils import check_cost_sensitivity, check_sample_weight
from ..feedback import Feedback, read_feedback
from ..metrics import TrainingQueries

_FLOATS = (np.float64, np.float32)


def read_queries(router: Any, X: Any) -> np.ndarray:
    """Check X against what a router was fitted on; return an array (n, d).

    The checks of scikit-learn take longer than the routing of one query. Where a single look shows
    that they would find nothing, they are left out.
    """
    plain = type(X) is np.ndarray and X.ndim == 2 and X.dtype in _FLOATS and len(X) > 0
    if plain and X.shape[1] == router.n_features_in_ and not hasattr(router, "feature_names_in_"):
        with np.errstate(over="ignore", invalid="ignore"):
            total = X.sum()
        if np.isfinite(total):
            return X
    return validate_data(router, X, dtype=_FLOATS, reset=False)


def read_fit_input(router: Any, X: Any, y: Any, sample_weight: Any) -> tuple[np.ndarray, Feedback]:
    """Check what `fit` was given; return X (n, d) and the table, its weights multiplied.

    Sets what every fitted router has: ``classes_``, ``left_out_`` (empty) and
    ``training_queries_``, beside the attributes of `validate_data`.
    """
    check_cost_sensitivity(router.cost_sensitivity)
    X = validate_data(router, X, dtype=_FLOATS)
    feedback = read_feedback(y)
    check_consistent_length(X, feedback.quality)
    feedback = feedback.reweighted(check_sample_weight(sample_weight, len(X)))
    if not feedback.weight.any():
        raise ValueError("sample_weight and the column 'weight' leave no row with a weight above 0")
    if feedback.n_models < 2:
        raise ValueError(
            f"y shows one model only ({feedback.classes[0]!r}, 1 class), so there is nothing to "
            "choose. Log at least two models."
        )
    if not feedback.gold.all() and getattr(router, "bias_correction", None) is None:
        warnings.warn(
            f"{np.count_nonzero(~feedback.gold)} of {len(feedback)} rows have a preference-based "
            f"quality, which {type(router).__name__} takes as if it were gold. Correct its bias "
            "(bias_correction=DRBiasCorrector() of CausalRouter), or leave these rows out.",
            UserWarning,
            stacklevel=4,  # this function, fit, and the frame that makes it atomic
        )
    router.classes_ = feedback.classes
    router.left_out_ = feedback.classes[:0]
    router.training_queries_ = TrainingQueries.of(router._query_columns(X))
    return X, feedback
