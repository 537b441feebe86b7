"""The sections of the page, each from the facts to HTML."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._utils import (
    as_digits,
    as_dollars,
    as_number,
    as_share,
    per_thousand,
)
from ..metrics import ESTIMATORS
from ..plots import PolicyValueDisplay, RoutingShareDisplay
from ..routers import Frontier
from ._facts import Facts
from ._first import saving_in_words
from ._html import Markup, join, picture, section, table, tag, with_interval


def notes(facts: Facts) -> Markup:
    """List what to be careful about."""
    if not facts.notes:
        return tag("p", "Nothing in the table speaks against these figures.")
    listed = tag("ul", *(tag("li", note) for note in facts.notes))
    return tag("div", listed, class_="notes", role="note")


def history(facts: Facts) -> Markup:
    """Say what happened over time; nothing of a table without times."""
    if facts.history is None:
        return Markup("")
    said = [tag("li", sentence) for sentence in facts.history.sentences]
    quiet = (
        "Nothing stands out of chance: no model came or went, no cost or quality moved, and newer "
        "queries look like older ones."
    )
    words = tag("ul", *said) if said else tag("p", quiet)
    return section("history", "What happened over time", words)


def values(facts: Facts) -> Markup:
    """Show what each policy is worth, and the difference to the reference."""
    names = list(facts.values)
    rows = [_value_row(facts, name) for name in names]
    columns = [
        "policy",
        "quality",
        "dollars per 1,000 queries",
        *(["dollars a month"] if facts.volume is not None else []),
        "utility",
        f"over {facts.reference}",
        "worth per 1,000 queries",
        "effective rows" if facts.logged else "rows",
    ]
    marked = [names.index(facts.router.name)]
    caption = f"Values at cost sensitivity {as_digits(facts.cost_sensitivity)}"
    display = PolicyValueDisplay(facts.values, reference=facts.reference, fixed=facts.fixed)
    return section(
        "value",
        "Value against the fixed models"
        if facts.reference in facts.fixed
        else f"Value against {facts.reference} and the fixed models",
        tag(
            "p",
            "Worth is the saving in dollars that would be as good at equal quality: the difference "
            "in utility over the cost sensitivity."
            + (
                " Effective rows are as many as would tell as much if all of them showed what the "
                "policy chooses."
                if facts.logged
                else ""
            ),
        ),
        table(caption, columns, rows, strong=marked),
        picture(
            display,
            (7.5, 1.2 + 0.38 * len(names)),
            f"Mean utility of {len(names)} policies with intervals; the table above has them.",
            f"Each policy by itself; the dashed line is {facts.compared_with}. Differences are "
            "compared row by row and are surer than these intervals suggest: see the table.",
        ),
    )


def _value_row(facts: Facts, name: str) -> list[object]:
    value, difference = facts.values[name], facts.differences.get(name)
    over: object = "–"
    worth: object = "–"
    if difference is not None:
        over = with_interval(difference.value, difference.low, difference.high, signed=True)
        dollars, low, high = difference.dollars_per_thousand_queries
        if math.isfinite(dollars):
            worth = with_interval(dollars, low, high, as_dollars, signed=True)
    effective = value.effective_sample_size
    month = [] if facts.volume is None else [as_dollars(facts.volume * value.mean_cost)]
    return [
        name,
        as_number(value.mean_quality),
        per_thousand(value.mean_cost),
        *month,
        with_interval(value.value, value.low, value.high),
        over,
        worth,
        f"{effective:,.0f}"
        if facts.logged and math.isfinite(effective)
        else f"{value.n_rows_used:,}",
    ]


def savings(facts: Facts) -> Markup:
    """Show what is saved of the bill where the router reaches a share of today's quality."""
    title, old = "What equal quality would save", facts.called(facts.saved_from)
    if not facts.savings:
        return Markup("")
    value, month = facts.values[facts.saved_from], facts.volume
    rows = []
    for wanted, *ends in facts.savings:
        share, interval = saving_in_words(*ends)
        row: list[object] = [
            f"{wanted:.0%} of the quality ({as_number(wanted * value.mean_quality)})",
            join([share, " ", tag("small", f"({interval})")]) if interval else share,
            _times(1000 * value.mean_cost, ends),
        ]
        rows.append(row if month is None else [*row, _times(month * value.mean_cost, ends)])
    columns = ["the router at", "share of the bill saved", "dollars saved for 1,000 queries"]
    columns += [] if month is None else ["dollars saved a month"]
    return section(
        "savings",
        title,
        tag(
            "p",
            f"The bill of {old} is {per_thousand(value.mean_cost)} for 1,000 queries, at a mean "
            f"quality of {as_number(value.mean_quality)}. At the cost sensitivity at which the "
            "router reaches as much, or a share of it, it costs less by so much; both quality and "
            f"bill are {'estimated' if facts.logged else 'measured'} on these rows, and the "
            f"{facts.confidence:.0%} intervals allow for the errors of both.",
        ),
        table(f"Saved of the bill of {facts.saved_from}", columns, rows),
    )


def _times(bill: float, saved: list[float]) -> object:
    """Return shares of a bill, a value and its ends, in dollars."""
    value, low, high = (bill * share for share in saved)
    if not math.isfinite(value):
        return "–"
    if not math.isfinite(low):
        return as_dollars(value)
    return with_interval(value, low, high, as_dollars)


def costs(facts: Facts) -> Markup:
    """Show who gets what as cost sensitivity grows."""
    title, frontier = "Who gets what", facts.frontier
    if frontier is None:
        words = "This router does not predict quality and cost, so that it has no frontier."
        return section("cost", title, tag("p", words))
    if frontier.low == frontier.high:
        words = "The router serves one cost sensitivity. Fit it with knots='auto' to serve others."
        return section("cost", title, tag("p", words))
    where, share = frontier.shares()
    ends: dict[str, Any] = {"low": frontier.low, "high": frontier.high}
    return section(
        "cost",
        title,
        picture(
            RoutingShareDisplay(
                frontier.classes, where, share, chosen=facts.cost_sensitivity, **ends
            ),
            (7.5, 4.4),
            "Share of queries that each model gets as cost sensitivity grows; see the table.",
            "Share of these queries that each model gets. Every change of choice is exact.",
        ),
        _share_table(facts, frontier, where, share),
    )


def _share_table(facts: Facts, frontier: Frontier, where: np.ndarray, share: np.ndarray) -> Markup:
    """Return shares at some of the changes, and where the router chooses."""
    own = facts.cost_sensitivity
    spread = np.quantile(where, [0.1, 0.3, 0.5, 0.7, 0.9]) if len(where) else np.empty(0)
    shown = np.unique(np.r_[frontier.low, spread, own])
    passed = np.searchsorted(frontier.cost_sensitivity, shown)
    shares = share[np.searchsorted(where, shown)]
    rows: list[list[object]] = [
        ["predicted dollars per 1,000", *map(per_thousand, frontier.mean_cost[passed])],
        ["predicted quality", *map(as_number, frontier.mean_quality[passed])],
    ]
    for k, model in enumerate(facts.models):
        rows.append([model, *(as_share(part, 1) for part in shares[:, k])])
    heads = [as_digits(value) + (" (here)" if value == own else "") for value in shown]
    caption = "Shares by cost sensitivity, with the router's own predictions"
    return table(caption, ["cost sensitivity", *heads], rows)


def method(facts: Facts) -> Markup:
    """Say how the figures came about."""
    value = facts.values[facts.router.name]
    if facts.logged:
        how = (
            "The log shows one model's answer per query, so that values are estimated: "
            f"{ESTIMATORS[value.method].title}, with full inverse propensities and outcome models "
            "that are cross-fitted on these rows and know nothing of the router. Today's policy is "
            "the mean of what the log shows."
        )
    else:
        how = (
            "The table shows every model's answer to every query, so that values are exact for "
            "these queries; intervals say how far others may differ. The best fixed model is the "
            "best of these very queries."
        )
    units = "groups" if facts.feedback.group is not None else "rows"
    how += f" Intervals are {facts.confidence:.0%} ones, over {value.n_clusters:,} independent "
    how += f"{units}."
    return section("method", "How this was worked out", tag("p", how))
