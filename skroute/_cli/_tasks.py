"""What the command learns from and is judged by: a synthetic log, a table, a user's log."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import Pipeline

from .._logs import as_flags
from .._utils import listed
from ..datasets import (
    RoutingLog,
    load_routing_table,
    make_routing_problem,
    read_log,
    resolve_features,
    simulate_log,
)
from ..feedback import Feedback, full_feedback, read_feedback
from ._embedding import make_embedding
from ._held_out import HeldOut
from ._unused import unused_columns

_TEST_SHARE = 0.3
_QUICK_ROWS = 1500
_MOST_FILES = 3


@dataclass
class Queries:
    """Queries as a router is to take them, and the step that makes features of text.

    Attributes
    ----------
    raw : ndarray of shape (n,) or (n, d)
        Texts, or features.
    embedding : transformer or None
        None where `raw` are features.
    latency : ndarray of shape (n,) or None
        Seconds of each answer.
    """

    raw: np.ndarray
    embedding: Any = None
    latency: np.ndarray | None = None

    def __getitem__(self, rows: np.ndarray) -> Queries:
        latency = None if self.latency is None else self.latency[rows]
        return Queries(self.raw[rows], self.embedding, latency)

    def __len__(self) -> int:
        return len(self.raw)


@dataclass
class Task:
    """A log to learn from, and held-out queries to value policies by."""

    title: str  # of what is printed
    caption: str  # of the picture
    X: np.ndarray
    feedback: Feedback  # logged
    held_out: HeldOut
    test: Queries | None = None  # the held-out queries; the embedding is fitted
    whole: tuple[Queries, Any] | None = None  # all of a user's log

    @property
    def latency(self) -> np.ndarray | None:
        """Seconds of the held-out answers (m,), where some are known."""
        latency = None if self.test is None else self.test.latency
        return None if latency is None or np.isnan(latency).all() else latency

    def on_queries(self, router: Any) -> Any:
        """Return a fitted router as one that takes the held-out queries as they are."""
        if self.test is None or self.test.embedding is None:
            return router
        return Pipeline([("embed", self.test.embedding), ("route", router)])


def make_task(options: argparse.Namespace, note: Callable[[str], None]) -> Task:
    """Read, or make, what the options say."""
    if options.table:
        table = load_routing_table(options.table, features=options.embeddings)
        return _of_table([options.table], Queries(table.X), table.y, options)
    if not options.log:
        return _synthetic(options.seed, options.quick)
    log = read_files(options.log, options)
    for words in log.notes:
        note(words)
    queries, y = _queries(log, options, note)
    if not read_feedback(y).logged:
        return _of_table(options.log, queries, y, options)
    return _of_log(options.log, queries, y, options)


def _synthetic(seed: int, quick: bool) -> Task:
    problem = make_routing_problem(
        1000 if quick else 4000, 24, 5, logging="difficulty", random_state=seed
    )
    test = problem.draw(5000, random_state=seed + 1)
    truth = full_feedback(test.expected_quality, test.expected_cost, models=test.models)
    title = f"synthetic log of {len(problem.X):,} queries, valued by the truth on 5,000 others"
    caption = "Synthetic queries: true mean quality and cost"
    held_out = HeldOut(test.X, read_feedback(truth))
    return Task(title, caption, problem.X, read_feedback(problem.y), held_out)


def _of_table(paths: Sequence[str], queries: Queries, y: Any, options: argparse.Namespace) -> Task:
    seed = options.seed
    rows = _subset(len(queries), seed, options.quick)
    queries, y = queries[rows], y[rows]
    truth = read_feedback(y)
    _check_enough(paths, truth)
    train, test = _split(len(queries), truth.group, seed)
    X, X_test = _features(queries, train, test)
    log = simulate_log(X, y[train], mode="difficulty", random_state=seed)
    # Every query counts the same, in double precision.
    exact = full_feedback(
        truth.quality[test].astype(np.float64),
        truth.cost[test].astype(np.float64),
        models=truth.classes.tolist(),
        group=None if truth.group is None else truth.group[test],
    )
    title = (
        f"{_called(paths)}: a simulated log of {len(train):,} queries (strong models got the hard "
        f"ones), valued by the outcomes on {len(test):,} others"
    )
    caption = f"{_called(paths)}: quality and cost on {len(test):,} held-out queries"
    held_out = HeldOut(X_test, read_feedback(exact))
    return Task(title, caption, X, read_feedback(log), held_out, queries[test])


def _of_log(paths: Sequence[str], queries: Queries, y: Any, options: argparse.Namespace) -> Task:
    seed = options.seed
    rows = _subset(len(queries), seed, options.quick)
    queries, y = queries[rows], y[rows]
    known = read_feedback(y)
    _check_enough(paths, known)
    train, test = _split_traffic(known, seed)
    X, X_test = _features(queries, train, test)
    feedback = read_feedback(y[train])
    n_prior = 0 if feedback.prior is None else int(np.count_nonzero(feedback.prior))
    beside = f" and {n_prior:,} rows of a benchmark" if n_prior else ""
    title = (
        f"{_called(paths)}: learned from {len(train) - n_prior:,} logged queries{beside}, "
        f"estimated on {len(test):,} others"
    )
    caption = f"{_called(paths)}: quality and cost estimated on {len(test):,} logged queries"
    held_out = HeldOut(X_test, read_feedback(y[test]), feedback.classes)
    return Task(title, caption, X, feedback, held_out, queries[test], (queries, y))


def _called(paths: Sequence[str]) -> str:
    """Return what to call some files in a title."""
    return listed((Path(path).name for path in paths), _MOST_FILES)


def _check_enough(paths: Sequence[str], feedback: Feedback) -> None:
    """Raise where nothing can be learned, or held out."""
    told = f"{_called(paths)}: all {len(feedback):,} rows"
    if len(feedback) < 2:
        raise ValueError(
            f"{_called(paths)}: 1 row is too little to learn from and to hold some out"
        )
    if feedback.n_models < 2:
        raise ValueError(
            f"{told} show one model, {str(feedback.classes[0])!r}, so that there is nothing to "
            "choose; a log of two or more models is needed"
        )
    if feedback.group is not None and len(np.unique(feedback.group)) < 2:
        raise ValueError(
            f"{told} are of one group or session, so that none can be held out; --columns "
            "group=COLUMN says what else belongs together"
        )


def _split(n_rows: int, group: np.ndarray | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rows = np.arange(n_rows)
    group = rows if group is None else group
    splitter = GroupShuffleSplit(1, test_size=_TEST_SHARE, random_state=seed)
    return next(splitter.split(rows, groups=group))


def _split_traffic(feedback: Feedback, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows to learn from, those of a benchmark among them, and held-out ones of traffic."""
    if feedback.prior is None:
        return _split(len(feedback), feedback.group, seed)
    traffic = np.flatnonzero(feedback.prior == 0)
    group = None if feedback.group is None else feedback.group[traffic]
    train, test = _split(len(traffic), group, seed)
    return np.sort(np.r_[traffic[train], np.flatnonzero(feedback.prior > 0)]), traffic[test]


def _subset(n_rows: int, seed: int, quick: bool) -> np.ndarray:
    """Return all rows, or for a quick run a random 1,500 of them, in order."""
    if not quick or n_rows <= _QUICK_ROWS:
        return np.arange(n_rows)
    return np.sort(np.random.RandomState(seed).choice(n_rows, _QUICK_ROWS, replace=False))


def _features(
    queries: Queries, train: np.ndarray, test: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the features of both parts; an embedding is fitted on the first."""
    if queries.embedding is None:
        return queries.raw[train], queries.raw[test]
    embedding = queries.embedding
    return embedding.fit_transform(queries.raw[train]), embedding.transform(queries.raw[test])


def read_files(files: Sequence[str], options: argparse.Namespace) -> RoutingLog:
    """Read the files of a log as the options say."""
    with as_flags():
        return read_log(
            files,
            options.format or "auto",
            columns=options.columns,
            prices=options.prices,
            aliases=_aliases(options.aliases),
            score=options.score,
            price_per_second=options.price_per_second or 0.0,
        )


def _aliases(given: Sequence[str] | None) -> Any:
    """Return the aliases of `read_log`; without any, what is most likely one name is joined.

    Whoever runs the command for the first time expects three models of three, and reads what was
    joined.
    """
    if given is None or list(given) in (["auto"], ["none"]):
        return None if given is not None and given[0] == "none" else "auto"
    aliases: dict[str, str] = {}
    for word in given:
        name, sign, own = word.partition("=")
        if sign and not Path(word).exists():
            aliases[name] = own
        else:
            aliases |= _read_aliases(word)
    return aliases


def _read_aliases(path: str) -> dict[str, str]:
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"{path}: there is no such file of aliases; or give NAME=NAME, 'auto' or 'none'"
        )
    try:
        aliases = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"{path}: is not a JSON file ({error})") from None
    if not isinstance(aliases, dict) or not all(isinstance(own, str) for own in aliases.values()):
        raise ValueError(f"{path}: an object from name to name is needed")
    return aliases


def _queries(
    log: RoutingLog, options: argparse.Namespace, note: Callable[[str], None]
) -> tuple[Queries, Any]:
    """Return the queries of a log, by their embeddings, its feature columns or their text."""
    latency = log.columns.get("latency")
    if options.embeddings is not None:
        return Queries(_embeddings(options.embeddings, log), None, latency), log.y
    if log.features is not None and options.embed is None:
        return Queries(log.features, None, latency), log.y
    has_text = np.array([text is not None for text in log.queries])
    if not has_text.any():
        raise ValueError(
            f"{options.log[0]}: has neither text nor features; say which column has the text "
            "(--text-column), or give --embeddings, a .npy file with a row for each answer"
        )
    if missing := int((~has_text).sum()):
        note(f"rows without a text are left out ({missing:,}): there is nothing to route by")
    if unused := unused_columns(log.columns):
        note(f"columns that are not used: {', '.join(unused)}; see the page on features for how")
    embedding = make_embedding(options.embed or "tfidf", options.seed)
    queries = Queries(log.queries, embedding, latency)
    return queries[has_text], log.y[has_text]


def _embeddings(path: str, log: RoutingLog) -> np.ndarray:
    """Return the features (n, d) of a .npy file with a row for each record of the log."""
    if (log.row < 0).any():
        raise ValueError(f"{path}: this log has several records a query; give it text instead")
    return resolve_features(Path(path), None, path, log.n_records)[log.row]
