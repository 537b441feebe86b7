"""``skroute monitor``: whether a serving router does what it was meant to."""

from __future__ import annotations

import argparse

import numpy as np

from .._reporting import RoutingMonitor, monitor
from .._utils import as_number, as_share, printable, short_labels, split_router
from ._output import aligned
from ._progress import Progress
from ._refit import read_rows
from ._saved import load_router


def watch(options: argparse.Namespace, progress: Progress) -> None:
    """Read the log, compare it with the router, print what stands out."""
    parts = split_router(load_router(options.router))
    progress("reading")
    rows = read_rows(options.log, parts, options, progress)
    page = monitor(parts.router, rows.X, rows.feedback, days=options.days, path=options.output)
    print(_table(page))
    print()
    for alarm in page.alarms or ("Nothing stands out of chance.",):
        print(alarm)
    if options.output is not None:
        print(f"\nwritten: {printable(options.output)}")


def _table(page: RoutingMonitor) -> str:
    shown = short_labels([traffic.model for traffic in page.models])
    rows = [["model", "answered", "router's choice", "quality over prediction", "judged"]]
    for traffic in page.models:
        gap = traffic.quality
        rows.append(
            [
                printable(shown[str(traffic.model)]),
                as_share(traffic.share),
                as_share(traffic.planned_share),
                "n/a" if np.isnan(gap.value) else as_number(gap.value, signed=True),
                f"{gap.n_rows:,}",
            ]
        )
    return aligned(rows)
