"""The rows that policies are valued on: those they choose for, when what they choose was there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from .._utils import as_share, listed, warn
from ..nuisance import Availability
from ._policies import Policy, read_policy
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


def read_policies(
    table: CountedTable, policies: Sequence[Any], names: Sequence[str], *, all_rows: bool = False
) -> tuple[CountedTable, list[Policy | None], tuple[float, ...]]:
    """Return the part of a table for which all policies choose, and what they choose there.

    The last are the shares of rows in which each chooses a model that was not there; that part of
    the table is left out as well, unless `all_rows` are asked for.
    """
    read = [_read(table, policy, name) for policy, name in zip(policies, names, strict=True)]
    masks = [policy.known for policy in read if policy is not None and policy.known is not None]
    table, read = _taken(table, read, reduce(np.logical_and, masks) if masks else None)
    if all_rows:
        return table, read, (0.0,) * len(read)
    span = span_of_choices(table, read)
    return *_taken(table, read, span.rows), span.unavailable


def _taken(
    table: CountedTable, policies: list[Policy | None], rows: np.ndarray | None
) -> tuple[CountedTable, list[Policy | None]]:
    if rows is None:
        return table, policies
    return table.take(rows), [None if policy is None else policy.take(rows) for policy in policies]


def _read(table: CountedTable, policy: Any, name: str) -> Policy | None:
    """Return the choices of a policy in the rows that count."""
    feedback = table.feedback
    if policy is not None:
        return read_policy(policy, feedback.classes, len(table.counted), name).take(table.rows)
    if not feedback.logged:
        raise ValueError(
            f"{name} is None, the policy that wrote the log, but y is full feedback, which has no "
            "log. Give labels or probabilities."
        )
    return None
