"""Why a saved router chooses as it does for one query."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from .._utils import (
    QUERIES,
    SplitRouter,
    as_digits,
    as_number,
    printable,
    shorten,
    split_router,
)
from ._output import aligned
from ._saved import load_router

_LONGEST_QUERY = 80


def explain(options: argparse.Namespace) -> None:
    """Print what a saved router predicts of every model, for each query."""
    parts = split_router(load_router(options.router))
    if not hasattr(parts.router, "predict_quality"):
        raise ValueError(
            f"{options.router} holds a {type(parts.router).__name__}, which predicts no outcomes; "
            "a router such as CausalRouter is needed"
        )
    if not parts.steps:
        raise ValueError(
            f"{options.router} takes features and no text; fit it on text, without --embeddings"
        )
    for query in options.queries:
        print(_explain(parts, query, options.cost_sensitivity, options.exclude))
        print()


def _explain(parts: SplitRouter, query: str, cost_sensitivity: float | None, exclude: Any) -> str:
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
        name = f"{printable(router.classes_[k])}{' (chosen)' if k == own else ''}"
        means = quality[k], QUERIES * cost[k], quality[k] - at * cost[k]
        decided = ["left out", ""]
        if np.isfinite(value[k]):
            decided = [as_number(value[k]), as_number(value[own] - value[k])]
        rows.append([name, *map(as_number, means), *decided])
    shown = shorten(printable(query), _LONGEST_QUERY) if query.strip() else "(an empty query)"
    return f"{shown}\n{aligned(rows)}\nat cost sensitivity {as_digits(at)}"
