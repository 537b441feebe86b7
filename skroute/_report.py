"""The outcome of a study as a table, a CSV file and a picture."""

from __future__ import annotations

import csv
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ._study import Row, Study

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
    names = list(study.fixed)
    costs = [_QUERIES * study.fixed[name].cost for name in names]
    qualities = [study.fixed[name].quality for name in names]
    axes.plot(costs, qualities, "o", color="0.45", markersize=7, label="one model for every query")
    for policy, style in (
        ("regress and compare", {"color": "0.6", "linestyle": "--", "marker": "s"}),
        ("CausalRouter", {"color": "black", "linestyle": "-", "marker": "D", "linewidth": 2}),
    ):
        points = sorted((out.cost, out.quality) for _, out in study.curves[policy])
        xs, ys = zip(*points, strict=True)
        axes.plot([_QUERIES * x for x in xs], ys, markersize=4, label=policy, **style)
    here = next(
        out for value, out in study.curves["CausalRouter"] if value == study.cost_sensitivity
    )
    axes.plot(
        _QUERIES * here.cost,
        here.quality,
        "*",
        color="black",
        markersize=17,
        markeredgecolor="white",
        label=f"CausalRouter at cost sensitivity {study.cost_sensitivity:.3g}",
        zorder=5,
    )
    if min(costs) > 0 and max(costs) > 20 * min(costs):
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"${value:g}")
    else:
        axes.xaxis.set_major_formatter(lambda value, _: f"${value:.3g}")
    axes.set_xlabel("cost of 1,000 queries")
    axes.set_ylabel("mean quality")
    axes.set_title(title, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    axes.margins(x=0.12, y=0.1)
    figure.legend(frameon=False, loc="outside lower center", ncols=2)
    _label_points(axes, [short_name(name) for name in names], costs, qualities)
    figure.savefig(path, dpi=160)
    return True


def _label_points(axes: Any, names: list[str], xs: list[float], ys: list[float]) -> None:
    """Write names beside points, each at the first of a few places that nothing occupies."""
    figure = axes.figure
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    taken: list[Any] = []
    points = list(axes.transData.transform(list(zip(xs, ys, strict=True))))
    for line in axes.get_lines()[1:]:
        corners = axes.transData.transform(line.get_xydata())
        steps = np.linspace(0.0, 1.0, 40)[:, None]
        for start, end in pairwise(corners):
            points.extend(start + steps * (end - start))
    frame = axes.get_window_extent(renderer)
    places = [
        ((9, 0), "left", "center"),
        ((-9, 0), "right", "center"),
        ((0, 9), "center", "bottom"),
        ((0, -9), "center", "top"),
        ((9, 9), "left", "bottom"),
        ((9, -9), "left", "top"),
        ((-9, 9), "right", "bottom"),
        ((-9, -9), "right", "top"),
        ((0, 20), "center", "bottom"),
        ((0, -20), "center", "top"),
    ]
    for name, x, y in sorted(zip(names, xs, ys, strict=True), key=lambda item: -item[2]):
        best = None
        for offset, horizontal, vertical in places:
            text = axes.annotate(
                name,
                (x, y),
                xytext=offset,
                textcoords="offset points",
                ha=horizontal,
                va=vertical,
                fontsize=8,
                color="0.2",
            )
            box = text.get_window_extent(renderer)
            clashes = sum(box.overlaps(other) for other in taken)
            clashes += sum(box.contains(*point) for point in points)
            clashes += 0 if frame.x0 <= box.x0 and box.x1 <= frame.x1 else 2
            if best is None or clashes < best[0]:
                if best is not None:
                    best[1].remove()
                best = (clashes, text, box)
            else:
                text.remove()
            if clashes == 0:
                break
        taken.append(best[2])
