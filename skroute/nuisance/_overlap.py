"""How well the log covers each model."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

# Below these a model's value rests on a handful of rows, or on clipped propensities.
_FEWEST_EFFECTIVE_ROWS = 10.0
_LARGEST_CLIPPED_SHARE = 0.05


class OverlapWarning(UserWarning):
    """The log says little about some model, so that its value is hard to tell."""


@dataclass(frozen=True)
class Overlap:
    """Overlap between the logging policy and each model.

    Attributes
    ----------
    effective_sample_size : ndarray of shape (K,)
        ``(sum w)**2 / sum w**2`` over the rows that show the model, w the inverse propensity
        times the row's weight: the number of uniformly drawn rows that would be worth as much.
    smallest_propensity : float
        Smallest propensity of a logged model, before clipping.
    share_clipped : float
        Share of rows whose propensity was raised to ``min_propensity``.
    """

    effective_sample_size: np.ndarray
    smallest_propensity: float
    share_clipped: float

    @classmethod
    def of(
        cls,
        action: np.ndarray,
        propensity: np.ndarray,
        weight: np.ndarray,
        n_models: int,
        min_propensity: float,
    ) -> Overlap:
        """Measure the overlap of a log with propensities (n,) of the logged models."""
        importance = weight / np.maximum(propensity, min_propensity)
        total = np.bincount(action, importance, n_models)
        square = np.bincount(action, importance**2, n_models)
        size = np.divide(total**2, square, out=np.zeros(n_models), where=square > 0)
        counted = weight > 0
        clipped = np.average(propensity < min_propensity, weights=weight)
        return cls(size, float(propensity[counted].min()), float(clipped))

    def warn_if_poor(self, classes: np.ndarray) -> None:
        """Say in words what is poor and what to do, as an `OverlapWarning`."""
        rare = np.flatnonzero(self.effective_sample_size < _FEWEST_EFFECTIVE_ROWS)
        problems = []
        if len(rare):
            sizes = ", ".join(f"{classes[k]} ({self.effective_sample_size[k]:.1f})" for k in rare)
            problems.append(f"few effective rows for the models {sizes}")
        if self.share_clipped > _LARGEST_CLIPPED_SHARE:
            problems.append(
                f"{self.share_clipped:.0%} of the propensities are below min_propensity and were "
                f"raised to it (smallest {self.smallest_propensity:.2g})"
            )
        if problems:
            warnings.warn(
                f"The log overlaps poorly: {'; '.join(problems)}. The router relies on its outcome "
                "model there. Log some exploration, or leave rarely logged models out.",
                OverlapWarning,
                stacklevel=3,
            )
