"""Answers put together into a log."""

import numpy as np
import pytest
from log_answers import log_of
from numpy.testing import assert_allclose, assert_array_equal

from skroute._logs._answer import Answer, Label, LeftOut
from skroute.feedback import read_feedback


def test_only_what_the_log_tells_is_a_column():
    log = log_of([Answer("a", labels=(Label("thumb", "up"),)), Answer("b")])
    assert log.y.dtype.names == ("model", "quality")
    assert log.y["model"].tolist() == ["a", "b"]
    assert_array_equal(log.y["quality"], [1, np.nan])
    assert log.columns.keys() == {"logged_model", "label:thumb"}
    assert log.features is None
    assert "the log has no costs: every model counts as free (no tokens too)" in log.notes


def test_all_columns_of_feedback():
    log = log_of(
        [
            Answer(
                "a",
                "why?",
                labels=(Label("r", 1, True), Label("r", 0.5, False)),
                cost=0.5,
                propensity=0.25,
                weight=2,
                time="2025-01-31T01:30Z",
                group="s",
            ),
            Answer("b", "how?", cost=0.25, time="2025-01-31T01:31Z", group="s"),
            Answer(
                "b", "who?", labels=(Label("r", 0.25, False),), cost=0, time="2025-01-31T01:32Z"
            ),
        ]
    )
    assert_array_equal(log.y["quality"], [1, np.nan, 0.25])
    assert_array_equal(log.y["cost"], [0.5, 0.25, 0])
    assert_array_equal(log.y["propensity"], [0.25, np.nan, np.nan])
    assert log.y["gold"].tolist() == [True, False, False]
    assert_array_equal(log.y["preference"], [0.5, np.nan, np.nan])
    assert log.y["weight"].tolist() == [2, 1, 1]
    assert log.y["time"].tolist() == [1738287000, 1738287060, 1738287120]
    assert log.columns["group"].tolist() == ["s", "s", None]
    # A row without a group is a group of its own.
    assert read_feedback(log.y).group.tolist() == [0, 0, 1]
    assert log.queries.tolist() == ["why?", "how?", "who?"]


def test_rows_without_a_group_are_groups_of_their_own():
    groups = [None, "a", None, "b", "a"]
    log = log_of([Answer("m", group=group) for group in groups])
    group = log.y["group"].tolist()
    assert group[1] == group[4]
    assert len({group[k] for k in (0, 1, 2, 3)}) == 4


def test_a_time_that_some_rows_lack_is_no_column_of_y():
    log = log_of([Answer("a", time=5.0), Answer("b")])
    assert "time" not in log.y.dtype.names
    assert_array_equal(log.columns["time"], [5, np.nan])
    assert "1 of 2 rows without a time, so y has no such column" in log.notes


def test_names_are_joined_and_the_log_s_own_kept():
    answers = [Answer("openai/a"), Answer("a"), Answer("b"), Answer("openai/a")]
    log = log_of(answers, aliases={"a": "openai/a"})
    assert log.y["model"].tolist() == ["openai/a", "openai/a", "b", "openai/a"]
    assert log.columns["logged_model"].tolist() == ["openai/a", "a", "b", "openai/a"]
    assert "'a' joined with 'openai/a': as aliases= says" in log.notes
    assert log_of(answers, aliases="auto").y["model"].tolist() == [
        "openai/a",
        "openai/a",
        "b",
        "openai/a",
    ]
    assert log_of(answers).y["model"].tolist() == ["openai/a", "a", "b", "openai/a"]


def test_a_log_is_priced_at_today_s_prices():
    answers = [
        Answer("a", cost=1.0, input_tokens=1000, output_tokens=1000),
        Answer("b", cost=0.5),
    ]
    log = log_of(answers, prices={"a": (1e-5, 2e-5)})
    assert_allclose(log.y["cost"], [0.03, 0.5])
    assert log.columns["logged_cost"].tolist() == [1.0, 0.5]
    assert_array_equal(log.columns["input_tokens"], [1000, np.nan])
    assert "dollars" not in log.columns


def test_a_row_without_a_cost_has_the_mean_of_its_model():
    left_out = LeftOut()
    answers = [Answer("a", cost=1.0), Answer("a"), Answer("a", cost=3.0), Answer("b"), Answer("b")]
    log = log_of(answers, left_out=left_out)
    assert log.y["cost"].tolist() == [1, 2, 3]
    assert log.row.tolist() == [0, 1, 2]
    assert log.notes[0] == "2 rows left out: no row of 'b' has a cost; prices= gives one"
    assert_array_equal(log.columns["logged_cost"], [1, np.nan, 3])


def test_tokens_without_prices_are_told():
    log = log_of([Answer("a", input_tokens=1, output_tokens=1)])
    assert "cost" not in log.y.dtype.names
    assert log.notes[-1] == (
        "the log has no costs: every model counts as free (prices= makes costs of tokens)"
    )


def test_a_second_of_waiting_has_a_price():
    answers = [
        Answer("a", cost=1.0, latency=2.0),
        Answer("a", cost=2.0, latency=4.0),
        Answer("a", cost=3.0),
        Answer("b", cost=1.0),
    ]
    log = log_of(answers, price_per_second=0.5)
    assert log.y["cost"].tolist() == [2.0, 4.0, 4.5]
    assert log.columns["dollars"].tolist() == [1.0, 2.0, 3.0]
    assert_array_equal(log.columns["latency"], [2, 4, np.nan])
    assert "1 row without a latency: the mean of the model stands in" in log.notes
    assert "a second of waiting costs 0.5 dollars; waiting is 43% of all costs" in log.notes
    assert log.notes[0] == (
        "1 row left out: no row of 'b' has a latency, which price_per_second needs"
    )


def test_waiting_may_be_all_that_costs():
    log = log_of([Answer("a", latency=2.0)], price_per_second=0.5)
    assert log.y["cost"].tolist() == [1.0]
    assert "the log has no costs: only waiting has a price (no tokens too)" in log.notes
    with pytest.raises(ValueError, match="price_per_second: no row of the log has a latency"):
        log_of([Answer("a", cost=2.0)], price_per_second=0.5)


def test_columns_of_a_name_that_is_taken_are_told():
    columns = {"query": 1, "latency": 2, "label:r": 3, "task": 4}
    log = log_of([Answer("a", latency=1.0, labels=(Label("r", 5),), columns=columns)])
    assert log.columns["query_"].tolist() == [1]
    assert log.columns["latency"].tolist() == [1.0]
    assert log.columns["latency_"].tolist() == [2]
    assert log.columns["label:r_"].tolist() == [3]
    assert log.columns["task"].tolist() == [4]
    assert "the column 'latency' of the log is called 'latency_'" in log.notes
    assert not any("'task'" in note for note in log.notes)


def test_rows_without_text_are_counted():
    assert "1 row without a text" in log_of([Answer("a", "why?"), Answer("a")]).notes
    assert not any("without a text" in note for note in log_of([Answer("a"), Answer("a")]).notes)


def test_what_was_left_out_comes_first():
    left_out = LeftOut()
    left_out("failed calls", 3)
    log = log_of([Answer("a", identity="1"), Answer("a", identity="1")], left_out=left_out)
    assert log.notes[:2] == [
        "3 rows left out: failed calls",
        "1 row left out: an answer with their id stands before them",
    ]


def test_a_log_of_which_nothing_is_left_says_why():
    left_out = LeftOut()
    left_out("failed calls", 3)
    with pytest.raises(
        ValueError, match=r"holds no answer .* in 0 records; 3 rows left out: failed"
    ):
        log_of([], left_out=left_out)


def test_rows_of_a_benchmark_are_prior_and_need_a_quality():
    judged = (Label("r", 1, True),)
    answers = [
        Answer("a", labels=judged),
        Answer("b"),
        Answer("new", labels=judged, prior=True),
        Answer("new", prior=True),
    ]
    log = log_of(answers)
    assert log.y["prior"].tolist() == [False, False, True]
    assert "1 row left out: rows of a benchmark (prior) without a quality" in log.notes
    assert any(note.startswith("1 row of a benchmark (prior), no traffic") for note in log.notes)
    assert "prior" not in log_of(answers[:2]).y.dtype.names
