"""LiteLLM: payloads of its callbacks, and rows of the proxy's table of spend."""

import json
import math

import pytest
from log_records import STARTED, TYPED, payload, spend

from skroute._logs._answer import Label, LeftOut
from skroute._logs._litellm import LITELLM


def read(*records, **columns):
    left_out = LeftOut()
    return list(LITELLM.answers(records, left_out, columns)), left_out


@pytest.mark.parametrize("make", [payload, spend])
def test_a_call(make):
    record = make()
    (answer,), _ = read(record)
    assert LITELLM.recognizes(record)
    assert answer.model == "openai/gpt-4o-mini"
    assert answer.query == "Why is the sky blue?"
    assert answer.labels == ()
    assert answer.cost == 1.35e-05
    assert (answer.input_tokens, answer.output_tokens) == (10.0, 20.0)
    assert (answer.time, answer.latency) == (STARTED, 0.5)
    assert answer.group == "trace-1"
    assert math.isnan(answer.propensity)
    assert answer.identity == "chatcmpl-1"
    assert answer.columns["request_tags"] == "batch, eu"
    assert answer.columns["metadata.user_api_key_alias"] == "team-key"
    assert answer.columns["custom_llm_provider"] == "openai"


def test_no_bodies_are_kept():
    for record in (payload(), spend()):
        (answer,), _ = read(record)
        written = json.dumps(answer.columns)
        for body in ("Be brief", "sky", "Scattering", "input_cost", "choices"):
            assert body not in written
    (answer,), _ = read(payload())
    assert answer.columns["model_parameters.temperature"] == 0.2
    assert answer.columns["end_user"] == "customer-7"


@pytest.mark.parametrize(
    "record",
    [
        {"standard_logging_object": payload()},
        {"standard_logging_object": json.dumps(payload())},
        {"kwargs": {"standard_logging_object": payload(), "model": "chat"}, "end_time": 1},
    ],
)
def test_what_a_callback_was_given(record):
    assert LITELLM.recognizes(record)
    (answer,), _ = read({**record, "rating": 4})
    (plain,), _ = read(payload())
    assert (answer.query, answer.cost, answer.model) == (plain.query, plain.cost, plain.model)
    assert answer.labels == (Label("rating", 4, None),)
    assert answer.columns.items() >= plain.columns.items()
    # A label is no further column.
    assert "rating" not in answer.columns


def test_an_older_and_leaner_export_is_recognized():
    names = [
        "request_id",
        "spend",
        "startTime",
        "model",
        "prompt_tokens",
        "completion_tokens",
        "messages",
    ]
    row = {name: spend()[name] for name in names}
    assert LITELLM.recognizes(row)
    (answer,), _ = read(row)
    assert answer.model == "openai/gpt-4o-mini"
    assert answer.group is None
    assert math.isnan(answer.latency)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"status": "failure"}, "failed calls"),
        ({"status": None, "metadata": {"status": "failure"}}, "failed calls"),
        ({"cache_hit": True}, "cache hits"),
        ({"cache_hit": "True"}, "cache hits"),
        ({"call_type": "aembedding"}, "calls that are no chat"),
        ({"call_type": "image_generation"}, "calls that are no chat"),
        ({"call_type": "_arealtime"}, "calls that are no chat"),
        (
            {"metadata": {"internal_call_origin": "shadow_eval_judge"}},
            "calls of the gateway itself",
        ),
        ({"request_tags": ["litellm-internal-health-check"]}, "calls of the gateway itself"),
        ({"model": ""}, "calls without a model"),
    ],
)
def test_calls_that_are_no_evidence(changed, reason):
    for make in (payload, spend):
        answers, left_out = read(make(**changed), make(id="2", request_id="2"))
        assert len(answers) == 1
        assert left_out.counts == {reason: 1}


@pytest.mark.parametrize(
    "kind",
    ["completion", "acompletion", "atext_completion", "aresponses", "anthropic_messages", "", None],
)
def test_calls_that_are_chats(kind):
    answers, left_out = read(payload(call_type=kind, cache_hit="False", status=None))
    assert len(answers) == 1
    assert not left_out.counts


@pytest.mark.parametrize(
    ("changed", "query"),
    [
        ({"messages": "{}"}, None),
        ({"messages": {}}, None),
        ({"messages": None}, None),
        ({"messages": "Why?"}, "Why?"),
        ({"messages": str(TYPED)}, "Why is the sky blue?"),
        ({"messages": [{"role": "user", "content": "redacted-by-litellm"}]}, None),
        ({"messages": "{}", "proxy_server_request": '{"input": "Why?", "model": "a"}'}, "Why?"),
        ({"messages": {}, "proxy_server_request": {"prompt": "Why?"}}, "Why?"),
        ({"messages": {}, "proxy_server_request": "{}"}, None),
    ],
)
def test_queries(changed, query):
    (answer,), _ = read(payload(**changed))
    assert answer.query == query


@pytest.mark.parametrize("encode", [dict, json.dumps, str])
@pytest.mark.parametrize("where", ["spend_logs_metadata", "requester_metadata", None])
def test_what_an_application_added(encode, where):
    added = {"propensity": 0.25, "quality": 0.5, "gold": False, "task": {"kind": "chat"}}
    metadata = {where: added} if where else added
    for make in (payload, spend):
        (answer,), _ = read(make(metadata=encode(metadata)))
        assert answer.propensity == 0.25
        assert answer.labels == (Label("quality", 0.5, False),)
        task = f"metadata.{where}.task.kind" if where else "metadata.task.kind"
        assert answer.columns[task] == "chat"


def test_several_labels_the_nearest_of_a_name():
    added = {"feedback": {"score": "up", "comment": "nice"}, "rating": ""}
    metadata = {"spend_logs_metadata": added, "rating": 3, "feedback": "down"}
    (answer,), _ = read(payload(metadata=metadata))
    assert answer.labels == (Label("feedback", "up", None), Label("rating", 3, None))


def test_latency_where_times_are_missing_or_turned_round():
    for changed, latency in (
        ({"endTime": None}, 0.25),
        ({"endTime": "", "response_time": None, "request_duration_ms": "1500"}, 1.5),
        ({"endTime": STARTED - 1}, math.nan),
    ):
        (answer,), _ = read(payload(**changed))
        assert answer.latency == pytest.approx(latency, nan_ok=True)


def test_no_price_is_no_cost_of_nothing():
    (answer,), _ = read(payload(response_cost=0.0, response_cost_failure_debug_info={"model": "a"}))
    assert math.isnan(answer.cost)
    (answer,), _ = read(payload(response_cost=0.0))
    assert answer.cost == 0.0


def test_a_fallback_is_an_answer_beside_the_calls_that_failed():
    calls = [
        payload(id="1", status="failure", model="openai/gpt-4o", response_cost=0.0),
        payload(id="2", status="failure", model="openai/gpt-4o", response_cost=0.0),
        payload(id="3", model="anthropic/claude-haiku"),
    ]
    answers, left_out = read(*calls)
    assert [answer.model for answer in answers] == ["anthropic/claude-haiku"]
    assert left_out.counts == {"failed calls": 2}


def test_columns_of_the_user_go_first():
    record = payload(metadata={"mine": {"stars": 4, "p": 0.5}, "stars": 3}, quality=1)
    (answer,), _ = read(
        record,
        model="model_group",
        quality="metadata.mine.stars",
        propensity="metadata.mine.p",
        group="end_user",
    )
    assert (answer.model, answer.propensity, answer.group) == ("chat", 0.5, "customer-7")
    assert answer.labels == (Label("quality", 1, None), Label("metadata.mine.stars", 4, None))


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match=r"record 1 .*: prompt_tokens must be a finite number"):
        read(payload(), payload(prompt_tokens="many"))
    with pytest.raises(ValueError, match=r"record 0 .*: metadata.p must be a finite number"):
        read(payload(metadata={"p": "half"}), propensity="metadata.p")
    with pytest.raises(ValueError, match=r"record 0 .*: must be an object, got 3"):
        read(3)
    with pytest.raises(ValueError, match=r"columns=\{'quality': 'stars'\}: no record of an answer"):
        read(payload(), quality="stars")
