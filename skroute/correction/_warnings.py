"""Warnings of what gold rows cannot tell."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._utils import warn
from ..feedback import Feedback

_MOST_NAMED = 8


class MissingGoldWarning(UserWarning):
    """Some models, or all, have preference-based rows and no gold one.

    Attributes
    ----------
    models : tuple of str
        Labels of these models.
    """

    def __init__(self, message: str = "", models: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.models = models

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.models)


def warn_of_missing_gold(feedback: Feedback) -> None:
    """Say which models have preference-based rows of positive weight alone."""
    counted = feedback.weight > 0
    gold, rest = feedback.gold & counted, ~feedback.gold & feedback.judged & counted
    names = [str(label) for label in feedback.classes]
    if not gold.any():
        message = (
            "y has no gold rows, so that the bias of its preference-based labels cannot be known "
            "and is taken as 0. Add some gold rows."
        )
        warn(MissingGoldWarning(message, tuple(names)))
        return
    if not feedback.logged:
        return
    with_gold, without = (
        np.bincount(feedback.action[rows], minlength=len(names)) > 0 for rows in (gold, rest)
    )
    missing = [names[k] for k in np.flatnonzero(without & ~with_gold)]
    if missing:
        listed = ", ".join(missing[:_MOST_NAMED])
        if len(missing) > _MOST_NAMED:
            listed += f" and {len(missing) - _MOST_NAMED} more"
        message = (
            f"No row of the models {listed} has a gold quality: their bias is taken to be what "
            "other models have in common, which nothing in the table confirms. Label some of their "
            "rows, or leave these models out."
        )
        warn(MissingGoldWarning(message, tuple(missing)))
