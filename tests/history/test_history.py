"""A log's history names what happened, and nothing where nothing did."""

import numpy as np
import pytest
from histories import DAY, START, make_history

from skroute import logged_feedback
from skroute.history import log_history

CASES = ("gone", "appeared", "price", "quality", "queries")


def found(history):
    """Return what a history names."""
    return (
        [seen.model for seen in history.appeared],
        [seen.model for seen in history.gone],
        [(move.outcome, move.model) for move in history.moves],
        history.drift is not None and history.drift.found,
    )


def test_nothing_happened():
    history = log_history(*make_history())
    assert found(history) == ([], [], [], False)
    assert history.sentences == ()
    assert (history.start, history.n_rows) == (START, 1500)
    assert history.end == pytest.approx(START + 50 * DAY, abs=DAY)


def test_models_that_come_and_go():
    history = log_history(*make_history("gone"))
    assert found(history) == ([], ["a"], [], False)
    (seen,) = history.gone
    assert seen.time == pytest.approx(START + 30 * DAY, abs=DAY)
    assert seen.n_without == pytest.approx(600, abs=30)
    (said,) = history.sentences
    assert said.startswith("The model 'a' is gone: its last row is of 2026-01-30, and 60")
    history = log_history(*make_history("appeared"))
    assert found(history) == (["c"], [], [], False)
    (said,) = history.sentences
    assert said.startswith("The model 'c' appeared on 2026-01-31, after 90")


@pytest.mark.parametrize("full", [False, True])
def test_prices_that_fall(full):
    history = log_history(*make_history("price", full=full))
    assert found(history) == ([], [], [("cost", "c")], False)
    (move,) = history.moves
    assert move.time == pytest.approx(START + 30 * DAY, abs=DAY)
    assert move.after / move.before == pytest.approx(0.1, rel=0.1)
    (said,) = history.sentences
    assert said.startswith("The cost of the model 'c' fell from $1")
    assert said.endswith("per 1,000 queries, for like queries, since about 2026-01-31.")


@pytest.mark.parametrize("full", [False, True])
def test_qualities_that_drop(full):
    history = log_history(*make_history("quality", full=full))
    assert found(history) == ([], [], [("quality", "b")], False)
    (move,) = history.moves
    assert move.after - move.before == pytest.approx(-0.3, abs=0.1)
    assert "The quality of the model 'b' fell from 0." in history.sentences[0]


def test_queries_that_change():
    history = log_history(*make_history("queries"))
    assert found(history) == ([], [], [], True)
    assert history.drift.auc > 0.75
    assert history.drift.until < history.drift.since
    assert history.sentences[0].startswith("Queries changed: those since 2026-02-03 look different")


def test_false_alarms():
    alarms = [log_history(*make_history(n=400, seed=seed)).sentences for seed in range(60)]
    assert sum(map(bool, alarms)) <= 6


@pytest.mark.parametrize("case", CASES)
def test_the_order_of_rows_does_not_matter(case):
    X, y = make_history(case)
    order = np.random.default_rng(1).permutation(len(X))
    assert log_history(X[order], y[order]).sentences == log_history(X, y).sentences


def test_rows_of_a_group_are_one_observation():
    X, y = make_history(n=300)
    group = np.repeat(np.arange(300), 5)
    columns = {name: np.repeat(y[name], 5) for name in ("model", "quality", "cost", "time")}
    repeated = logged_feedback(**columns, group=group)
    assert log_history(np.repeat(X, 5, axis=0), repeated).sentences == ()
    X, y = make_history("price", group=np.arange(1500) // 2)
    assert [move.model for move in log_history(X, y).moves] == ["c"]


def test_what_no_log_can_tell():
    X, y = make_history(n=100)
    assert log_history(X, y).drift is None
    assert log_history(X, logged_feedback(y["model"], y["quality"])) is None
    free = logged_feedback(y["model"], y["quality"], time=y["time"])
    assert log_history(X, free).moves == ()


def test_numbers_that_are_no_moments():
    X, y = make_history("gone")
    y["time"] = np.arange(1500)
    assert "its last row is of time 89" in log_history(X, y).sentences[0]


def test_a_judge_that_joins_is_no_drop_of_quality():
    X, y = make_history(gold=np.arange(1500) % 3 == 0)
    y["quality"][~y["gold"] & (np.arange(1500) > 700)] -= 0.5
    assert log_history(X, y).moves == ()


def test_several_moves_of_one_price():
    X, y = make_history("price", at=0.3)
    late = (y["model"] == "c") & (np.arange(1500) > 1000)
    y["cost"][late] *= 3
    moves = log_history(X, y).moves
    assert [move.outcome for move in moves] == ["cost", "cost"]
    assert [move.after / move.before for move in moves] == pytest.approx([0.1, 3.0], rel=0.2)
    assert moves[0].after == pytest.approx(moves[1].before, rel=0.3)
