"""From when to when each model of a log could be chosen, by its column `time`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from .._utils import ShortRepr, earliest
from ..feedback import Feedback

# A model has appeared, or is gone, if its rows would lie that much together with a probability
# below this were it there throughout.
LEAST_PROBABILITY = 0.001
# Models are scaled in turn until they are expected as often as they were chosen, but for this.
_MOST_SCALINGS, _SCALED = 100, 1e-6


@dataclass(frozen=True, repr=False)
class Availability(ShortRepr):
    """From when to when each model could be chosen.

    A model counts as gone after its last row if, at its rate since its first one, the probability
    of no row since is below .001, and it had not been away for that long before. It counts as not
    yet there before its first row by the same test backward in time. Else it counts as there.

    Attributes
    ----------
    first, last : ndarray of shape (K,)
        The time of the first and the last row of a model that appeared, or is gone; minus infinity
        and infinity for those that did not.

    Notes
    -----
    The rate is not known but by the rows themselves: of n rows among s that follow the first and m
    more, all n lie among those s with the probability ``C(s, n) / C(s + m, n)``, whatever the rate
    is. For m far below s this is ``(1 - n / s)**m``. Where there are groups it has to be below .001
    both for rows and with each `group` as one row, at the time of its first: a session may keep its
    model, or come back until the end of the log. A row counts once whatever its weight is.
    """

    first: np.ndarray
    last: np.ndarray

    @classmethod
    def of(cls, feedback: Feedback) -> Availability:
        """Read a table; without times, and in full feedback, all models are there throughout."""
        n_models = feedback.n_models
        first, last = np.full(n_models, -np.inf), np.full(n_models, np.inf)
        if feedback.time is None or feedback.action is None:
            return cls(first, last)
        seen = np.flatnonzero((feedback.weight > 0) & (feedback.action >= 0))
        action = feedback.action[seen]
        moment = feedback.time[seen]
        code, begun = None, moment[:0]
        if feedback.group is not None:
            _, code = np.unique(feedback.group[seen], return_inverse=True)
            begun = earliest(moment, code)
        by_row, by_group = np.sort(moment), np.sort(begun)
        for k in range(n_models):
            own = action == k
            if not own.any():
                continue
            counted = [(by_row, moment[own])]
            if code is not None:
                counted.append((by_group, begun[np.unique(code[own])]))
            if all(_absent(unit, some) for unit, some in counted):
                last[k] = moment[own].max()
            if all(_absent(-unit[::-1], -some) for unit, some in counted):
                first[k] = moment[own].min()
        return cls(first, last)

    @property
    def gone(self) -> np.ndarray:
        """Models that are gone at the end of the log, a mask (K,)."""
        return np.isfinite(self.last)

    @property
    def appeared(self) -> np.ndarray:
        """Models that were not there at its beginning, a mask (K,)."""
        return np.isfinite(self.first)

    @property
    def throughout(self) -> bool:
        """Whether all models were there from the first row to the last."""
        return not (self.gone | self.appeared).any()

    def at(self, time: np.ndarray) -> np.ndarray:
        """Return which models were there at each time (n,): bool (n, K)."""
        moment = time[:, None]
        return (self.first <= moment) & (moment <= self.last)

    def mass(self, feedback: Feedback) -> np.ndarray:
        """Return the weight (K,) of the rows of a table at whose time each model was there."""
        if feedback.time is None or self.throughout:
            return np.full(len(self.first), feedback.weight.sum())
        return feedback.weight @ self.at(feedback.time)


def where_available(probability: np.ndarray, feedback: Feedback) -> np.ndarray:
    """Return probabilities (n, K) of a log's choices with 0 where a model was not there.

    Those of the others are scaled so that each model is expected as often as it was chosen: a
    classifier that does not know when models came gives too little to those who came late.
    """
    available = Availability.of(feedback)
    if available.throughout or feedback.time is None:
        return probability
    there = available.at(feedback.time)
    probability = np.maximum(probability, np.finfo(np.float64).tiny) * there
    probability /= probability.sum(axis=1, keepdims=True)
    shown = np.bincount(feedback.action, feedback.weight, feedback.n_models)
    for _ in range(_MOST_SCALINGS):
        expected = feedback.weight @ probability
        odds = np.divide(shown, expected, out=np.ones(len(shown)), where=expected > 0)
        probability *= np.where(shown > 0, odds, 1.0)
        probability /= probability.sum(axis=1, keepdims=True)
        if np.abs(odds[shown > 0] - 1).max() < _SCALED:
            break
    return probability


def _absent(unit: np.ndarray, own: np.ndarray) -> bool:
    """Whether a model is gone after its rows at `own`, of all rows at the sorted times `unit`."""
    first, last = own.min(), own.max()
    # Of rows at one time the order is unknown: they count as the model's own time.
    before = int(np.searchsorted(unit, first))
    until = int(np.searchsorted(unit, last, side="right"))
    span, since = until - before - 1, len(unit) - until
    if since == 0 or len(own) < 2:
        return False
    more = len(own) - 1
    chance = (
        gammaln(span + 1)
        - gammaln(span + 1 - more)
        - gammaln(span + since + 1)
        + gammaln(span + since + 1 - more)
    )
    if chance >= np.log(LEAST_PROBABILITY):
        return False
    moments = np.unique(own)
    between = np.searchsorted(unit, moments[1:]) - np.searchsorted(unit, moments[:-1], side="right")
    return since > between.max(initial=0)
