"""Warnings of what gold rows cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from .._utils import listed, warn
from ..feedback import Feedback
from ._few_gold import FEW_GOLD

_MOST_NAMED = 8
# The mean bias is known well if its 95 % interval reaches this share of the range of labels.
_REACH = 0.1


class FewGoldWarning(UserWarning):
    """So few rows are gold that they tell little more of the bias than one constant.

    Attributes
    ----------
    n_gold, enough : int
        Gold rows of positive weight, and how many would tell the mean bias to within a tenth of the
        range of the labels.
    """

    def __init__(self, message: str = "", n_gold: int = 0, enough: int = 0) -> None:
        super().__init__(message)
        self.n_gold, self.enough = n_gold, enough

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.n_gold, self.enough)


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


class PriorModelsWarning(UserWarning):
    """Some models have no traffic: what is known of them is what a benchmark predicts.

    Attributes
    ----------
    models : dict from str to float
        Those models, with the rows of traffic that their prior rows count for.
    told_by : tuple of str
        Models that have both traffic and prior rows, by which the benchmark is judged; empty: it
        cannot be.
    """

    def __init__(
        self,
        message: str = "",
        models: Mapping[str, float] = MappingProxyType({}),
        told_by: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.models, self.told_by = models, told_by

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), dict(self.models), self.told_by)


def warn_of_prior_models(
    classes: np.ndarray, rows: np.ndarray, both: np.ndarray, new: np.ndarray
) -> None:
    """Say which models have no traffic, and what their prior rows count for.

    `rows` (K,) is what they count for, `both` (K,) marks the models that have traffic too, `new`
    (K,) those that have none.
    """
    if not new.any():
        return
    models = {str(classes[k]): float(rows[k]) for k in np.flatnonzero(new)}
    told_by = tuple(map(str, classes[both].tolist()))
    if told_by:
        counted = listed((f"{name} ({n:.0f} rows)" for name, n in models.items()), _MOST_NAMED)
        message = (
            f"There is no traffic of {counted}: what is predicted of them rests on a benchmark "
            "(column 'prior'), whose rows count for as many rows of traffic as stand in brackets, "
            f"by how well it predicts {listed(told_by, _MOST_NAMED)}. If it flatters a new model "
            "alone nothing shows it: let each answer some queries."
        )
    else:
        message = (
            f"There is no traffic of {listed(models, _MOST_NAMED)}, and of no model are there both "
            "traffic and rows of the benchmark (column 'prior'): nothing tells how well it "
            "predicts, and it counts for one row of traffic a model. Add its rows of models that "
            "have traffic, or let the new ones answer some queries."
        )
    warn(PriorModelsWarning(message, models, told_by))


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
        message = (
            f"No row of the models {listed(missing, _MOST_NAMED)} has a gold quality: their bias "
            "is taken to be what other models have in common, which nothing in the table confirms. "
            "Label some of their rows, or leave these models out."
        )
        warn(MissingGoldWarning(message, tuple(missing)))


def enough_gold(feedback: Feedback, spread: float) -> int:
    """Return how many gold rows would tell the mean bias to within a tenth of the labels' range.

    `spread` is the standard deviation of gold labels around what the judge tells of them.
    """
    reach = _REACH * float(np.ptp(feedback.quality[feedback.weight > 0]))
    return max(FEW_GOLD, int(np.ceil((1.96 * spread / reach) ** 2))) if reach else FEW_GOLD


def warn_of_few_gold(feedback: Feedback, spread: float) -> None:
    """Say how many gold rows would help; `spread` is their standard deviation around the judge."""
    counted = feedback.weight > 0
    n_gold = int(np.count_nonzero(feedback.gold & counted))
    if n_gold >= FEW_GOLD:
        return
    enough = enough_gold(feedback, spread)
    message = (
        f"Only {n_gold} of {np.count_nonzero(counted)} judged rows are gold: of the bias they tell "
        f"little more than one constant, which is drawn to 0. About {enough} gold rows would tell "
        "the mean bias to within a tenth of the range of the labels; gold_learning_curve measures "
        "what more would buy."
    )
    warn(FewGoldWarning(message, n_gold, enough))
