"""The sections of the page, each from the facts to HTML."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from .._utils import (
    QUERIES,
    as_digits,
    as_dollars,
    as_interval,
    as_number,
    as_share,
    per_thousand,
)
from ..metrics import ESTIMATORS, MIN_ESTIMATED_PROPENSITY, CostQualityCurve, cost_quality_curve
from ..nuisance import Overlap
from ..plots import CostQualityDisplay, OverlapDisplay, PolicyValueDisplay, RoutingShareDisplay
from ..routers import Frontier
from ._facts import Facts
from ._html import Markup, join, picture, section, table, tag, with_interval

# Of the curve of cost against quality.
_N_POINTS = 20


def summary(facts: Facts) -> Markup:
    """Say in a few sentences what the router is worth."""
    gain, name = facts.differences[facts.router.name], facts.router.name
    new, old = gain.a, gain.b
    ends = as_interval(gain.low, gain.high, gain.value, signed=True)
    over = as_number(gain.value, gain.low, gain.high, signed=True)
    sentences = [
        f"{name} has a mean utility of {as_number(new.value)} a query, {over} against "
        f"{facts.compared_with} ({facts.confidence:.0%} interval: {ends}). ",
        tag("strong", _conclusion(facts)),
    ]
    worth, low, high = gain.dollars_per_thousand_queries
    spent = [
        f"Its answers cost {per_thousand(new.mean_cost)} per 1,000 queries at a mean quality of "
        f"{as_number(new.mean_quality)}; those of {facts.compared_with} cost "
        f"{per_thousand(old.mean_cost)} at {as_number(old.mean_quality)}."
    ]
    if math.isfinite(worth):
        spent.append(
            f" At equal quality, the difference would be worth {as_dollars(worth)} per 1,000 "
            f"queries ({as_interval(low, high, write=as_dollars)})."
        )
    if facts.volume is not None:
        spent.append(_by_month(facts, facts.volume))
    return join([tag("p", *sentences, class_="verdict"), tag("p", *spent)])


def _by_month(facts: Facts, volume: float) -> str:
    """Say what bills and the difference come to at a number of queries a month."""
    gain = facts.differences[facts.router.name]
    new, old = (as_dollars(volume * value.mean_cost) for value in (gain.a, gain.b))
    words = f" At {volume:,.0f} queries a month the bill is {new} in place of {old} a month"
    worth, low, high = (volume / QUERIES * each for each in gain.dollars_per_thousand_queries)
    if not math.isfinite(worth):
        return words + "."
    ends = as_interval(low, high, write=as_dollars)
    return f"{words}, and the difference in utility worth {as_dollars(worth)} a month ({ends})."


def _conclusion(facts: Facts) -> str:
    """Say what the verdict is, and why it is unclear."""
    every = facts.reference not in facts.fixed
    return facts.verdict.about("it", facts.compared_with, every_fixed=every)


def notes(facts: Facts) -> Markup:
    """List what to be careful about."""
    if not facts.notes:
        return tag("p", "Nothing in the table speaks against these figures.")
    listed = tag("ul", *(tag("li", note) for note in facts.notes))
    return tag("div", listed, class_="notes", role="note")


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
            worth = with_interval(dollars, low, high, as_dollars)
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


def costs(facts: Facts, budget: float | None) -> Markup:
    """Show what the router reaches at other cost sensitivities, and who gets what."""
    title, frontier = "Cost and quality at other cost sensitivities", facts.frontier
    if frontier is None:
        words = "This router does not predict quality and cost, so that it has no frontier."
        return section("cost", title, tag("p", words))
    how = "estimated" if facts.logged else "measured"
    parts: list[object] = [
        picture(
            _curves(facts, frontier, budget),
            (7.5, 4.8),
            "Mean quality against cost of the router and of each fixed model.",
            f"Mean cost and quality, {how} on these rows, as cost sensitivity grows from right to "
            "left; the star is where the router chooses"
            + (" to meet the budget." if budget is not None else "."),
        )
    ]
    if frontier.low == frontier.high:
        words = "The router serves one cost sensitivity. Fit it with knots='auto' to serve others."
        return section("cost", title, *parts, tag("p", words))
    where, share = frontier.shares()
    ends: dict[str, Any] = {"low": frontier.low, "high": frontier.high}
    parts += [
        tag("h3", "Who gets what"),
        picture(
            RoutingShareDisplay(
                frontier.classes, where, share, chosen=facts.cost_sensitivity, **ends
            ),
            (7.5, 4.4),
            "Share of queries that each model gets as cost sensitivity grows; see the table.",
            "Share of these queries that each model gets. Every change of choice is exact.",
        ),
        _share_table(facts, frontier, where, share),
    ]
    return section("cost", title, *parts)


def _curves(facts: Facts, frontier: Frontier, budget: float | None) -> CostQualityDisplay:
    """Value what the router chooses along its frontier, and the fixed models."""
    name = facts.router.name
    chosen = facts.policies[name]
    if budget is not None:
        chosen = frontier.choice_at(frontier.within_budget(budget).cost_sensitivity)

    def value(policies: list[Any]) -> CostQualityCurve:
        with warnings.catch_warnings():
            # Noted for the policies of the first table.
            warnings.simplefilter("ignore")
            return cost_quality_curve(facts.feedback, policies, **facts.known)

    return CostQualityDisplay(
        {name: value(frontier.choices(_N_POINTS))},
        fixed=value([facts.policies[fixed] for fixed in facts.fixed]),
        models=[fixed.removeprefix("always ") for fixed in facts.fixed],
        chosen={name: value([chosen])},
        budget=budget,
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


def coverage(facts: Facts) -> Markup:
    """Show how many rows speak for each model."""
    title = "How well the log covers each model"
    if not facts.logged:
        words = "The table shows every model's outcome on every query, so that values are exact."
        return section("overlap", title, tag("p", words))
    rows = np.flatnonzero((facts.feedback.action >= 0) & (facts.feedback.weight > 0))
    if not len(rows):
        return section("overlap", title, tag("p", "The log shows none of the router's models."))
    action, weight = facts.feedback.action[rows], facts.feedback.weight[rows]
    propensity, least = facts.known["propensity"][rows], MIN_ESTIMATED_PROPENSITY
    overlap = Overlap.of(action, propensity, weight, len(facts.models), least)
    # The propensities have been raised already.
    overlap = replace(overlap, share_clipped=facts.share_clipped)
    display = OverlapDisplay(facts.models, action, propensity, overlap, min_propensity=least)
    training = getattr(facts.router.policy.innermost, "overlap_", None)
    columns = ["model", "rows", "effective rows", "smallest propensity", "median propensity"]
    if training is not None:
        columns.append("effective rows in training")
    lines = []
    for k, model in enumerate(facts.models):
        own = propensity[action == k]
        cells: list[object] = [model, f"{len(own):,}"]
        cells.append(f"{overlap.effective_sample_size[k]:,.1f}")
        cells += (
            [as_digits(value, 3) for value in (own.min(), np.median(own))]
            if len(own)
            else ["–", "–"]
        )
        if training is not None:
            cells.append(f"{training.effective_sample_size[k]:,.1f}")
        lines.append(cells)
    return section(
        "overlap",
        title,
        tag(
            "p",
            "A model that the log seldom chose, or only for some queries, is hard to value: few "
            "rows have to speak for all. Effective rows are as many uniformly drawn rows as would "
            "be worth as much.",
        ),
        table("Coverage of each model", columns, lines),
        picture(
            display,
            (7.5, 1.4 + 0.42 * len(facts.models)),
            "Propensities of the logged models; the table above sums them up.",
            "Probability with which the log chose the model it shows: the box holds half of the "
            "rows, the line nine tenths, the dot is the smallest.",
        ),
    )


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
    terms = [
        ("utility", "Quality minus cost sensitivity times cost in dollars per query."),
        (
            "worth per 1,000 queries",
            "The difference in utility over the cost sensitivity: the saving that would be worth "
            "as much at equal quality.",
        ),
        ("intervals", f"At {facts.confidence:.0%}, over {value.n_clusters:,} independent {units}."),
    ]
    defined = tag("dl", *(part for t, d in terms for part in (tag("dt", t), tag("dd", d))))
    return section("method", "How this was worked out", tag("p", how), defined)
