"""Langfuse: observations, and the scores that judge them, whichever come first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ._answer import Answer, Label, LeftOut
from ._fields import Sourced, each_answer, labels_in, propensity_in, without_known
from ._format import Format, Record
from ._langfuse_names import FIELDS, NOT_COLUMNS, OF_OBSERVATIONS, OF_TRACES, snake_cased
from ._langfuse_scores import Scores, is_score
from ._messages import query_of
from ._values import leaves, mapping, number, seconds, sequence, text

_TYPES = {
    *("GENERATION", "SPAN", "EVENT", "AGENT", "TOOL", "CHAIN", "RETRIEVER", "EVALUATOR"),
    *("EMBEDDING", "GUARDRAIL"),
}


def _recognizes(record: Record) -> bool:
    names = snake_cased(record)
    return is_score(names) or _is_observation(names) or _is_trace(names)


def _is_observation(names: Record) -> bool:
    if not {"id", "trace_id"} <= names.keys():
        return False
    kind = text(names.get("type"))
    return kind in _TYPES if kind else bool(OF_OBSERVATIONS & names.keys())


def _is_trace(names: Record) -> bool:
    items = _objects(names.get("observations"))
    holds = any(_is_observation({"trace_id": None, **snake_cased(item)}) for item in items)
    return "id" in names and (holds or ("session_id" in names and bool(OF_TRACES & names.keys())))


def _answers(
    records: Iterable[Record], left_out: LeftOut, columns: Mapping[str, str]
) -> Iterator[Answer]:
    export = _Export(left_out)
    answers = list(each_answer(records, left_out, columns, export.answers_of))
    return export.judge(answers)


class _Export:
    """An export while it is read: ids of what are no answers, sessions and scores."""

    def __init__(self, left_out: LeftOut) -> None:
        self._left_out = left_out
        self._scores = Scores(left_out)
        self._session_of: dict[str | None, str | None] = {}
        self._others: set[str | None] = set()
        self._failed: set[str | None] = set()

    def answers_of(self, record: Record) -> Iterator[Sourced]:
        """Yield the answers in a record, and keep what it says of others."""
        names = snake_cased(record)
        if is_score(names):
            self._scores.keep(names)
        elif _is_trace(names):
            yield from self._answers_in_trace(names)
        else:
            yield from self._answers_in_observation(names, record)

    def _answers_in_trace(self, trace: Record) -> Iterator[Sourced]:
        trace_id = text(trace.get("id"))
        self._session_of[trace_id] = text(trace.get("session_id"))
        for score in _objects(trace.get("scores")):
            self._scores.keep(snake_cased(score), trace_id)
        shared = {name: trace.get(name) for name in ("user_id", "tags", "release", "environment")}
        shared |= {"trace_id": trace_id, "trace_name": trace.get("name")}
        for item in _objects(trace.get("observations")):
            own = {name: value for name, value in snake_cased(item).items() if value is not None}
            yield from self._answers_in_observation({**shared, **own}, item)

    def _answers_in_observation(self, names: Record, record: Record) -> Iterator[Sourced]:
        identity = text(names.get("id"))
        if (text(names.get("type")) or "GENERATION").upper() != "GENERATION":
            self._others.add(identity)
            self._left_out("observations that are no generations")
        elif (text(names.get("level")) or "").upper() == "ERROR":
            self._failed.add(identity)
            self._left_out("failed calls")
        else:
            yield _answer(names), record

    def judge(self, answers: list[Answer]) -> Iterator[Answer]:
        """Yield all answers with their scores, and in the session of their trace if it has one."""
        for answer in self._scores.judge(answers, self._others, self._failed):
            trace_id = answer.columns["trace_id"]
            session = self._session_of.get(trace_id)
            yield replace(answer, group=session) if session and answer.group == trace_id else answer
        empty = self._session_of.keys() - {answer.columns["trace_id"] for answer in answers}
        if empty:
            self._left_out("traces without a generation in the log", len(empty))


def _answer(names: Record) -> Answer:
    metadata = mapping(names.get("metadata"))
    started = seconds(names.get("start_time"), "start_time")
    identity, trace_id = text(names.get("id")), text(names.get("trace_id"))
    decoded = {
        **names,
        "metadata": metadata,
        "tags": sequence(names.get("tags")),
        "model_parameters": mapping(names.get("model_parameters")),
    }
    columns = {"observation_id": identity, "trace_id": trace_id}
    return Answer(
        model=text(names.get("provided_model_name")) or text(names.get("model")) or "",
        query=query_of(names.get("input")),
        labels=(*labels_in([metadata]), *_labels_in_columns(names)),
        cost=_cost(names),
        input_tokens=_tokens(names, "input", ("input_usage", "prompt_tokens")),
        output_tokens=_tokens(names, "output", ("output_usage", "completion_tokens")),
        time=None if math.isnan(started) else started,
        latency=_latency(names, started),
        group=text(names.get("session_id")) or trace_id,
        propensity=propensity_in([metadata]),
        identity=identity,
        columns={**columns, **without_known(leaves(decoded, NOT_COLUMNS), "metadata")},
    )


def _labels_in_columns(names: Record) -> Iterator[Label]:
    """Yield scores that an export from the pages of Langfuse has as columns of lists."""
    for name, value in names.items():
        if name not in FIELDS:
            for item in sequence(value):
                if text(item) is not None:
                    yield Label(name, item)


def _cost(names: Record) -> float:
    details = mapping(names.get("cost_details"))
    parts = [number(cost, "cost_details") for name, cost in details.items() if name != "total"]
    known = [
        number(names.get("total_cost"), "total_cost"),
        number(names.get("calculated_total_cost"), "calculated_total_cost"),
        number(details.get("total"), "cost_details.total"),
        sum(parts) if parts else math.nan,
        number(mapping(names.get("usage")).get("totalCost"), "usage.totalCost"),
    ]
    cost = next((cost for cost in known if not math.isnan(cost)), math.nan)
    never_priced = cost == 0 and "cost_details" in names and not details
    return math.nan if never_priced else cost


def _tokens(names: Record, kind: str, older: Iterable[str]) -> float:
    """Return tokens in or out: all kinds of them together, such as cached ones."""
    usage = mapping(names.get("usage_details")) or mapping(names.get("usage"))
    named = {**names, **snake_cased(usage)}
    counts = [
        number(count, name)
        for name, count in usage.items()
        if kind in name.lower() and "cost" not in name.lower()
    ]
    counts = [count for count in counts if not math.isnan(count)]
    counts = counts or [number(named[name], name) for name in older if name in named][:1]
    return sum(counts) if counts else math.nan


def _latency(names: Record, started: float) -> float:
    """Return seconds: by the clock, as the field is in milliseconds in some exports."""
    latency = seconds(names.get("end_time"), "end_time") - started
    if math.isnan(latency):
        latency = number(names.get("latency_ms"), "latency_ms") / 1000
    if math.isnan(latency):
        latency = number(names.get("latency"), "latency")
    return latency if latency >= 0 else math.nan


def _objects(value: Any) -> list[Record]:
    return [item for item in sequence(value) if isinstance(item, Mapping)]


LANGFUSE = Format("langfuse", _recognizes, _answers)
