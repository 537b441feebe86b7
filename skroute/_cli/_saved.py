"""Routers that were saved."""

from __future__ import annotations

from typing import Any

from .._logs import check_exists
from .._utils import load_saved


def load_router(path: str) -> Any:
    """Load a saved router, or a pipeline that ends in one; an error names the file."""
    check_exists(path)
    router = load_saved(path, path)
    if not hasattr(router, "predict"):
        raise ValueError(f"{path}: holds a {type(router).__name__}, which is no router")
    return router
