"""What happened to a log over time, in facts and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_array, check_consistent_length

from .._utils import ShortRepr, as_number, printable
from ..feedback import Feedback, read_feedback
from ..nuisance import Availability
from ._drift import QueryDrift, find_drift
from ._moves import Move, find_moves
from ._words import as_moment, say_move


@dataclass(frozen=True, repr=False)
class Sighting(ShortRepr):
    """When a model was seen first, or last.

    Attributes
    ----------
    model : label
    time : float
        In seconds since 1970.
    n_rows : int
        Rows of the model.
    n_without : int
        Rows of the log before the first one, or after the last.
    """

    model: Any
    time: float
    n_rows: int
    n_without: int


@dataclass(frozen=True, repr=False)
class LogHistory(ShortRepr):
    """What happened to a log over time; nothing where nothing stands out of chance.

    Attributes
    ----------
    start, end : float
        Time of the first and the last row, in seconds since 1970.
    n_rows : int
        Rows that count.
    appeared, gone : tuple of Sighting
        Models that were not there at the beginning, and those that are gone at the end.
    moves : tuple of Move
        Costs and qualities of models that moved.
    drift : QueryDrift or None
        Whether newer queries look different (`QueryDrift.found`); None where too few rows could
        tell.
    """

    start: float
    end: float
    n_rows: int
    appeared: tuple[Sighting, ...]
    gone: tuple[Sighting, ...]
    moves: tuple[Move, ...]
    drift: QueryDrift | None

    @property
    def sentences(self) -> tuple[str, ...]:
        """What happened, a sentence each; none where nothing did."""
        end = self._moment(self.end)
        gone = [
            f"The model {printable(seen.model)!r} is gone: its last row is of "
            f"{self._moment(seen.time)}, and {seen.n_without:,} rows without it follow until {end}."
            for seen in self.gone
        ]
        appeared = [
            f"The model {printable(seen.model)!r} appeared on {self._moment(seen.time)}, after "
            f"{seen.n_without:,} rows without it."
            for seen in self.appeared
        ]
        moved = [say_move(move, self.end - self.start) for move in self.moves]
        drift = self.drift
        if drift is None or not drift.found:
            return (*gone, *appeared, *moved)
        chance = "below 0.001" if drift.p_value < 0.001 else as_number(drift.p_value)
        return (
            *gone,
            *appeared,
            *moved,
            f"Queries changed: those since {self._moment(drift.since)} look different from those "
            f"until {self._moment(drift.until)}; a classifier tells them apart with an AUC of "
            f"{drift.auc:.2f}, where 0.5 is chance (p {chance}).",
        )

    def _moment(self, time: float) -> str:
        return as_moment(time, self.end - self.start)


def log_history(X: ArrayLike, y: Any) -> LogHistory | None:
    """Return what happened to a log over time.

    Parameters
    ----------
    X : array-like of shape (n, d)
        Numbers that describe the queries, such as embeddings of their text.
    y : table of n rows
        Logged or full feedback, see `skroute.feedback`, with the column `time`.

    Returns
    -------
    history : LogHistory or None
        Models that appeared or are gone, costs and qualities that moved, queries that changed;
        ``history.sentences`` says it in words. None without the column `time`.

    Raises
    ------
    ValueError
        If X is not a finite numeric matrix or lengths differ.

    See Also
    --------
    skroute.nuisance.Availability : When a model counts as there.

    Notes
    -----
    All tests together name something in at most 5 % of logs in which nothing happened: costs and
    qualities in 1 % each, over all models; queries in 1 %; and each model as appeared or gone with
    a probability of 0.001.

    Examples
    --------
    >>> import numpy as np
    >>> from skroute import logged_feedback
    >>> from skroute.history import log_history
    >>> rng = np.random.default_rng(0)
    >>> X, model = rng.normal(size=(1000, 4)), rng.choice(["large", "small"], 1000)
    >>> cost = np.where(model == "large", 0.01, 0.001) * rng.lognormal(0.0, 0.2, 1000)
    >>> cost[700:] *= np.where(model[700:] == "large", 0.1, 1.0)
    >>> day = np.datetime64("2026-01-01") + np.arange(1000) // 10
    >>> y = logged_feedback(model, rng.random(1000), cost=cost, time=day)
    >>> (said,) = log_history(X, y).sentences
    >>> said[:66]
    "The cost of the model 'large' fell from $10.39 to $1.01 per 1,000 "
    """
    feedback = read_feedback(y)
    check_consistent_length(X, feedback.quality)
    if feedback.time is None:
        return None
    queries = check_array(X, dtype=(np.float64, np.float32))
    counted = feedback.weight > 0
    time = feedback.time[counted]
    appeared, gone = sightings(feedback)
    return LogHistory(
        start=float(time.min()),
        end=float(time.max()),
        n_rows=int(counted.sum()),
        appeared=appeared,
        gone=gone,
        moves=find_moves(queries, feedback),
        drift=find_drift(queries, feedback),
    )


def sightings(feedback: Feedback) -> tuple[tuple[Sighting, ...], tuple[Sighting, ...]]:
    """Return the models that appeared, and those that are gone."""
    available = Availability.of(feedback)
    appeared, gone = list[Sighting](), list[Sighting]()
    if feedback.time is None:
        return (), ()
    for k in np.flatnonzero(available.appeared | available.gone):
        counted = feedback.weight > 0
        time, label = feedback.time[counted], feedback.classes.tolist()[k]
        n_rows = int(np.count_nonzero(feedback.action[counted] == k))
        first, last = float(available.first[k]), float(available.last[k])
        if np.isfinite(first):
            appeared.append(Sighting(label, first, n_rows, int((time < first).sum())))
        if np.isfinite(last):
            gone.append(Sighting(label, last, n_rows, int((time > last).sum())))
    return tuple(appeared), tuple(gone)
