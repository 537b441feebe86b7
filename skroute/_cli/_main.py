"""``python -m skroute``: learn to route from logs, and show what it saves."""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GroupShuffleSplit
from threadpoolctl import threadpool_limits

from .. import __version__
from .._reporting import report
from ..datasets import load_routing_log, load_routing_table, make_routing_problem, simulate_log
from ..feedback import Feedback, full_feedback, read_feedback
from ..plots import TODAY
from ._comparison import (
    GRID,
    QUICK_GRID,
    Comparison,
    HeldOut,
    compare,
    cost_spread,
    default_cost_sensitivity,
    sensitivities,
)
from ._output import draw_picture, table, write_csv

_TEST_SHARE = 0.3
_LEGENDS = {
    "exact": """\
utility  quality - cost sensitivity x dollars per query, on held-out queries; the cheapest and the
         strongest model are those of these queries, the best fixed model is that of the log
regret   utility lost to choosing the best model for every single query
saved    share of the strongest model's bill that is saved at equal quality, and (in brackets) the
         quality gained or lost with it: the cost sensitivity at which quality is no lower is found
         on one half of the held-out queries and read on the other; n/a: there is none""",
    "estimated": """\
utility     quality - cost sensitivity x dollars per query, estimated on held-out rows of the log
            (self-normalized doubly robust)
over today  estimated utility gained over the models that the log shows, row by row
rows        effective number of rows that the estimate rests on, of those held out; the intervals
            are too narrow where it is below about 50""",
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line."""
        self.exit(2, f"{self.prog}: error: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m skroute",
        description="Learn from logs which model should answer each query, and compare the router "
        "with fixed models on held-out queries. Without an argument: on synthetic logs whose "
        "truth is known.",
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--table",
        metavar="FILE",
        help="every model's quality and cost on every query (.npz, .csv, .parquet; see "
        "skroute.datasets.load_routing_table); a biased log of it is simulated to learn from",
    )
    source.add_argument(
        "--log",
        metavar="FILE",
        help="your own log (.csv, .parquet): model, quality (empty: never judged); optional cost, "
        "propensity, gold, preference, group, weight, time",
    )
    parser.add_argument(
        "--features", metavar="FILE", help="features of the queries, .npy (n, d), row by row"
    )
    parser.add_argument(
        "--cost-sensitivity",
        type=float,
        metavar="L",
        help="quality given up per dollar saved (default: 0.3 over the spread of mean costs)",
    )
    parser.add_argument(
        "--output",
        metavar="DIR",
        help="write router.joblib, results.csv and, with matplotlib, cost_quality.png; with --log "
        "report.html too",
    )
    parser.add_argument("--seed", type=int, default=0, help="decides data, splits and fits")
    parser.add_argument("--quick", action="store_true", help="fewer rows and cost sensitivities")
    parser.add_argument("--version", action="version", version=f"skroute {__version__}")
    return parser


@dataclass
class _Task:
    """A log to learn from, and held-out queries to value policies by."""

    title: str  # of what is printed
    caption: str  # of the picture
    X: np.ndarray
    feedback: Feedback  # logged
    held_out: HeldOut
    whole_log: tuple[np.ndarray, Feedback] | None = None  # the saved router learns from it


class _Progress:
    """Lines on stderr, with the seconds since the start; every note once."""

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.notes: set[str] = set()

    def __call__(self, message: str) -> None:
        print(f"[{time.perf_counter() - self.start:5.1f} s] {message}", file=sys.stderr, flush=True)

    def note(self, message: Warning | str, *_: Any, **__: Any) -> None:
        """Show a message, or a warning in the place of `warnings.showwarning`."""
        text = " ".join(str(message).split())
        if text not in self.notes:
            self.notes.add(text)
            self(f"note: {text}")


def _synthetic(seed: int, quick: bool) -> _Task:
    problem = make_routing_problem(
        1000 if quick else 4000, 24, 5, logging="difficulty", random_state=seed
    )
    test = problem.draw(5000, random_state=seed + 1)
    truth = full_feedback(test.expected_quality, test.expected_cost, models=test.models)
    title = f"synthetic log of {len(problem.X):,} queries, valued by the truth on 5,000 others"
    caption = "Synthetic queries: true mean quality and cost"
    held_out = HeldOut(test.X, read_feedback(truth))
    return _Task(title, caption, problem.X, read_feedback(problem.y), held_out)


def _split(X: np.ndarray, group: np.ndarray | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rows = np.arange(len(X))
    group = rows if group is None else group
    if len(np.unique(group)) < 2:
        raise ValueError("all rows are of one group: nothing can be held out")
    splitter = GroupShuffleSplit(1, test_size=_TEST_SHARE, random_state=seed)
    return next(splitter.split(X, groups=group))


def _subset(n_rows: int, seed: int, quick: bool) -> np.ndarray:
    """Return all rows, or for a quick run a random 1,500 of them, in order."""
    if not quick or n_rows <= 1500:
        return np.arange(n_rows)
    return np.sort(np.random.RandomState(seed).choice(n_rows, 1500, replace=False))


def _from_table(path: str, features: str | None, seed: int, quick: bool) -> _Task:
    loaded = load_routing_table(path, features=features)
    rows = _subset(len(loaded.X), seed, quick)
    X, y = loaded.X[rows], loaded.y[rows]
    truth = read_feedback(y)
    train, test = _split(X, truth.group, seed)
    log = simulate_log(X[train], y[train], mode="difficulty", random_state=seed)
    # Every query counts the same, in double precision.
    exact = full_feedback(
        truth.quality[test].astype(np.float64),
        truth.cost[test].astype(np.float64),
        models=truth.classes.tolist(),
        group=None if truth.group is None else truth.group[test],
    )
    title = (
        f"{Path(path).name}: a simulated log of {len(train):,} queries (strong models got the hard "
        f"ones), valued by the outcomes on {len(test):,} others"
    )
    caption = f"{Path(path).stem}: quality and cost on {len(test):,} held-out queries"
    held_out = HeldOut(X[test], read_feedback(exact))
    return _Task(title, caption, X[train], read_feedback(log), held_out)


def _from_log(path: str, features: str | None, seed: int, quick: bool) -> _Task:
    X, y = load_routing_log(path, features=features)
    rows = _subset(len(X), seed, quick)
    X, y = X[rows], y[rows]
    whole = read_feedback(y)
    train, test = _split(X, whole.group, seed)
    feedback = read_feedback(y[train])
    title = (
        f"{Path(path).name}: learned from {len(train):,} logged queries, estimated on "
        f"{len(test):,} others"
    )
    caption = f"{Path(path).stem}: quality and cost estimated on {len(test):,} logged queries"
    held_out = HeldOut(X[test], read_feedback(y[test]), feedback.classes)
    return _Task(title, caption, X[train], feedback, held_out, whole_log=(X, whole))


def _write(
    folder: Path, task: _Task, comparison: Comparison, seed: int, progress: _Progress
) -> list[str]:
    """Write router, results, picture and, of a log, the report; return the names of the files."""
    router = comparison.router
    if task.whole_log is not None:
        progress("CausalRouter on the whole log")
        router = clone(router).fit(*task.whole_log)
    joblib.dump(router, folder / "router.joblib")
    write_csv(folder / "results.csv", comparison, seed)
    written = ["router.joblib", "results.csv"]
    if draw_picture(folder / "cost_quality.png", comparison, task.caption):
        written.append("cost_quality.png")
        held_out = task.held_out
        if held_out.feedback.logged:
            path = folder / "report.html"
            report(comparison.router, held_out.X, held_out.feedback, path=path)
            written.append(path.name)
    else:
        progress.note("no picture and no report; they need matplotlib (pip install matplotlib)")
    return written


def _run(options: argparse.Namespace, progress: _Progress) -> None:
    folder = None
    if options.output is not None:
        folder = Path(options.output)
        folder.mkdir(parents=True, exist_ok=True)
    progress("reading" if options.table or options.log else "making a synthetic log")
    if options.table:
        task = _from_table(options.table, options.features, options.seed, options.quick)
    elif options.log:
        task = _from_log(options.log, options.features, options.seed, options.quick)
    else:
        task = _synthetic(options.seed, options.quick)
    spread = cost_spread(task.feedback)
    chosen = options.cost_sensitivity
    if chosen is None:
        chosen = default_cost_sensitivity(spread)
    comparison = compare(
        task.X,
        task.feedback,
        task.held_out,
        cost_sensitivity=chosen,
        grid=sensitivities(spread, chosen, QUICK_GRID if options.quick else GRID),
        seed=options.seed,
        progress=progress,
    )
    for note in comparison.notes:
        progress.note(note)
    progress("done")
    print(task.title)
    worth = f": 0.01 quality is worth ${10 / chosen:.3g} per 1,000 queries" if chosen else ""
    print(f"seed {options.seed}, cost sensitivity {chosen:.3g}{worth}\n")
    print(table(comparison))
    print()
    if comparison.verdict is not None:
        print(comparison.verdict.about("CausalRouter", TODAY, every_fixed=True))
        print()
    print(_LEGENDS["estimated" if options.log else "exact"])
    if folder is not None:
        written = _write(folder, task, comparison, options.seed, progress)
        print(f"\nwritten to {folder}: {', '.join(written)}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.features and not (options.table or options.log):
        parser.error("--features needs --table or --log")
    if not 0 <= options.seed < 2**32 - 1:
        parser.error(f"--seed must be in [0, 2**32 - 1), got {options.seed}")
    sensitivity = options.cost_sensitivity
    if sensitivity is not None and not (np.isfinite(sensitivity) and sensitivity >= 0):
        parser.error(f"--cost-sensitivity must be a finite number of at least 0, got {sensitivity}")
    progress = _Progress()
    # Small matrices: one BLAS thread is as fast as many, and does not stall on a busy machine.
    with warnings.catch_warnings(), threadpool_limits(1, user_api="blas"):
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = progress.note
        try:
            _run(options, progress)
        except (ValueError, OSError, ImportError) as error:
            print(f"{parser.prog}: error: {' '.join(str(error).split())}", file=sys.stderr)
            return 2
    return 0
