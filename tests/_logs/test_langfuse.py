"""Langfuse: exports of observations, old and new, and the scores that judge them."""

import json
import math

import pytest
from log_records import STARTED, nested, paged, score, stored

from skroute._logs._answer import Label, LeftOut
from skroute._logs._langfuse import LANGFUSE


def read(*records, **columns):
    left_out = LeftOut()
    return list(LANGFUSE.answers(records, left_out, columns)), left_out


@pytest.mark.parametrize("make", [stored, paged, nested])
def test_a_generation(make):
    record = make()
    (answer,), _ = read(record)
    assert LANGFUSE.recognizes(record)
    assert answer.model == "gpt-4o"
    assert answer.query == "Why is the sky blue?"
    assert answer.cost == 0.003
    assert (answer.input_tokens, answer.output_tokens) == (14.0, 20.0)
    assert (answer.time, answer.latency) == (STARTED, 0.5)
    assert answer.group == "s1"
    assert answer.identity == "o1"
    assert answer.columns["metadata.tenant"] == "a"
    assert answer.columns["model_parameters.temperature"] == 0.7
    assert answer.columns["tags"] == "beta, eu"
    assert (answer.columns["trace_name"], answer.columns["user_id"]) == ("chat", "u")
    assert "sky" not in json.dumps(answer.columns)
    assert "Scattering" not in json.dumps(answer.columns)


def test_scores_in_columns_of_their_own():
    (answer,), _ = read(paged())
    assert answer.labels == (
        Label("helpfulness", 4, None),
        Label("tone", "kind", None),
        Label("tone", "short", None),
    )


@pytest.mark.parametrize("first", [True, False])
def test_scores_before_and_behind_what_they_judge(first):
    scores = [
        score(id="c1", observation_id="o1", value=0.5),
        score(id="c2", observation_id="o1", source="EVAL", name="judge", value=0.75),
        score(id="c3", source="API", name="thumbs", value=1, data_type="BOOLEAN"),
        score(id="c4", name="tone", value=2, data_type="CATEGORICAL", string_value="kind"),
        score(id="c5", observation_id="o2", value=0.25),
    ]
    observations = [stored(), stored(id="o2", trace_id="t2")]
    (one, two), left_out = read(*([*scores, *observations] if first else [*observations, *scores]))
    assert one.labels == (
        Label("helpfulness", 0.5, True),
        Label("judge", 0.75, False),
        Label("thumbs", 1, None),
        Label("tone", "kind", True),
    )
    assert two.labels == (Label("helpfulness", 0.25, True),)
    assert not left_out.counts
    assert not left_out.remarks


@pytest.mark.parametrize(
    "subject",
    [
        {"observationId": "o1", "traceId": "t1", "source": "API", "dataType": "NUMERIC"},
        {"subject": {"kind": "observation", "id": "o1", "traceId": "t1"}, "source": "API"},
        {"subject": {"kind": "trace", "id": "t1"}, "source": "API"},
    ],
)
def test_scores_of_all_versions(subject):
    record = {"id": "c1", "name": "thumbs", "value": True, **subject}
    assert LANGFUSE.recognizes(record)
    (answer,), _ = read(stored(), record)
    assert answer.labels == (Label("thumbs", True, None),)


def test_scores_in_a_trace():
    (answer,), left_out = read(nested())
    assert answer.labels == (Label("helpfulness", 0.25, True),)
    assert left_out.counts == {"observations that are no generations": 1}


def test_a_score_that_was_changed_and_exported_twice():
    (answer,), _ = read(nested(), score(id="n1", value=0.5))
    assert answer.labels == (Label("helpfulness", 0.5, True),)


def test_a_score_of_a_trace_judges_its_last_generation():
    early = stored(id="early", session_id=None, start_time="2026-01-31 11:00:00")
    root = stored(id="root", type="AGENT")
    late = stored(id="late", session_id=None)
    lost = stored(id="lost", level="ERROR", start_time="2026-01-31 13:00:00")
    scores = [score(id="1"), score(id="2", observation_id="root", name="root", source="EVAL")]
    answers, left_out = read(late, early, root, lost, *scores)
    assert [answer.labels for answer in answers] == [
        (Label("helpfulness", 1, True), Label("root", 1, False)),
        (),
    ]
    assert [answer.group for answer in answers] == ["t1", "t1"]
    assert left_out.remarks == [
        "2 scores of traces with several generations judge the last of them"
    ]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (stored(type="SPAN"), "observations that are no generations"),
        (stored(type="EMBEDDING"), "observations that are no generations"),
        (stored(level="ERROR"), "failed calls"),
        (stored(provided_model_name=""), "calls without a model"),
        (score(data_type="TEXT", string_value="nice"), "scores that are free text"),
        (score(value=None), "scores without a value"),
        (score(trace_id=None, session_id="s1"), "scores of sessions or experiments"),
        (score(trace_id="t9"), "scores of what is not in the log"),
        (score(observation_id="o9"), "scores of what is not in the log"),
    ],
)
def test_what_is_no_evidence(record, reason):
    answers, left_out = read(stored(id="kept"), record)
    assert [answer.labels for answer in answers] == [()]
    assert left_out.counts == {reason: 1}


def test_scores_of_failed_calls_judge_nothing_else():
    answers, left_out = read(
        stored(), stored(id="lost", level="ERROR"), score(observation_id="lost")
    )
    assert [answer.labels for answer in answers] == [()]
    assert left_out.counts == {"failed calls": 1, "scores of failed calls": 1}


def test_an_observation_exported_twice_keeps_its_scores_in_the_first():
    answers, _ = read(stored(), stored(), score(), score(id="c2", observation_id="o1"))
    assert [len(answer.labels) for answer in answers] == [2, 0]


def test_sessions_out_of_a_file_of_traces():
    trace = {"id": "t1", "session_id": "s1", "bookmarked": False, "public": False, "input": "x"}
    assert LANGFUSE.recognizes(trace)
    observation = stored()
    del observation["session_id"]
    for records in ([trace, observation], [observation, trace]):
        (answer,), left_out = read(*records)
        assert answer.group == "s1"
        assert not left_out.counts


def test_traces_that_only_name_their_observations():
    trace = {"id": "t1", "sessionId": None, "htmlPath": "/t1", "observations": ["o1"], "scores": []}
    assert LANGFUSE.recognizes(trace)
    answers, left_out = read(trace)
    assert answers == []
    assert left_out.counts == {"traces without a generation in the log": 1}


@pytest.mark.parametrize(
    ("changed", "cost"),
    [
        ({"total_cost": None}, 0.003),
        ({"total_cost": None, "cost_details": {"input": 0.25, "output": 0.5}}, 0.75),
        ({"total_cost": 0, "cost_details": {}}, math.nan),
        ({"total_cost": 0, "cost_details": {"total": 0}}, 0.0),
        ({"total_cost": "", "cost_details": None, "calculated_total_cost": "0.5"}, 0.5),
        ({"total_cost": None, "cost_details": None, "usage": {"totalCost": 0.5}}, 0.5),
        ({"total_cost": None, "cost_details": {}}, math.nan),
    ],
)
def test_costs(changed, cost):
    (answer,), _ = read(stored(**changed))
    assert answer.cost == pytest.approx(cost, nan_ok=True)


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"usage_details": {}, "usage": {"promptTokens": 3, "completionTokens": 4}}, (3.0, 4.0)),
        ({"usage_details": None, "prompt_tokens": "3", "completion_tokens": "4"}, (3.0, 4.0)),
        ({"usage_details": {"input": None, "total": 9}}, (math.nan, math.nan)),
        ({"usage_details": "{}"}, (math.nan, math.nan)),
    ],
)
def test_tokens(usage, tokens):
    (answer,), _ = read(stored(**usage))
    assert (answer.input_tokens, answer.output_tokens) == pytest.approx(tokens, nan_ok=True)


def test_latency_where_it_has_not_ended():
    for changed, latency in (
        ({"end_time": None, "latency": 0.5}, 0.5),
        ({"end_time": None, "latency": None, "latencyMs": 500}, 0.5),
        ({"end_time": "2026-01-31 11:00:00"}, math.nan),
    ):
        (answer,), _ = read(stored(**changed))
        assert answer.latency == pytest.approx(latency, nan_ok=True)


def test_what_an_application_added():
    metadata = {"propensity": 0.25, "rating": 4, "gold": True}
    (answer,), _ = read(stored(metadata=json.dumps(metadata)))
    assert answer.propensity == 0.25
    assert answer.labels == (Label("rating", 4, True),)


def test_columns_of_the_user_go_first():
    record = nested()
    record["observations"][1]["metadata"] = {"route": "large", "stars": 3}
    (answer,), _ = read(record, model="metadata.route", quality="metadata.stars", group="name")
    assert (answer.model, answer.group) == ("large", "answer")
    assert Label("metadata.stars", 3, None) in answer.labels


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match=r"record 1 .*: start_time must be Unix seconds"):
        read(stored(), stored(start_time="noon"))
    with pytest.raises(ValueError, match=r"record 0 .*: total_cost must be a finite number"):
        read(stored(total_cost="cheap"))
