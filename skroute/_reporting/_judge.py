"""What the judge gets wrong: preference labels beside gold ones."""

from __future__ import annotations

import numpy as np

from .._utils import as_interval, as_number
from ..correction import BiasSummary, bias_summary, can_compare
from ..feedback import Feedback
from ._facts import Facts
from ._html import Markup, section, table, tag


def judge_bias(facts: Facts) -> BiasSummary | None:
    """Return the mean bias of preference labels by model; None where no gold label shows it."""
    shown, rows = _compared(facts)
    if not can_compare(shown):
        return None
    queries = np.asarray(facts.router.policy.queries)[rows]
    return bias_summary(queries, shown, confidence=facts.confidence)


def _compared(facts: Facts) -> tuple[Feedback, np.ndarray]:
    """Return the judged rows, less those of models that the router does not know, and which."""
    feedback = facts.feedback
    rows = np.flatnonzero(feedback.action >= 0) if facts.logged else np.arange(len(feedback))
    return feedback.take(rows).judged_only(), rows


def judge(facts: Facts, summary: BiasSummary | None) -> Markup:
    """Show what `judge_bias` found."""
    if summary is None:
        return Markup("")
    shown, _ = _compared(facts)
    whose = "the queries that the model answered" if facts.logged else "all queries"
    return section(
        "judge",
        "What the judge gets wrong",
        tag(
            "p",
            f"The bias is the mean of gold minus preference quality over {whose}: above 0 the "
            "judge is too strict with the model, below 0 too kind.",
        ),
        table(
            "Bias of the judge",
            ["model", "mean bias", f"{facts.confidence:.0%} interval", "gold", "preference"],
            [_row(summary, k) for k in range(len(summary.model))],
        ),
        tag(
            "p",
            f"About {summary.enough_gold:,} gold labels would tell the mean bias of all models to "
            "within a tenth of the range of the labels; these rows have "
            f"{np.count_nonzero(shown.gold & (shown.weight > 0)):,}.",
        ),
    )


def _row(summary: BiasSummary, k: int) -> list[object]:
    mean, low, high = summary.bias[k], summary.low[k], summary.high[k]
    return [
        summary.model[k],
        as_number(mean, low, high, signed=True),
        as_interval(low, high, mean, signed=True),
        f"{summary.n_gold[k]:,}",
        f"{summary.n_preference[k]:,}",
    ]
