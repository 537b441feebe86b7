"""Scores of Langfuse, which may stand before or behind what they judge."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ._answer import Answer, Label, LeftOut
from ._langfuse_names import snake_cased
from ._values import is_nothing, mapping, text

# Who gave a score: people in Langfuse itself, a judge, or whoever called the API.
_GOLD = {"ANNOTATION": True, "EVAL": False, "API": None}
_FREE_TEXT = {"TEXT", "CORRECTION"}


def is_score(record: Mapping[str, Any]) -> bool:
    return (
        {"name", "source"} <= record.keys()
        and bool({"data_type", "trace_id", "subject"} & record.keys())
        and _upper(record["source"]) in _GOLD
    )


class Scores:
    """The scores of an export until all of it is read, as a few texts each."""

    def __init__(self, left_out: LeftOut) -> None:
        self._left_out = left_out
        # By the id of the score, since a later export may change it: the observation and the trace
        # that it is about, and the label.
        self._scores: dict[Any, tuple[str | None, str | None, Label]] = {}

    def keep(self, score: Mapping[str, Any], trace_id: str | None = None) -> None:
        """Keep a score; `trace_id` is the trace that it stands in, if any."""
        observation, trace_id = _target(score, trace_id)
        value, data_type = score.get("value"), _upper(score.get("data_type"))
        named = text(score.get("string_value"))
        if named is not None and (data_type == "CATEGORICAL" or is_nothing(value)):
            value = named
        if data_type in _FREE_TEXT:
            self._left_out("scores that are free text")
        elif text(value) is None:
            self._left_out("scores without a value")
        elif observation is None and trace_id is None:
            self._left_out("scores of sessions or experiments")
        else:
            gold = _GOLD.get(_upper(score.get("source")))
            label = Label(text(score.get("name")) or "score", value, gold)
            key = text(score.get("id")) or len(self._scores)
            self._scores[key] = observation, trace_id, label

    def judge(
        self, answers: list[Answer], others: Container[str | None], failed: Container[str | None]
    ) -> Iterator[Answer]:
        """Yield answers with the scores that are about them.

        `others` are the ids of observations that are no generations, whose scores count like those
        of their trace; `failed` those of generations that failed.
        """
        place_of, last_of, n_generations = _index(answers)
        labels: dict[int, list[Label]] = {}
        n_shared = 0
        for observation, trace_id, label in self._scores.values():
            place = place_of.get(observation)
            if place is None and (observation is None or observation in others):
                place = last_of.get(trace_id)
                n_shared += n_generations[trace_id] > 1
            if place is not None:
                labels.setdefault(place, []).append(label)
            elif observation is not None and observation in failed:
                self._left_out("scores of failed calls")
            else:
                self._left_out("scores of what is not in the log")
        if n_shared:
            self._left_out.remark(
                f"{n_shared:,} scores of traces with several generations judge the last of them"
            )
        for place, answer in enumerate(answers):
            yield replace(answer, labels=(*answer.labels, *labels.get(place, ())))


def _target(score: Mapping[str, Any], trace_id: str | None) -> tuple[str | None, str | None]:
    """Return the ids of the observation and of the trace that a score is about."""
    subject = snake_cased(mapping(score.get("subject")))
    about = {_upper(subject.get("kind")): text(subject.get("id"))}
    return (
        text(score.get("observation_id")) or about.get("OBSERVATION"),
        text(score.get("trace_id"))
        or text(subject.get("trace_id"))
        or about.get("TRACE")
        or trace_id,
    )


def _index(
    answers: list[Answer],
) -> tuple[dict[str | None, int], dict[str | None, int], Counter[str | None]]:
    """Return where each observation and the last of each trace are, and traces' generations."""
    place_of: dict[str | None, int] = {}
    last_of: dict[str | None, tuple[float, int]] = {}
    n_generations: Counter[str | None] = Counter()
    for place, answer in enumerate(answers):
        observation, trace_id = (answer.columns[name] for name in ("observation_id", "trace_id"))
        if observation in place_of and observation is not None:
            continue
        place_of[observation] = place
        n_generations[trace_id] += 1
        when = -math.inf if answer.time is None else answer.time, place
        last_of[trace_id] = max(when, last_of.get(trace_id, when))
    # Without an id nothing is about it.
    place_of.pop(None, None)
    last_of.pop(None, None)
    return place_of, {name: place for name, (_, place) in last_of.items()}, n_generations


def _upper(value: Any) -> str:
    return (text(value) or "").upper()
