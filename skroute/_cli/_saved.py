"""Routers that were saved."""

from __future__ import annotations

from typing import Any

import joblib

from .._logs import check_exists


def load_router(path: str) -> Any:
    """Load a saved router, or a pipeline that ends in one; an error names the file."""
    check_exists(path)
    try:
        router = joblib.load(path)
    except Exception as error:  # whatever a file that is none makes of unpickling
        raise ValueError(
            f"{path}: is not a router that joblib saved ({type(error).__name__}: {error})"
        ) from error
    if not hasattr(router, "predict"):
        raise ValueError(f"{path}: holds a {type(router).__name__}, which is no router")
    return router
