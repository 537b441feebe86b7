"""The section on where the router chooses otherwise than before."""

from __future__ import annotations

import numpy as np

from ._facts import Facts
from ._format import per_thousand, section, with_interval
from ._html import Markup, table, tag

_LONGEST_TEXT = 160


def changes(facts: Facts) -> Markup:
    """Show where the router chooses otherwise than the log, or than the best fixed model."""
    moved, models = facts.moved, facts.models
    before = "the log" if facts.logged else facts.compared_with
    total, kept = int(moved.sum()), int(np.trace(moved))
    lines = []
    names = [*models, "models unknown to the router"]
    for k, model in enumerate(names[: len(models) + bool(moved[-1].any())]):
        had, known = int(moved[k].sum()), k < len(models)
        gets, stays = (int(moved[:, k].sum()), int(moved[k, k])) if known else (0, 0)
        counts = [f"{count:,}" for count in (had, gets, gets - stays, had - stays)]
        lines.append([model, *counts, f"{(gets - had) / total:+.1%}"])
    columns = ["model", f"calls in {before}", "calls by the router", "gained", "lost", "change"]
    parts: list[object] = [
        tag(
            "p",
            f"For {total - kept:,} of {total:,} queries ({(total - kept) / total:.0%}) the router "
            f"chooses another model than {before}.",
        ),
        table("Calls gained and lost", columns, lines),
        _moves(facts),
    ]
    if facts.groups:
        parts.append(_groups(facts))
    if facts.examples:
        parts.append(_example_table(facts))
    return section("changes", "Where the router changes its mind", *parts)


def _moves(facts: Facts) -> Markup:
    """Return the most frequent changes from one model to another."""
    moved = facts.moved.copy()
    np.fill_diagonal(moved, 0)
    names = [*facts.models, "a model unknown to the router"]
    order = np.argsort(-moved, axis=None, kind="stable")[:8]
    pairs = zip(*np.unravel_index(order, moved.shape), strict=True)
    rows = [
        [names[i], names[j], f"{moved[i, j]:,}", f"{moved[i, j] / moved.sum():.0%}"]
        for i, j in pairs
        if moved[i, j]
    ]
    if not rows:
        return Markup("")
    columns = ["from", "to", "queries", "of all changes"]
    return table("Most frequent changes", columns, rows, text_columns=(1,))


def _groups(facts: Facts) -> Markup:
    rows = []
    for entry in facts.groups:
        cells: list[object] = [entry.group, f"{entry.n_rows:,}", f"{entry.share_changed:.0%}"]
        gain = entry.difference
        if gain is None:
            cells += ["–"] * 3
        else:
            cells += [
                with_interval(f"{gain.value:+.3f}", gain.low, gain.high, True),
                f"{gain.quality_difference:+.3f}",
                per_thousand(gain.cost_difference),
            ]
        rows.append(cells)
    more = facts.n_groups - len(facts.groups)
    caption = "Changes by group of queries" + (f" ({more:,} smaller ones left out)" if more else "")
    columns = ["group", "rows", "changed", f"utility over {facts.reference}", "quality"]
    return table(caption, [*columns, "dollars per 1,000 queries"], rows)


def _example_table(facts: Facts) -> Markup:
    rows, first = [], facts.examples[0]
    columns = ["row"]
    columns += ["group"] * (first.group is not None) + ["query"] * (first.text is not None)
    leading = len(columns)
    for example in facts.examples:
        cells: list[object] = [f"{example.row}"]
        if example.group is not None:
            cells.append(example.group)
        if example.text is not None:
            text = " ".join(example.text.split())
            cells.append(text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…")
        cells += [example.before, example.after]
        rows.append([*cells, f"{example.quality:+.3f}", per_thousand(example.cost)])
    columns += ["before" if not facts.logged else "log", "router", "predicted quality"]
    columns.append("predicted dollars per 1,000 queries")
    caption = "Rows with the largest gain that the router predicts (counted from 0)"
    return table(caption, columns, rows, text_columns=range(1, leading + 2))
