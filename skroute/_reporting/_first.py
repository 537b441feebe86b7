"""The first screen, for who signs: a verdict, the numbers behind it, one picture."""

from __future__ import annotations

import math

import numpy as np

from .._utils import QUERIES, as_digits, as_dollars, as_interval, as_number, as_share, per_thousand
from ..metrics import CostQualityCurve, PolicyDifference
from ..plots import CostQualityDisplay
from ._facts import Facts
from ._floor import QualityFloor
from ._html import Markup, join, picture, table, tag, with_interval
from ._latency import Latency
from ._verdict import HOLDS_ZERO

# Of the range of the quality: a difference that surely is no larger does not matter.
_AS_GOOD = 0.02


def first_screen(
    facts: Facts,
    times: Latency | None,
    floor: QualityFloor | None,
    title: str,
    budget: float | None,
) -> Markup:
    """Return the head of the page."""
    head, *rest = verdict_in_words(facts)
    return tag(
        "header",
        tag("h1", title),
        tag(
            "p",
            f"{facts.router.name} on {len(facts.feedback):,} "
            f"{'logged' if facts.logged else 'fully measured'} queries, {len(facts.models)} models",
            class_="about",
        ),
        tag("p", tag("strong", head), *(f" {sentence}" for sentence in rest), class_="verdict"),
        Markup("") if floor is None else tag("p", floor.sentence(facts.router.name)),
        tag("div", *numbers(facts, times), class_="numbers"),
        _picture(facts, budget),
        _against(facts),
        tag("p", _terms(facts), class_="terms"),
        class_="first",
    )


def verdict_in_words(facts: Facts) -> list[str]:
    """Say in sentences what may be concluded, the most important one first."""
    verdict, name, than = facts.verdict, facts.router.name, facts.compared_with
    of_all = facts.reference in facts.fixed
    if verdict.answer == "better":
        return [verdict.about(name, than, every_fixed=not of_all)]
    if verdict.doubts:
        return [f"It is unclear whether {name} is better than {than}: {'; '.join(verdict.doubts)}."]
    rival = _rival_in_words(facts)
    if verdict.answer == "worse":
        return [verdict.about(name, than, every_fixed=False), *rival]
    if of_all and rival:
        return rival
    if verdict.gain == "better":
        return [*rival, f"{name} is better than {than}, as far as these rows tell."]
    return [*rival, f"It is unclear whether {name} is better than {than}: {HOLDS_ZERO}."]


def _rival_in_words(facts: Facts) -> list[str]:
    """Say that one model for all queries may do as well, where no test says otherwise."""
    if not facts.verdict.rivals:
        return []
    name = min(facts.verdict.rivals, key=lambda rival: facts.over_fixed[rival].value)
    over = facts.against.get(name, facts.over_fixed[name])
    model, router = name.removeprefix("always "), facts.router.name
    if over.high < 0:
        does = "does better than"
    else:
        known = name not in facts.poor and math.isfinite(over.high)
        close = over.value <= 0 or over.high <= _AS_GOOD * facts.range_of_quality
        does = "does as well as" if known and close else "may do as well as"
    new, old = (per_thousand(value.mean_cost) for value in (over.a, over.b))
    if (facts.after == facts.after[0]).all() and facts.models[facts.after[0]] == model:
        return [
            f"Sending everything to {model} does as well as {router}, which does just that, at "
            f"{new} per 1,000 queries."
        ]
    return [
        f"Sending everything to {model} {does} {router}, as far as these rows tell, at {old} per "
        f"1,000 queries in place of {new}."
    ]


def numbers(facts: Facts, times: Latency | None) -> list[Markup]:
    """Return what changes in quality, bill and waiting, and what equal quality would save."""
    gain, name = facts.against[facts.reference], facts.compared_with
    change, ends = facts.quality_change(
        gain.quality_difference, gain.quality_low, gain.quality_high
    )
    scale = ", on a scale from 0 to 1 (a point is a hundredth of it)" * facts.in_points
    found = [
        _number(
            "Quality",
            change,
            _ends(facts, ends),
            f"{as_number(gain.a.mean_quality)} in place of {as_number(gain.b.mean_quality)} with "
            f"{name}{scale}",
        ),
        _bill(facts, gain),
    ]
    if facts.curve[1] is not None:
        found.append(_saved(facts))
    if times is not None:
        new, old = (times.values[each].seconds for each in (facts.router.name, facts.reference))
        over = times.over[facts.router.name]
        found.append(
            _number(
                "Seconds for a query",
                as_number(*over, signed=True),
                _ends(facts, as_interval(over.low, over.high, over.seconds, signed=True)),
                f"{as_number(new)} in place of {as_number(old)} with {name}",
            )
        )
    return found


def _bill(facts: Facts, gain: PolicyDifference) -> Markup:
    """Return what the bill changes by, of a month where their queries are known."""
    month = facts.volume is not None
    scale = facts.volume if facts.volume is not None else QUERIES
    ends = [scale * each for each in (gain.cost_low, gain.cost_high)]
    change = scale * gain.cost_difference
    new, old = (as_dollars(scale * value.mean_cost) for value in (gain.a, gain.b))
    share = relative_cost(gain)
    return _number(
        "Bill a month" if month else "Bill for 1,000 queries",
        as_dollars(change, *ends, signed=True),
        _ends(facts, as_interval(*ends, change, write=as_dollars, signed=True)),
        f"{new} in place of {old}" + ("" if share is None else f", {share}"),
    )


def relative_cost(gain: PolicyDifference) -> str | None:
    """Return the change of the bill as a percentage of it; None where there is none."""
    if not gain.b.mean_cost > 0:
        return None
    return as_share(gain.cost_difference / gain.b.mean_cost, signed=True)


def _saved(facts: Facts) -> Markup:
    (equal, ends), *others = [saving_in_words(*each[1:]) for each in facts.savings]
    less = "".join(
        f". At {wanted:.0%} of the quality: {share}" + (f" ({interval})" if interval else "")
        for (wanted, *_), (share, interval) in zip(facts.savings[1:], others, strict=True)
    )
    return _number(
        "Bill saved at equal quality",
        equal,
        _ends(facts, ends) if ends else "no cost sensitivity reaches it",
        f"of the bill of {facts.called(facts.saved_from)}, at another cost sensitivity{less}",
    )


def saving_in_words(share: float, low: float, high: float) -> tuple[str, str]:
    """Return a share of the bill that is saved, and its interval."""
    if math.isnan(share):
        return "not reached", f"up to {as_share(high)}" if math.isfinite(high) else ""
    if not math.isfinite(low):
        return as_share(share), f"up to {as_share(high)}, none is sure"
    return as_share(share), f"{as_share(low)} to {as_share(high)}"


def _number(what: str, figure: str, ends: str, more: str) -> Markup:
    return tag(
        "div",
        tag("p", what, class_="what"),
        tag("p", figure, class_="figure"),
        tag("p", ends, class_="ends"),
        tag("p", more, class_="more"),
        class_="number",
    )


def _ends(facts: Facts, ends: str) -> str:
    return f"{facts.confidence:.0%} interval: {ends}"


def _against(facts: Facts) -> Markup:
    """Compare the router with what it is measured by, in quality, dollars and utility."""
    rows = []
    for name, gain in facts.against.items():
        quality, ends = facts.quality_change(
            gain.quality_difference, gain.quality_low, gain.quality_high
        )
        bill = gain.cost_difference, gain.cost_low, gain.cost_high
        month = [] if facts.volume is None else [_signed_dollars(facts.volume, bill)]
        rows.append(
            [
                facts.called(name),
                join([quality, " ", tag("small", f"({ends})")]),
                _signed_dollars(QUERIES, bill, relative_cost(gain)),
                *month,
                with_interval(gain.value, gain.low, gain.high, signed=True),
            ]
        )
    columns = ["against", "quality", "dollars for 1,000 queries"]
    columns += [] if facts.volume is None else [f"dollars a month ({facts.volume:,.0f} queries)"]
    return table(f"What {facts.router.name} changes", [*columns, "utility"], rows)


def _signed_dollars(
    scale: float, change: tuple[float, float, float], share: str | None = None
) -> Markup:
    value, low, high = (scale * each for each in change)
    ends = as_interval(low, high, value, write=as_dollars, signed=True)
    relative = "" if share is None else f", {share}"
    figure = as_dollars(value, low, high, signed=True)
    return join([figure, relative, " ", tag("small", f"({ends})")])


def _terms(facts: Facts) -> str:
    """Explain what stands above where it first stands."""
    rate = facts.cost_sensitivity
    worth = ""
    if rate > 0:
        step = "one point" if facts.in_points else "0.01"
        worth = (
            f", so that {step} of quality is worth {per_thousand(0.01 / rate)} for 1,000 queries"
        )
    several = len(facts.fixed)
    picked = (
        f" Those of the best fixed model allow for its being picked by these rows among {several}."
    ) * (several > 1)
    return (
        f"Utility is quality minus the cost sensitivity, {as_digits(rate)}, times the cost of a "
        f"query in dollars{worth}. In brackets: {facts.confidence:.0%} intervals of the change, "
        f"query by query.{picked}"
    )


def _picture(facts: Facts, budget: float | None) -> Markup:
    """Draw cost and quality of the router's settings, of today's policy and of fixed models."""
    name, frontier = facts.router.name, facts.frontier
    chosen = facts.policies[name]
    if budget is not None and frontier is not None:
        chosen = frontier.choice_at(frontier.within_budget(budget).cost_sensitivity)
    curves = {name: facts.curve[0]}
    for other in facts.against:
        if other not in facts.fixed:
            value = facts.values[other]
            curves[other] = CostQualityCurve(
                np.array([value.mean_cost]), np.array([value.mean_quality])
            )
    star = "star is where it chooses" + (" to meet the budget." if budget is not None else ".")
    line = "The "
    if frontier is not None and frontier.low < frontier.high:
        line = (
            "The line is what the router reaches at other cost sensitivities, which grow from "
            "right to left; the "
        )
    how = "estimated" if facts.logged else "measured"
    return picture(
        CostQualityDisplay(
            curves,
            fixed=facts.points_on_curve([facts.policies[fixed] for fixed in facts.fixed]),
            models=[fixed.removeprefix("always ") for fixed in facts.fixed],
            chosen={name: facts.points_on_curve([chosen])},
            budget=budget,
        ),
        (7.5, 3.6),
        "Mean quality against cost of the router, and of each fixed model.",
        f"Mean cost and quality, {how} on these rows. {line}{star}",
    )
