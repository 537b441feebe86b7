"""Which labels of a log are the quality of its answers, and whose word counts."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._cells import Cells
from ._gather import Labels
from ._options import named, option, setting
from ._ratings import Ratings, read_ratings
from ._words import counted

Score = str | Mapping[str, tuple[float, float]] | None

# What is worse the more of it there is: never taken for quality unless the user says how; but for
# "harmless", "toxicity-free", "non_toxic" and "no hallucination".
_BETTER_WHEN_LOW = re.compile(
    "toxic|hallucinat|harm|error|violation|injection|jailbreak|refus|leak|latency|duration|cost"
    "|tokens|risk",
    re.IGNORECASE,
)
_TURNED = re.compile("less|free|non|not|no[_ -]|without", re.IGNORECASE)


@dataclass(frozen=True)
class Judged:
    """Labels of n answers.

    Attributes
    ----------
    quality : ndarray of float64 of shape (n,)
        NaN where nobody judged.
    gold : ndarray of bool of shape (n,)
        False where the quality is a judge's.
    preference : ndarray of float64 of shape (n,)
        The judge's label where the quality is gold; NaN where there is none.
    columns : dict of str to ndarray of shape (n,)
        Labels as the log has them, where `quality` is not just that.
    notes : list of str
    """

    quality: np.ndarray
    gold: np.ndarray
    preference: np.ndarray
    columns: dict[str, np.ndarray]
    notes: list[str]


def judge(
    labels: Mapping[str, Labels],
    n_rows: int,
    score: Score = None,
    columns: Mapping[str, str] | None = None,
) -> Judged:
    """Return the quality of n answers out of their labels by name.

    `score` and `columns` are those of `read_log`. Labels named "quality" and "preference" are just
    that, unless it says otherwise.
    """
    columns = {"quality": "quality", "preference": "preference", **(columns or {})}
    wanted, scale = _read_score(score, columns, labels)
    name = wanted if wanted is not None else most_frequent(labels)
    notes = _about_choice(name, labels, columns)
    quality, preference = np.full(n_rows, np.nan), np.full(n_rows, np.nan)
    gold = np.zeros(n_rows, dtype=bool)
    kept = False
    if name is not None:
        ratings = read_ratings(name, labels[name].value, scale)
        kept = ratings.kept
        notes.insert(0, _how_read(name, ratings))
        quality, gold, preference, more = _settle(labels[name], ratings, n_rows)
        notes += more
    judge_name = columns["preference"]
    if judge_name in labels and judge_name != name:
        ratings = read_ratings(judge_name, labels[judge_name].value)
        notes.append(f"the judge's labels are {_how_read(judge_name, ratings)}")
        theirs, _ = _mean_by_row(np.array(labels[judge_name].row), ratings.quality, n_rows)
        alone = np.isnan(quality)
        quality = np.where(alone, theirs, quality)
        preference = np.where(gold & np.isnan(preference), theirs, preference)
    if np.isnan(quality).all():
        notes.append("no answer was judged: only costs can be learned from this log")
    raw = {
        f"label:{each}": _raw(labels[each], n_rows) for each in labels if each != name or not kept
    }
    return Judged(quality, gold, preference, raw, notes)


def most_frequent(labels: Mapping[str, Labels]) -> str | None:
    """Return the name of the most labels that can be read and are better when high, if any.

    Where most cannot be read they are comments, or categories.
    """
    counts = {}
    for name in sorted(labels):
        readable = ~np.isnan(read_ratings(name, labels[name].value).quality)
        if readable.mean() > 0.5 and not _is_better_when_low(name):
            counts[name] = readable.sum()
    return max(counts, key=counts.__getitem__, default=None)


def _is_better_when_low(name: str) -> bool:
    return bool(_BETTER_WHEN_LOW.search(name)) and not _TURNED.search(name)


def _read_score(
    score: Any, columns: Mapping[str, str], labels: Mapping[str, Labels]
) -> tuple[str | None, tuple[float, float] | None]:
    """Return the name of the labels that are wanted, and their scale, as far as they are given."""
    if score is None:
        return (columns["quality"] if columns["quality"] in labels else None), None
    scale = None
    if isinstance(score, Mapping):
        if len(score) != 1:
            raise ValueError(
                f"score must name one label, {{name: (worst, best)}}; got {len(score)} names"
            )
        ((score, scale),) = score.items()
    if not isinstance(score, str):
        raise ValueError(
            f"score must be the name of a label or {{name: (worst, best)}}; got {score!r}"
        )
    if score not in labels:
        near = difflib.get_close_matches(score, labels, n=1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"{named('score')}: the log has no label {score!r}; it has {sorted(labels) or 'none'}."
            f"{meant} To take a column for the quality: {setting('columns', {'quality': score})}"
        )
    return score, scale


def _about_choice(
    name: str | None, labels: Mapping[str, Labels], columns: Mapping[str, str]
) -> list[str]:
    notes = []
    others = [each for each in labels if each not in (name, columns["preference"])]
    if others:
        told = ", ".join(f"{each!r} ({len(labels[each].row):,})" for each in sorted(others))
        chosen = "no label is" if name is None else f"{name!r} is"
        takes = f"{option('score')} takes one of them"
        notes.append(f"{chosen} the quality; other labels, {takes}: {told}")
    low = [each for each in others if _is_better_when_low(each)]
    if name is None and low:
        notes.append(
            f"{low[0]!r} seems to be better when it is low: {setting('score', {low[0]: (1, 0)})} "
            "reads it so"
        )
    return notes


def _how_read(name: str, ratings: Ratings) -> str:
    return f"{name}: {ratings.words} ({counted(len(ratings.quality), 'label')})"


def _settle(
    labels: Labels, ratings: Ratings, n_rows: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Return quality, gold and preference, (n,) each, of labels that people and judges gave."""
    row, given_by = np.array(labels.row), np.array(labels.gold)
    read = ~np.isnan(ratings.quality)
    by_judge, unsaid = given_by == 0, given_by == -1
    notes = []
    if (unsaid & read).any():
        count = int((unsaid & read).sum())
        notes.append(f"{counted(count, 'label')} of unknown origin: counted as gold")
    means = []
    for kind, chosen in (("gold", read & ~by_judge), ("judge's", read & by_judge)):
        mean, several = _mean_by_row(row[chosen], ratings.quality[chosen], n_rows)
        means.append(mean)
        if several:
            notes.append(f"{counted(several, 'row')} with several {kind} labels: the mean is taken")
    people, judges = means
    gold = ~np.isnan(people)
    quality = np.where(gold, people, judges)
    return quality, gold, np.where(gold, judges, np.nan), notes


def _mean_by_row(row: np.ndarray, value: np.ndarray, n_rows: int) -> tuple[np.ndarray, int]:
    """Return the mean of each row's values (n,), NaN where it has none; and how many have more."""
    known = ~np.isnan(value)
    count = np.bincount(row[known], minlength=n_rows)
    total = np.bincount(row[known], value[known], minlength=n_rows)
    mean = np.divide(total, count, out=np.full(n_rows, np.nan), where=count > 0)
    return mean, int((count > 1).sum())


def _raw(labels: Labels, n_rows: int) -> np.ndarray:
    """Return labels as the log has them (n,); of several in one row a list."""
    by_row: dict[int, list[Any]] = {}
    for row, value in zip(labels.row, labels.value, strict=True):
        by_row.setdefault(row, []).append(value)
    cells = Cells()
    for row, values in by_row.items():
        cells.put(row, values[0] if len(values) == 1 else values)
    return cells.read(n_rows)
