"""How well the log covers each model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from .._utils import ShortRepr, as_share, short_labels, warn

if TYPE_CHECKING:
    from ._support import Support

# Below these a model's value rests on a handful of rows, or on clipped propensities.
_FEWEST_EFFECTIVE_ROWS = 10.0
_LARGEST_CLIPPED_SHARE = 0.05


class OverlapWarning(UserWarning):
    """The log says little about a model or a policy, so that its value is hard to tell.

    Attributes
    ----------
    policy : str or None
        The policy whose value rests on little, by the name of its argument. None: the warning is
        about the models of a log that a router was fitted on.
    reasons : tuple of str
        What is poor, in words.
    effective_sample_size, largest_share, mean_weight : float
        Of a policy: effective rows behind its value, the largest share of all importance weight
        that one row carries, and the mean importance weight, 1 in expectation; else NaN.
    models : dict from str to float
        Effective rows of each model that has few of them.
    share_clipped, smallest_propensity : float
        As in `Overlap`; NaN in a warning about a policy.
    """

    policy: str | None = None
    reasons: tuple[str, ...] = ()
    effective_sample_size: float = np.nan
    largest_share: float = np.nan
    mean_weight: float = np.nan
    models: Mapping[str, float] = MappingProxyType({})
    share_clipped: float = np.nan
    smallest_propensity: float = np.nan

    def __init__(self, message: str = "", **facts: Any) -> None:
        super().__init__(message)
        # Kept in __dict__, so that a copy or a pickle has them too.
        vars(self).update(facts)

    @classmethod
    def about_policy(cls, policy: str, reasons: Sequence[str], **facts: float) -> OverlapWarning:
        """Return the warning that the value of a policy rests on little."""
        return cls(
            f"The log says little about {policy}: {'; '.join(reasons)}. The interval may be too "
            "narrow. Log some exploration, or compare policies nearer to the log.",
            policy=policy,
            reasons=tuple(reasons),
            **facts,
        )


@dataclass(frozen=True, repr=False)
class Overlap(ShortRepr):
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
    support : Support or None
        Whether the log explored, by model where propensities are recorded; None: not measured.
    """

    effective_sample_size: np.ndarray
    smallest_propensity: float
    share_clipped: float
    support: Support | None = None

    @classmethod
    def of(
        cls,
        action: np.ndarray,
        propensity: np.ndarray,
        weight: np.ndarray,
        n_models: int,
        min_propensity: float,
        support: Support | None = None,
    ) -> Overlap:
        """Measure the overlap of a log with propensities (n,) of the logged models."""
        importance = weight / np.maximum(propensity, min_propensity)
        total = np.bincount(action, importance, n_models)
        square = np.bincount(action, importance**2, n_models)
        size = np.divide(total**2, square, out=np.zeros(n_models), where=square > 0)
        counted = weight > 0
        clipped = np.average(propensity < min_propensity, weights=weight)
        return cls(size, float(propensity[counted].min()), float(clipped), support)

    def warn_if_poor(self, classes: np.ndarray) -> None:
        """Say what is poor and what to do, as an `OverlapWarning` or `NoExplorationWarning`."""
        sizes = dict(zip(map(str, classes), self.effective_sample_size.tolist(), strict=True))
        rare = {model: size for model, size in sizes.items() if size < _FEWEST_EFFECTIVE_ROWS}
        reasons = []
        if rare:
            shown = short_labels(sizes)
            listed = ", ".join(f"{shown[model]} ({size:.1f})" for model, size in rare.items())
            reasons.append(f"few effective rows for the models {listed}")
        if self.share_clipped > _LARGEST_CLIPPED_SHARE:
            reasons.append(
                f"{as_share(self.share_clipped)} of the propensities are below min_propensity and "
                f"were raised to it (smallest {self.smallest_propensity:.2g})"
            )
        if reasons:
            warning = OverlapWarning(
                f"The log overlaps poorly: {'; '.join(reasons)}. The router relies on its outcome "
                "model there. Log some exploration, or leave rarely logged models out.",
                reasons=tuple(reasons),
                models=rare,
                share_clipped=self.share_clipped,
                smallest_propensity=self.smallest_propensity,
            )
            warn(warning)
        if self.support is not None:
            self.support.warn_if_poor(classes)
