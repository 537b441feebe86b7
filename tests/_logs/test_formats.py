"""All formats beside each other: each knows its own records, and none breaks on what is odd."""

import dataclasses
from contextlib import suppress

import log_records
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from log_records import (
    battle,
    judgement,
    nested,
    paged,
    payload,
    right_or_wrong,
    routerbench,
    score,
    spend,
    sprout,
    stored,
)

from skroute._logs._answer import Answer, LeftOut
from skroute._logs._langfuse import LANGFUSE
from skroute._logs._litellm import LITELLM
from skroute._logs._opentelemetry import OPENTELEMETRY
from skroute._logs._otlp import is_batch
from skroute._logs._research import ROUTELLM, ROUTERBENCH, SPROUT

FORMATS = [LITELLM, LANGFUSE, OPENTELEMETRY, ROUTERBENCH, SPROUT, ROUTELLM]
SAMPLES = {
    "litellm": [payload(), spend(), {"standard_logging_object": payload()}],
    "langfuse": [stored(), paged(), nested(), score()],
    "opentelemetry": [
        log_records.batch(),
        log_records.printed(),
        log_records.row(),
        log_records.log_batch(),
    ],
    "routerbench": [routerbench()],
    "sprout": [sprout()],
    "routellm": [right_or_wrong(), battle(), judgement()],
}
OTHERS = [
    {},
    {"query": "Why?", "model": "large", "quality": 1, "cost": 0.1},
    {"prompt": "Why?", "model": "large", "rating": 5, "prompt_tokens": 10, "completion_tokens": 5},
    {"id": "1", "trace_id": "t", "model": "large", "prompt_tokens": 10, "session_id": "s"},
    {"id": "1", "model": "gpt-4o", "usage": {"prompt_tokens": 1}, "choices": [], "object": "chat"},
    {"prompt": "Why?", "quality:large": 1, "quality:small": 0, "cost:large": 0.1},
    {"time": "2026-01-31", "user_id": "u", "name": "x", "source": "web", "value": 1, "tags": []},
    {"model": "large", "spend": 0.1, "prompt": "Why?", "user": "u"},
    {"prompt": "Why?", "gold": True, "model": "large"},
    {"model_a": "large", "model_b": "small", "query": "Why?"},
    {"attributes": {"color": "red"}, "id": 1},
]


@pytest.mark.parametrize("log_format", FORMATS, ids=lambda each: each.name)
def test_each_format_recognizes_its_own_records_alone(log_format):
    for name, records in SAMPLES.items():
        for record in records:
            assert log_format.recognizes(record) == (name == log_format.name), record
    for record in OTHERS:
        assert not log_format.recognizes(record), record


FIELDS = sorted(
    {str(key) for records in SAMPLES.values() for record in records for key in record}
    | {"kwargs", "standard_logging_object", "scores", "observations", "usage", "subject", "gold"}
    | {"choices", "spans", "scopeSpans", "logRecords", "gen_ai.request.model", "propensity"}
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
WORDS = st.sampled_from(
    [
        *("", "null", "NaN", "{}", "[]", "[null]", '{"a": 1}', "{'a': [", "true", "1e999", "-1"),
        *("2026-01-31", "GENERATION", "ANNOTATION", "success", "acompletion", "chat", "model_a"),
    ]
)
VALUES = st.recursive(
    SCALARS | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)
ALL_SAMPLES = [record for records in SAMPLES.values() for record in records]


@st.composite
def odd_records(draw):
    """Records of all formats with some of their fields, or all, changed into anything."""
    record = dict(draw(st.sampled_from([*ALL_SAMPLES, {}])))
    record.update(draw(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6)))
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=4)):
        record.pop(name, None)
    return record


@pytest.mark.parametrize("log_format", FORMATS, ids=lambda each: each.name)
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(records=st.lists(odd_records(), max_size=4))
def test_any_record_is_an_answer_or_counted_or_an_error_that_names_it(log_format, records):
    for record in records:
        assert log_format.recognizes(record) in (True, False)
    for record in records:
        left_out, answers = LeftOut(), []
        try:
            answers = list(log_format.answers([record], left_out, {}))
        except ValueError as error:
            left_out(str(error))
        told = " ".join(left_out.counts)
        assert answers or told or is_batch(record), record
        assert "must be" not in told or told.startswith("record 0 "), told
        for answer in answers:
            check(answer)
    with suppress(ValueError):
        for answer in log_format.answers(records, LeftOut(), {}):
            check(answer)


def check(answer):
    assert isinstance(answer, Answer)
    assert isinstance(answer.model, str)
    assert answer.model
    for name in ("query", "group", "identity"):
        assert isinstance(getattr(answer, name), str | None), name
    for field in dataclasses.fields(answer):
        if field.type == "float":
            assert isinstance(getattr(answer, field.name), float), field.name
    assert isinstance(answer.time, float | None)
    for label in answer.labels:
        assert isinstance(label.name, str)
        assert label.gold in (True, False, None)
        assert label.value is not None
        assert not isinstance(label.value, dict | list)
    for name, value in answer.columns.items():
        assert isinstance(name, str)
        assert value is None or isinstance(value, str | bool | int | float)


@pytest.mark.parametrize("log_format", FORMATS, ids=lambda each: each.name)
@pytest.mark.parametrize("nothing", [None, "", [], {}], ids=repr)
def test_fields_that_are_all_empty(log_format, nothing):
    for record in SAMPLES[log_format.name]:
        left_out = LeftOut()
        answers = list(log_format.answers([dict.fromkeys(record, nothing)], left_out, {}))
        # RouterBench has the models in the names of columns, and a batch may hold no spans.
        expected = 2 if log_format is ROUTERBENCH else 1
        if log_format is OPENTELEMETRY and is_batch(record) and nothing == []:
            expected = 0
        assert len(answers) + left_out.counts.total() == expected
        for answer in answers:
            check(answer)
            assert not answer.labels


@pytest.mark.parametrize("log_format", FORMATS, ids=lambda each: each.name)
def test_no_records(log_format):
    assert list(log_format.answers([], LeftOut(), {"cost": "price"})) == []
