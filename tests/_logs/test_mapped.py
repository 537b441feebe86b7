"""Tables of answers: which column is taken for what, and what is left out."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skroute._logs._answer import Answer, Label, LeftOut
from skroute._logs._mapped import TABLE


def read(*records, **columns):
    left_out = LeftOut()
    return list(TABLE.answers(records, left_out, columns)), dict(left_out.counts)


def only(record, **columns):
    answers, left_out = read(record, **columns)
    assert not left_out
    (answer,) = answers
    return answer


def test_a_row_of_a_csv_file():
    row = {
        "Prompt": "Why?",
        "Model Name": "large",
        "rating": "4",
        "cost_usd": "0.02",
        "prompt-tokens": "12",
        "completion_tokens": "30",
        "created_at": "1970-01-01T00:01:00Z",
        "latency_ms": "1500",
        "session_id": "s1",
        "request_id": "r1",
        "customer": "acme",
        "empty": None,
    }
    answer = only(row)
    assert answer == Answer(
        model="large",
        query="Why?",
        labels=(Label("rating", "4", None),),
        cost=0.02,
        input_tokens=12.0,
        output_tokens=30.0,
        time=60.0,
        latency=1.5,
        group="s1",
        propensity=pytest.approx(math.nan, nan_ok=True),
        identity="r1",
        columns={"customer": "acme"},
    )


@pytest.mark.parametrize(
    "record",
    [
        {
            "model": "large",
            "messages": [{"role": "user", "content": "Why?"}],
            "response": {"usage": {"prompt_tokens": 3, "completion_tokens": 5}},
        },
        {
            "custom_id": "r1",
            "request": {"body": {"messages": [{"role": "user", "content": "Why?"}]}},
            "response": {
                "status_code": 200,
                "body": {
                    "model": "large",
                    "usage": {"prompt_tokens": 3, "completion_tokens": 5},
                },
            },
        },
        {
            "request": {"model": "large", "messages": [{"role": "user", "content": "Why?"}]},
            "response": {"model": "large", "usage": {"input_tokens": 3, "output_tokens": 5}},
        },
    ],
    ids=["flat request", "batch", "request and response"],
)
def test_requests_and_responses(record):
    answer = only(record)
    assert (answer.model, answer.query) == ("large", "Why?")
    assert (answer.input_tokens, answer.output_tokens) == (3.0, 5.0)


def test_gold_and_preference():
    row = {"model": "a", "quality": "0.5", "gold": "true", "preference": "0.7"}
    assert only(row).labels == (Label("quality", "0.5", True), Label("quality", "0.7", False))
    assert only({**row, "gold": None}).labels[0].gold is True
    assert only({**row, "gold": "0", "preference": None}).labels == (
        Label("quality", "0.5", False),
    )
    assert only({**row, "quality": None}).labels == (Label("quality", "0.7", False),)


@pytest.mark.parametrize(
    ("value", "prior", "column"),
    [("True", True, False), ("0", False, False), (None, False, False), ("0.3", False, True)],
)
def test_rows_of_a_benchmark_are_marked(value, prior, column):
    answer = only({"model": "m", "score": 1, "prior": value})
    assert answer.prior is prior
    assert ("prior" in answer.columns) is column


def test_the_mark_of_a_benchmark_may_have_another_name():
    assert only({"model": "m", "score": 1, "bench": "yes"}, prior="bench").prior
    with pytest.raises(ValueError, match=r"bench must be true or false, got '0\.3'"):
        only({"model": "m", "score": 1, "bench": "0.3"}, prior="bench")


def test_a_model_that_the_user_says_and_no_record_has():
    records = [{"model": "m", "score": 1}] * 150
    with pytest.raises(ValueError, match=r"columns=\{'model': 'name'\}: no record of an answer"):
        list(TABLE.answers(iter(records), LeftOut(), {"model": "name"}))


def test_what_the_user_says_goes_first():
    row = {"model": "m", "model_group": "g", "score": 1, "helpful": 0, "meta": {"kind": "x"}}
    answer = only(row, model="model_group", quality="helpful", group="meta.kind")
    assert (answer.model, answer.group) == ("g", "x")
    assert answer.labels == (Label("helpful", 0, None),)
    assert answer.columns == {"model": "m", "score": 1}
    with pytest.raises(ValueError, match=r"columns=\{'quality': 'stars'\}: no record of an answer"):
        read(row, quality="stars")


def test_a_mapped_quality_keeps_its_gold_flag():
    row = {"model": "m", "helpful": 1, "gold": False}
    assert only(row, quality="helpful").labels == (Label("helpful", 1, False),)


@pytest.mark.parametrize(
    ("beside", "reason"),
    [
        ({"status": "error"}, "failed calls"),
        ({"status": "FAILURE"}, "failed calls"),
        ({"status_code": 429}, "failed calls"),
        ({"success": "false", "quality": 1}, "failed calls"),
        ({"status": "Rate limit exceeded: request_failed"}, "failed calls"),
        ({"status": "timed out"}, "failed calls"),
        ({"error": {"message": "overloaded"}}, "failed calls"),
        ({"is_error": 1}, "failed calls"),
        ({"cached": "HIT"}, "cache hits"),
        ({"error": "rate limit"}, "failed calls"),
        ({"cache_hit": "True"}, "cache hits"),
        ({"model": ""}, "calls without a model"),
    ],
)
def test_what_is_no_evidence(beside, reason):
    good = {"model": "m", "query": "Why?", "status": "ok", "error": None, "cached": "false"}
    answers, left_out = read(good, {**good, **beside})
    assert len(answers) == 1
    assert left_out == {reason: 1}


@pytest.mark.parametrize(
    "beside",
    [
        *({"status": status} for status in ("success", "OK", 200, "200", "completed", "deferred")),
        *({"error": error} for error in ("", None, False, 0, "none", {}, "no error")),
        {"error": {"code": None, "message": ""}},
        {"status_code": "200"},
        {"success": True, "quality": 1},
        {"cache_hit": "MISS"},
        {"cached": 0},
    ],
    ids=str,
)
def test_what_is_evidence(beside):
    assert only({"model": "m", "query": "Why?", **beside}).query == "Why?"


def test_whether_a_call_went_well_is_its_quality_where_nothing_else_is():
    answers, left_out = read(*({"model": "m", "success": good} for good in (True, "false")))
    assert [answer.labels[0].value for answer in answers] == [True, "false"]
    assert not left_out


def test_no_model_is_an_error_that_shows_the_columns():
    with pytest.raises(ValueError, match=r"^no column has the name .* there are 'query', 'lang'\."):
        read({"query": "Why?", "lang": "en"})
    with pytest.raises(ValueError, match=r"record 99 .* no column .* columns=\{'model': \.\.\.\}"):
        read(*[{"query": "Why?"}] * 100 + [{"model": "m"}])
    assert only({"query": "Why?", "lang": "m"}, model="lang").model == "m"


def test_records_of_something_else_are_counted():
    answers, left_out = read({"version": 3}, {"model": "m", "query": "Why?"}, {"query": "Why?"})
    assert len(answers) == 1
    assert left_out == {"calls without a model": 2}


def test_numbers_that_are_none():
    with pytest.raises(ValueError, match=r"record 1 .*price must be a finite number, got 'free'"):
        read({"model": "m", "price": "1"}, {"model": "m", "price": "free"})


@pytest.mark.parametrize(
    ("cost", "dollars"),
    [
        ("$0.0012", 0.0012),
        ("1.5e-3 $", 0.0015),
        ("0,0012", 0.0012),
        ("1,5e-3", 0.0015),
        ("1,234.5", 1234.5),
        ("1,234,567", 1234567.0),
        *((nothing, math.nan) for nothing in ("N/A", "-", " ", None, "nan")),
    ],
)
def test_dollars_as_people_write_them(cost, dollars):
    assert only({"model": "m", "cost": cost}).cost == pytest.approx(dollars, nan_ok=True)


def test_a_comma_is_read_where_it_can_mean_one_thing():
    answer = only({"model": "m", "prompt_tokens": "1,234", "tokens_out": "12,345"})
    assert (answer.input_tokens, answer.output_tokens) == (1234.0, 12345.0)
    with pytest.raises(ValueError, match=r"cost must be a finite number, got '1,234'"):
        read({"model": "m", "cost": "1,234"})


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("Latency (ms)", 1.5), ("duration_s", 1500), ("responseTimeMs", 1.5), ("elapsed", 1500)],
)
def test_latency_in_the_unit_of_its_name(name, seconds):
    assert only({"model": "m", name: 1500}).latency == pytest.approx(seconds)
    assert only({"model": "m", "took": 1500}, latency="took").latency == 1500


def test_what_is_not_used_stays():
    row = {"model": "m", "score": 1, "rating": 5, "cost": 1, "spend": 2, "usage": {"total": 3}}
    answer = only(row)
    assert answer.labels == (Label("score", 1),)
    assert answer.columns == {"rating": 5, "spend": 2, "usage.total": 3}


def test_objects_in_cells_of_text_are_looked_into():
    row = {
        "model": "m",
        "usage": '{"prompt_tokens": 3, "completion_tokens": 5, "cached": 1}',
        "metadata": "{'session_id': 's', 'rating': 4}",
        "notes": '{"not": "looked into"}',
    }
    answer = only(row)
    assert (answer.input_tokens, answer.output_tokens, answer.group) == (3.0, 5.0, "s")
    assert answer.labels == (Label("metadata.rating", 4),)
    assert answer.columns == {"usage.cached": 1, "notes": '{"not": "looked into"}'}


def test_a_query_may_be_an_object():
    asked = {"messages": [{"role": "user", "content": "Why?"}]}
    assert only({"model": "m", "input": asked}).query == "Why?"
    assert only({"model": "m", "Request": {"contents": [{"parts": [{"text": "Why?"}]}]}}).query


def test_the_name_of_a_query_is_not_that_of_a_call():
    row = {"id": "q1", "query": "Why?", "quality": 1}
    answers, _ = read({**row, "model": "a"}, {**row, "model": "b"})
    assert len({answer.identity for answer in answers}) == 2
    call = {**row, "model": "a", "request_id": "r1"}
    assert only(call).identity == "r1"
    assert only(call).columns == {"id": "q1"}


def test_a_gold_answer_is_no_flag():
    row = {"model": "a", "quality": 1, "gold": "Paris"}
    assert only(row).labels == (Label("quality", 1, None),)
    assert only(row).columns == {"gold": "Paris"}
    with pytest.raises(ValueError, match="gold must be true or false, got 'Paris'"):
        read(row, gold="gold")


def test_recognized_by_a_model_and_something_to_learn_from():
    assert TABLE.recognizes({"Model": "m", "Rating": 1})
    assert not TABLE.recognizes({"model": "m", "colour": "red"})
    assert not TABLE.recognizes({"query": "m", "quality": 1})


@given(
    st.dictionaries(
        st.sampled_from(["model", "query", "score", "cost", "time", "gold", "usage", "error", "x"]),
        st.none() | st.booleans() | st.floats() | st.text() | st.just({"prompt_tokens": 1}),
    )
)
def test_any_record_is_an_answer_or_left_out_or_an_error(record):
    left_out = LeftOut()
    try:
        outcome = len(list(TABLE.answers([record], left_out, {}))) + sum(left_out.counts.values())
    except ValueError as error:
        outcome = str(error)
    assert outcome == 1 or outcome.startswith(("record 0 (counted from 0): ", "no column has"))
