"""Staying with the log where it did not explore."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .._utils import ShortRepr
from ..feedback import Feedback
from ..nuisance import ChoiceModel, Support

# A model that the log chooses for a query with a smaller probability was not tried there.
_SMALLEST_PROPENSITY = 0.1


@dataclass(frozen=True, repr=False)
class LoggedChoices(ShortRepr):
    """What a log that did not explore would choose, so that a router stays with it.

    Where nothing was tried but what the log chose, what models would do elsewhere is extrapolated.
    So a model comes after all others that the log would have chosen for a query. It is not
    excluded: where those are, the rest are compared as ever.

    Attributes
    ----------
    model : ChoiceModel
    """

    model: ChoiceModel

    @classmethod
    def of(cls, X: np.ndarray, feedback: Feedback, support: Support | None) -> LoggedChoices | None:
        """Learn them from a table if its support is poor; else return None."""
        if support is None or not support.poor:
            return None
        return cls(ChoiceModel.of(X, feedback, support.classifier))

    def untried(self, X: np.ndarray) -> np.ndarray:
        """Return which models the log would hardly have chosen for queries, bool (n, K)."""
        probability = self.model.predict_proba(X)
        least = np.minimum(_SMALLEST_PROPENSITY, probability.max(axis=1, keepdims=True))
        return probability < least


def stay_with(
    logged: LoggedChoices | None, X: np.ndarray, quality: np.ndarray, cost: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return quality and cost, (n, K) each, by which untried models come last at any lambda."""
    if logged is None:
        return quality, cost
    untried = logged.untried(X)
    return put_last(quality, untried), -put_last(-cost, untried)


def stay_at_knots(
    logged: LoggedChoices | None, X: np.ndarray, values: Iterable[np.ndarray]
) -> Iterable[np.ndarray]:
    """Return decision values (n, K) of each of some knots by which untried models come last."""
    if logged is None:
        return values
    untried = logged.untried(X)
    return (put_last(value, untried) for value in values)


def put_last(values: np.ndarray, untried: np.ndarray) -> np.ndarray:
    """Return values (n, K) that are below all others in a row where models were not tried.

    The order of those that were, and of those that were not, stays.
    """
    spread = np.ptp(values, axis=1, keepdims=True)
    return values - untried * np.where(spread > 0, 2 * spread, 1).astype(values.dtype)
