"""Records as gateways, tracers and research write them: a call each, changed by keywords."""

import json
from datetime import UTC, datetime

# When all of them began.
STARTED = datetime(2026, 1, 31, 12, 0, tzinfo=UTC).timestamp()
NANOSECONDS = int(STARTED) * 10**9

CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Why is the sky blue?"},
]
# The same in the parts of OpenAI, and in those of OpenTelemetry.
TYPED = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "Why is the sky blue?"}]},
]
SPOKEN = [
    {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
    {"role": "user", "parts": [{"type": "text", "content": "Why is the sky blue?"}]},
]

ATTRIBUTES = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 20,
    "gen_ai.conversation.id": "s1",
    "gen_ai.prompt.name": "answer",
    "gen_ai.input.messages": json.dumps(SPOKEN),
    "gen_ai.output.messages": '[{"role": "assistant", "parts": ["Scattering."]}]',
}


# LiteLLM.


def payload(**changed):
    """A call as a callback is given it under "standard_logging_object"."""
    return {
        "id": "chatcmpl-1",
        "litellm_call_id": "b9f7",
        "trace_id": "trace-1",
        "session_id": "",
        "call_type": "acompletion",
        "cache_hit": None,
        "stream": None,
        "status": "success",
        "status_fields": {"llm_api_status": "success", "guardrail_status": "not_run"},
        "custom_llm_provider": "openai",
        "saved_cache_cost": 0.0,
        "startTime": STARTED,
        "endTime": STARTED + 0.5,
        "completionStartTime": STARTED + 0.25,
        "response_time": 0.25,
        "model": "openai/gpt-4o-mini",
        "metadata": {
            "user_api_key_alias": "team-key",
            "user_api_key_user_id": None,
            "spend_logs_metadata": None,
            "requester_metadata": None,
            "usage_object": {"completion_tokens": 20},
        },
        "response_cost": 1.35e-05,
        "cost_breakdown": {"input_cost": 1.5e-06},
        "response_cost_failure_debug_info": None,
        "total_tokens": 30,
        "prompt_tokens": 10,
        "completion_tokens": 20,
        "request_tags": ["batch", "eu"],
        "end_user": "customer-7",
        "api_base": "",
        "model_group": "chat",
        "model_id": "f8dd",
        "messages": TYPED,
        "response": {"choices": [{"message": {"role": "assistant", "content": "Scattering."}}]},
        "model_parameters": {"temperature": 0.2, "tools": [{"type": "function"}]},
        "hidden_params": {"api_base": "https://api.openai.com"},
        "model_map_information": {"model_map_value": {"input_cost_per_token": 1.5e-07}},
        **changed,
    }


def spend(**changed):
    """A row of the table LiteLLM_SpendLogs, as CSV has it: what is nested is JSON text."""
    metadata = {"user_api_key_alias": "team-key", "attempted_fallbacks": 1, "status": "success"}
    return {
        "request_id": "chatcmpl-1",
        "call_type": "acompletion",
        "api_key": "88dc28d0",
        "spend": "1.35e-05",
        "total_tokens": "30",
        "prompt_tokens": "10",
        "completion_tokens": "20",
        "startTime": "2026-01-31 12:00:00.000",
        "endTime": "2026-01-31 12:00:00.500",
        "request_duration_ms": "500",
        "model": "openai/gpt-4o-mini",
        "model_group": "chat",
        "custom_llm_provider": "openai",
        "metadata": json.dumps(metadata),
        "cache_hit": "None",
        "request_tags": '["batch", "eu"]',
        "messages": "{}",
        "response": "{}",
        "proxy_server_request": json.dumps({"model": "chat", "messages": TYPED}),
        "session_id": "trace-1",
        "status": "success",
        **changed,
    }


# Langfuse.


def stored(**changed):
    """An observation as the scheduled exports to a bucket write it."""
    return {
        "id": "o1",
        "trace_id": "t1",
        "project_id": "p",
        "environment": "production",
        "type": "GENERATION",
        "parent_observation_id": "",
        "start_time": "2026-01-31 12:00:00.000000",
        "end_time": "2026-01-31 12:00:00.500000",
        "name": "answer",
        "metadata": {"tenant": "a", "attributes": {"gen_ai.prompt": "sky"}},
        "level": "DEFAULT",
        "status_message": "",
        "input": json.dumps({"messages": CHAT}),
        "output": "Scattering.",
        "provided_model_name": "gpt-4o",
        "model_parameters": '{"temperature":0.7}',
        "usage_details": {"input": 10, "input_cached_tokens": 4, "output": 20, "total": 34},
        "cost_details": {"input": 0.001, "output": 0.002, "total": 0.003},
        "completion_start_time": None,
        "total_cost": 0.003,
        "latency": 500.0,
        "user_id": "u",
        "session_id": "s1",
        "trace_name": "chat",
        "tags": ["beta", "eu"],
        **changed,
    }


def paged(**changed):
    """An observation as the pages of Langfuse export it to CSV: scores are columns of lists."""
    return {
        "id": "o1",
        "traceId": "t1",
        "traceName": "chat",
        "type": "GENERATION",
        "name": "answer",
        "startTime": "2026-01-31T12:00:00.000Z",
        "endTime": "2026-01-31T12:00:00.500Z",
        "completionStartTime": "",
        "level": "DEFAULT",
        "sessionId": "s1",
        "userId": "u",
        "providedModelName": "gpt-4o",
        "modelParameters": '{"temperature":0.7}',
        "usageDetails": '{"input":14,"output":20,"total":34}',
        "costDetails": '{"total":0.003}',
        "totalCost": "0.003",
        "input": json.dumps(CHAT),
        "output": '{"role":"assistant","content":"Scattering."}',
        "metadata": '{"tenant":"a"}',
        "latencyMs": "500",
        "tags": '["beta","eu"]',
        "comments": "[]",
        "helpfulness": "[4]",
        "tone": '["kind","short"]',
        "never": "",
        **changed,
    }


def nested(**changed):
    """A trace as the older API gives it, with its observations and scores."""
    return {
        "id": "t1",
        "timestamp": "2026-01-31T12:00:00.000Z",
        "name": "chat",
        "sessionId": "s1",
        "userId": "u",
        "tags": ["beta", "eu"],
        "metadata": None,
        "htmlPath": "/project/p/traces/t1",
        "input": "not this",
        "observations": [
            {"id": "root", "type": "SPAN", "traceId": "t1", "name": "agent"},
            {
                "id": "o1",
                "traceId": "t1",
                "type": "GENERATION",
                "name": "answer",
                "startTime": "2026-01-31T12:00:00.000Z",
                "endTime": "2026-01-31T12:00:00.500Z",
                "model": "gpt-4o",
                "modelParameters": {"temperature": 0.7},
                "input": CHAT,
                "output": {"content": "Scattering."},
                "usage": {"input": 14, "output": 20, "unit": "TOKENS", "inputCost": 0.001},
                "promptTokens": 14,
                "completionTokens": 20,
                "calculatedTotalCost": 0.003,
                "metadata": {"tenant": "a"},
                "level": "DEFAULT",
                "latency": 0.5,
            },
        ],
        "scores": [score(id="n1", name="helpfulness", value=0.25)],
        **changed,
    }


def score(**changed):
    return {
        "id": "c1",
        "timestamp": "2026-01-31 13:00:00.000000",
        "project_id": "p",
        "trace_id": "t1",
        "observation_id": None,
        "name": "helpfulness",
        "value": 1,
        "source": "ANNOTATION",
        "data_type": "NUMERIC",
        "string_value": None,
        **changed,
    }


# OpenTelemetry.


def typed(value):
    """A value as OTLP writes it."""
    kinds = {str: "stringValue", bool: "boolValue", int: "intValue", float: "doubleValue"}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": pairs(value)}}
    if isinstance(value, list):
        return {"arrayValue": {"values": [typed(item) for item in value]}}
    return {kinds[type(value)]: str(value) if type(value) is int else value}


def pairs(attributes):
    return [{"key": key, "value": typed(value)} for key, value in attributes.items()]


def batch(attributes=ATTRIBUTES, **changed):
    """A batch of one span as the collector's file exporter writes it."""
    span = {
        "traceId": "d1e9",
        "spanId": "63f5",
        "parentSpanId": "",
        "name": "chat gpt-4o",
        "kind": 3,
        "startTimeUnixNano": str(NANOSECONDS),
        "endTimeUnixNano": str(NANOSECONDS + 5 * 10**8),
        "attributes": pairs(attributes),
        "events": [],
        "status": {},
        **changed,
    }
    scopes = [{"scope": {"name": "x"}, "spans": [span]}]
    return {
        "resourceSpans": [
            {"resource": {"attributes": pairs({"service.name": "web"})}, "scopeSpans": scopes}
        ]
    }


def printed(attributes=ATTRIBUTES, **changed):
    """A span as the console exporter of the Python SDK prints it."""
    return {
        "name": "chat gpt-4o",
        "context": {"trace_id": "0xd1e9", "span_id": "0x63f5", "trace_state": "[]"},
        "kind": "SpanKind.CLIENT",
        "parent_id": None,
        "start_time": "2026-01-31T12:00:00.000000Z",
        "end_time": "2026-01-31T12:00:00.500000Z",
        "status": {"status_code": "UNSET"},
        "attributes": attributes,
        "events": [],
        "links": [],
        "resource": {"attributes": {"service.name": "web"}, "schema_url": ""},
        **changed,
    }


def row(attributes=ATTRIBUTES, **changed):
    """A row of a table of spans, attributes and resource as text."""
    return {
        "Timestamp": "2026-01-31 12:00:00.000000000",
        "TraceId": "d1e9",
        "SpanId": "63f5",
        "SpanName": "chat gpt-4o",
        "SpanAttributes": json.dumps(attributes),
        "resource": json.dumps({"attributes": {"service.name": "web"}}),
        "Duration": 5 * 10**8,
        "StatusCode": "Unset",
        **changed,
    }


def evaluation(**changed):
    attributes = {"gen_ai.evaluation.name": "Relevance", "gen_ai.evaluation.score.value": 0.5}
    return {**attributes, **changed}


def log_batch(event=None, **changed):
    """A batch of one log record that tells an evaluation."""
    record = {
        "timeUnixNano": str(NANOSECONDS),
        "traceId": "d1e9",
        "spanId": "63f5",
        "eventName": "gen_ai.evaluation.result",
        "attributes": pairs(event or evaluation()),
        **changed,
    }
    return {"resourceLogs": [{"resource": {}, "scopeLogs": [{"logRecords": [record]}]}]}


# Research.


def routerbench(**changed):
    return {
        "sample_id": "mbpp.dev.7",
        "prompt": "['Be brief.', 'Why is the sky blue?']",
        "eval_name": "mbpp",
        "small/a": 0.0,
        "large": "1.0",
        "small/a|model_response": "['Scattering.']",
        "large|model_response": "['Rayleigh scattering.']",
        "small/a|total_cost": 0.001,
        "large|total_cost": "0.02",
        "oracle_model_to_route_to": "large",
        **changed,
    }


def sprout(**changed):
    small = {"num_input_tokens": 10, "num_output_tokens": 20, "response": "Dust.", "score": 0.0}
    large = {"num_input_tokens": 11, "num_output_tokens": 40, "response": "Light.", "score": 0.75}
    return {
        "key": "k1",
        "dataset": "ai2_arc",
        "dataset level": "Challenge",
        "prompt": "Why is the sky blue?",
        "golden_answer": "Scattering.",
        "small": small,
        "large": large,
        **changed,
    }


def right_or_wrong(**changed):
    """A row of RouteLLM's tables of benchmarks."""
    return {
        "prompt": "Why is the sky blue?",
        "small": "False",
        "large": "True",
        "small_response": "Dust.",
        **changed,
    }


def battle(**changed):
    return {
        "id": 7,
        "model_a": "small",
        "model_b": "large",
        "prompt": '["Why is the sky blue?", "And the sea?"]',
        "response_a": '["Dust."]',
        "winner_model_a": 0,
        "winner_model_b": 1,
        "winner_tie": 0,
        **changed,
    }


def judgement(**changed):
    """A row of RouteLLM's judgements of MT-Bench."""
    shown = "Rate this.\n\n### User:\nWhy is\nthe sky blue?\n\n### Assistant A:\nDust.\n\n"
    return {
        "question_id": 81,
        "model": "small",
        "judge": ["gpt-4", "single-v1"],
        "user_prompt": shown,
        "judgment": "Rating: [[9]]",
        "score": 9,
        "turn": 1,
        "tstamp": 1705.5,
        **changed,
    }
