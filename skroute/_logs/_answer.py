"""What every format of logs is read into: one answer of one model."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Label:
    """What somebody thought of an answer, as the log has it.

    Attributes
    ----------
    name : str
        Of the score, such as "helpfulness": labels of one name share one scale.
    value : object
        A number, a truth value or a word; not yet in [0, 1].
    gold : bool or None
        Whether a person whose word counts gave it (True) or a judge or a crowd (False). None: the
        log does not say.
    """

    name: str
    value: Any
    gold: bool | None = None


@dataclass(frozen=True)
class Answer:
    """One answer, as a reader of a format yields it.

    Attributes
    ----------
    model : str
        As the log spells it.
    query : str or None
        The text that was asked; None where the log has none.
    labels : tuple of Label
        None, one, or several: of people and judges, or of several aspects.
    cost : float
        Dollars, NaN where the log has none.
    input_tokens, output_tokens : float
        NaN where the log has none.
    time : float, datetime, str or None
        When it was given: Unix seconds, a datetime or ISO 8601.
    latency : float
        Seconds, NaN where the log has none.
    group : str or None
        Session or conversation; None: a group of its own.
    propensity : float
        Of this model for this query, NaN where it is not known.
    weight : float
    prior : bool
        Whether it is no traffic but a row of a benchmark.
    identity : str or None
        Of the call in its log: a second answer with the same identity is a duplicate.
    features : ndarray of shape (d,) or None
        The query as numbers, where its format has them as such; d is the same in all answers that
        have any. Else columns x0, x1, ... are features.
    columns : mapping of str to object
        Whatever else the row holds, by name.
    """

    model: str
    query: str | None = None
    labels: tuple[Label, ...] = ()
    cost: float = math.nan
    input_tokens: float = math.nan
    output_tokens: float = math.nan
    time: Any = None
    latency: float = math.nan
    group: str | None = None
    propensity: float = math.nan
    weight: float = 1.0
    prior: bool = False
    identity: str | None = None
    features: np.ndarray | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)


class LeftOut:
    """Counts of the rows of a file that are no evidence, by the reason why, and other remarks."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.remarks: list[str] = []

    def __call__(self, reason: str, count: int = 1) -> None:
        """Count rows left out; `reason` completes "12 rows: ...", such as "failed calls"."""
        self.counts[reason] += count

    def remark(self, sentence: str) -> None:
        """Keep what is to be said of something other than rows, such as a column, once."""
        if sentence not in self.remarks:
            self.remarks.append(sentence)

    def notes(self) -> list[str]:
        """Return a sentence for each reason, the most frequent first, and the remarks."""
        counts = [
            f"{count:,} row{'s' * (count != 1)} left out: {reason}"
            for reason, count in self.counts.most_common()
        ]
        return counts + self.remarks
