"""The section on where the router chooses otherwise than before."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._utils import as_number, as_share, per_thousand, short_labels, take_rows
from ._facts import Facts
from ._html import Markup, section, table, tag, with_interval

_LONGEST_TEXT = 160
_MOST_GROUPS = 20
# Examples are found among so many rows.
_MOST_EXAMPLES = 20_000


def changes(facts: Facts, n_examples: int) -> Markup:
    """Show where the router chooses otherwise than what it is compared with."""
    moved, models = _moved(facts), facts.models
    before = _before(facts)
    total, kept = int(moved.sum()), int(np.trace(moved))
    lines = []
    for calls in calls_by_model(facts):
        had, gets, stays = calls["before"], calls["router"], calls["kept"]
        counts = [f"{count:,}" for count in (had, gets, gets - stays, had - stays)]
        share = as_share((gets - had) / total, 1, signed=True)
        lines.append([calls["model"], *counts, share])
    columns = [
        "model",
        f"calls in {before}",
        "calls by the router",
        "gained",
        "lost",
        "of all calls",
    ]
    parts: list[object] = [
        tag(
            "p",
            f"For {total - kept:,} of {total:,} queries ({as_share(1 - kept / total)}) the router "
            f"chooses another model than {before}.",
        ),
        table("Calls gained and lost", columns, lines),
        _most_frequent(moved, models),
        _groups(facts),
        _examples(facts, n_examples),
    ]
    return section("changes", "Where the router changes its mind", *parts)


def calls_by_model(facts: Facts) -> list[dict[str, Any]]:
    """Count the calls of each model before, by the router, and those that stay with it."""
    moved, models = _moved(facts), facts.models
    calls: list[dict[str, Any]] = [
        {
            "model": model,
            "before": int(moved[k].sum()),
            "router": int(moved[:, k].sum()),
            "kept": int(moved[k, k]),
        }
        for k, model in enumerate(models)
    ]
    if moved[-1].any():
        unknown = {"before": int(moved[-1].sum()), "router": 0, "kept": 0}
        calls.append({"model": "models unknown to the router", **unknown})
    return calls


def _before(facts: Facts) -> str:
    return "the log" if facts.policies[facts.reference] is None else facts.compared_with


def _moved(facts: Facts) -> np.ndarray:
    """Count rows (K + 1, K) by model of the reference, unknown ones last, and of the router."""
    n_models = len(facts.models)
    place = np.where(facts.before < 0, n_models, facts.before) * n_models + facts.after
    return np.bincount(place, minlength=(n_models + 1) * n_models).reshape(-1, n_models)


def _most_frequent(moved: np.ndarray, models: list[str]) -> Markup:
    """Return the most frequent changes from one model to another."""
    moved = moved.copy()
    np.fill_diagonal(moved, 0)
    names = [*models, "a model unknown to the router"]
    order = np.argsort(-moved, axis=None, kind="stable")[:8]
    pairs = zip(*np.unravel_index(order, moved.shape), strict=True)
    rows = [
        [names[i], names[j], f"{moved[i, j]:,}", as_share(moved[i, j] / moved.sum())]
        for i, j in pairs
        if moved[i, j]
    ]
    if not rows:
        return Markup("")
    columns = ["from", "to", "queries", "of all changes"]
    return table("Most frequent changes", columns, rows, text_columns=(1,))


def _groups(facts: Facts) -> Markup:
    """Return what changes for the largest groups of queries."""
    if facts.by is None:
        return Markup("")
    names, code, count = np.unique(facts.by, return_inverse=True, return_counts=True)
    shown = short_labels(names)
    changed, cells = facts.before != facts.after, []
    for g in np.argsort(-count, kind="stable")[:_MOST_GROUPS]:
        rows = np.flatnonzero(code.reshape(-1) == g)
        cells.append([shown[str(names[g])], f"{len(rows):,}", as_share(changed[rows].mean())])
        if not facts.feedback.weight[rows].any():
            cells[-1] += ["–"] * 3
            continue
        gain = facts.difference(facts.router.name, rows)
        quality, _ = facts.quality_change(
            gain.quality_difference, gain.quality_low, gain.quality_high
        )
        cells[-1] += [
            with_interval(gain.value, gain.low, gain.high, signed=True),
            quality,
            per_thousand(gain.cost_difference, gain.cost_low, gain.cost_high, signed=True),
        ]
    more = len(names) - len(cells)
    caption = "Changes by group of queries" + (f" ({more:,} smaller ones left out)" if more else "")
    columns = ["group", "rows", "changed", f"utility over {facts.reference}", "quality"]
    return table(caption, [*columns, "dollars per 1,000 queries"], cells)


def _examples(facts: Facts, n_examples: int) -> Markup:
    """Return the rows for which the router predicts most gain from choosing another model."""
    rows = np.flatnonzero((facts.before >= 0) & (facts.before != facts.after))
    router, X = facts.router.router, facts.router.policy.X
    if not hasattr(router, "predict_quality") or not n_examples or not len(rows):
        return Markup("")
    drawn = ""
    if len(rows) > _MOST_EXAMPLES:
        rows = np.sort(np.random.RandomState(0).choice(rows, _MOST_EXAMPLES, replace=False))
        drawn = f" among {_MOST_EXAMPLES:,} drawn at random"
    queries, place = take_rows(X, rows), np.arange(len(rows))
    better, dearer = (
        part[place, facts.after[rows]].astype(np.float64) - part[place, facts.before[rows]]
        for part in (router.predict_quality(queries), router.predict_cost(queries))
    )
    best = np.argsort(-(better - facts.cost_sensitivity * dearer), kind="stable")[:n_examples]
    columns, described = ["row"], []
    if facts.by is not None:
        columns.append("group")
        shown = short_labels(np.unique(facts.by))
        described.append([shown[str(group)] for group in facts.by[rows[best]]])
    if facts.text is not None:
        columns.append("query")
        described.append([_shorten(text) for text in facts.text[rows[best]]])
    lines = [
        [
            f"{rows[i]}",
            *(texts[place] for texts in described),
            facts.models[facts.before[rows[i]]],
            facts.models[facts.after[rows[i]]],
            as_number(better[i], signed=True),
            per_thousand(dearer[i], signed=True),
        ]
        for place, i in enumerate(best)
    ]
    text_columns = range(1, len(columns) + 2)
    columns += ["log" if _before(facts) == "the log" else "before", "router", "predicted quality"]
    columns.append("predicted dollars per 1,000 queries")
    caption = f"Rows with the largest gain that the router predicts{drawn} (counted from 0)"
    return table(caption, columns, lines, text_columns=text_columns)


def _shorten(text: object) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= _LONGEST_TEXT else line[: _LONGEST_TEXT - 1] + "…"
