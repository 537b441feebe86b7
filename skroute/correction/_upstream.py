"""Bias columns that a corrector earlier in a pipeline has appended to the queries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..feedback import Feedback
from ._estimate import preference_weight
from ._labels import correct_labels


def without_bias_columns(X: np.ndarray, n_models: int) -> np.ndarray:
    """Return the queries in front of the last K columns, which are the bias."""
    if X.shape[1] <= n_models:
        raise ValueError(
            f"bias_correction='upstream' reads the last {n_models} columns of X, one a model, as "
            f"the bias, but X has {X.shape[1]} in all. Put a DRBiasCorrector with "
            "passthrough=True in front of the router."
        )
    return X[:, :-n_models]


def correct_by_columns(X: np.ndarray, feedback: Feedback) -> tuple[np.ndarray, Feedback]:
    """Return the queries, and the table that their last K columns, the bias, correct.

    Preference rows get the weight that the corrector gives them, as it follows from queries and
    labels.
    """
    queries = without_bias_columns(X, feedback.n_models)
    bias = X[:, -feedback.n_models :].astype(np.float64)
    corrected = correct_labels(feedback, bias, preference_weight(queries, feedback))
    return queries, replace(corrected, gold=feedback.judged)
