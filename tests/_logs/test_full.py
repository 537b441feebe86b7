"""Logs that show every model's answer to every query."""

import numpy as np
from log_answers import log_of
from numpy.testing import assert_array_equal

from skroute._logs._answer import Answer, Label, LeftOut


def grid(drop=(), **changes):
    """Two queries that "b" and "a" answered, but for `drop`; changes as wa= for why? and "a"."""
    answers = []
    for q, query in enumerate(("why?", "how?")):
        for k, model in enumerate("ba"):
            if (query, model) not in drop:
                value, cost = (q + 1) * (k + 1) / 4, 10 * (q + 1) + k
                fields = {
                    "labels": (Label("acc", value),),
                    "cost": cost,
                    "group": query,
                    "columns": {"task": f"task {q}", "answer": f"{model} says"},
                }
                answers.append(
                    Answer(model, query, **fields | changes.get(f"{query[0]}{model}", {}))
                )
    return answers


def test_complete_tables_become_full_feedback():
    log = log_of(grid(), full=True)
    assert log.queries.tolist() == ["why?", "how?"]
    assert_array_equal(log.y["quality"]["b"], [0.25, 0.5])
    assert_array_equal(log.y["quality"]["a"], [0.5, 1.0])
    assert_array_equal(log.y["cost"]["b"], [10, 20])
    assert_array_equal(log.y["cost"]["a"], [11, 21])
    assert log.y.dtype.names == ("quality", "cost")
    assert log.row.tolist() == [1, 3]
    assert log.columns["task"].tolist() == ["task 0", "task 1"]
    assert log.columns["answer:a"].tolist() == ["a says", "a says"]
    assert log.columns["answer:b"].tolist() == ["b says", "b says"]
    assert log.columns["logged_cost:a"].tolist() == [11, 21]
    assert "group" not in log.columns


def test_queries_keep_the_order_of_the_log():
    answers = grid()
    log = log_of([answers[2], answers[1], answers[0], answers[3]], full=True)
    assert log.queries.tolist() == ["how?", "why?"]


def test_what_all_answers_to_a_query_share_stays_a_column_of_y():
    changes = {
        f"{q}{model}": {"labels": (Label("acc", 1, q == "w"),), "weight": 2.0, "time": 5.0}
        for q in "wh"
        for model in "ab"
    }
    y = log_of(grid(**changes), full=True).y
    assert y["gold"].tolist() == [True, False]
    assert y["weight"].tolist() == [2, 2]
    assert y["time"].tolist() == [5, 5]


def test_incomplete_tables_become_a_row_an_answer_that_shares_the_weight():
    log = log_of(grid(drop=[("how?", "b")]), full=True)
    assert log.y["model"].tolist() == ["b", "a", "a"]
    assert log.y["weight"].tolist() == [0.5, 0.5, 1.0]
    assert log.y["group"].tolist() == [0, 0, 1]
    assert log.y["quality"].tolist() == [0.25, 0.5, 1.0]
    assert (
        "not every model answered every query: a row is an answer, and those of a query share its "
        "weight"
    ) in log.notes


def test_answers_without_a_score_are_left_out():
    log = log_of(grid(wa={"labels": ()}), full=True)
    assert log.y["model"].tolist() == ["b", "b", "a"]
    assert log.y["weight"].tolist() == [1.0, 0.5, 0.5]
    assert log.notes[0] == "1 row left out: answers that were not scored"


def test_two_answers_of_a_model_to_a_query_stay_rows():
    answers = grid()
    log = log_of([*answers, answers[0]], full=True)
    assert_array_equal(log.y["weight"], [1 / 3, 1 / 3, 0.5, 0.5, 1 / 3])


def test_what_differs_between_answers_of_a_query_keeps_them_apart():
    log = log_of(
        grid(wa={"time": 2.0}, wb={"time": 1.0}, ha={"time": 3.0}, hb={"time": 3.0}), full=True
    )
    assert log.y["time"].tolist() == [1, 2, 3, 3]
    assert any(
        note.startswith("answers to a query differ in their time: a row") for note in log.notes
    )
    log = log_of(grid(wa={"labels": (Label("acc", 1, False),)}), full=True)
    assert log.y["gold"].tolist() == [True, False, True, True]
    both = {"labels": (Label("acc", 1, True), Label("acc", 0, False))}
    log = log_of(grid(wa=both), full=True)
    assert_array_equal(log.y["preference"], [np.nan, 0, np.nan, np.nan])


def test_one_model_is_a_log():
    left_out = LeftOut()
    log = log_of([answer for answer in grid() if answer.model == "a"], full=True, left_out=left_out)
    assert log.y["model"].tolist() == ["a", "a"]
    assert left_out.notes() == []
