"""Take a fitted pipeline or search apart: what transforms queries, and what chooses models."""

from __future__ import annotations

from typing import Any, NamedTuple

import joblib
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from ._display import describe


class SplitRouter(NamedTuple):
    """The parts of a fitted estimator whose last step chooses models.

    Attributes
    ----------
    steps : tuple of transformers
        The fitted transforming steps in order; empty for a bare router.
    router : estimator
        The last step.
    """

    steps: tuple[Any, ...]
    router: Any

    def __repr__(self) -> str:
        return describe(self)

    def transform(self, X: Any) -> Any:
        """Return queries as they reach the router."""
        for step in self.steps:
            X = step.transform(X)
        return X


def load_saved(path: Any, file: Any) -> Any:
    """Return what joblib saved to an open file or path; an error names the file `path`."""
    try:
        return joblib.load(file)
    except Exception as error:  # whatever a file that is none makes of unpickling
        raise ValueError(
            f"{path}: is not a router that joblib saved ({type(error).__name__}: {error})"
        ) from error


def split_router(estimator: Any) -> SplitRouter:
    """Split an estimator into its transforming steps and the router at its end.

    Pipelines, searches with a ``best_estimator_`` and `sklearn.frozen.FrozenEstimator` are seen
    through, however they are nested.

    Parameters
    ----------
    estimator : estimator
        A router, or what ends in one. A search has to be fitted.

    Returns
    -------
    parts : SplitRouter
        Named tuple of ``steps`` and ``router``; ``parts.transform(X)`` gives what the router sees.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skroute import CausalRouter
    >>> from skroute.routers import split_router
    >>> steps, router = split_router(make_pipeline(StandardScaler(), CausalRouter()))
    >>> steps, router
    ((StandardScaler(),), CausalRouter())
    """
    steps: list[Any] = []
    while True:
        if isinstance(estimator, Pipeline):
            before = [step for _, step in estimator.steps[:-1]]
            steps += [step for step in before if step is not None and step != "passthrough"]
            estimator = estimator.steps[-1][1]
        elif isinstance(estimator, FrozenEstimator):
            estimator = estimator.estimator
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            return SplitRouter(tuple(steps), estimator)
