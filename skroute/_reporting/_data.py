"""What of the data itself looks wrong, as notes of the page."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .._logs import find_spellings
from .._utils import as_digits, as_dollars, as_share, listed, printable
from ..feedback import Feedback

# A row with more of the bill than all others, where there are some.
_BILL_SHARE, _FEWEST_ROWS = 0.5, 10
# Dollars of an answer: no model is that dear.
_DEAREST_ANSWER = 10.0


def doubts_about_data(feedback: Feedback, table: Iterable[str], router: Iterable[str]) -> list[str]:
    """Return notes on costs, quality and names of models; `table` and `router` are their names."""
    names = [*dict.fromkeys([*table, *router])]
    return [
        *_zero_costs(feedback),
        *_large_costs(feedback),
        *_odd_quality(feedback),
        *_two_spellings(names),
    ]


def _zero_costs(feedback: Feedback) -> list[str]:
    cost = feedback.cost[feedback.weight > 0]
    free = cost == 0
    if not free.any() or free.all():
        return []
    models = [str(label) for label in feedback.classes]
    if feedback.action is None:
        count, total = free.sum(axis=0), np.full(len(models), len(free))
    else:
        action = feedback.action[feedback.weight > 0]
        known = action >= 0
        count, total = (
            np.bincount(action[rows], minlength=len(models)) for rows in (known & free, known)
        )
    told = [
        f"{n:,} of {of:,} of {printable(model)}"
        for model, n, of in zip(models, count.tolist(), total.tolist(), strict=True)
        if n
    ]
    return [
        f"Some answers cost 0: {', '.join(told)}. A model of your own, a cache, or a price that is "
        "missing? They count as free."
    ] * bool(told)


def _large_costs(feedback: Feedback) -> list[str]:
    cost, notes = feedback.cost.astype(np.float64), []
    cost[feedback.weight == 0] = 0.0
    bill = float(cost.sum())
    if not bill > 0:
        return []
    middle = float(np.median(cost[cost > 0]))
    if middle > _DEAREST_ANSWER:
        notes.append(
            f"An answer costs {as_dollars(middle)} in the median: are costs in dollars, and not in "
            "cents or for 1,000 queries?"
        )
    by_row = cost if cost.ndim == 1 else cost.sum(axis=1)
    row = int(by_row.argmax())
    share = float(by_row[row]) / bill
    if share > _BILL_SHARE and len(by_row) >= _FEWEST_ROWS:
        notes.append(
            f"Row {row} (counted from 0) has {as_share(share)} of the bill, "
            f"{as_dollars(by_row[row])}: what is said of costs is said of this row. Is it right?"
        )
    return notes


def _odd_quality(feedback: Feedback) -> list[str]:
    known = feedback.quality[~np.isnan(feedback.quality)]
    outside = (known < 0) | (known > 1)
    if not outside.any():
        return []
    ends = f"{as_digits(float(known.min()))} to {as_digits(float(known.max()))}"
    return [
        f"Quality goes from {ends} ({as_share(outside.mean())} of the labels are outside of 0 to "
        "1): differences are in its units, not in points, and the cost sensitivity too."
    ]


def _two_spellings(names: list[str]) -> list[str]:
    pairs = [
        f"{printable(name)} and {printable(other)}"
        for name, other in find_spellings(dict.fromkeys(names, 1)).items()
    ]
    if not pairs:
        return []
    return [
        "Names that differ in case, blanks or a provider's prefix alone count as different models: "
        f"{listed(pairs, 5)}. If they are one, give them one name."
    ]
