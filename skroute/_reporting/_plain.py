"""What the page says, as plain Python."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np

from .._version import __version__
from ..correction import BiasSummary
from ..metrics import PolicyDifference, PolicyValue
from ._changes import calls_by_model
from ._coverage import coverage_by_model
from ._facts import Facts
from ._first import verdict_in_words
from ._latency import Latency


def as_plain(
    facts: Facts, times: Latency | None, summary: BiasSummary | None, title: str
) -> dict[str, Any]:
    """Return the facts of the page: dicts, lists, str, bool, int, float and None for NaN."""
    return _plain(
        {
            "title": title,
            "version": __version__,
            "verdict": facts.verdict.answer,
            "reasons": facts.verdict.reasons,
            "in_words": verdict_in_words(facts),
            "notes": facts.notes,
            "history": None if facts.history is None else facts.history.sentences,
            "router": facts.router.name,
            "compared_with": facts.reference,
            "best_fixed_model": facts.best_fixed.removeprefix("always "),
            "models": facts.models,
            "n_rows": len(facts.feedback),
            "logged": facts.logged,
            "cost_sensitivity": facts.cost_sensitivity,
            "confidence": facts.confidence,
            "queries_a_month": facts.volume,
            "policies": {name: _value(value) for name, value in facts.values.items()},
            "changes": {
                name: _difference(gain, facts.volume) for name, gain in facts.against.items()
            },
            "bill_saved": {
                "of": facts.saved_from,
                "at": [
                    dict(zip(("quality_share", "value", "low", "high"), each, strict=True))
                    for each in facts.savings
                ],
            },
            "coverage": coverage_by_model(facts),
            "calls": calls_by_model(facts),
            "judge": None if summary is None else _bias(summary),
            "latency": {} if times is None else _latency(times),
        }
    )


def _value(value: PolicyValue) -> dict[str, Any]:
    return {
        "utility": {"value": value.value, "low": value.low, "high": value.high},
        "quality": value.mean_quality,
        "dollars_per_query": value.mean_cost,
        "effective_rows": value.effective_sample_size,
    }


def _difference(gain: PolicyDifference, volume: float | None) -> dict[str, Any]:
    cost = np.array([gain.cost_difference, gain.cost_low, gain.cost_high])
    bill = gain.b.mean_cost
    found = {
        "utility": _with_ends([gain.value, gain.low, gain.high]),
        "quality": _with_ends([gain.quality_difference, gain.quality_low, gain.quality_high]),
        "dollars_per_query": _with_ends(cost),
        "share_of_bill": gain.cost_difference / bill if bill > 0 else None,
    }
    return found if volume is None else found | {"dollars_a_month": _with_ends(volume * cost)}


def _latency(times: Latency) -> dict[str, Any]:
    return {
        name: {"seconds": _with_ends(seconds)}
        | ({"over_compared": _with_ends(times.over[name])} if name in times.over else {})
        for name, seconds in times.values.items()
    }


def _bias(summary: BiasSummary) -> dict[str, Any]:
    columns = ("model", "bias", "low", "high", "n_gold", "n_preference")
    parts = zip(*(getattr(summary, name).tolist() for name in columns), strict=True)
    bias = [dict(zip(columns, part, strict=True)) for part in parts]
    return {"bias": bias, "enough_gold": summary.enough_gold}


def _with_ends(values: Any) -> dict[str, Any]:
    return dict(zip(("value", "low", "high"), values, strict=True))


def _plain(value: Any) -> Any:
    """Return a value with nothing left of numpy, and None for what is not finite."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float) else str(value)
