"""Prices and qualities of models that moved, and a table at the levels of today."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from .._utils import ShortRepr
from ..feedback import Feedback
from ..nuisance import SpectralFeatures, single_threaded
from ._remainders import remainders
from ._steps import Step, largest_step

# False alarms among all models where nothing moved, for costs and for qualities.
_LEVEL = 0.01
# Smaller moves are not worth a word: of a cost by its logarithm, of a quality in standard
# deviations of the model's qualities.
_LEAST_COST, _LEAST_QUALITY = np.log(1.1), 0.1
# What is further from the median than this many robust standard deviations counts as this far,
# where steps in costs are looked for.
_FAR = 4.0
# Searches, each in what the steps found before leave.
_MOST_STEPS = 4
# Ridge regressions and levels of segments, in turn.
_N_PASSES = 2
_COMPONENTS, _LANDMARKS, _RADIAL = 32, 128, 32


@dataclass(frozen=True, repr=False)
class Move(ShortRepr):
    """The cost or the quality of a model moved, for like queries.

    Attributes
    ----------
    model : label
    outcome : {"cost", "quality"}
    time : float
        When, in seconds since 1970: the first answer on the new level.
    before, after : float
        Mean cost in dollars, or mean quality, of queries such as those after it.
    p_value : float
        Probability of a move that stands out as much, of some model, where none moved.
    """

    model: Any
    outcome: Literal["cost", "quality"]
    time: float
    before: float
    after: float
    p_value: float


@dataclass(frozen=True)
class _Series:
    """An outcome of every answer: rows of Z, models, moments and values (m,), where steps add."""

    Z: np.ndarray
    row: np.ndarray
    model: np.ndarray
    time: np.ndarray
    value: np.ndarray
    weight: np.ndarray
    group: np.ndarray | None
    n_models: int

    def rest(self) -> np.ndarray:
        """Return what queries do not explain of the values."""
        return remainders(self.Z, self.row, self.model, self.value, self.weight, self.n_models)

    def step(self, k: int, rest: np.ndarray) -> Step | None:
        """Return the step of one model that stands out most, of what is left of all values."""
        own = np.flatnonzero(self.model == k)
        group = None if self.group is None else self.group[own]
        return largest_step(self.time[own], rest[own], self.weight[own], group)


@single_threaded
def find_moves(X: np.ndarray, feedback: Feedback) -> tuple[Move, ...]:
    """Return the moves that stand out of chance, by their time; none for a table without time.

    Notes
    -----
    Steps are looked for in what a ridge regression of every model on features of the query leaves
    of log costs and of qualities, so that other queries alone are no move. Where some qualities are
    preference-based only gold ones are looked at. Answers that cost nothing have no logarithm, and
    are left out. False alarms: 1 % for costs and 1 % for qualities, over all models together.
    """
    if feedback.time is None:
        return ()
    counted = np.flatnonzero(feedback.weight > 0)
    features = SpectralFeatures(_COMPONENTS, n_landmarks=_LANDMARKS, n_radial=_RADIAL)
    features.fit(X, feedback.weight, np.random.RandomState(0))
    table = feedback.take(counted)
    Z = features.transform(X[counted])[:, :-1].astype(np.float64)
    moves = [*_moves_of_cost(Z, table), *_moves_of_quality(Z, table)]
    return tuple(sorted(moves, key=lambda move: (move.time, str(move.model), move.outcome)))


def at_present(feedback: Feedback, moves: tuple[Move, ...]) -> Feedback:
    """Return the table with earlier costs and qualities of models at their level of today.

    Costs are multiplied, and to qualities is added, what moved since. Prior rows stay as they are.
    """
    if feedback.time is None or not moves:
        return feedback
    cost, quality = feedback.cost, feedback.quality
    names = feedback.classes.astype(str).tolist()
    for move in moves:
        k = names.index(str(move.model))
        earlier = (feedback.time < move.time) & (feedback.weight > 0)
        if feedback.action is None:
            of_model = earlier[:, None] & (np.arange(feedback.n_models) == k)
        else:
            of_model = earlier & (feedback.action == k)
        if move.outcome == "cost":
            factor = cost.dtype.type(move.after / move.before)
            cost = np.where(of_model, cost * factor, cost)
        else:
            quality = np.where(
                of_model, quality + quality.dtype.type(move.after - move.before), quality
            )
    return replace(feedback, cost=cost, quality=quality)


def _moves_of_cost(Z: np.ndarray, table: Feedback) -> list[Move]:
    series = _series(Z, table, table.cost, table.cost > 0)
    costs = series.value
    series = replace(series, value=np.log(costs))
    steps = _steps(series, _limited, np.full(table.n_models, _LEAST_COST))
    return _told(
        table, series, costs, steps, "cost", lambda mean, size: mean * float(np.exp(-size))
    )


def _moves_of_quality(Z: np.ndarray, table: Feedback) -> list[Move]:
    known = table.judged & table.gold if table.gold.any() else table.judged
    if table.action is None:
        known = np.broadcast_to(known[:, None], table.quality.shape)
    series = _series(Z, table, table.quality, known)
    own = [series.value[series.model == k] for k in range(table.n_models)]
    least = [_LEAST_QUALITY * float(values.std()) if len(values) else np.inf for values in own]
    steps = _steps(series, np.positive, np.array(least))
    return _told(table, series, series.value, steps, "quality", lambda mean, size: mean - size)


def _series(Z: np.ndarray, table: Feedback, outcome: np.ndarray, kept: np.ndarray) -> _Series:
    """Return what is kept of an outcome, shaped like `quality`, an answer at a time."""
    assert table.time is not None  # or nobody would look
    if table.action is None:
        row, model = np.nonzero(kept)
        value = outcome[row, model]
    else:
        row = np.flatnonzero(kept & (table.action >= 0))
        model, value = table.action[row], outcome[row]
    return _Series(
        Z=Z,
        row=row,
        model=model,
        time=table.time[row],
        value=value.astype(np.float64),
        weight=table.weight[row],
        group=None if table.group is None else table.group[row],
        n_models=table.n_models,
    )


def _steps(
    series: _Series, limit: Callable[[np.ndarray], np.ndarray], least: np.ndarray
) -> list[tuple[int, Step]]:
    """Return the steps of all models that are no chance and not smaller than `least` (K,)."""
    n_models, found = series.n_models, list[tuple[int, Step]]()
    level = series
    for _ in range(_MOST_STEPS):
        rest = level.rest()
        for k in range(n_models):
            rest[level.model == k] = limit(rest[level.model == k])
        steps = [(k, level.step(k, rest)) for k in range(n_models)]
        new = [
            (k, replace(step, p_value=n_models * step.p_value))
            for k, step in steps
            if step is not None and n_models * step.p_value < _LEVEL
        ]
        if not new:
            break
        level, found = _on_one_level(series, found + new)
        kept = [(k, step) for k, step in found if abs(step.size) >= least[k]]
        if len(kept) < len(found):
            # What is left of a smaller one would be found again.
            return _on_one_level(series, kept)[1]
    return found


def _on_one_level(
    series: _Series, steps: list[tuple[int, Step]]
) -> tuple[_Series, list[tuple[int, Step]]]:
    """Return the series with every model's values on its last level, and the steps' sizes."""
    value, sized = series.value.copy(), list[tuple[int, Step]]()
    ordered = sorted(steps, key=lambda found: (found[0], found[1].time))
    for _ in range(_N_PASSES):
        rest = replace(series, value=value).rest()
        for k in {k for k, _ in steps}:
            own = np.flatnonzero(series.model == k)
            times = [step.time for j, step in ordered if j == k]
            part = np.searchsorted(times, series.time[own], side="right")
            weight = series.weight[own]
            mean = np.bincount(part, weight * rest[own]) / np.bincount(part, weight)
            value[own] += (mean[-1] - mean)[part]
    for k, step in ordered:
        own = series.model == k
        times = [other.time for j, other in ordered if j == k]
        place = times.index(step.time)
        part = np.searchsorted(times, series.time[own], side="right")
        moved = (value - series.value)[own]
        size = moved[part == place][0] - moved[part == place + 1][0]
        sized.append((k, replace(step, size=float(size))))
    return replace(series, value=value), sized


def _limited(rest: np.ndarray) -> np.ndarray:
    if not len(rest):
        return rest
    middle = np.median(rest)
    width = _FAR * 1.4826 * np.median(np.abs(rest - middle))
    return np.clip(rest, middle - width, middle + width) if width > 0 else rest


def _told(
    table: Feedback,
    series: _Series,
    outcome: np.ndarray,
    steps: list[tuple[int, Step]],
    name: Literal["cost", "quality"],
    of_level: Callable[[float, float], float],
) -> list[Move]:
    """Return the moves of steps, with the means before and after each."""
    moves = []
    for k, step in steps:
        following = [other.time for j, other in steps if j == k and other.time > step.time]
        until = min(following, default=np.inf)
        shown = (series.model == k) & (series.time >= step.time) & (series.time < until)
        after = float(np.average(outcome[shown], weights=series.weight[shown]))
        before = of_level(after, step.size)
        moves.append(Move(table.classes.tolist()[k], name, step.time, before, after, step.p_value))
    return moves
