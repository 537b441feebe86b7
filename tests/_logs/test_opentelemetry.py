"""OpenTelemetry: spans of generative AI, and the events that evaluate them."""

import json
import math

import pytest
from log_records import (
    ATTRIBUTES,
    SPOKEN,
    STARTED,
    batch,
    evaluation,
    log_batch,
    pairs,
    printed,
    row,
)

from skroute._logs._answer import Label, LeftOut
from skroute._logs._opentelemetry import OPENTELEMETRY


def read(*records, **columns):
    left_out = LeftOut()
    return list(OPENTELEMETRY.answers(records, left_out, columns)), left_out


def but(*names, **changed):
    return {**{key: value for key, value in ATTRIBUTES.items() if key not in names}, **changed}


@pytest.mark.parametrize("make", [batch, printed, row])
def test_a_chat(make):
    record = make()
    (answer,), _ = read(record)
    assert OPENTELEMETRY.recognizes(record)
    assert answer.model == "gpt-4o"
    assert answer.query == "Why is the sky blue?"
    assert answer.labels == ()
    assert math.isnan(answer.cost)
    assert (answer.input_tokens, answer.output_tokens) == (10.0, 20.0)
    assert (answer.time, answer.latency) == (STARTED, 0.5)
    assert answer.group == "s1"
    assert answer.identity == "chatcmpl-1"
    assert (answer.columns["trace_id"], answer.columns["span_id"]) == ("d1e9", "63f5")
    assert answer.columns["gen_ai.provider.name"] == "openai"
    assert answer.columns["gen_ai.response.finish_reasons"] == "stop"
    assert answer.columns["gen_ai.prompt.name"] == "answer"
    assert answer.columns["resource.service.name"] == "web"
    assert "sky" not in json.dumps(answer.columns)
    assert "Scattering" not in json.dumps(answer.columns)


def test_a_batch_in_parts():
    whole = batch()
    for part in whole["resourceSpans"], [whole]:
        assert OPENTELEMETRY.recognizes(part[0])
        assert len(read(*part)[0]) == 1
    old = {"resource_spans": [{"instrumentationLibrarySpans": [{"spans": []}]}]}
    assert OPENTELEMETRY.recognizes(old)
    assert read(old)[0] == []


def test_a_row_with_a_column_an_attribute():
    flat = {f"attributes.{key}": value for key, value in ATTRIBUTES.items()}
    for record in ({**ATTRIBUTES, "span_id": "63f5"}, {**flat, "span_id": "63f5"}):
        assert OPENTELEMETRY.recognizes(record)
        (answer,), _ = read(record)
        assert (answer.model, answer.query) == ("gpt-4o", "Why is the sky blue?")


@pytest.mark.parametrize("make", [batch, printed, row])
def test_spans_that_are_no_evidence(make):
    http = make({"http.request.method": "GET"}, spanId="1")
    embedding = make(but(**{"gen_ai.operation.name": "embeddings"}))
    failed = make(but(**{"error.type": "timeout"}))
    cached = make(but(**{"litellm.cache_hit": True}))
    answers, left_out = read(http, embedding, failed, cached)
    assert answers == []
    assert left_out.counts == {"spans that are no chat": 2, "failed calls": 1, "cache hits": 1}


@pytest.mark.parametrize(
    "record",
    [
        batch(status={"code": 2}),
        batch(status={"code": "STATUS_CODE_ERROR", "message": "x"}),
        printed(status={"status_code": "ERROR", "description": "x"}),
        printed(status={"status_code": "StatusCode.ERROR"}),
        row(StatusCode="Error"),
    ],
)
def test_spans_that_failed(record):
    answers, left_out = read(record, batch(status={"code": 1}))
    assert len(answers) == 1
    assert left_out.counts == {"failed calls": 1}


@pytest.mark.parametrize(
    "record",
    [
        batch(events=[{"name": "gen_ai.evaluation.result", "attributes": pairs(evaluation())}]),
        printed(events=[{"name": "gen_ai.evaluation.result", "attributes": evaluation()}]),
    ],
)
def test_evaluations_on_the_span(record):
    (answer,), left_out = read(record)
    assert answer.labels == (Label("Relevance", 0.5, None),)
    assert not left_out.counts


@pytest.mark.parametrize(
    "log",
    [
        log_batch(),
        log_batch(spanId="", event=evaluation(**{"gen_ai.response.id": "chatcmpl-1"})),
        log_batch(spanId="77", event=evaluation(**{"gen_ai.response.id": "chatcmpl-1"})),
        {
            "trace_id": "0xd1e9",
            "span_id": "0x63f5",
            "event_name": "gen_ai.evaluation.result",
            "attributes": evaluation(),
        },
        {
            "span_id": "0x0000000000000000",
            "attributes": {
                "event.name": "gen_ai.evaluation.result",
                **evaluation(**{"gen_ai.response.id": "chatcmpl-1"}),
            },
        },
    ],
)
def test_evaluations_in_records_of_their_own(log):
    assert OPENTELEMETRY.recognizes(log)
    for records in ([log, batch()], [batch(), log]):
        (answer,), left_out = read(*records)
        assert answer.labels == (Label("Relevance", 0.5, None),)
        assert not left_out.counts


def test_evaluations_that_say_nothing():
    words = evaluation(**{"gen_ai.evaluation.score.label": "pass"})
    del words["gen_ai.evaluation.score.value"]
    nothing = {"gen_ai.evaluation.name": "Relevance"}
    (answer,), left_out = read(
        batch(), log_batch(words), log_batch(nothing), log_batch(spanId="9", traceId="9")
    )
    assert answer.labels == (Label("Relevance", "pass", None),)
    assert left_out.counts == {
        "evaluations without a score": 1,
        "evaluations of what is not in the log": 1,
    }


def test_a_call_that_two_instrumentations_saw():
    answers, _ = read(batch(), batch(spanId="inner"), log_batch(spanId="inner"))
    assert [answer.identity for answer in answers] == ["chatcmpl-1", "chatcmpl-1"]
    assert [len(answer.labels) for answer in answers] == [1, 0]


@pytest.mark.parametrize(
    "attributes",
    [
        but("gen_ai.input.messages", **{"gen_ai.prompt": json.dumps(SPOKEN)}),
        but(**{"gen_ai.input.messages": SPOKEN}),
        but(
            "gen_ai.input.messages",
            **{
                "gen_ai.prompt.0.role": "system",
                "gen_ai.prompt.0.content": "Be brief.",
                "gen_ai.prompt.10.role": "user",
                "gen_ai.prompt.10.content": "Why is the sky blue?",
                "gen_ai.prompt.2.role": "assistant",
                "gen_ai.prompt.2.content": "Yes?",
            },
        ),
    ],
)
def test_prompts_on_the_span(attributes):
    for make in (batch, printed):
        (answer,), _ = read(make(attributes))
        assert answer.query == "Why is the sky blue?"
        assert "brief" not in json.dumps(answer.columns)


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("gen_ai.client.inference.operation.details", {"gen_ai.input.messages": SPOKEN}),
        ("gen_ai.content.prompt", {"gen_ai.prompt": json.dumps(SPOKEN)}),
        ("gen_ai.user.message", {"content": "Why is the sky blue?"}),
    ],
)
def test_prompts_in_events(name, event):
    bare = but("gen_ai.input.messages")
    on_span = batch(bare, events=[{"name": name, "attributes": pairs(event)}])
    apart = log_batch(event, eventName=name)
    for records in ([on_span], [batch(bare), apart], [apart, batch(bare)]):
        (answer,), left_out = read(*records)
        assert answer.query == "Why is the sky blue?"
        assert not left_out.counts
    assert read(apart)[1].counts == {"prompts of calls that are not in the log": 1}
    assert read(batch(bare))[0][0].query is None


def test_older_names_costs_and_what_is_missing():
    attributes = {
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.usage.prompt_tokens": "10",
        "gen_ai.usage.completion_tokens": 20,
        "gen_ai.usage.cost": 0.25,
        "session.id": "s2",
        "propensity": 0.5,
        "rating": 4,
    }
    (answer,), _ = read(batch(attributes, endTimeUnixNano="0"))
    assert answer.model == "gpt-4o-2024-08-06"
    assert (answer.input_tokens, answer.output_tokens, answer.cost) == (10.0, 20.0, 0.25)
    assert (answer.group, answer.propensity, answer.identity) == ("s2", 0.5, "63f5")
    assert answer.labels == (Label("rating", 4, None),)
    assert math.isnan(answer.latency)
    (answer,), _ = read(printed({"gen_ai.request.model": "gpt-4o"}, start_time=None))
    assert (answer.group, answer.time) == ("d1e9", None)


def test_columns_of_the_user_go_first():
    for make in (batch, printed, row):
        (answer,), _ = read(
            make(but(stars=4)), model="gen_ai.response.model", quality="attributes.stars"
        )
        assert answer.model == "gpt-4o-2024-08-06"
        assert answer.labels == (Label("attributes.stars", 4, None),)


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match=r"record 1 .*: gen_ai.usage.input_tokens must be"):
        read(batch(), batch(but(**{"gen_ai.usage.input_tokens": "many"})))
    with pytest.raises(ValueError, match=r"record 0 .*: the start of the span must be"):
        read(printed(start_time="noon"))
