"""OpenTelemetry: spans of generative AI, and the events that evaluate them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ._answer import Answer, Label, LeftOut
from ._fields import Sourced, each_answer, labels_in, propensity_in, without_known
from ._format import Format, Record
from ._messages import query_of
from ._otlp import Signal, is_batch, is_signal, signals_in
from ._values import is_nothing, leaves, number, seconds, text, truth

_CHATS = {"chat", "text_completion", "generate_content", "completion"}
_OPERATIONS = ("gen_ai.operation.name", "llm.request.type")
_MODELS = ("gen_ai.request.model", "gen_ai.response.model")
_INPUT_TOKENS = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
_OUTPUT_TOKENS = ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")
# The conventions have none: those of widespread instrumentations.
_COSTS = (
    *("gen_ai.usage.cost", "gen_ai.usage.cost_usd", "gen_ai.cost.total_cost", "operation.cost"),
    "litellm.cost.total",
)
_GROUPS = ("gen_ai.conversation.id", "session.id", "traceloop.association.properties.session_id")
# What an answer holds under its own name; the model of the response may be a dated one.
_TAKEN = {_MODELS[0], *_INPUT_TOKENS, *_OUTPUT_TOKENS, *_COSTS, *_GROUPS}
_MESSAGES = ("gen_ai.input.messages", "gen_ai.prompt")
# Older instrumentations number the messages: gen_ai.prompt.0.role, gen_ai.prompt.0.content.
_NUMBERED = "gen_ai.prompt."
_EVALUATION, _ASKED = "gen_ai.evaluation.result", "gen_ai.user.message"
_SCORES = ("gen_ai.evaluation.score.value", "gen_ai.evaluation.score.label")
_CACHE_HIT = "litellm.cache_hit"
# Texts, which are not kept beyond the query's.
_BODY = re.compile(
    r"gen_ai\.(prompt|completion)(\.\d.*)?|gen_ai\.(input|output)\.messages"
    r"|gen_ai\.(system_instructions|tool\..*)|llm\.(input|output)_messages\..*"
    r"|(input|output)\.value|traceloop\.entity\.(input|output)|llm\.request\.functions\..*"
)


def _recognizes(record: Record) -> bool:
    return is_batch(record) or is_signal(record)


def _answers(
    records: Iterable[Record], left_out: LeftOut, columns: Mapping[str, str]
) -> Iterator[Answer]:
    trace = _Trace(left_out)
    answers = list(each_answer(records, left_out, columns, trace.answers_of))
    return trace.evaluated(answers)


class _Trace:
    """What is known beside the answers until all is read: evaluations, and prompts in events."""

    def __init__(self, left_out: LeftOut) -> None:
        self._left_out = left_out
        # The span and the response that each is about.
        self._labels: list[tuple[str | None, str | None, Label]] = []
        self._queries: dict[str, str] = {}

    def answers_of(self, record: Record) -> Iterator[Sourced]:
        """Yield the answers in a record, and keep what it says of others."""
        for signal in signals_in(record):
            for event in signal.events:
                self._keep_event(signal.span_id, *event)
            if (signal.event or "").startswith("gen_ai."):
                self._keep_event(signal.span_id, signal.event, signal.attributes)
                continue
            reason = _why_no_evidence(signal)
            if reason is None:
                source = {"attributes": signal.attributes, "resource": signal.resource}
                yield _answer(signal), {**signal.attributes, **source}
            else:
                self._left_out(reason)

    def _keep_event(
        self, span: str | None, name: str | None, attributes: Mapping[str, Any]
    ) -> None:
        if name == _EVALUATION:
            self._keep_evaluation(span, attributes)
        elif span is not None and (name or "").startswith("gen_ai."):
            # The user's messages come one by one: the last one is the query.
            asked = query_of(attributes.get("content")) if name == _ASKED else None
            query = asked or _query(attributes)
            if query is not None:
                self._queries[span] = query

    def _keep_evaluation(self, span: str | None, attributes: Mapping[str, Any]) -> None:
        value = _first(attributes, _SCORES)
        if text(value) is None:
            self._left_out("evaluations without a score")
        else:
            name = text(attributes.get("gen_ai.evaluation.name")) or "evaluation"
            response = text(attributes.get("gen_ai.response.id"))
            self._labels.append((span, response, Label(name, value)))

    def evaluated(self, answers: list[Answer]) -> Iterator[Answer]:
        """Yield all answers with their labels, and with the prompts that stand in events."""
        of_span, of_response = _index(answers)
        labels: dict[int, list[Label]] = {}
        for span, response, label in self._labels:
            place = of_span.get(span, of_response.get(response))
            if place is None:
                self._left_out("evaluations of what is not in the log")
            else:
                labels.setdefault(place, []).append(label)
        for place, answer in enumerate(answers):
            prompt = self._queries.pop(str(answer.columns.get("span_id")), None)
            query = prompt if answer.query is None else answer.query
            yield replace(answer, query=query, labels=(*answer.labels, *labels.get(place, ())))
        if self._queries:
            self._left_out("prompts of calls that are not in the log", len(self._queries))


def _index(answers: list[Answer]) -> tuple[dict[str | None, int], dict[str | None, int]]:
    """Return which answer is of which span and of which response.

    Of a call that two instrumentations saw it is the first, since the second is a duplicate.
    """
    of_span: dict[str | None, int] = {}
    of_response: dict[str | None, int] = {}
    for place, answer in enumerate(answers):
        span, response = (answer.columns.get(name) for name in ("span_id", "gen_ai.response.id"))
        first = place if response is None else of_response.setdefault(str(response), place)
        if span is not None:
            of_span.setdefault(span, first)
    return of_span, of_response


def _why_no_evidence(span: Signal) -> str | None:
    kind = text(_first(span.attributes, _OPERATIONS))
    is_chat = any(not is_nothing(span.attributes.get(name)) for name in _MODELS)
    if not is_chat or (kind is not None and kind.lower() not in _CHATS):
        return "spans that are no chat"
    if span.failed or not is_nothing(span.attributes.get("error.type")):
        return "failed calls"
    if truth(span.attributes.get(_CACHE_HIT), _CACHE_HIT):
        return "cache hits"
    return None


def _answer(span: Signal) -> Answer:
    attributes = span.attributes
    started = seconds(span.start, "the start of the span")
    latency = seconds(span.end, "the end of the span") - started
    if math.isnan(latency):
        latency = number(span.duration, "Duration") / 1e9
    response = text(attributes.get("gen_ai.response.id"))
    ids = {"trace_id": span.trace_id, "span_id": span.span_id}
    further = without_known(leaves({**attributes, "resource": span.resource}, _TAKEN), "")
    return Answer(
        model=text(_first(attributes, _MODELS)) or "",
        query=_query(attributes),
        labels=labels_in([attributes]),
        cost=_number(attributes, _COSTS),
        input_tokens=_number(attributes, _INPUT_TOKENS),
        output_tokens=_number(attributes, _OUTPUT_TOKENS),
        time=None if math.isnan(started) else started,
        latency=latency if latency >= 0 else math.nan,
        group=text(_first(attributes, _GROUPS)) or span.trace_id,
        propensity=propensity_in([attributes]),
        identity=response or span.span_id,
        columns={
            **{name: value for name, value in ids.items() if value is not None},
            **{name: value for name, value in further.items() if not _BODY.fullmatch(name)},
        },
    )


def _query(attributes: Mapping[str, Any]) -> str | None:
    asked = _first(attributes, _MESSAGES)
    return query_of(_numbered_messages(attributes) if asked is None else asked)


def _numbered_messages(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return messages whose roles and contents are attributes with their numbers in the name."""
    messages: dict[int, dict[str, Any]] = {}
    for name, value in attributes.items():
        place, _, part = name.removeprefix(_NUMBERED).partition(".")
        if name.startswith(_NUMBERED) and place.isdecimal() and part in ("role", "content"):
            messages.setdefault(int(place), {"role": "user"})[part] = value
    return [messages[place] for place in sorted(messages)]


def _number(attributes: Mapping[str, Any], names: Iterable[str]) -> float:
    name = next((name for name in names if not is_nothing(attributes.get(name))), None)
    return math.nan if name is None else number(attributes[name], name)


def _first(attributes: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((attributes[name] for name in names if not is_nothing(attributes.get(name))), None)


OPENTELEMETRY = Format("opentelemetry", _recognizes, _answers)
