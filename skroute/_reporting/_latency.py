"""How long answers take: seconds per query of every policy, estimated as cost is."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._utils import as_interval, as_number, as_numbers, describe, take_rows
from ..feedback import Feedback, as_matrix
from ..metrics import (
    PolicyDifference,
    PolicyValue,
    evaluation_predictions,
    policy_difference,
    policy_value,
)
from ._html import Markup, section, table, tag, with_interval

if TYPE_CHECKING:
    from ._facts import Facts


class MeanLatency(NamedTuple):
    """Mean seconds per query.

    Attributes
    ----------
    seconds : float
    low, high : float
        Ends of the confidence interval; NaN where it is not known.
    """

    seconds: float
    low: float
    high: float

    def __repr__(self) -> str:
        return describe(self)

    @classmethod
    def of(cls, result: PolicyValue | PolicyDifference) -> MeanLatency:
        """Read it off the value of a table whose utility is minus the seconds."""
        # Taken from 0, so that nothing is -0.
        return cls(0.0 - result.value, 0.0 - result.high, 0.0 - result.low)


@dataclass(frozen=True)
class Latency:
    """Seconds per query of all policies.

    Attributes
    ----------
    values : dict from str to MeanLatency
        Of every policy.
    over : dict from str to MeanLatency
        The difference to the reference, of every other policy.
    """

    values: dict[str, MeanLatency]
    over: dict[str, MeanLatency]


def read_latency(latency: Any, feedback: Feedback) -> np.ndarray:
    """Return checked seconds, (n,) of the logged answers or (n, K) of all; NaN: not measured."""
    least: dict[str, Any] = {"minimum": 0.0}
    if not feedback.logged:
        seconds = as_matrix("latency", latency, [str(c) for c in feedback.classes], **least)
    else:
        seconds = as_numbers("latency", latency, nan_means="it was not measured", **least)
    if len(seconds) != len(feedback):
        raise ValueError(f"latency has {len(seconds)} rows but y has {len(feedback)}")
    if np.isnan(seconds).all():
        raise ValueError(f"latency is NaN in all {len(seconds)} rows; leave it out")
    return seconds.astype(np.float64)


def value_latency(facts: Facts, seconds: np.ndarray) -> Latency:
    """Value the seconds, (n,) or (n, K), of every policy: utility is minus them alone."""
    rows = np.flatnonzero(~np.isnan(seconds)) if facts.logged else np.arange(len(seconds))
    if len(rows) < len(seconds):
        facts.notes.append(
            f"Latency is known of {len(rows):,} of {len(seconds):,} rows; seconds are those of "
            "these rows."
        )
    timed = facts.feedback.take(rows)
    timed = replace(
        timed,
        quality=np.zeros(seconds[rows].shape),
        cost=seconds[rows],
        gold=np.ones(len(rows), dtype=bool),
        preference=np.full(len(rows), np.nan) if facts.logged else None,
    )
    with warnings.catch_warnings():
        # All that they say is noted of the values already.
        warnings.simplefilter("ignore")
        queries = take_rows(facts.router.policy.queries, rows)
        known: dict[str, Any] = evaluation_predictions(queries, timed, models=facts.router.classes)
        if facts.logged:
            known["propensity"] = facts.known["propensity"][rows]
        options = {"cost_sensitivity": 1.0, "confidence": facts.confidence, **known}
        chosen = {
            name: None if labels is None else labels[rows]
            for name, labels in facts.policies.items()
        }
        values = {name: policy_value(timed, labels, **options) for name, labels in chosen.items()}
        over = {
            name: policy_difference(timed, labels, chosen[facts.reference], **options)
            for name, labels in chosen.items()
            if name != facts.reference
        }
    return Latency(
        {name: MeanLatency.of(value) for name, value in values.items()},
        {name: MeanLatency.of(difference) for name, difference in over.items()},
    )


def latency_in_words(facts: Facts, latency: Latency) -> Markup:
    """Say in a sentence how long the router's answers take."""
    name = facts.router.name
    new, old, over = latency.values[name], latency.values[facts.reference], latency.over[name]
    ends = as_interval(over.low, over.high, over.seconds, signed=True)
    return tag(
        "p",
        f"{name}'s answers take {as_number(new.seconds)} seconds on average, those of "
        f"{facts.compared_with} {as_number(old.seconds)}: a difference of "
        f"{as_number(over.seconds, over.low, over.high, signed=True)} ({facts.confidence:.0%} "
        f"interval: {ends}).",
    )


def latencies(facts: Facts, latency: Latency) -> Markup:
    """Show the seconds of every policy, and the difference to the reference."""
    rows: list[list[object]] = []
    for name, value in latency.values.items():
        over = latency.over.get(name)
        difference = "–" if over is None else with_interval(*over, signed=True)
        rows.append([name, with_interval(*value), difference])
    how = "estimated from the log's answers as cost is" if facts.logged else "measured"
    return section(
        "latency",
        "How long answers take",
        tag(
            "p",
            f"Mean seconds per query, {how}. What waiting is worth is part of the choice only if "
            "the router was fitted with a price per second in its costs.",
        ),
        latency_in_words(facts, latency),
        table(
            "Seconds per query",
            ["policy", "seconds", f"over {facts.reference}"],
            rows,
            strong=[list(latency.values).index(facts.router.name)],
        ),
    )
