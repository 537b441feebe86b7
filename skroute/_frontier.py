"""Where choices change as cost sensitivity grows, exactly and without a grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ._validation import check_cost_sensitivity


class Budget(NamedTuple):
    """A cost sensitivity that meets a budget, and what it comes to.

    Attributes
    ----------
    cost_sensitivity : float
    mean_cost : float
        Predicted dollars per query.
    share : dict from label to float
        Share of the queries that each model gets.
    """

    cost_sensitivity: float
    mean_cost: float
    share: dict[Any, float]


@dataclass(frozen=True)
class Frontier:
    """Every change of choice on a set of queries as cost sensitivity grows from `low` to `high`.

    Attributes
    ----------
    classes : ndarray of shape (K,)
        Labels of the models.
    low, high : float
        The range of cost sensitivities.
    start : ndarray of int of shape (n,)
        Index into `classes` of each query's choice at `low`.
    row : ndarray of int of shape (s,)
        The query of each change, by growing cost sensitivity.
    cost_sensitivity : ndarray of shape (s,)
        Where it changes.
    before, after : ndarray of int of shape (s,)
        Indices of the models it changes from and to; the second is the cheaper one.
    mean_quality, mean_cost : ndarray of shape (s + 1,)
        Predicted quality, and dollars per query, before the first change and after each.
    """

    classes: np.ndarray
    low: float
    high: float
    start: np.ndarray
    row: np.ndarray
    cost_sensitivity: np.ndarray
    before: np.ndarray
    after: np.ndarray
    mean_quality: np.ndarray
    mean_cost: np.ndarray

    @classmethod
    def of(
        cls, quality: np.ndarray, cost: np.ndarray, classes: np.ndarray, low: float, high: float
    ) -> Frontier:
        """Walk along the upper envelopes of the utilities ``quality - lambda * cost``, (n, K) each.

        Notes
        -----
        Time O(n K s) for at most s changes a query, s being about log K for unordered models and
        at most K - 1. Memory O(n K).
        """
        rows, current = np.arange(len(quality)), (quality - low * cost).argmax(axis=1)
        start, steps = current.copy(), []
        while len(rows):
            here = rows, current
            gap = quality[here][:, None] - quality[rows]
            saving = cost[here][:, None] - cost[rows]
            meet = np.full(gap.shape, np.inf)
            np.divide(gap, saving, out=meet, where=saving > 0)
            first = meet.min(axis=1)
            # Of models met at once the cheapest is best from there on.
            saving[meet > first[:, None]] = -np.inf
            following = saving.argmax(axis=1)
            moving = (first <= high) & np.isfinite(first)
            rows, first = rows[moving], np.maximum(first[moving], low)
            steps.append((rows, first, current[moving], following[moving]))
            current = following[moving]
        row, where, before, after = (np.concatenate(part) for part in zip(*steps, strict=True))
        order = np.argsort(where, kind="stable")
        row, where, before, after = row[order], where[order], before[order], after[order]

        def path(values: np.ndarray) -> np.ndarray:
            steps = values[row, after] - values[row, before]
            first = values[np.arange(len(values)), start].sum()
            return (first + np.r_[0.0, steps.cumsum()]) / len(values)

        return cls(classes, low, high, start, row, where, before, after, path(quality), path(cost))

    def choice_at(self, cost_sensitivity: float) -> np.ndarray:
        """Return the labels (n,) chosen at one cost sensitivity within the range."""
        value = check_cost_sensitivity(cost_sensitivity)
        if not self.low <= value <= self.high:
            raise ValueError(
                f"cost_sensitivity must be within [{self.low:g}, {self.high:g}], got {value:g}"
            )
        return self.classes[self._choice(value)]

    def within_budget(self, budget: float) -> Budget:
        """Return the smallest cost sensitivity whose mean cost is at most `budget`."""
        met = self.mean_cost <= budget
        return self._first(met, f"a mean cost of {budget:g} dollars", self.mean_cost.min())

    def within_share(self, label: Any, share: float) -> Budget:
        """Return the smallest cost sensitivity at which a model gets at most a share of queries."""
        names = [str(name) for name in self.classes]
        if str(label) not in names:
            raise ValueError(f"share names the unknown model {label!r}; known: {names}")
        k = names.index(str(label))
        change = (self.after == k).astype(np.int64) - (self.before == k)
        count = np.count_nonzero(self.start == k) + np.r_[0, change.cumsum()]
        shares = count / len(self.start)
        return self._first(shares <= share, f"a share of {share:g} for {label!r}", shares.min())

    def _choice(self, value: float) -> np.ndarray:
        """Return the indices (n,) chosen at a cost sensitivity."""
        passed = int(np.searchsorted(self.cost_sensitivity, value))
        choice = self.start.copy()
        # Changes of one query are in order, and the last assignment stays.
        choice[self.row[:passed]] = self.after[:passed]
        return choice

    def _first(self, met: np.ndarray, wish: str, least: float) -> Budget:
        """Return the first state that meets a wish and has room before the next change."""
        edges = np.r_[self.low, self.cost_sensitivity, self.high]
        room = edges[1:] > edges[:-1]
        # A range of one cost sensitivity has one state, and that has to do.
        room[-1] |= self.low == self.high
        states = np.flatnonzero(met & room)
        if len(states) == 0:
            raise ValueError(
                f"no cost sensitivity in [{self.low:g}, {self.high:g}] reaches {wish}; the least "
                f"is {least:g}. Widen the knots, or leave dear models out."
            )
        state = int(states[0])
        # Between two changes no query is undecided.
        following = edges[state + 1] if np.isfinite(edges[state + 1]) else 3 * edges[state]
        value = edges[0] if state == 0 else (edges[state] + following) / 2
        counts = np.bincount(self._choice(value), minlength=len(self.classes))
        share = dict(zip(self.classes.tolist(), (counts / len(self.start)).tolist(), strict=True))
        return Budget(float(value), float(self.mean_cost[state]), share)


def check_knots(knots: Any, cost_sensitivity: float) -> None:
    """Check that knots are None, "auto" or increasing numbers around a cost sensitivity."""
    if knots is None or (isinstance(knots, str) and knots == "auto"):
        return
    try:
        values = np.asarray(knots, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty((0, 0))
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise ValueError(f"knots must be 'auto' or two or more finite numbers, got {knots!r}")
    if values[0] < 0 or (np.diff(values) <= 0).any():
        raise ValueError(f"knots must be at least 0 and increasing, got {knots!r}")
    if not values[0] <= cost_sensitivity <= values[-1]:
        raise ValueError(
            f"knots must span cost_sensitivity={cost_sensitivity:g}, got {knots!r}. Widen them, or "
            "choose a cost sensitivity within."
        )


def place_knots(
    knots: Any, quality: np.ndarray, cost: np.ndarray, cost_sensitivity: float
) -> np.ndarray:
    """Return checked knots as an array; "auto" spans every change of choice on predictions (n, K).

    The inner ones are quartiles of the cost sensitivities at which choices change.
    """
    if knots is None:
        return np.array([cost_sensitivity])
    if not isinstance(knots, str):
        return np.asarray(knots, dtype=np.float64)
    labels = np.arange(quality.shape[1])
    changes = Frontier.of(quality, cost, labels, 0.0, np.inf).cost_sensitivity
    placed = np.quantile(changes, [0.25, 0.5, 0.75, 1.0]) if len(changes) else np.ones(1)
    return np.unique(np.r_[0.0, placed, max(placed[-1], cost_sensitivity)])
