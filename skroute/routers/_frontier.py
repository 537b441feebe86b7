"""Where choices change as cost sensitivity grows, exactly and without a grid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .._utils import ShortRepr, check_cost_sensitivity, describe
from ._envelope import Changes, FixedModels, best, walk, walk_from_fixed
from ._exclusion import mask_excluded, model_index


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

    def __repr__(self) -> str:
        return describe(self)


# Sums along the path differ from plain means by their rounding errors.
_ROUNDING = 1e-9


@dataclass(frozen=True, repr=False)
class Frontier(ShortRepr):
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
        Indices of the models it changes from and to. Where choices are by predicted utility the
        second is the cheaper one.
    mean_quality, mean_cost : ndarray of shape (s + 1,)
        Predicted quality, and dollars per query, before the first change and after each.
    weight : ndarray of shape (n,)
        How much each query counts in means and shares.
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
    weight: np.ndarray

    @classmethod
    def of(
        cls,
        quality: np.ndarray,
        cost: np.ndarray,
        classes: np.ndarray,
        low: float,
        high: float,
        weight: np.ndarray | None = None,
        excluded: np.ndarray | None = None,
        choosing: tuple[np.ndarray, np.ndarray] | None = None,
        fixed: FixedModels | None = None,
    ) -> Frontier:
        """Walk along the upper envelopes of the utilities ``quality - lambda * cost``, (n, K) each.

        `choosing` are the quality and cost by which is chosen, where they are not the predicted,
        and `fixed` those of the models that all queries get at small cost sensitivities.
        Models that are excluded, a bool array (n, K), are never chosen, nor those whose prediction
        is NaN while another is not.

        Notes
        -----
        Time O(n K s) for at most s changes a query, s being about log K for unordered models and
        at most K - 1. Memory O(n K).
        """
        value, slope = (quality, cost) if choosing is None else choosing
        if fixed is None or fixed.until <= low:
            start = best(value, slope, low, excluded)
            changes = walk(value, slope, start, low, high, excluded)
        else:
            start, changes = walk_from_fixed(fixed, value, slope, low, high, excluded)
        return cls._along(changes, start, quality, cost, classes, low, high, weight)

    @classmethod
    def between_knots(
        cls,
        values: Iterable[np.ndarray],
        knots: np.ndarray,
        quality: np.ndarray,
        cost: np.ndarray,
        classes: np.ndarray,
        weight: np.ndarray | None = None,
        excluded: np.ndarray | None = None,
    ) -> Frontier:
        """Walk along decision values (n, K) that are linear between knots (m + 1,).

        `values` yields those at each knot in turn. Predicted quality and cost, (n, K) each, are
        those of what is chosen and do not choose. `excluded` is as in `of`.

        Notes
        -----
        The upper envelope of each interval is that of K lines, and exact. Time O(n m K s), memory
        O(n K) beside the changes.
        """
        values = iter(values)
        left = next(values).astype(np.float64)
        start = mask_excluded(left, excluded).argmax(axis=1)
        current, steps = start.copy(), [(np.empty(0, int), np.empty(0), start[:0], start[:0])]
        for low, high, value in zip(knots[:-1], knots[1:], values, strict=True):
            right = value.astype(np.float64)
            row, position, before, after = walk(left, left - right, current, 0.0, 1.0, excluded)
            steps.append((row, (1 - position) * low + position * high, before, after))
            # Changes of one query are in order, and the last assignment stays.
            current[row] = after
            left = right
        row, where, before, after = (np.concatenate(part) for part in zip(*steps, strict=True))
        changes, ends = (row, where, before, after), (float(knots[0]), float(knots[-1]))
        return cls._along(changes, start, quality, cost, classes, *ends, weight)

    @classmethod
    def _along(
        cls,
        changes: Changes,
        start: np.ndarray,
        quality: np.ndarray,
        cost: np.ndarray,
        classes: np.ndarray,
        low: float,
        high: float,
        weight: np.ndarray | None,
    ) -> Frontier:
        """Order changes, and add up what they do to predicted quality and cost."""
        order = np.argsort(changes[1], kind="stable")
        row, where, before, after = (part[order] for part in changes)
        weight = np.ones(len(start)) if weight is None else weight
        total = weight.sum()

        def path(values: np.ndarray) -> np.ndarray:
            steps = weight[row] * (values[row, after] - values[row, before])
            first = weight @ values[np.arange(len(values)), start]
            return (first + np.r_[0.0, steps.cumsum()]) / total

        means = path(quality), path(cost)
        return cls(classes, low, high, start, row, where, before, after, *means, weight)

    def choice_at(self, cost_sensitivity: float) -> np.ndarray:
        """Return the labels (n,) chosen at one cost sensitivity within the range."""
        value = check_cost_sensitivity(cost_sensitivity)
        if not self.low <= value <= self.high:
            raise ValueError(
                f"cost_sensitivity must be within [{self.low:g}, {self.high:g}], got {value:g}"
            )
        return self.classes[self._choice(value)]

    def within_budget(self, budget: float) -> Budget:
        """Return the smallest cost sensitivity whose mean cost is at most `budget`.

        Where choices are a policy's, mean cost may be above the budget again at a larger one.
        """
        met = self.mean_cost <= budget * (1 + _ROUNDING)
        return self._first(met, f"a mean cost of {budget:g} dollars", self.mean_cost.min())

    def within_share(self, label: Any, share: float) -> Budget:
        """Return the smallest cost sensitivity at which a model gets at most a share of queries."""
        k = model_index("share", label, self.classes)
        change = self.weight[self.row] * ((self.after == k).astype(float) - (self.before == k))
        count = self.weight @ (self.start == k) + np.r_[0.0, change.cumsum()]
        shares = count / self.weight.sum()
        met = shares <= share + _ROUNDING
        return self._first(met, f"a share of {share:g} for {label!r}", shares.min())

    def change_quantiles(self, quantiles: np.ndarray) -> np.ndarray:
        """Return between which cost sensitivities which shares of all changes are; weighted."""
        held = self.weight[self.row].cumsum()
        if len(held) == 0:
            return np.empty(0)
        return self.cost_sensitivity[np.searchsorted(held, quantiles * held[-1])]

    def _choice(self, value: float) -> np.ndarray:
        """Return the indices (n,) chosen at a cost sensitivity."""
        passed = int(np.searchsorted(self.cost_sensitivity, value))
        choice = self.start.copy()
        # Changes of one query are in order, and the last assignment stays.
        choice[self.row[:passed]] = self.after[:passed]
        return choice

    def shares(self) -> tuple[np.ndarray, np.ndarray]:
        """Return where shares of the models change, (r,), and the shares, (r + 1, K).

        The first are the shares before any change. Changes at one cost sensitivity count as one.
        """
        step = np.zeros((len(self.row) + 1, len(self.classes)))
        step[0] = np.bincount(self.start, self.weight, minlength=len(self.classes))
        index, weight = np.arange(1, len(step)), self.weight[self.row]
        step[index, self.after] += weight
        step[index, self.before] -= weight
        where, last = np.unique(self.cost_sensitivity[::-1], return_index=True)
        states = np.r_[0, len(self.row) - last]
        return where, step.cumsum(axis=0)[states] / self.weight.sum()

    def choices(self, n_states: int, *, at: float | None = None) -> list[np.ndarray]:
        """Return the labels (n,) chosen in at most `n_states` states, by growing cost sensitivity.

        The states are in steps of about equal change. A step counts what it changes in predicted
        cost and what it changes in predicted quality, each as a share of the whole way. The state
        at the cost sensitivity `at` is one more, where that is given and within the range.
        """
        states = self.states()
        path = np.zeros(len(states))
        for outcome in (self.mean_cost, self.mean_quality):
            walked = np.abs(np.diff(outcome[states])).cumsum()
            if len(walked) and walked[-1] > 0:
                path[1:] += walked / walked[-1]
        picked = states[np.unique(np.searchsorted(path, np.linspace(0.0, path[-1], n_states)))]
        if at is not None and self.low <= at <= self.high:
            passed = np.searchsorted(self.cost_sensitivity, at)
            here = min(int(np.searchsorted(states, passed)), len(states) - 1)
            picked = np.union1d(picked, states[here])
        return [self.choice_at(self.within_state(state)) for state in picked.tolist()]

    def states(self) -> np.ndarray:
        """Return the states between changes, of s + 1, that some cost sensitivity is in."""
        edges = self._edges()
        room = edges[1:] > edges[:-1]
        # A range of one cost sensitivity has one state, and that has to do.
        room[-1] |= self.low == self.high
        return np.flatnonzero(room)

    def within_state(self, state: int) -> float:
        """Return a cost sensitivity of a state, at which no query is undecided."""
        if state == 0:
            return float(self.low)
        first, last = self._edges()[state : state + 2]
        following = last if np.isfinite(last) else 3 * first or 1.0
        return float(first + following) / 2

    def _edges(self) -> np.ndarray:
        return np.r_[self.low, self.cost_sensitivity, self.high]

    def _first(self, met: np.ndarray, wish: str, least: float) -> Budget:
        """Return the first state that meets a wish and has room before the next change."""
        states = self.states()
        states = states[met[states]]
        if len(states) == 0:
            raise ValueError(
                f"no cost sensitivity in [{self.low:g}, {self.high:g}] reaches {wish}; the least "
                f"is {least:g}. Widen the knots, or leave dear models out."
            )
        state = int(states[0])
        value = self.within_state(state)
        count = np.bincount(self._choice(value), self.weight, minlength=len(self.classes))
        shares = count / self.weight.sum()
        share = dict(zip(self.classes.tolist(), shares.tolist(), strict=True))
        return Budget(value, float(self.mean_cost[state]), share)
