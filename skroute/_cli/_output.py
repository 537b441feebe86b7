"""The outcome of a study as a table, a CSV file and a picture."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ..metrics import CostQualityCurve
from ..plots import CostQualityDisplay
from ._study import Outcome, Row, Study

_QUERIES = 1000


def table(study: Study) -> str:
    """Return the rows of a study as aligned text."""
    estimated = any(row.outcome.gain is not None for row in study.rows)
    columns = ["policy", "quality", "$/1,000 queries", "utility"]
    columns += (
        ["95% interval", "over today", "95% interval", "rows"] if estimated else ["regret", "saved"]
    )
    lines = [columns, *(_cells(row, estimated) for row in study.rows)]
    widths = [max(len(line[j]) for line in lines) for j in range(len(columns))]
    text = []
    for line in lines:
        first, *rest = line
        cells = [
            first.ljust(widths[0]),
            *(c.rjust(w) for c, w in zip(rest, widths[1:], strict=True)),
        ]
        text.append("  ".join(cells).rstrip())
    text.insert(1, "-" * max(map(len, text)))
    return "\n".join(text)


def _cells(row: Row, estimated: bool) -> list[str]:
    out = row.outcome
    name = row.policy if row.model is None else f"{row.policy}: {short_name(row.model)}"
    cells = [name, f"{out.quality:.3f}", f"{_QUERIES * out.cost:.3f}", f"{out.utility:.3f}"]
    if estimated:
        cells.append(f"{out.low:.3f} to {out.high:.3f}")
        gain = ["", ""]
        if out.gain is not None:
            gain = [f"{out.gain:+.3f}", f"{out.gain_low:+.3f} to {out.gain_high:+.3f}"]
        return [*cells, *gain, f"{out.effective_rows:.0f}"]
    saved = "n/a"
    if row.saved is not None:
        # Adding 0 turns -0 into 0.
        saved = f"{round(row.saved, 2) + 0.0:.0%} ({round(row.quality_gap, 3) + 0.0:+.3f})"
    return [*cells, f"{out.regret:.3f}", saved]


def short_name(model: str) -> str:
    """Return a model's name without its vendor's prefix."""
    return model.rsplit("/", 1)[-1]


def write_csv(path: Path, study: Study, seed: int) -> None:
    """Write the rows and the curves of a study, numbers unrounded; costs in dollars per query."""
    names = {"gain": "gain_over_today", "gain_low": "gain_low", "gain_high": "gain_high"}
    records = [
        {
            "policy": row.policy,
            "model": row.model,
            "cost_sensitivity": study.cost_sensitivity,
            **_renamed(row.outcome, names),
            "saved_share": row.saved,
            "quality_gap": row.quality_gap,
            "seed": seed,
        }
        for row in study.rows
    ]
    records += [
        {
            "policy": f"curve of {policy}",
            "cost_sensitivity": sensitivity,
            **_renamed(outcome, names),
            "seed": seed,
        }
        for policy, curve in study.curves.items()
        for sensitivity, outcome in curve
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(records[0]), restval="")
        writer.writeheader()
        writer.writerows(records)


def _renamed(outcome: Any, names: dict[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in asdict(outcome).items()}


def draw_picture(path: Path, study: Study, title: str) -> bool:
    """Draw quality against cost; return False where matplotlib is not installed."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(8.0, 5.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    star = f"the star is at cost sensitivity {study.cost_sensitivity:.3g}"
    axes.set_title(f"{title}\n{star}", loc="left", fontsize=11)
    policies = ("CausalRouter", "regress and compare")
    CostQualityDisplay(
        {policy: _curve(out for _, out in study.curves[policy]) for policy in policies},
        fixed=_curve(study.fixed.values()),
        models=[short_name(name) for name in study.fixed],
        chosen={
            "CausalRouter": _curve(
                out
                for value, out in study.curves["CausalRouter"]
                if value == study.cost_sensitivity
            )
        },
    ).plot(axes)
    figure.savefig(path, dpi=160)
    return True


def _curve(outcomes: Iterable[Outcome]) -> CostQualityCurve:
    cost, quality = zip(*((out.cost, out.quality) for out in outcomes), strict=True)
    return CostQualityCurve(np.array(cost), np.array(quality))
