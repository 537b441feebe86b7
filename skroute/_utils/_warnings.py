"""Warnings that point at the caller."""

from __future__ import annotations

import sys
import warnings


def warn(warning: Warning) -> None:
    """Warn at the line that called into the package, however many of its functions lie between."""
    package, frame, level = __name__.partition(".")[0], sys._getframe(1), 2
    while frame.f_back is not None and _inside(package, frame.f_globals):
        frame, level = frame.f_back, level + 1
    warnings.warn(warning, stacklevel=level)


def _inside(package: str, names: dict[str, object]) -> bool:
    return str(names.get("__name__", "")).partition(".")[0] == package
