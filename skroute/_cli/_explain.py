"""Why a saved router chooses as it does for one query."""

from __future__ import annotations

import argparse
from typing import Any

import joblib
import numpy as np

from .._utils import split_router
from ._output import aligned


def explain(options: argparse.Namespace) -> None:
    """Print what a saved router predicts of every model, for each query."""
    estimator = joblib.load(options.router)
    steps, router = split_router(estimator)
    if not hasattr(router, "predict_quality"):
        raise ValueError(
            f"{options.router} holds a {type(router).__name__}, which predicts no outcomes; a "
            "router such as CausalRouter is needed"
        )
    if not steps:
        raise ValueError(
            f"{options.router} takes features and no text; fit it on text, without --embeddings"
        )
    for query in options.queries:
        print(_explain(estimator, query, options.cost_sensitivity, options.exclude))
        print()


def _explain(estimator: Any, query: str, cost_sensitivity: float | None, exclude: Any) -> str:
    parts = split_router(estimator)
    router, X = parts.router, parts.transform([query])
    at = router.cost_sensitivity if cost_sensitivity is None else cost_sensitivity
    keywords = {"cost_sensitivity": at, "exclude": exclude}
    (chosen,) = router.predict(X, **keywords)
    quality, cost = router.predict_quality(X)[0], router.predict_cost(X)[0]
    # What is decided by: predictions held back where the log knows too little.
    value = router.decision_function(X, **keywords)[0]
    own = int(np.flatnonzero(router.classes_ == chosen)[0])
    rows = [["model", "quality", "$/1,000 queries", "utility", "decides by", "behind by"]]
    for k in np.argsort(-value, kind="stable"):
        name = f"{router.classes_[k]}{' (chosen)' if k == own else ''}"
        left_out = not np.isfinite(value[k])
        decided = (
            ["left out", ""] if left_out else [f"{value[k]:.4g}", f"{value[own] - value[k]:.4g}"]
        )
        means = f"{quality[k]:.3f}", f"{1000 * cost[k]:.4g}", f"{quality[k] - at * cost[k]:.4g}"
        rows.append([name, *means, *decided])
    shown = query if len(query) <= 70 else f"{query[:67]}..."
    return f"{' '.join(shown.split())}\n{aligned(rows)}\nat cost sensitivity {at:.4g}"
