"""What all formats do alike: number records, and take from them what the user says is there."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Any

from .._utils import short_repr
from ._answer import Answer, Label, LeftOut
from ._format import Record
from ._messages import query_of
from ._options import option, setting
from ._values import UNKNOWN, is_nothing, look_up, mapping, number, seconds, text, truth

# How `columns` of `read_log` may call what is read, and how it is read.
_PARSERS: dict[str, Callable[[Any, str], Any]] = {
    "model": lambda value, name: text(value),
    "query": lambda value, name: query_of(value),
    "cost": number,
    "input_tokens": number,
    "output_tokens": number,
    "time": seconds,
    "latency": number,
    "group": lambda value, name: text(value),
    "propensity": number,
    "weight": number,
    "prior": lambda value, name: bool(truth(value, name)),
    "identity": lambda value, name: text(value),
}
COLUMNS = (*_PARSERS, "quality", "gold", "preference")
# Names under which applications keep what users say beside the rest of a call, and what judges say.
_LABELS = (
    *("quality", "rating", "score", "reward", "stars", "feedback", "thumb", "thumbs", "thumbs_up"),
    *("user_rating", "user_score", "user_feedback"),
)
_JUDGES = ("judge_score", "preference")
_VALUES = ("value", "score", "rating", "thumbs")

Sourced = tuple[Answer, Record]


def each_answer(
    records: Iterable[Record],
    left_out: LeftOut,
    columns: Mapping[str, str],
    answers_of: Callable[[Record], Iterable[Sourced]],
) -> Iterator[Answer]:
    """Yield the answers of all records; errors say which record they are about.

    `answers_of` gives for a record its answers, each with the part of the record, or all of it,
    that the paths in `columns` lead through. Answers without a model are left out.
    """
    found: set[str] = set()
    any_answer = False
    for position, record in enumerate(records):
        try:
            if not isinstance(record, Mapping):
                raise ValueError(f"must be an object, got {short_repr(record)}")
            for answer, source in answers_of(record):
                any_answer = True
                answer = _as_mapped(answer, source, columns, found)
                if answer.model:
                    yield answer
                else:
                    left_out("calls without a model")
        except ValueError as error:
            raise ValueError(f"record {position} (counted from 0): {error}") from error
    if any_answer:
        check_found(columns, found)


def check_found(columns: Mapping[str, str], found: Container[str]) -> None:
    """Raise where a path in `columns` is none of those that were found."""
    missing = [name for name, path in columns.items() if path not in found]
    if missing:
        chooses = f"; among labels, {option('score')} chooses" if missing[0] == "quality" else ""
        path = columns[missing[0]]
        raise ValueError(
            f"{setting('columns', {missing[0]: path})}: no record of an answer has {path!r}; name "
            f"a column, with dots where records are nested{chooses}"
        )


def labels_in(places: Iterable[Mapping[str, Any]]) -> tuple[Label, ...]:
    """Return what stands under the usual names of labels, such as "rating"; of a name the first.

    Either the label itself or an object that holds it as its "value" or "score". A truth value
    "gold" beside it says whether it is gold. A "judge_score" is the judge's label of the same scale
    as the first one, which is gold then.
    """
    labels: dict[str, Label] = {}
    judged: dict[str, Any] = {}
    for place in places:
        gold = None
        with suppress(ValueError):
            gold = truth(place.get("gold"), "gold")
        for name in filter(place.__contains__, (*_LABELS, *_JUDGES)):
            within = mapping(place[name])
            value = next((within[key] for key in _VALUES if key in within), place[name])
            if text(value) is None or (within and value is place[name]):
                continue
            if name in _JUDGES:
                judged.setdefault(name, value)
            else:
                labels.setdefault(name, Label(name, value, gold))
    found = list(labels.values())
    if judged:
        name, value = next(iter(judged.items()))
        if found:
            name = found[0].name
            found[0] = replace(found[0], gold=found[0].gold is not False)
        found.append(Label(name, value, gold=False))
    return tuple(found)


def without_known(columns: Iterable[tuple[str, Any]], *places: str) -> dict[str, Any]:
    """Return columns without what `labels_in` and `propensity_in` find in some places.

    `places` are the names of the objects that columns stand in, "" for the record.
    """
    known = _known_names(places)
    return {name: value for name, value in columns if name not in known}


@lru_cache
def _known_names(places: tuple[str, ...]) -> frozenset[str]:
    return frozenset(
        f"{place}.{name}{inner}".removeprefix(".")
        for place in places
        for name in (*_LABELS, *_JUDGES, "gold", "propensity")
        for inner in ("", *(f".{value}" for value in _VALUES))
    )


def propensity_in(places: Iterable[Mapping[str, Any]]) -> float:
    """Return the first "propensity" there is, else NaN."""
    found = (place["propensity"] for place in places if not is_nothing(place.get("propensity")))
    return number(next(found, None), "propensity")


def _as_mapped(
    answer: Answer, source: Record, columns: Mapping[str, str], found: set[str]
) -> Answer:
    """Return an answer with what the paths in `columns` lead to in place of its own."""
    if not columns:
        return answer
    values = {name: look_up(source, path) for name, path in columns.items()}
    values = {name: value for name, value in values.items() if value is not UNKNOWN}
    found.update(columns[name] for name in values)
    changed = {
        name: parse(values[name], columns[name])
        for name, parse in _PARSERS.items()
        if name in values
    }
    for name, none in (("weight", 1.0), ("time", None)):
        if name in changed and math.isnan(changed[name]):
            changed[name] = none
    paths = set(columns.values())
    changed["columns"] = {name: x for name, x in answer.columns.items() if name not in paths}
    return replace(answer, labels=_mapped_labels(answer, values, columns), **changed)


def _mapped_labels(
    answer: Answer, values: Mapping[str, Any], columns: Mapping[str, str]
) -> tuple[Label, ...]:
    paths = [columns[name] for name in ("quality", "preference") if name in columns]
    # The format may have found the same, by the name that the path ends with.
    named = {*paths, *(path.rpartition(".")[2] for path in paths)}
    labels = [label for label in answer.labels if label.name not in named]
    if text(values.get("quality")) is not None:
        labels.append(Label(columns["quality"], values["quality"]))
    if "gold" in values:
        gold = truth(values["gold"], columns["gold"])
        labels = [replace(label, gold=gold) for label in labels]
    if text(values.get("preference")) is not None:
        labels.append(Label(columns["preference"], values["preference"], gold=False))
    return tuple(labels)
