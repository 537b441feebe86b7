"""``skroute fit``: from a log to a table, a saved router, a picture and a report."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from .._reporting import report
from .._utils import as_share, printable, split_router
from ..feedback import Feedback, read_feedback
from ..plots import TODAY
from ._baseline import BASELINE, Baseline
from ._comparison import GRID, QUICK_GRID, Comparison, compare
from ._labels import Labels
from ._output import draw_picture, table, write_csv
from ._progress import Progress
from ._saved import load_router
from ._tasks import Queries, Task, make_task

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


def fit(options: argparse.Namespace, progress: Progress) -> None:
    """Learn, compare, print, and write what was asked for."""
    folder = None
    if options.output is not None:
        folder = Path(options.output)
        folder.mkdir(parents=True, exist_ok=True)
    # Read first: a file that is not there should not cost the wait for a fit.
    saved = None if options.baseline is None else load_router(options.baseline)
    progress("reading" if options.table or options.log else "making a synthetic log")
    task = make_task(options, progress.note)
    baseline = None
    if saved is not None and task.test is not None:
        models = task.feedback.classes
        baseline = Baseline.of(options.baseline, saved, task.test.raw, models)
    labels = Labels.of(task.feedback, options.seed)
    if labels.note:
        progress.note(labels.note)
    comparison = compare(
        task.X,
        task.feedback,
        task.held_out,
        labels=labels,
        goal=options.goal,
        grid=QUICK_GRID if options.quick else GRID,
        exclude=options.exclude,
        baseline=baseline,
        seed=options.seed,
        progress=progress,
    )
    for note in comparison.notes:
        progress.note(note)
    progress("done")
    _print(task, comparison, options)
    if folder is not None:
        written = _write(folder, task, comparison, labels, saved, options, progress)
        if comparison.not_recommended:
            written[0] += " (not recommended)"
        print(f"\nwritten to {printable(folder)}: {', '.join(written)}")


def _print(task: Task, comparison: Comparison, options: argparse.Namespace) -> None:
    chosen = comparison.cost_sensitivity
    print(task.title)
    worth = f": 0.01 quality is worth ${10 / chosen:.3g} per 1,000 queries" if chosen else ""
    print(f"seed {options.seed}, cost sensitivity {chosen:.3g}{worth}\n")
    print(table(comparison))
    print()
    if comparison.verdict is not None:
        words = comparison.verdict.about("CausalRouter", TODAY, every_fixed=True)
        if comparison.not_recommended:
            which = "This router" if options.output is None else "The saved router"
            words += f" {which} is not recommended: stay with {TODAY}."
        elif comparison.verdict.gain == "unclear":
            words += f" Until more rows tell, {TODAY} is the safe choice."
        print(words)
        print()
    if comparison.change is not None:
        print(comparison.change.sentence(options.volume))
        print()
    if comparison.over_baseline is not None:
        verdict, change = comparison.over_baseline
        print(f"{verdict.about('CausalRouter', BASELINE, every_fixed=False)}\n")
        print(f"{change.sentence(options.volume)}\n")
    if comparison.floor is not None:
        print(comparison.floor.sentence("CausalRouter"))
        print()
    print(_LEGENDS["estimated" if task.held_out.feedback.logged else "exact"])


def _write(
    folder: Path,
    task: Task,
    comparison: Comparison,
    labels: Labels,
    baseline: Any,
    options: argparse.Namespace,
    progress: Progress,
) -> list[str]:
    """Write router, results, picture and, of a log, the report; return the names of the files."""
    router = task.on_queries(comparison.router)
    if task.whole is not None:
        progress("CausalRouter on the whole log")
        queries, y = task.whole
        learned = labels.of_router(read_feedback(y))
        with progress.again():
            router = _fit_whole(comparison.router, queries, learned, options.goal.budget)
        progress.note(
            "the saved router learned from the whole log, the one that was valued from a part; "
            f"of the log's queries the saved one sends {_shares(router.predict(queries.raw))}"
        )
    joblib.dump(router, folder / "router.joblib")
    write_csv(folder / "results.csv", comparison, options.seed)
    written = ["router.joblib", "results.csv"]
    if not draw_picture(folder / "cost_quality.png", comparison, task.caption):
        progress.note("no picture and no report; they need matplotlib (pip install matplotlib)")
        return written
    written.append("cost_quality.png")
    if task.test is not None and task.whole is not None:
        progress("report")
        page = report(
            task.on_queries(comparison.router),
            task.test.raw,
            task.held_out.feedback,
            baseline=baseline,
            volume=options.volume,
            quality_floor=options.goal.quality,
            latency=task.latency,
            text=None if task.test.embedding is None else task.test.raw,
        )
        page.save(folder / "report.html")
        written.append("report.html")
    return written


def _shares(chosen: np.ndarray) -> str:
    labels, count = np.unique(chosen, return_counts=True)
    parts = sorted(zip((-count).tolist(), labels.tolist(), strict=True))
    return ", ".join(f"{as_share(-n / len(chosen))} to {printable(label)}" for n, label in parts)


def _fit_whole(router: Any, queries: Queries, y: Feedback, budget: float | None) -> Any:
    """Return the router, fitted on all rows, as one that takes queries as they are.

    A budget is met by the costs that it predicts then.
    """
    fresh = clone(router)
    if queries.embedding is None:
        fitted = fresh.fit(queries.raw, y)
    else:
        steps = [("embed", clone(queries.embedding)), ("route", fresh)]
        fitted = Pipeline(steps).fit(queries.raw, y)
    # By all rows a model may be gone that the rows fitted on before still showed.
    fresh.left_out_ = np.union1d(router.left_out_, fresh.left_out_)
    if budget is not None:
        X = split_router(fitted).transform(queries.raw)
        met = fresh.cost_sensitivity_for_budget(X, budget)
        fresh.set_params(cost_sensitivity=met.cost_sensitivity)
    return fitted
