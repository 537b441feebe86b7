"""What the Displays share: matplotlib where it is needed, styles, text and the axis of dollars."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .._utils import per_thousand, short_labels

# Told apart by dashes and markers; the colours differ in lightness as well.
LINES: list[dict[str, Any]] = [
    {"color": "black", "linestyle": "-", "marker": "D"},
    {"color": "#b2570a", "linestyle": "--", "marker": "s"},
    {"color": "#3a76a8", "linestyle": ":", "marker": "^"},
    {"color": "#777777", "linestyle": "-.", "marker": "v"},
    {"color": "#5b3b8c", "linestyle": (0, (8, 2, 1, 2, 1, 2)), "marker": "P"},
    {"color": "#2f8f6b", "linestyle": (0, (1, 4)), "marker": "X"},
]
_LONGEST_LABEL = 32


def new_axes(ax: Any, size: tuple[float, float], display: object) -> Any:
    """Return `ax`, or the axes of a new pyplot figure."""
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{type(display).__name__}.plot needs matplotlib. Install it with: "
            "pip install 'scikit-route[plot]'"
        ) from error
    return plt.subplots(figsize=size, layout="constrained")[1]


def as_labels(names: Iterable[object]) -> list[str]:
    """Return names as matplotlib shows them: on one line, not too long and told apart."""
    names = list(names)
    shown = short_labels(names, _LONGEST_LABEL)
    return [_plain(shown[str(name)]) for name in names]


def as_label(name: object) -> str:
    """Return one name as matplotlib shows it."""
    return as_labels([name])[0]


def drawn_dollars(cost: float) -> str:
    """Return dollars per query as those of 1,000 queries, as matplotlib shows them."""
    return _plain(per_thousand(cost))


def _plain(text: str) -> str:
    """Return a text that matplotlib takes for no formula and leaves in legends."""
    text = text.replace("$", r"\$")
    # Labels that start with an underscore are left out of legends.
    return f" {text}" if text.startswith("_") else text


def line_style(index: int, n_points: int) -> dict[str, Any]:
    """Return the style of a curve; a long one gets few markers, a short one all of them."""
    style = dict(LINES[index % len(LINES)])
    every = max(1, n_points // 8)
    return style | {"linewidth": 1.8, "markersize": 5, "markevery": (index % every, every)}


def dollar_axis(ax: Any, costs: np.ndarray) -> None:
    """Make the x-axis one of dollars per thousand queries, logarithmic if they spread far."""
    positive = len(costs) > 0 and costs.min() > 0
    if positive and costs.max() > 20 * costs.min():
        ax.set_xscale("log")
        ax.xaxis.set_minor_formatter(lambda value, _: "")
    ax.xaxis.set_major_formatter(lambda value, _: rf"\${value:,.6g}")
    ax.set_xlabel("cost of 1,000 queries")


def write_beside(ax: Any, text: str, point: tuple[Any, Any], offset: Any, **style: Any) -> Any:
    """Write small text at an offset, in typographic points, from a point of the axes."""
    style = {"textcoords": "offset points", "fontsize": 8} | style
    return ax.annotate(text, point, xytext=offset, **style)


def tidy(ax: Any, *, grid: str = "both") -> None:
    """Take off what says nothing, and put a faint grid behind the rest."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis=grid, color="0.88", linewidth=0.8)
    ax.set_axisbelow(True)
