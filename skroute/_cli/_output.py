"""What was compared, as a printed table, a CSV file and a picture."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from .._utils import QUERIES, as_interval, as_number, printable, short_names
from ..metrics import CostQualityCurve
from ..plots import CostQualityDisplay
from ._comparison import Comparison
from ._held_out import Row


def table(comparison: Comparison) -> str:
    """Return the rows of a comparison as aligned text."""
    exact = comparison.rows[0].regret is not None
    columns = ["policy", "quality", "$/1,000 queries", "utility"]
    columns += (
        ["regret", "saved"] if exact else ["95% interval", "over today", "95% interval", "rows"]
    )
    shown = short_names(comparison.fixed)
    return aligned([columns, *([*_means(row, shown), *_rest(row)] for row in comparison.rows)])


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Return lines of cells, the first of them the header, as aligned text."""
    widths = [max(len(line[j]) for line in lines) for j in range(len(lines[0]))]
    text = []
    for first, *rest in lines:
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        text.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    text.insert(1, "-" * max(map(len, text)))
    return "\n".join(text)


def _means(row: Row, shown: Mapping[str, str]) -> list[str]:
    name = row.policy if row.model is None else f"{row.policy}: {printable(shown[row.model])}"
    return [name, as_number(row.quality), as_number(QUERIES * row.cost), as_number(row.utility)]


def _rest(row: Row) -> list[str]:
    """Return what is known of a policy beside its means: on a log, or of exact outcomes."""
    if row.regret is None:
        gain = ["", ""]
        if row.gain_over_today is not None:
            interval = as_interval(row.gain_low, row.gain_high, signed=True)
            gain = [as_number(row.gain_over_today, signed=True), interval]
        return [as_interval(row.low, row.high), *gain, f"{row.effective_rows:.0f}"]
    saved = "n/a"
    if row.saved_share is not None and row.quality_gap is not None:
        # Adding 0 turns -0 into 0.
        saved = f"{round(row.saved_share, 2) + 0.0:.0%} ({round(row.quality_gap, 3) + 0.0:+.3f})"
    return [as_number(row.regret), saved]


def write_csv(path: Path, comparison: Comparison, seed: int) -> None:
    """Write the rows and the curves, numbers unrounded; costs in dollars per query."""
    rows = list(comparison.rows)
    for policy, curve in comparison.curves.items():
        rows += [replace(row, policy=f"curve of {policy}") for row in curve]
    records = [asdict(row) | {"seed": seed} for row in rows]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(records[0]))
        writer.writeheader()
        writer.writerows(records)


def draw_picture(path: Path, comparison: Comparison, title: str) -> bool:
    """Draw quality against cost; return False where matplotlib is not installed."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(8.0, 5.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    own = comparison.cost_sensitivity
    shown = f"{title}\nthe star is at cost sensitivity {own:.3g}"
    # A file's name may hold dollar signs, which are no formulas.
    axes.set_title(shown, loc="left", fontsize=11, parse_math=False)
    curves = {
        policy: comparison.curves[policy] for policy in ("CausalRouter", "regress and compare")
    }
    star = [row for row in curves["CausalRouter"] if row.cost_sensitivity == own]
    CostQualityDisplay(
        {policy: _curve(rows) for policy, rows in curves.items()},
        fixed=_curve(comparison.fixed.values()),
        models=list(short_names(comparison.fixed).values()),
        chosen={"CausalRouter": _curve(star)},
    ).plot(axes)
    figure.savefig(path, dpi=160)
    return True


def _curve(rows: Iterable[Row]) -> CostQualityCurve:
    cost, quality = zip(*((row.cost, row.quality) for row in rows), strict=True)
    return CostQualityCurve(np.array(cost), np.array(quality))
