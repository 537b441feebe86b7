"""Names beside points, where there is room for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._drawing import as_labels, write_beside

_DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
_DISTANCES = (8.0, 20.0, 34.0)
_STEPS = 60


def label_points(
    ax: Any, labels: Sequence[object], x: np.ndarray, y: np.ndarray, lines: Sequence[Any] = ()
) -> list[Any]:
    """Write a label beside each point, at the best of some places; return the annotations.

    A place is good if it is within the axes and on no other label, no point and none of the
    `lines`; near ones are preferred, and far ones get a line to their point. Takes the limits and
    scales of the axes as they are. Time is O(m**2) for m points.
    """
    figure = ax.get_figure()
    # Of a subfigure this is its parent.
    while figure.figure is not figure:
        figure = figure.figure
    # Positions are final only after the layout.
    figure.draw_without_rendering()
    pixels = figure.dpi / 72
    points = ax.transData.transform(np.column_stack([x, y]))
    occupied = np.vstack([points, *(_along(line) for line in lines)])
    frame = ax.get_window_extent()
    taken: list[np.ndarray] = []
    texts: list[Any] = []
    names = as_labels(labels)
    for k in np.argsort(-np.asarray(y), kind="stable"):
        text = write_beside(ax, names[k], (x[k], y[k]), (0, 0), color="0.15")
        extent = text.get_window_extent()
        size = np.array([extent.width, extent.height])
        places = [
            (step, np.array(way, dtype=float), points[k] + step * pixels * np.array(way))
            for step in _DISTANCES
            for way in _DIRECTIONS
        ]
        boxes = [_box(anchor, way, size) for _, way, anchor in places]
        badness = [
            _badness(box, occupied, taken, frame) + 0.02 * step
            for box, (step, _, _) in zip(boxes, places, strict=True)
        ]
        best = int(np.argmin(badness))
        step, way, _ = places[best]
        text.set_position(tuple(step * way))
        text.set_horizontalalignment(["right", "center", "left"][int(way[0]) + 1])
        text.set_verticalalignment(["top", "center", "bottom"][int(way[1]) + 1])
        if step > _DISTANCES[0]:
            _lead(ax, text, (x[k], y[k]), step * way)
        taken.append(boxes[best])
        texts.append(text)
    return texts


def _along(line: Any) -> np.ndarray:
    """Return points in pixels along a line."""
    corners = line.get_transform().transform(np.asarray(line.get_xydata(), dtype=np.float64))
    if len(corners) < 2:
        return corners
    length = np.r_[0.0, np.hypot(*np.diff(corners, axis=0).T).cumsum()]
    grid = np.linspace(0.0, length[-1], _STEPS)
    return np.column_stack([np.interp(grid, length, part) for part in corners.T])


def _box(anchor: np.ndarray, way: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return left, bottom, right and top of a text that lies this way of its anchor."""
    low = anchor + (way - 1) / 2 * size
    return np.concatenate([low, low + size])


def _badness(box: np.ndarray, occupied: np.ndarray, taken: list[np.ndarray], frame: Any) -> float:
    covered = ((occupied >= box[:2] - 2) & (occupied <= box[2:] + 2)).all(axis=1).sum()
    others = sum((box[:2] < other[2:]).all() and (other[:2] < box[2:]).all() for other in taken)
    inside = frame.x0 <= box[0] and frame.y0 <= box[1] and box[2] <= frame.x1 and box[3] <= frame.y1
    return float(covered + 8 * others + 12 * (not inside))


def _lead(ax: Any, text: Any, point: tuple[float, float], offset: np.ndarray) -> None:
    """Draw a thin line from a point to its far label."""
    arrow = {"arrowstyle": "-", "color": "0.5", "linewidth": 0.6}
    write_beside(ax, "", point, tuple(offset), arrowprops=arrow, zorder=text.get_zorder() - 1)
