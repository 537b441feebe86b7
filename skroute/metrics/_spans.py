"""Policies that choose models that were not there: the time in which all of them were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._utils import as_share, listed, warn
from ..nuisance import Availability
from ._policies import Policy
from ._tables import CountedTable
from ._warnings import UnavailableModelsWarning


@dataclass(frozen=True)
class Span:
    """The rows in which all chosen models were there.

    Attributes
    ----------
    rows : ndarray of bool of shape (n,) or None
        None: all, since there is no such span, or no policy needs one.
    unavailable : tuple of float
        For each policy the share of the rows in which it chooses a model that was not there.
    """

    rows: np.ndarray | None
    unavailable: tuple[float, ...]


def span_of_choices(table: CountedTable, policies: Sequence[Policy | None]) -> Span:
    """Return the span in which all models that the policies choose were there, with a warning.

    Policies choose in every row of the table; None is the one that wrote the log.
    """
    feedback, nothing = table.feedback, (0.0,) * len(policies)
    available = Availability.of(feedback)
    if available.throughout or feedback.time is None:
        return Span(None, nothing)
    missing = ~available.at(feedback.time)
    unavailable = tuple(
        0.0 if policy is None else float(np.average(policy.average(missing), weights=table.weight))
        for policy in policies
    )
    if not any(unavailable):
        return Span(None, nothing)
    chosen = np.zeros(feedback.n_models, dtype=bool)
    absent = chosen.copy()
    for policy in policies:
        if policy is not None:
            probability = policy.matrix(feedback.n_models)
            chosen |= (probability > 0).any(axis=0)
            absent |= ((probability > 0) & missing).any(axis=0)
    first, last = available.first[chosen].max(), available.last[chosen].min()
    rows = (first <= feedback.time) & (feedback.time <= last)
    if not (rows & table.scored).any():
        rows = None
    _warn(feedback.classes[absent], max(unavailable), rows, feedback.time)
    return Span(rows, unavailable)


def _warn(models: np.ndarray, share: float, rows: np.ndarray | None, time: np.ndarray) -> None:
    names = tuple(str(label) for label in models)
    said = (
        f"In {as_share(share)} of the rows a policy chooses a model that was not there at that "
        f"time, by the column 'time' ({listed(map(repr, names))}), of which the log can tell "
        "nothing there. "
    )
    facts: dict[str, Any] = {"models": names, "share": share}
    if rows is None:
        said += "Its models were never there all together: for these rows predictions stand alone."
    else:
        n_rows, within = int(rows.sum()), time[rows]
        facts |= {"first": float(within.min()), "last": float(within.max()), "n_rows": n_rows}
        said += (
            f"The value is that of the {n_rows:,} of {len(rows):,} rows in whose time all models "
            "that it chooses were there."
        )
    warn(UnavailableModelsWarning(said, **facts))
