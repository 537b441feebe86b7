"""Answers gathered into columns, row by row, as compactly as what they hold allows."""

from __future__ import annotations

import math
import re
import sys
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from .._utils import short_repr
from ._answer import Answer, Label, LeftOut
from ._cells import Cells, is_missing_cell
from ._values import seconds
from ._words import counted

# Numbers of an answer: what is needed, the least and the most. NaN says that there is none, but of
# the weight.
_TINY, _HUGE = sys.float_info.min, sys.float_info.max
_NUMBERS = {
    "cost": ("dollars, at least 0, are needed", 0.0, _HUGE),
    "input_tokens": ("a count, at least 0, is needed", 0.0, _HUGE),
    "output_tokens": ("a count, at least 0, is needed", 0.0, _HUGE),
    "latency": ("seconds, at least 0, are needed", 0.0, _HUGE),
    "propensity": ("a probability, above 0 and at most 1, is needed", _TINY, 1.0),
    "weight": ("a number, at least 0, is needed", 0.0, _HUGE),
}
_FEATURE = re.compile(r"x\d+")
_MOST_COLUMNS = 1000


class Counted:
    """Records on their way to a format, and how many it has taken."""

    def __init__(self, records: Iterable[Any]) -> None:
        self.count, self.ended = 0, False
        self._records = records

    def __iter__(self) -> Iterator[Any]:
        for record in self._records:
            self.count += 1
            yield record
        self.ended = True


@dataclass
class Labels:
    """All labels of one name: their rows, their values, and who gave them."""

    row: array = field(default_factory=lambda: array("q"))
    value: list[Any] = field(default_factory=list)
    gold: array = field(default_factory=lambda: array("b"))  # 1 or 0; -1: the log does not say

    def append(self, row: int, label: Label) -> None:
        self.row.append(row)
        self.value.append(label.value)
        self.gold.append(-1 if label.gold is None else int(label.gold))


@dataclass(frozen=True)
class Gathered:
    """The answers of a log, n of them, as columns.

    Attributes
    ----------
    row : ndarray of int of shape (n,)
        The record of the file that each comes from; -1 where the format joins several.
    n_records : int
        Records of the file.
    written : ndarray of int of shape (n,)
        Which of `names` the log has for the model.
    names : list of str
    queries : ndarray of object of shape (n,)
        Text, or None.
    cost, input_tokens, output_tokens, latency, propensity, weight : ndarray of shape (n,)
        float64, NaN where the log has none.
    prior : ndarray of bool of shape (n,)
    time : ndarray of float64 of shape (n,)
        Unix seconds, NaN where the log has none.
    group : ndarray of int of shape (n,)
        Which of `groups`; -1 where the row has none.
    groups : list of str
    labels : dict of str to Labels
    columns : dict of str to ndarray of shape (n,)
    features : ndarray of float32 of shape (n, d) or None
    notes : list of str
    """

    row: np.ndarray
    n_records: int
    written: np.ndarray
    names: list[str]
    queries: np.ndarray
    cost: np.ndarray
    input_tokens: np.ndarray
    output_tokens: np.ndarray
    latency: np.ndarray
    propensity: np.ndarray
    weight: np.ndarray
    prior: np.ndarray
    time: np.ndarray
    group: np.ndarray
    groups: list[str]
    labels: dict[str, Labels]
    columns: dict[str, np.ndarray]
    features: np.ndarray | None
    notes: list[str]


def gather(answers: Iterable[Answer], records: Counted, left_out: LeftOut) -> Gathered:
    """Gather the answers that a format makes of records; leave those out that come twice."""
    columns, seen = _Columns(), set()
    for answer in answers:
        if answer.identity is not None:
            if answer.identity in seen:
                left_out("an answer with their id stands before them")
                continue
            seen.add(answer.identity)
        columns.add(answer, -1 if records.ended else records.count - 1)
    return columns.read(records.count)


class _Columns:
    def __init__(self) -> None:
        self.row, self.written, self.group = array("q"), array("q"), array("q")
        self.names: dict[str, int] = {}
        self.groups: dict[str, int] = {}
        self.queries: list[str | None] = []
        self.numbers = {name: array("d") for name in _NUMBERS}
        self.prior = array("b")
        self.time = array("d")
        self.labels: dict[str, Labels] = {}
        self.cells: dict[str, Cells] = {}
        self.features: dict[str, array] = {}
        self.vectors: list[np.ndarray] = []
        self.not_kept: set[str] = set()

    def add(self, answer: Answer, row: int) -> None:
        place = len(self.row)
        if not isinstance(answer.model, str) or not answer.model.strip():
            _refuse("model", answer, row, place, answer.model, "the name of a model is needed")
        self.row.append(row)
        self.written.append(self.names.setdefault(answer.model, len(self.names)))
        self.group.append(
            -1
            if answer.group is None
            else self.groups.setdefault(str(answer.group), len(self.groups))
        )
        self.queries.append(answer.query)
        for name, values in self.numbers.items():
            value = getattr(answer, name)
            needed, least, most = _NUMBERS[name]
            if not (least <= value <= most or (value != value and name != "weight")):
                _refuse(name, answer, row, place, value, needed)
            values.append(value)
        self.prior.append(answer.prior)
        if answer.features is not None:
            self.vectors.append(answer.features)
        try:
            self.time.append(seconds(answer.time, "time"))
        except ValueError as error:
            raise ValueError(f"{_where(answer, row, place)}: {error}") from None
        for label in answer.labels:
            if not is_missing_cell(label.value) and label.value != "":
                self.labels.setdefault(label.name, Labels()).append(place, label)
        for name, value in answer.columns.items():
            self._add_cell(name, value, answer, row, place)

    def _add_cell(self, name: str, value: Any, answer: Answer, row: int, place: int) -> None:
        if _FEATURE.fullmatch(name):
            values = self.features.setdefault(name, array("f"))
            values.extend([math.nan] * (place - len(values)))
            try:
                values.append(math.nan if is_missing_cell(value) else float(value))
            except (TypeError, ValueError, OverflowError):
                needed = "a number is needed: columns x0, x1, ... are features"
                _refuse(name, answer, row, place, value, needed)
        elif name in self.cells or len(self.cells) < _MOST_COLUMNS:
            self.cells.setdefault(name, Cells()).put(place, value)
        else:
            self.not_kept.add(name)

    def read(self, n_records: int) -> Gathered:
        n_rows = len(self.row)
        queries = np.empty(n_rows, dtype=object)
        queries[:] = self.queries
        notes = []
        features, single = self._read_features(n_rows)
        if self.not_kept:
            notes.append(
                f"{counted(len(self.not_kept), 'column')} not kept, beyond the first "
                f"{_MOST_COLUMNS:,}"
            )
        return Gathered(
            np.array(self.row, dtype=np.intp),
            n_records,
            np.array(self.written, dtype=np.intp),
            list(self.names),
            queries,
            **{name: np.array(values) for name, values in self.numbers.items()},
            prior=np.array(self.prior, dtype=bool),
            time=np.array(self.time),
            group=np.array(self.group, dtype=np.intp),
            groups=list(self.groups),
            labels=self.labels,
            columns={name: cells.read(n_rows) for name, cells in self.cells.items()} | single,
            features=features,
            notes=notes,
        )

    def _read_features(self, n_rows: int) -> tuple[np.ndarray | None, dict[str, np.ndarray]]:
        """Return features x0, x1, ... side by side, and columns of such names that are none."""
        columns = {}
        for name, numbers in self.features.items():
            numbers.extend([math.nan] * (n_rows - len(numbers)))
            columns[name] = np.array(numbers, dtype=np.float32)
        taken: list[np.ndarray] = []
        if self.vectors and len(self.vectors) == n_rows:
            return np.stack(self.vectors), columns
        while (name := f"x{len(taken)}") in columns:
            values = columns.pop(name)
            bad = np.flatnonzero(~np.isfinite(values))
            if len(bad):
                where = _record(self.row[int(bad[0])], int(bad[0]))
                raise ValueError(
                    f"{where}, column {name!r}: found {values[bad[0]]}; a finite number is needed "
                    "in every row: columns x0, x1, ... are features"
                )
            taken.append(values)
        return (np.column_stack(taken) if taken else None), columns


def _refuse(
    name: str, answer: Answer, row: int, place: int, value: object, needed: str
) -> NoReturn:
    raise ValueError(
        f"{_where(answer, row, place)}, column {name!r}: found {short_repr(value)}; {needed}. "
        "Correct the rows or leave them out."
    )


def _where(answer: Answer, row: int, place: int) -> str:
    named = "" if answer.identity is None else f" with the id {short_repr(answer.identity)}"
    return f"{_record(row, place)}{named}"


def _record(row: int, place: int) -> str:
    """Return how errors call a record or, where the format joins several, an answer."""
    return f"record {row} (counted from 0)" if row >= 0 else f"answer {place} (counted from 0)"
