"""What answers cost: at the prices of the log or of a list, and what looks wrong about it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ._gather import Gathered
from ._prices import PriceList
from ._words import counted, listed

# Sizes by which costs in another unit are off: cents, per thousand and per million.
_UNITS = (100.0, 1e3, 1e6)
# Dollars per token of what is sold lie well within.
_CHEAPEST_TOKEN, _DEAREST_TOKEN = 1e-10, 2e-3
_DEAREST_ANSWER = 10.0
# By less a model's price has not moved.
_MOVED = 0.02
_BILL_SHARE, _BILL_ROWS = 0.5, 10


def reprice(
    log: Gathered, model: np.ndarray, names: Sequence[str], prices: PriceList
) -> tuple[np.ndarray, list[str]]:
    """Return dollars (n,) at the prices of a list, NaN where nothing is known, and notes.

    `model` (n,) says which of `names` a row's model is known by. Rows of priced models without
    tokens cost what was logged, times what prices have moved for that model. Models without a
    price keep their logged costs.
    """
    price, notes = _prices_of(log, model, names, prices)
    logged, at = log.cost, price[log.written]
    new = log.input_tokens * at[:, 0] + log.output_tokens * at[:, 1]
    has_new, has_old = ~np.isnan(new), ~np.isnan(logged)
    by_model = _Sums(model, len(names))
    # What was logged as free and is not tells nothing about what prices have moved.
    both = has_new & (logged > 0)
    old_sum, new_sum = by_model.sum(logged, both), by_model.sum(new, both)
    was_free = by_model.sum(new, has_new & (logged == 0)) > 0
    unknown = np.where(was_free, np.nan, 1.0)
    moved = np.divide(new_sum, old_sum, out=unknown, where=old_sum > 0)
    scaled = ~np.isnan(at[:, 0]) & ~has_new & has_old
    dollars = np.where(has_new, new, np.where(scaled, logged * moved[model], logged))
    all_rows = counted(len(new), "row")
    head = [f"{has_new.sum():,} of {all_rows} priced from their tokens by {prices.source}"]
    if scaled.any():
        head.append(
            f"{counted(int(scaled.sum()), 'row')} of priced models without tokens: the logged "
            "cost, times what the model's other rows cost now over what they cost then"
        )
    unit = _unit_of(logged[both], new[both])
    if unit is not None:
        notes.append(
            f"logged costs are about {unit} what tokens and prices imply: they seem to be in "
            "another unit than dollars"
        )
    else:
        notes += _movements(names, moved, old_sum)
    return dollars, head + notes


def _prices_of(
    log: Gathered, model: np.ndarray, names: Sequence[str], prices: PriceList
) -> tuple[np.ndarray, list[str]]:
    """Return the price of each name that the log has, (names, 2), NaN if none, and notes."""
    price = np.full((len(log.names), 2), np.nan)
    known_as = np.zeros(len(log.names), dtype=np.intp)
    known_as[log.written] = model
    other, without = [], []
    for code, name in enumerate(log.names):
        found = prices.find(name, names[known_as[code]])
        if found is None:
            without.append(code)
        else:
            price[code] = prices.by_name[found]
            if found != name:
                other.append(f"{name!r} as {found!r}")
    notes = [f"priced by a name that is not quite theirs: {', '.join(other)}"] if other else []
    kept = np.isin(log.written, without) & ~np.isnan(log.cost)
    if kept.any():
        unpriced = [log.names[code] for code in np.unique(log.written[kept])]
        notes.append(
            f"{prices.source}: no price of {listed(unpriced)}; logged costs are kept "
            f"({counted(int(kept.sum()), 'row')})"
        )
    return price, notes


class _Sums:
    """Sums of rows by model."""

    def __init__(self, model: np.ndarray, n_models: int) -> None:
        self.model, self.n_models = model, n_models

    def sum(self, values: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return np.bincount(self.model[rows], values[rows], self.n_models)


def _unit_of(logged: np.ndarray, implied: np.ndarray) -> str | None:
    """Return in words by which unit logged costs are off, if most of them are."""
    known = (logged > 0) & (implied > 0)
    if not known.any():
        return None
    ratio = float(np.median(logged[known] / implied[known]))
    for unit in _UNITS:
        if unit / 2 < ratio < unit * 2:
            return f"{unit:,.0f} times"
        if unit / 2 < 1 / ratio < unit * 2:
            return f"1 / {unit:,.0f} of"
    return None


def _movements(names: Sequence[str], moved: np.ndarray, old_sum: np.ndarray) -> list[str]:
    told = [
        f"{name!r} {times:.3g} times"
        for name, times, old in zip(names, moved.tolist(), old_sum.tolist(), strict=True)
        if old > 0 and abs(times - 1) > _MOVED
    ]
    return [f"what models cost now, against the log: {', '.join(told)}"] if told else []


def fill_by_model(
    values: np.ndarray, model: np.ndarray, names: Sequence[str], what: str
) -> tuple[np.ndarray, list[str]]:
    """Return values (n,) with the model's mean where one is missing, and notes.

    It stays NaN where no row of the model has one.
    """
    missing = np.isnan(values)
    if missing.all() or not missing.any():
        return values, []
    by_model = _Sums(model, len(names))
    count = by_model.sum(np.ones(len(values)), ~missing)
    mean = by_model.sum(values, ~missing) / np.where(count > 0, count, np.nan)
    filled = np.where(missing, mean[model], values)
    n_filled = int((missing & ~np.isnan(filled)).sum())
    notes = [f"{counted(n_filled, 'row')} without a {what}: the mean of the model stands in"]
    return filled, notes if n_filled else []


def doubts_about_costs(
    dollars: np.ndarray,
    tokens: np.ndarray,
    model: np.ndarray,
    names: Sequence[str],
    row: np.ndarray,
) -> list[str]:
    """Return notes on costs (n,) that look wrong; `tokens` (n,) are those in and out."""
    notes = _zero_costs(dollars, model, names)
    known = (dollars > 0) & (tokens > 0)
    if not known.any() and (dollars > 0).any():
        answer = float(np.median(dollars[dollars > 0]))
        if answer > _DEAREST_ANSWER:
            notes.append(
                f"an answer costs {answer:.3g} dollars in the median: costs seem to be in another "
                "unit than dollars"
            )
    if known.any():
        per_token = float(np.median(dollars[known] / tokens[known]))
        if not _CHEAPEST_TOKEN < per_token < _DEAREST_TOKEN:
            notes.append(
                f"costs are {per_token:.2g} per token in the median, {1e6 * per_token:,.2g} per "
                "million: no model is sold at that, so they seem to be in another unit than dollars"
            )
    bill = float(np.nansum(dollars))
    if len(dollars) >= _BILL_ROWS and bill > 0:
        most = int(np.nanargmax(dollars))
        share = float(dollars[most]) / bill
        if share > _BILL_SHARE:
            notes.append(
                f"one answer makes {share:.0%} of the bill: row {row[most]}, of "
                f"{names[model[most]]!r}, cost {dollars[most]:.4g} dollars"
            )
    return notes


def _zero_costs(dollars: np.ndarray, model: np.ndarray, names: Sequence[str]) -> list[str]:
    by_model = _Sums(model, len(names))
    rows = by_model.sum(np.ones(len(dollars)), ~np.isnan(dollars))
    zero = by_model.sum(np.ones(len(dollars)), dollars == 0)
    if not zero.any():
        return []
    told = [
        f"{count:,.0f} of {counted(round(total), 'row')} of {name!r}"
        for name, count, total in zip(names, zero.tolist(), rows.tolist(), strict=True)
        if count
    ]
    return [
        f"cost of 0: {', '.join(told)}; a model of your own, a cache, or a price that the log "
        "lacks? A router takes it for free"
    ]
