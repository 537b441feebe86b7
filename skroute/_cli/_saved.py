"""Routers that were saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib


def load_router(path: str) -> Any:
    """Load a saved router, or a pipeline that ends in one; an error names the file."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    try:
        router = joblib.load(path)
    except Exception as error:  # whatever a file that is none makes of unpickling
        raise ValueError(
            f"{path}: is not a router that joblib saved ({type(error).__name__}: {error})"
        ) from error
    if not hasattr(router, "predict"):
        raise ValueError(f"{path}: holds a {type(router).__name__}, which is no router")
    return router
