"""Logs that show every model's answer to every query, as full feedback."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..feedback import full_feedback
from ._answer import LeftOut
from ._table import Table


def full_table(
    table: Table, names: Sequence[str], left_out: LeftOut
) -> tuple[Table, np.ndarray, list[str]]:
    """Return a table of a row a query, its full feedback, and notes.

    `table` has a row an answer, `group` the query. Where not every model answered every query, or
    what a query has one of differs between its answers, it stays a row an answer: those of a query
    share its weight, as `skroute.partly_scored` divides it.
    """
    unscored = np.isnan(table.quality)
    if unscored.any():
        left_out("answers that were not scored", int(unscored.sum()))
        table = table.take(np.flatnonzero(~unscored))
    grid = _grid(table.group, table.model, len(names))
    why_not = "not every model answered every query" if grid is None else _unlike(table, grid)
    if grid is None or why_not is not None:
        _, query, count = np.unique(table.group, return_inverse=True, return_counts=True)
        table.weight = table.weight / count[query.reshape(-1)]
        note = f"{why_not}: a row is an answer, and those of a query share its weight"
        return table, table.logged(names), [note]
    first = table.take(grid[:, 0])
    first.columns = {}
    for name, column in table.columns.items():
        if _is_same(column[grid]):
            first.columns[name] = column[grid[:, 0]]
        else:
            for k, model in enumerate(names):
                first.columns[f"{name}:{model}"] = column[grid[:, k]]
    y = full_feedback(
        table.quality[grid],
        None if table.cost is None else table.cost[grid],
        models=list(names),
        gold=None if first.gold.all() else first.gold,
        weight=None if (first.weight == 1).all() else first.weight,
        time=first.time,
    )
    return first, y, []


def _grid(group: np.ndarray, model: np.ndarray, n_models: int) -> np.ndarray | None:
    """Return the row of each model's answer to each query, (queries, K), if there is just one."""
    order = np.lexsort((model, group))
    if len(order) % n_models:
        return None
    grid = order.reshape(-1, n_models)
    whole = (model[grid] == np.arange(n_models)).all() and (group[grid] == group[grid][:, :1]).all()
    return grid[np.argsort(grid.min(axis=1))] if whole else None


def _unlike(table: Table, grid: np.ndarray) -> str | None:
    """Say what differs between answers to a query that full feedback has one of, if anything."""
    if not np.isnan(table.preference).all():
        return "rows have both a gold label and a judge's"
    if table.prior.any():
        return "rows of a benchmark (prior) are told apart"
    for name in ("gold", "weight", "time"):
        values = getattr(table, name)
        if values is not None and not _is_same(values[grid]):
            return f"answers to a query differ in their {name}"
    return None


def _is_same(cells: np.ndarray) -> bool:
    """Tell whether all models' cells (queries, K) of every query are alike."""
    if cells.dtype.kind == "f":
        return bool(np.array_equal(cells, np.broadcast_to(cells[:, :1], cells.shape), True))
    return all(cell == row[0] for row in cells.tolist() for cell in row[1:])
