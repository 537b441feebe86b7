"""``skroute refit``: learn again from what was served, and replace a router if that is no worse."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from .._reporting import report
from .._utils import SplitRouter, as_number, printable, split_router
from ..datasets import RoutingLog
from ..feedback import Feedback, logged_feedback, read_feedback
from ..metrics import PolicyDifference, evaluation_predictions, policy_difference
from ._baseline import Baseline
from ._labels import as_they_are
from ._progress import Progress
from ._saved import load_router
from ._tasks import read_files

# The newest rows of the new log, among them this share of its judged ones, compare the routers.
_HELD_OUT = 0.4
_FEWEST_JUDGED = 30
# Standard errors that the difference is marked down by, as `CausalRouter` marks down models.
_CAUTION = 0.75


@dataclass(frozen=True)
class Decision:
    """Whether the new router takes the place of the serving one, and why.

    Attributes
    ----------
    replaces : bool
    reason : str
        In words.
    """

    replaces: bool
    reason: str

    @classmethod
    def of(cls, difference: PolicyDifference, n_judged: int, tolerance: float) -> Decision:
        """Decide by the difference of the new router over the serving one on judged rows.

        The new one must not be worse by more than `tolerance`, in utility per query, the difference
        being marked down by three quarters of its standard error.
        """
        value, error = difference.value, difference.standard_error
        told = (
            f"{as_number(value, signed=True)} in utility per query (standard error "
            f"{as_number(error)}) on {n_judged:,} judged rows"
        )
        if n_judged < _FEWEST_JUDGED or not np.isfinite(error):
            missing = max(_FEWEST_JUDGED - n_judged, 1)
            return cls(
                False,
                f"the newest rows that compare hold {n_judged:,} judged ones; at least "
                f"{missing:,} more are needed",
            )
        if value - _CAUTION * error >= -tolerance:
            return cls(True, f"the new one is not worse: {told}")
        if value <= -tolerance:
            return cls(False, f"the new one is estimated to be worse: {told}")
        needed = n_judged * (_CAUTION * error / (value + tolerance)) ** 2
        missing = int(np.ceil(needed - n_judged))
        return cls(
            False,
            f"too little is known of whether the new one is worse: {told}; some {missing:,} more "
            "would tell if the difference stays as it is",
        )


@dataclass
class Rows:
    """Features (n, d) of queries as the router takes them, and their feedback."""

    X: np.ndarray
    feedback: Feedback

    def take(self, rows: np.ndarray) -> Rows:
        return Rows(self.X[rows], self.feedback.take(rows))


def refit(options: argparse.Namespace, progress: Progress) -> None:
    """Read, fit, compare, and replace the file of the router if the new one is no worse."""
    serving = load_router(options.router)
    parts = split_router(serving)
    progress("reading")
    new = read_rows(options.log, parts, options, progress)
    old = read_rows(options.keep, parts, options, progress) if options.keep else None
    rows = new if old is None else _joined(old, new, progress)
    kept, held = _split(rows.feedback, len(rows.X) - len(new.X), progress)
    progress(f"a router on {len(kept):,} rows, compared on the newest {len(held):,}")
    candidate = _fit(parts.router, rows.take(kept))
    test = rows.take(held)
    models = rows.feedback.classes
    baseline = Baseline.of(options.router, parts.router, test.X, models)
    for note in baseline.notes:
        progress.note(note)
    known = evaluation_predictions(candidate.query_features(test.X), test.feedback, models=models)
    valued: dict[str, Any] = {"cost_sensitivity": candidate.score_cost_sensitivity}
    valued |= known
    chosen = candidate.predict(test.X)
    difference = policy_difference(test.feedback, chosen, baseline.labels, **valued)
    counted = test.feedback.judged & test.feedback.gold & (test.feedback.weight > 0)
    n_judged = int(np.count_nonzero(counted))
    decision = Decision.of(difference, n_judged, options.tolerance)
    if decision.replaces:
        progress(f"a router on all {len(rows.X):,} rows")
        with progress.again():
            router = _fit(parts.router, rows)
        save_router(_with_steps(serving, parts, router), options.router)
        print(f"{printable(options.router)} is replaced: {decision.reason}.")
    else:
        print(f"{printable(options.router)} stays: {decision.reason}.")
    if options.report is not None:
        progress("report")
        page = report(
            candidate, test.X, test.feedback, baseline=parts.router, volume=options.volume
        )
        page.save(options.report)
        print(f"written: {printable(options.report)} (of the router on {len(kept):,} rows)")


def save_router(router: Any, path: str) -> None:
    """Save a router in the place of a file at once: whoever reads it finds the old or the new."""
    folder = Path(path).resolve().parent
    handle, name = tempfile.mkstemp(dir=folder, prefix=Path(path).name, suffix=".part")
    os.close(handle)
    try:
        joblib.dump(router, name)
        if Path(path).exists():
            os.chmod(name, Path(path).stat().st_mode)
        os.replace(name, Path(path).resolve())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_rows(
    files: Sequence[str], parts: SplitRouter, options: argparse.Namespace, progress: Progress
) -> Rows:
    """Read files; their queries become features by the steps before the serving router.

    Labels of a judge are as they are, unless the router corrects them.
    """
    log = read_files(files, options)
    for words in log.notes:
        progress.note(words)
    feedback = read_feedback(log.y)
    if not feedback.logged:
        raise ValueError(f"{files[0]}: shows every model's answer; refit learns from logs")
    kept, X = _features(log, parts, files[0], progress)
    n_features = parts.router.n_features_in_
    if X.shape[1] != n_features:
        raise ValueError(
            f"{files[0]}: has {X.shape[1]} features a query, and the router takes {n_features}; "
            "they must come from the same embedding"
        )
    if getattr(parts.router, "bias_correction", None) is None:
        feedback = as_they_are(feedback)
    return Rows(X, feedback if kept is None else feedback.take(kept))


def _features(
    log: RoutingLog, parts: SplitRouter, name: str, progress: Progress
) -> tuple[np.ndarray | None, np.ndarray]:
    """Return which rows are kept (None: all), and their features (n, d)."""
    if log.features is not None:
        return None, log.features
    has_text = np.array([text is not None for text in log.queries])
    if not parts.steps or not has_text.any():
        found = "text alone" if has_text.any() else "neither text nor features"
        raise ValueError(
            f"{name}: has {found}; the router needs the features x0, x1, ... that it was fitted on"
        )
    if missing := int((~has_text).sum()):
        progress.note(f"rows without a text are left out ({missing:,}): nothing to route by")
    return np.flatnonzero(has_text), parts.transform(log.queries[has_text])


def _joined(old: Rows, new: Rows, progress: Progress) -> Rows:
    """Return the rows of both, the old ones first."""
    tables = old.feedback, new.feedback
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(table, name) for table in tables])
        for name in ("quality", "cost", "propensity", "gold", "preference", "weight")
    }
    columns["prior"] = np.concatenate([_prior(table) for table in tables]) > 0
    columns["weight"] = columns["weight"] + np.concatenate([_prior(table) for table in tables])
    if not columns["prior"].any():
        del columns["prior"]
    if all(table.time is not None for table in tables):
        columns["time"] = np.concatenate([table.time for table in tables])
    elif any(table.time is not None for table in tables):
        progress.note("one of the logs has no time, so that the time of the other is not used")
    columns["group"] = _groups(tables)
    model = np.concatenate([table.classes[table.action] for table in tables])
    y = logged_feedback(model, **columns)
    return Rows(np.concatenate([old.X, new.X.astype(old.X.dtype)]), read_feedback(y))


def _prior(table: Feedback) -> np.ndarray:
    return np.zeros(len(table)) if table.prior is None else table.prior


def _groups(tables: Sequence[Feedback]) -> np.ndarray | None:
    """Return groups of all rows (n,), those of each table apart; None where no rows share one."""
    if all(table.group is None for table in tables):
        return None
    groups, start = [], 0
    for table in tables:
        group = np.arange(len(table)) if table.group is None else table.group
        groups.append(group + start)
        start += int(group.max(initial=-1)) + 1
    return np.concatenate(groups)


def _split(feedback: Feedback, first_new: int, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to fit on and, of the newest, those to compare on."""
    new = np.arange(first_new, len(feedback))
    new = new[_prior(feedback)[new] == 0]
    if feedback.time is None:
        progress.note("the log has no time: its last rows are taken for the newest")
    else:
        new = new[np.argsort(feedback.time[new], kind="stable")]
    judged = feedback.judged[new] & feedback.gold[new]
    if not judged.any():
        held = new[len(new) - int(np.ceil(_HELD_OUT * len(new))) :]
    else:
        after = judged[::-1].cumsum()[::-1]
        held = new[after <= np.ceil(_HELD_OUT * judged.sum())]
    apart = np.ones(len(feedback), dtype=bool)
    apart[held] = False
    if feedback.group is not None:
        going_on = apart & np.isin(feedback.group, feedback.group[held])
        apart &= ~going_on
    kept = np.flatnonzero(apart)
    if len(kept) == 0 or len(held) == 0:
        raise ValueError(
            f"{len(feedback):,} rows are too few to fit on some and to compare on others; serve "
            "longer, or --keep older rows"
        )
    return kept, np.sort(held)


def _fit(serving: Any, rows: Rows) -> Any:
    """Return a router like the serving one, fitted on rows."""
    router = clone(serving).fit(rows.X, rows.feedback)
    # What somebody retired stays so; what was gone may be back.
    retired = np.setdiff1d(serving.left_out_, serving.gone_)
    router.left_out_ = np.union1d(retired[np.isin(retired, router.classes_)], router.left_out_)
    return router


def _with_steps(serving: Any, parts: SplitRouter, router: Any) -> Any:
    """Return the new router behind the fitted steps that stood before the old one."""
    if not parts.steps:
        return router
    if isinstance(serving, Pipeline) and serving.steps[-1][1] is parts.router:
        return Pipeline([*serving.steps[:-1], (serving.steps[-1][0], router)])
    steps = [(f"step{place}", step) for place, step in enumerate(parts.steps)]
    return Pipeline([*steps, ("route", router)])
