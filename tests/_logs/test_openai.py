"""Requests and responses of OpenAI's API, one by one and in batches."""

import json
import math

import numpy as np
import pytest
from log_records import payload

from skroute._logs import LeftOut, read_log
from skroute._logs._answer import Label
from skroute._logs._openai import OPENAI

BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Why?"}]}
COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_700_000_000,
    "model": "gpt-4o-2024-08-06",
    "choices": [{"message": {"role": "assistant", "content": "Because."}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8},
}


def read(*records, **columns):
    left_out = LeftOut()
    assert all(OPENAI.recognizes(record) for record in records)
    return list(OPENAI.answers(iter(records), left_out, columns)), dict(left_out.counts)


def request(name, url="/v1/chat/completions", **changed):
    return {"custom_id": name, "method": "POST", "url": url, "body": {**BODY, **changed}}


def response(name, **changed):
    body = {"status_code": 200, "request_id": f"req-{name}", "body": COMPLETION}
    return {
        "id": f"batch_req_{name}",
        "custom_id": name,
        "response": body,
        "error": None,
        **changed,
    }


def asked(name):
    return request(name, messages=[{"role": "user", "content": name}])


def check(answer, model="gpt-4o", query="Why?"):
    assert (answer.model, answer.query) == (model, query)
    assert (answer.input_tokens, answer.output_tokens) == (3.0, 5.0)
    assert answer.time == 1_700_000_000


@pytest.mark.parametrize("write", [dict, json.dumps])
def test_a_request_beside_its_response(write):
    record = {"request": write(BODY), "response": write(COMPLETION), "rating": "5", "cost": "0.01"}
    (answer,), left_out = read(record)
    check(answer)
    assert answer.labels == (Label("rating", "5"),)
    assert answer.cost == 0.01
    assert answer.identity == "chatcmpl-1"
    assert answer.columns["response.model"] == "gpt-4o-2024-08-06"
    assert not left_out


def test_messages_beside_a_response():
    (answer,), _ = read({**BODY, "response": COMPLETION, "latency_ms": 250})
    check(answer)
    assert answer.latency == 0.25


def test_a_response_alone_has_no_query():
    (answer,), _ = read(COMPLETION)
    check(answer, "gpt-4o-2024-08-06", None)
    usage = {"input_tokens": 3, "output_tokens": 5}
    (answer,), _ = read(
        {"object": "response", "model": "m", "created_at": 1_700_000_000, "usage": usage}
    )
    check(answer, "m", None)


@pytest.mark.parametrize("order", [1, -1], ids=["requests first", "responses first"])
def test_the_files_of_a_batch_are_joined_by_their_names(order):
    files = [[asked("1"), asked("2"), asked("3")], [response("2"), response("1"), response("3")]]
    first, second = files[::order]
    answers, left_out = read(*first, *second)
    assert sorted(answer.query for answer in answers) == ["1", "2", "3"]
    for answer in answers:
        check(answer, query=answer.columns["custom_id"])
        assert answer.identity == f"batch_req_{answer.query} of gpt-4o"
    assert not left_out


def test_the_files_of_a_batch_are_one_log(tmp_path):
    paths = [tmp_path / "input.jsonl", tmp_path / "output.jsonl"]
    for path, write in zip(paths, (asked, response), strict=True):
        path.write_text("".join(json.dumps(write(str(n))) + "\n" for n in range(300)))
    log = read_log(paths, prices={"gpt-4o": (1e-6, 2e-6)})
    assert log.format == "openai"
    assert log.queries.tolist() == [str(n) for n in range(300)]
    assert log.y["cost"] == pytest.approx(np.full(300, 1.3e-5))


def test_batches_may_use_the_names_of_others():
    first, second = asked("1"), request("1")
    answers, _ = read(first, response("1"), second, response("1", id="another"))
    assert [answer.query for answer in answers] == ["1", "Why?"]
    answers, _ = read(first, second, response("1"), response("1", id="another"))
    assert [answer.query for answer in answers] == ["1", "Why?"]


def test_responses_without_requests_have_no_query():
    (answer,), left_out = read(response("1"))
    check(answer, "gpt-4o-2024-08-06", None)
    assert not left_out


def test_what_is_no_evidence_is_counted():
    expired = response("3", response=None, error={"code": "batch_expired", "message": "too late"})
    failed = response("4", response={"status_code": 500, "body": {}})
    embedding = {"object": "list", "data": [], "model": "e", "usage": {"prompt_tokens": 3}}
    answers, left_out = read(
        *(request(name) for name in "1345"),
        request("2", "/v1/embeddings", input="Why?"),
        response("1"),
        response("2", response={"status_code": 200, "body": embedding}),
        expired,
        failed,
        response("6", response={"status_code": 200, "body": embedding}),
    )
    assert len(answers) == 1
    assert left_out == {
        "failed calls": 2,
        "calls that are no chat": 2,
        "requests without a response": 1,
    }


def test_what_the_user_says_goes_first():
    record = {"request": BODY, "response": COMPLETION, "review": {"stars": 4}}
    (answer,), _ = read(record, quality="review.stars", model="response.model")
    assert answer.model == "gpt-4o-2024-08-06"
    assert answer.labels == (Label("review.stars", 4),)
    assert math.isnan(answer.cost)


def test_payloads_of_gateways_that_hold_requests_and_responses_stay_theirs(tmp_path):
    path = tmp_path / "calls.jsonl"
    path.write_text(json.dumps(payload(response=COMPLETION)) + "\n")
    assert OPENAI.recognizes(payload(response=COMPLETION))
    assert read_log(path).format == "litellm"


@pytest.mark.parametrize(
    "record",
    [
        {"model": "m", "query": "Why?", "quality": 1},
        {"model": "m", "query": "Why?", "response": "Because.", "quality": 1},
        {"response": {"usage": {}}},
        {"request": {}, "response": {}},
    ],
)
def test_other_records_are_not_taken_for_it(record):
    assert not OPENAI.recognizes(record)
