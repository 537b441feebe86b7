"""Saved objects remember the version of skroute that saved them."""

from __future__ import annotations

import warnings
from typing import Any

from .._version import __version__

_KEY = "_skroute_version"


class InconsistentVersionWarning(UserWarning):
    """An object was saved by another version of skroute than the one that loads it.

    Fit it anew with the version in use, or install the version that saved it.

    Attributes
    ----------
    estimator_name : str
        Class of the object.
    current : str
        Version that loads.
    original : str
        Version that saved; "unknown" where the object does not say.
    """

    def __init__(self, *, estimator_name: str, current: str, original: str) -> None:
        self.estimator_name = estimator_name
        self.current = current
        self.original = original
        super().__init__(estimator_name, current, original)

    def __str__(self) -> str:
        return (
            f"{self.estimator_name} was saved by skroute {self.original} and is loaded by "
            f"{self.current}: it may fail, or choose differently. Fit it anew, or install "
            f"scikit-route=={self.original}."
        )


class VersionedMixin:
    """Mixin of what is saved: stands before `BaseEstimator` in the list of bases."""

    def __getstate__(self) -> dict[str, Any]:
        state: Any = super().__getstate__()
        return {**(state or {}), _KEY: __version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        original = state.pop(_KEY, "unknown")
        if original != __version__:
            warnings.warn(
                InconsistentVersionWarning(
                    estimator_name=type(self).__name__, current=__version__, original=original
                ),
                stacklevel=2,
            )
        parent = getattr(super(), "__setstate__", self.__dict__.update)
        parent(state)
