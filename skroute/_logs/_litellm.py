"""LiteLLM: standard logging payloads, and rows of the proxy's table of spend."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from ._answer import Answer, LeftOut
from ._fields import Sourced, each_answer, labels_in, propensity_in, without_known
from ._format import Format, Record
from ._messages import query_of
from ._values import is_nothing, leaves, mapping, number, seconds, sequence, text, truth

# One of these is the price of a call, and enough of the others tell whose log it is.
_SPENT = ("response_cost", "spend")
_OWN_NAMES = {
    "request_id",
    "litellm_call_id",
    "call_type",
    "startTime",
    "model_group",
    "model_id",
    "custom_llm_provider",
    "request_tags",
    "cache_hit",
}
# Calls of which a chat, or what stands for one, is asked; an "a" before them: without waiting.
_CHATS = {
    "completion",
    "text_completion",
    "responses",
    "anthropic_messages",
    "generate_content",
    "generate_content_stream",
    "pass_through_endpoint",
    "llm_passthrough_route",
}
# Filled where the gateway has no price for what it served: a cost of 0 is none then.
_PRICE_FAILED = ("response_cost_failure_debug_info", "zero_cost_diagnostic")
# Where an application may keep what it knows of a call, the likeliest first.
_PLACES = ("metadata.spend_logs_metadata", "metadata.requester_metadata", "metadata", "")
_REDACTED = "redacted-by-litellm"
_HEALTH_CHECK = "litellm-internal-health-check"
# What an answer holds under its own name, what names a call alone, and bodies: texts, errors and
# tables of prices.
_NOT_COLUMNS = {
    *("id", "request_id", "litellm_call_id", "cache_key", "model", *_SPENT, "cost_finalized"),
    *("prompt_tokens", "completion_tokens", "total_tokens", "saved_cache_cost"),
    *("startTime", "endTime", "completionStartTime", "response_time", "request_duration_ms"),
    *("status", "status_fields", "cache_hit", "error_str", "error_information"),
    *("kwargs", "standard_logging_object", "messages", "response", "proxy_server_request"),
    *("hidden_params", "model_map_information", "cost_breakdown", *_PRICE_FAILED),
    "metadata.error_information",
    "metadata.model_map_information",
    "metadata.usage_object",
    "metadata.additional_usage_values",
    "metadata.cost_breakdown",
    "metadata.proxy_server_request",
    "metadata.litellm_call_id",
    "metadata.status",
}


def _recognizes(record: Record) -> bool:
    call = _call(record)
    return (
        "model" in call
        and any(name in call for name in _SPENT)
        and sum(name in call for name in _OWN_NAMES) >= 2
    )


def _answers(
    records: Iterable[Record], left_out: LeftOut, columns: Mapping[str, str]
) -> Iterator[Answer]:
    def answers_of(record: Record) -> Iterator[Sourced]:
        call = _call(record)
        reason = _why_no_evidence(call)
        if reason is None:
            yield _answer(call), call
        else:
            left_out(reason)

    return each_answer(records, left_out, columns, answers_of)


def _call(record: Record) -> Record:
    """Return the call that a record logs: itself, or what a callback was given with what is beside.

    The objects and lists in it that a CSV file has as text are decoded.
    """
    call = dict(record)
    for place in (record, mapping(record.get("kwargs"))):
        call.update(mapping(place.get("standard_logging_object")))
    call["metadata"] = mapping(call.get("metadata"))
    call["request_tags"] = sequence(call.get("request_tags"))
    return call


def _why_no_evidence(call: Record) -> str | None:
    metadata = call["metadata"]
    status = text(call.get("status")) or text(metadata.get("status")) or "success"
    if status.lower() != "success":
        return "failed calls"
    if truth(call.get("cache_hit"), "cache_hit"):
        return "cache hits"
    kind = text(call.get("call_type"))
    if kind is not None and kind not in _CHATS and kind.removeprefix("a") not in _CHATS:
        return "calls that are no chat"
    if text(metadata.get("internal_call_origin")) or _HEALTH_CHECK in call["request_tags"]:
        return "calls of the gateway itself"
    return None


def _answer(call: Record) -> Answer:
    started, latency = _times(call)
    beside = _beside(call)
    return Answer(
        model=text(call.get("model")) or "",
        query=_query(call),
        labels=labels_in(beside),
        cost=_cost(call),
        input_tokens=number(call.get("prompt_tokens"), "prompt_tokens"),
        output_tokens=number(call.get("completion_tokens"), "completion_tokens"),
        time=None if math.isnan(started) else started,
        latency=latency,
        group=text(call.get("session_id")) or text(call.get("trace_id")),
        propensity=propensity_in(beside),
        identity=text(call.get("id")) or text(call.get("request_id")),
        columns=without_known(leaves(call, _NOT_COLUMNS), *_PLACES),
    )


def _query(call: Record) -> str | None:
    """Return what was asked: rows of spend keep it in the request, payloads in the messages."""
    asked = call.get("messages")
    query = query_of(asked)
    if query is None:
        query = query_of(mapping(call.get("proxy_server_request")))
    return None if query == _REDACTED else query


def _cost(call: Record) -> float:
    name = next((name for name in _SPENT if not is_nothing(call.get(name))), _SPENT[0])
    cost = number(call.get(name), name)
    unknown = cost == 0 and any(not is_nothing(call.get(name)) for name in _PRICE_FAILED)
    return math.nan if unknown else cost


def _times(call: Record) -> tuple[float, float]:
    """Return when a call began, Unix seconds, and how many seconds it took."""
    started = seconds(call.get("startTime"), "startTime")
    latency = seconds(call.get("endTime"), "endTime") - started
    if math.isnan(latency):
        latency = number(call.get("response_time"), "response_time")
    if math.isnan(latency):
        latency = number(call.get("request_duration_ms"), "request_duration_ms") / 1000
    return started, latency if latency >= 0 else math.nan


def _beside(call: Record) -> list[Record]:
    """Return what stands in `_PLACES`."""
    metadata = call["metadata"]
    own = (mapping(metadata.get(name)) for name in ("spend_logs_metadata", "requester_metadata"))
    return [*own, metadata, call]


LITELLM = Format("litellm", _recognizes, _answers)
