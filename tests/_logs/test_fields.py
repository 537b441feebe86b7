"""What all formats do alike: numbered records, and what the user says is there."""

import math

import pytest

from skroute._logs._answer import Answer, Label, LeftOut
from skroute._logs._fields import each_answer, labels_in, propensity_in


def read(records, columns, labels=()):
    def answers_of(record):
        yield Answer("own", query="own", cost=1.0, labels=labels), record

    left_out = LeftOut()
    return list(each_answer(records, left_out, columns, answers_of)), left_out


def test_everything_can_be_mapped():
    record = {
        "m": "gpt",
        "q": [{"role": "user", "content": "Why?"}],
        "c": "0.5",
        "in": 3,
        "out": 4.0,
        "at": "1970-01-01T00:01:00Z",
        "took": 2,
        "session": 17,
        "p": 0.25,
        "w": 2,
        "bench": "yes",
        "id": "a",
    }
    names = [
        "model",
        "query",
        "cost",
        "input_tokens",
        "output_tokens",
        "time",
        "latency",
        "group",
        "propensity",
        "weight",
        "prior",
    ]
    columns = dict(zip([*names, "identity"], record, strict=True))
    (answer,), _ = read([record], columns)
    assert answer == Answer(
        "gpt", "Why?", (), 0.5, 3.0, 4.0, 60.0, 2.0, "17", 0.25, 2.0, True, "a", columns={}
    )


def test_what_is_mapped_and_empty_is_not_what_the_format_finds():
    answers, left_out = read([{"m": "gpt"}, {"m": "", "c": None, "w": None}], {"model": "m"})
    assert [answer.model for answer in answers] == ["gpt"]
    assert left_out.counts == {"calls without a model": 1}
    (answer,), _ = read([{"c": None, "w": None}], {"cost": "c", "weight": "w"})
    assert math.isnan(answer.cost)
    assert answer.weight == 1.0


def test_who_gave_a_label():
    own = (Label("own", 1, None), Label("stars", 1, None))
    columns = {"quality": "stars", "gold": "expert", "preference": "judge.says"}
    records = [
        {"stars": 5, "expert": "true", "judge": {"says": 0.5}},
        {"stars": None, "expert": None, "judge": None},
    ]
    (first, second), _ = read(records, columns, own)
    assert first.labels == (
        Label("own", 1, True),
        Label("stars", 5, True),
        Label("judge.says", 0.5, False),
    )
    assert second.labels == (Label("own", 1, None),)


def test_a_path_that_leads_nowhere():
    with pytest.raises(ValueError, match=r"columns=\{'cost': 'prise'\}: no record of an answer"):
        read([{"price": 1}], {"cost": "prise"})
    assert read([], {"cost": "prise"})[0] == []


def test_labels_beside_a_call():
    place = {
        "rating": {"value": 4, "by": "u"},
        "score": {"by": "u"},
        "feedback": ["up"],
        "thumbs": '{"value": "down"}',
        "quality": "",
        "gold": "perhaps",
    }
    assert labels_in([place]) == (Label("rating", 4, None), Label("thumbs", "down", None))
    assert labels_in([{"thumbs_up": False, "gold": "yes"}]) == (Label("thumbs_up", False, True),)
    assert labels_in([{}]) == ()
    nearer = [{"rating": None}, {"rating": 1}, {"rating": 2, "score": 3}]
    assert labels_in(nearer) == (Label("rating", 1, None), Label("score", 3, None))


def test_labels_of_a_judge_beside_a_call():
    assert labels_in([{"judge_score": 0.5}]) == (Label("judge_score", 0.5, False),)
    both = (Label("rating", 4, True), Label("rating", 3, False))
    assert labels_in([{"rating": 4, "judge_score": 3}]) == both
    assert labels_in([{"rating": 4}, {"judge_score": 3}]) == both
    judged = labels_in([{"rating": 4, "gold": False, "preference": {"value": 3}}])
    assert judged == (Label("rating", 4, False), Label("rating", 3, False))


def test_the_nearest_propensity():
    assert propensity_in([{}, {"propensity": ""}, {"propensity": "0.5"}, {"propensity": 1}]) == 0.5
    assert math.isnan(propensity_in([{}]))
    with pytest.raises(ValueError, match="propensity must be a finite number"):
        propensity_in([{"propensity": "half"}])
