"""Answers as what a router learns from: the columns of feedback beside queries and the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ..feedback import logged_feedback


@dataclass
class Table:
    """Answers, n of them, a column each; NaN where something is missing.

    `model` (n,) are indices of models, `group` (n,) numbers of sessions, or of queries. `cost` or
    `time` is None where the log does not tell it.
    """

    model: np.ndarray
    quality: np.ndarray
    cost: np.ndarray | None
    propensity: np.ndarray
    gold: np.ndarray
    preference: np.ndarray
    group: np.ndarray
    weight: np.ndarray
    prior: np.ndarray
    time: np.ndarray | None
    row: np.ndarray
    queries: np.ndarray
    features: np.ndarray | None
    columns: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.model)

    def take(self, rows: np.ndarray) -> Table:
        """Return the table of some rows."""
        taken: dict[str, Any] = {
            field.name: None if (values := getattr(self, field.name)) is None else values[rows]
            for field in fields(self)
            if field.name != "columns"
        }
        columns = {name: values[rows] for name, values in self.columns.items()}
        return Table(**taken, columns=columns)

    def logged(self, names: Sequence[str]) -> np.ndarray:
        """Return logged feedback, with the columns that say something."""
        judged, groups = ~np.isnan(self.quality), np.unique(self.group)
        return logged_feedback(
            np.array(names)[self.model],
            self.quality,
            cost=self.cost,
            propensity=None if np.isnan(self.propensity).all() else self.propensity,
            gold=None if self.gold[judged].all() else self.gold,
            preference=None if np.isnan(self.preference).all() else self.preference,
            group=None if len(groups) == len(self) else self.group,
            weight=None if (self.weight == 1).all() else self.weight,
            time=self.time,
            prior=self.prior if self.prior.any() else None,
        )
