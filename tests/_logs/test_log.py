"""The log that a reader returns."""

import sys

import numpy as np
import pytest
from log_answers import log_of

from skroute._logs._answer import Answer, Label
from skroute.baselines import BestFixedModel


def answers():
    return [
        Answer("a", "why?", labels=(Label("r", 1, True),), cost=0.5, columns={"task": "math"}),
        Answer("b", "how?", labels=(Label("r", 0, False),), cost=0.25, columns={"tags": ["x"]}),
        Answer("b", "who?", cost=0.25),
    ]


def test_it_is_printed_on_one_line():
    assert repr(log_of(answers())) == (
        "RoutingLog(3 rows, 2 models, 2 judged, 1 gold, format 'fake', 1 note)"
    )
    full = [Answer(m, "why?", labels=(Label("r", 1),), group="q") for m in "ab"]
    assert repr(log_of(full, full=True)) == (
        "RoutingLog(1 row, 2 models, full feedback, format 'fake', 3 notes)"
    )


def test_its_frame_has_the_queries_and_all_columns():
    log = log_of(answers())
    frame = log.frame
    assert list(frame) == ["query", "logged_model", "logged_cost", "task", "tags"]
    assert frame["query"].tolist() == ["why?", "how?", "who?"]
    assert frame["logged_cost"].tolist() == [0.5, 0.25, 0.25]
    assert frame["tags"].tolist()[1] == ["x"]
    assert len(frame) == len(log) == 3


def test_a_frame_without_pandas_says_what_to_install(monkeypatch):
    log = log_of(answers())
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install pandas"):
        _ = log.frame


def test_routers_learn_from_it():
    log = log_of([Answer(m, labels=(Label("r", m == "a"),), cost=1.0) for m in "aba"])
    router = BestFixedModel().fit(np.zeros((3, 1)), log.y)
    assert router.predict(np.zeros((1, 1))).tolist() == ["a"]
