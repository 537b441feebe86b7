"""Gathered answers put together: names, costs and labels settled, what is no evidence left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ._answer import LeftOut
from ._costs import doubts_about_costs, fill_by_model, reprice
from ._full import full_table
from ._gather import Gathered
from ._log import RoutingLog
from ._names import Aliases, resolve_aliases
from ._options import named, option, setting
from ._prices import read_prices
from ._quality import Score, judge
from ._table import Table
from ._words import counted, listed


def assemble(
    log: Gathered,
    left_out: LeftOut,
    *,
    format: str,
    full: bool,
    columns: Mapping[str, str],
    prices: Any,
    aliases: Aliases,
    score: Score,
    price_per_second: float,
) -> RoutingLog:
    """Return the log of gathered answers; the options are those of `read_log`."""
    notes = list(log.notes)
    names, model = _models(log, aliases, notes)
    judged = judge(log.labels, len(log.row), score, columns)
    notes += judged.notes
    dollars, cost = _costs(log, names, model, prices, price_per_second, notes)
    time = _times(log, notes)
    group = np.where(log.group < 0, len(log.groups) + np.arange(len(log.group)), log.group)
    table = Table(
        model=model,
        quality=judged.quality,
        cost=cost,
        propensity=log.propensity,
        gold=judged.gold,
        preference=judged.preference,
        group=group,
        weight=log.weight,
        prior=log.prior,
        time=time,
        row=log.row,
        queries=log.queries,
        features=log.features,
        columns=_own_columns(log, time, dollars if price_per_second else None) | judged.columns,
    )
    _add_columns(table, log.columns, notes)
    table = _leave_out_unpriced(table, names, dollars, left_out)
    table = _leave_out_unjudged_prior(table, left_out)
    if table.prior.any():
        notes.append(
            f"{counted(int(table.prior.sum()), 'row')} of a benchmark (prior), no traffic: they "
            "tell what is expected of models, and no policy is valued by them"
        )
    if not len(table):
        raise ValueError(_nothing_left(left_out, log.n_records))
    y = None
    if full and len(names) > 1:
        # What joins a query's answers is no session of the user's, and names are joined in notes.
        for name in ("group", "logged_model"):
            table.columns.pop(name, None)
        table, y, more = full_table(table, names, left_out)
        notes += more
    if y is None:
        y = table.logged(names)
    no_text = sum(text is None for text in table.queries)
    if 0 < no_text < len(table):
        notes.append(f"{counted(no_text, 'row')} without a text")
    return RoutingLog(
        queries=table.queries,
        y=y,
        features=table.features,
        columns=table.columns,
        row=table.row,
        n_records=log.n_records,
        format=format,
        notes=[*left_out.notes(), *notes],
    )


def _models(log: Gathered, aliases: Aliases, notes: list[str]) -> tuple[list[str], np.ndarray]:
    """Return the sorted names of the models and the index of each row's among them."""
    counts = np.bincount(log.written, minlength=len(log.names)).tolist()
    known, more = resolve_aliases(dict(zip(log.names, counts, strict=True)), aliases)
    notes += more
    names = sorted(set(known.values()))
    place = {name: k for k, name in enumerate(names)}
    code = np.array([place[known[name]] for name in log.names], dtype=np.intp)
    return names, code[log.written]


def _costs(
    log: Gathered,
    names: list[str],
    model: np.ndarray,
    prices: Any,
    price_per_second: float,
    notes: list[str],
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return dollars paid and what counts as the cost, (n,) each; no cost if nothing has one."""
    dollars = log.cost
    if prices is not None:
        dollars, more = reprice(log, model, names, read_prices(prices))
        notes += more
    tokens = log.input_tokens + log.output_tokens
    notes += doubts_about_costs(dollars, tokens, model, names, log.row)
    dollars, more = fill_by_model(dollars, model, names, "cost")
    notes += more
    cost = None if np.isnan(dollars).all() else dollars
    if cost is None:
        free = "only waiting has a price" if price_per_second else "every model counts as free"
        makes = f"{option('prices')} makes costs of tokens"
        remedy = "no tokens too" if np.isnan(tokens).all() else makes
        notes.append(f"the log has no costs: {free} ({remedy})")
    if price_per_second:
        waited, more = fill_by_model(log.latency, model, names, "latency")
        if np.isnan(waited).all():
            raise ValueError(
                f"{named('price_per_second')}: no row of the log has a latency; map a column to "
                f"it, {setting('columns', {'latency': ...})} in seconds, or leave it at 0"
            )
        waiting = price_per_second * waited
        notes += more
        notes.append(
            f"a second of waiting costs {price_per_second:g} dollars; waiting is "
            f"{np.nansum(waiting) / np.nansum(waiting + (0 if cost is None else cost)):.0%} of "
            "all costs"
        )
        cost = waiting if cost is None else cost + waiting
    return dollars, cost


def _times(log: Gathered, notes: list[str]) -> np.ndarray | None:
    known = ~np.isnan(log.time)
    if known.any() and not known.all():
        notes.append(
            f"{(~known).sum():,} of {counted(len(known), 'row')} without a time, so y has no such "
            "column"
        )
    return log.time if known.all() and len(known) else None


def _own_columns(
    log: Gathered, time: np.ndarray | None, dollars: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Return what the log tells beside feedback, where it does."""
    numbers = {
        "logged_cost": log.cost,
        "dollars": dollars,
        "input_tokens": log.input_tokens,
        "output_tokens": log.output_tokens,
        "latency": log.latency,
        "time": log.time if time is None else None,
    }
    columns: dict[str, np.ndarray] = {
        "logged_model": np.array(log.names, dtype=object)[log.written],
        **{name: x for name, x in numbers.items() if x is not None and not np.isnan(x).all()},
    }
    if log.groups:
        columns["group"] = np.array([*log.groups, None], dtype=object)[log.group]
    return columns


def _add_columns(table: Table, columns: Mapping[str, np.ndarray], notes: list[str]) -> None:
    """Add the further columns of a log; none takes the place of another."""
    for name, values in columns.items():
        own = name
        while own in table.columns or own == "query":
            own += "_"
        if own != name:
            notes.append(f"the column {name!r} of the log is called {own!r}")
        table.columns[own] = values


def _leave_out_unpriced(
    table: Table, names: list[str], dollars: np.ndarray, left_out: LeftOut
) -> Table:
    """Leave out the rows of models that have no cost, or no latency, where other models have."""
    if table.cost is None or not np.isnan(table.cost).any():
        return table
    unknown = np.isnan(table.cost)
    paid = ~np.isnan(dollars) | np.isnan(dollars).all()
    for rows, reason in (
        (unknown & ~paid, f"no row of {{}} has a cost; {option('prices')} gives one"),
        (unknown & paid, f"no row of {{}} has a latency, which {named('price_per_second')} needs"),
    ):
        if rows.any():
            models = listed([names[k] for k in np.unique(table.model[rows])])
            left_out(reason.format(models), int(rows.sum()))
    return table.take(np.flatnonzero(~unknown))


def _leave_out_unjudged_prior(table: Table, left_out: LeftOut) -> Table:
    unjudged = table.prior & np.isnan(table.quality)
    if unjudged.any():
        left_out("rows of a benchmark (prior) without a quality", int(unjudged.sum()))
    return table.take(np.flatnonzero(~unjudged))


def _nothing_left(left_out: LeftOut, n_records: int) -> str:
    found = f"holds no answer to learn from in {counted(n_records, 'record')}"
    return "; ".join([found, *left_out.notes()])
