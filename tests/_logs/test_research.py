"""Tables of research: every model's answer to every query, battles and judgements."""

import json
import math

import pytest
from log_records import battle, judgement, right_or_wrong, routerbench, sprout

from skroute._logs._answer import Label, LeftOut
from skroute._logs._research import ROUTELLM, ROUTERBENCH, SPROUT


def read(log_format, *records, **columns):
    left_out = LeftOut()
    return list(log_format.answers(records, left_out, columns)), left_out


def score(value, gold):
    return (Label("score", value, gold),)


def test_routerbench():
    assert ROUTERBENCH.recognizes(routerbench())
    (small, large), left_out = read(ROUTERBENCH, routerbench())
    assert (small.model, large.model) == ("small/a", "large")
    assert small.query == large.query == "Be brief.\nWhy is the sky blue?"
    assert (small.labels, large.labels) == (score(0.0, True), score("1.0", True))
    assert (small.cost, large.cost) == (0.001, 0.02)
    assert small.group == large.group
    assert small.columns == {
        "sample_id": "mbpp.dev.7",
        "eval_name": "mbpp",
        "oracle_model_to_route_to": "large",
    }
    assert not left_out.counts


def test_routerbench_where_scores_and_costs_are_missing():
    changed = {"large": None, "large|total_cost": "", "oracle": "large", "oracle|total_cost": 0.02}
    (_, large), _ = read(ROUTERBENCH, routerbench(**changed))
    assert large.model == "large"
    assert large.labels == ()
    assert math.isnan(large.cost)


@pytest.mark.parametrize("encode", [dict, json.dumps, str])
def test_sprout(encode):
    plain = sprout()
    record = sprout(small=encode(plain["small"]), large=encode(plain["large"]))
    assert SPROUT.recognizes(record)
    (small, large), _ = read(SPROUT, record)
    assert (small.model, large.model) == ("small", "large")
    assert small.query == "Why is the sky blue?"
    assert (small.labels, large.labels) == (score(0.0, None), score(0.75, None))
    assert (large.input_tokens, large.output_tokens) == (11.0, 40.0)
    assert math.isnan(small.cost)
    assert small.columns == {"key": "k1", "dataset": "ai2_arc", "dataset level": "Challenge"}


def test_routellm_benchmarks():
    assert ROUTELLM.recognizes(right_or_wrong())
    (small, large), _ = read(ROUTELLM, right_or_wrong())
    assert (small.model, large.model) == ("small", "large")
    assert (small.labels, large.labels) == (score(False, True), score(True, True))
    assert small.query == "Why is the sky blue?"


@pytest.mark.parametrize(
    ("changed", "outcomes"),
    [
        ({}, (0.0, 1.0)),
        ({"winner_model_a": "1", "winner_model_b": "0"}, (1.0, 0.0)),
        ({"winner_model_b": 0, "winner_tie": 1}, (0.5, 0.5)),
        ({"winner": "model_a"}, (1.0, 0.0)),
        ({"winner": "tie (bothbad)"}, (0.5, 0.5)),
    ],
)
def test_battles(changed, outcomes):
    record = battle(**changed)
    assert ROUTELLM.recognizes(record)
    answers, _ = read(ROUTELLM, record)
    assert [answer.model for answer in answers] == ["small", "large"]
    assert [answer.labels for answer in answers] == [
        (Label("win", outcome, False),) for outcome in outcomes
    ]
    assert {answer.query for answer in answers} == {"Why is the sky blue?"}
    assert answers[0].columns == {"id": 7}


def test_queries_of_battles():
    talk = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Dust."}]
    for changed in ({"prompt": "Why?"}, {"prompt": None, "conversation_a": talk}):
        (answer, _), _ = read(ROUTELLM, battle(**changed))
        assert answer.query == "Why?"


def test_judgements():
    records = [judgement(), judgement(model="large", score=-1), judgement(turn=2, user_prompt=None)]
    assert ROUTELLM.recognizes(records[0])
    (first, failed, silent), _ = read(ROUTELLM, *records)
    assert (first.model, first.query, first.group) == ("small", "Why is\nthe sky blue?", "81")
    assert first.labels == score(9, False)
    assert failed.labels == ()
    assert silent.query is None
    assert first.columns == {
        "question_id": 81,
        "judge": "gpt-4, single-v1",
        "turn": 1,
        "tstamp": 1705.5,
    }


def test_every_record_is_a_query_of_its_own():
    for log_format, record in ((ROUTERBENCH, routerbench()), (SPROUT, sprout())):
        answers, _ = read(log_format, record, record)
        assert len({answer.group for answer in answers}) == 2
        assert log_format.full


@pytest.mark.parametrize(
    ("log_format", "record"),
    [
        (ROUTERBENCH, {"prompt": "Why?", "small": 1}),
        (SPROUT, {"prompt": "Why?", "small": {"num_input_tokens": 1}}),
        (ROUTELLM, right_or_wrong(large="perhaps")),
        (ROUTELLM, battle(winner="nobody")),
        (ROUTELLM, battle(winner_model_b=0)),
    ],
)
def test_queries_without_answers(log_format, record):
    answers, left_out = read(log_format, record)
    assert answers == []
    assert left_out.counts == {"queries without answers": 1}


def test_columns_of_the_user_go_first():
    record = sprout()
    for model in ("small", "large"):
        record[model] |= {"strict": 0.5, "dollars": 0.25}
    (small, _), _ = read(SPROUT, record, cost="dollars", quality="strict")
    assert small.cost == 0.25
    assert Label("strict", 0.5, None) in small.labels
    (small, _), _ = read(ROUTERBENCH, routerbench(text="Who?"), query="text")
    assert small.query == "Who?"


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match=r"record 1 .*: large\|total_cost must be a finite"):
        read(ROUTERBENCH, routerbench(), routerbench(**{"large|total_cost": "cheap"}))
    with pytest.raises(ValueError, match=r"record 0 .*: small.num_input_tokens must be"):
        read(SPROUT, sprout(small={**sprout()["small"], "num_input_tokens": "many"}))
