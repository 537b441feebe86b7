"""A log that skroute learns from, and how it is put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..feedback import read_feedback
from ._words import counted


@dataclass(frozen=True, eq=False, repr=False)
class RoutingLog:
    """A log of answers, n rows, as `skroute.datasets.read_log` returns it.

    Attributes
    ----------
    queries : ndarray of object of shape (n,)
        Text of each query; None where the log has none.
    y : structured ndarray of shape (n,)
        Feedback: logged, or full where the format shows every model's answer to every query. Its
        columns `cost` (dollars per query), `propensity`, `gold`, `preference`, `prior`, `group`,
        `weight` and `time` are there where the log tells them.
    features : ndarray of float32 of shape (n, d) or None
        The columns x0, x1, ... of the log.
    columns : dict of str to ndarray of shape (n,)
        Everything else, by name: `logged_model` and `logged_cost` as the log has them,
        `input_tokens`, `output_tokens`, `latency` in seconds, `dollars` where waiting is part of
        the cost, `group` as the log names it, labels as ``label:<name>`` where the quality is not
        just that, and all further columns of the log. In full feedback what differs between
        the answers to a query is a column for each model, ``<name>:<model>``.
    row : ndarray of int of shape (n,)
        The record of the log that each row comes from, counted from 0; -1 where it was put
        together from several.
    n_records : int
        Records of the log, those left out among them.
    format : str
    notes : list of str
        What was left out and why, how labels were read, names joined, answers priced.
    """

    queries: np.ndarray
    y: np.ndarray
    features: np.ndarray | None
    columns: dict[str, np.ndarray]
    row: np.ndarray
    n_records: int
    format: str
    notes: list[str]

    @property
    def frame(self) -> Any:
        """A pandas DataFrame of the queries and all columns, row by row as in `y`.

        A `ColumnTransformer` takes it as X, and from it the columns that are known before an answer
        is given: tokens out, latency and cost are not.
        """
        try:
            import pandas
        except ImportError as error:
            raise ImportError(
                "the frame of a log needs pandas (pip install pandas); columns and queries are "
                "there without it"
            ) from error
        return pandas.DataFrame({"query": self.queries, **self.columns})

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        feedback = read_feedback(self.y)
        judged = ~np.isnan(feedback.quality)
        parts = [
            counted(len(self), "row"),
            counted(len(feedback.classes), "model"),
            "full feedback" if not feedback.logged else f"{judged.sum():,} judged",
            f"{(judged & feedback.gold).sum():,} gold" if feedback.logged else "",
            f"format {self.format!r}",
            counted(len(self.notes), "note"),
        ]
        return f"RoutingLog({', '.join(part for part in parts if part)})"
