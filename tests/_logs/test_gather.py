"""Answers gathered into columns."""

import math
import tracemalloc

import numpy as np
import pytest
from log_answers import gathered
from numpy.testing import assert_array_equal

from skroute._logs._answer import Answer, Label, LeftOut
from skroute._logs._gather import Counted, gather


def test_answers_become_columns():
    log = gathered(
        [
            Answer("b", "why?", cost=0.5, input_tokens=3, group="s", columns={"task": "math"}),
            Answer("a", None, output_tokens=2, latency=1.5, columns={"tags": ["x"]}),
            Answer("b", "how?", group="t", propensity=1, weight=2, time="1970-01-01T00:00:05Z"),
        ]
    )
    assert log.names == ["b", "a"]
    assert log.written.tolist() == [0, 1, 0]
    assert log.queries.tolist() == ["why?", None, "how?"]
    assert_array_equal(log.cost, [0.5, np.nan, np.nan])
    assert_array_equal(log.input_tokens, [3, np.nan, np.nan])
    assert_array_equal(log.output_tokens, [np.nan, 2, np.nan])
    assert_array_equal(log.latency, [np.nan, 1.5, np.nan])
    assert_array_equal(log.propensity, [np.nan, np.nan, 1])
    assert_array_equal(log.weight, [1, 1, 2])
    assert_array_equal(log.time, [np.nan, np.nan, 5])
    assert log.groups == ["s", "t"]
    assert log.group.tolist() == [0, -1, 1]
    assert log.columns["task"].tolist() == ["math", None, None]
    assert log.columns["tags"].tolist() == [None, ["x"], None]
    assert log.features is None
    assert log.row.tolist() == [0, 1, 2]
    assert log.n_records == 3


def test_labels_stand_by_name():
    labels = (
        Label("a", 5, True),
        Label("b", "up"),
        Label("a", None),
        Label("a", ""),
        Label("a", 4, False),
    )
    log = gathered([Answer("m"), Answer("m", labels=labels)])
    assert list(log.labels) == ["a", "b"]
    assert log.labels["a"].row.tolist() == [1, 1]
    assert log.labels["a"].value == [5, 4]
    assert log.labels["a"].gold.tolist() == [1, 0]
    assert log.labels["b"].gold.tolist() == [-1]


def test_an_answer_that_comes_twice_is_left_out_and_counted():
    left_out = LeftOut()
    answers = [
        Answer(model, identity=name) for model, name in [("a", "1"), ("b", "1"), ("a", None)] * 2
    ]
    log = gathered(answers, left_out)
    assert log.row.tolist() == [0, 2, 5]
    assert left_out.notes() == ["3 rows left out: an answer with their id stands before them"]


def test_records_that_are_joined_have_no_row():
    records = Counted([1, 2, 3])

    def join(records):
        count = len(list(records))
        yield from [Answer("a")] * (count - 1)

    log = gather(join(records), records, LeftOut())
    assert log.row.tolist() == [-1, -1]
    assert log.n_records == 3


def test_features_are_read_side_by_side():
    rows = [{"x0": "1", "x1": 2.5, "x3": 1}, {"x0": 3, "x1": "-1"}]
    log = gathered([Answer("a", columns=row) for row in rows])
    assert log.features.dtype == np.float32
    assert_array_equal(log.features, [[1, 2.5], [3, -1]])
    # There is no x2.
    assert_array_equal(log.columns["x3"], np.array([1, np.nan], dtype=np.float32))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(""), "record 1 .*, column 'model': found ''; the name of a model is needed"),
        (Answer(None), "record 1 .*, column 'model': found None; the name of a model is needed"),
        (
            Answer("a", cost=-1.0),
            "record 1 .*, column 'cost': found -1.0; dollars, at least 0, are",
        ),
        (Answer("a", cost=math.inf), "record 1 .*, column 'cost': found inf"),
        (Answer("a", input_tokens=-1), "record 1 .*, column 'input_tokens': found -1; a count"),
        (Answer("a", output_tokens=-1), "record 1 .*, column 'output_tokens': found -1; a count"),
        (Answer("a", latency=-0.1), "record 1 .*, column 'latency': found -0.1; seconds"),
        (Answer("a", propensity=0.0), "record 1 .*, column 'propensity': found 0.0; a probability"),
        (Answer("a", propensity=1.5), "record 1 .*, column 'propensity': found 1.5; a probability"),
        (Answer("a", weight=-1.0), "record 1 .*, column 'weight': found -1.0; a number"),
        (Answer("a", weight=math.nan), "record 1 .*, column 'weight': found nan; a number"),
        (
            Answer("a", cost=-1.0, identity="abc"),
            "record 1 .* with the id 'abc', column 'cost': found -1.0",
        ),
        (Answer("a", time="now"), "record 1 .*: time must be Unix seconds or ISO 8601, got 'now'"),
        (
            Answer("a", columns={"x0": "one"}),
            "record 1 .*, column 'x0': found 'one'; .* are features",
        ),
        (Answer("a"), "record 1 .*, column 'x0': found nan; .* in every row: .* are features"),
    ],
)
def test_errors_name_column_row_and_remedy(answer, message):
    with pytest.raises(ValueError, match=message):
        gathered([Answer("a", columns={"x0": 1}), answer])


def test_columns_beyond_a_thousand_are_told():
    log = gathered([Answer("a", columns={f"c{k}": k for k in range(1002)})])
    assert len(log.columns) == 1000
    assert log.notes == ["2 columns not kept, beyond the first 1,000"]


def test_memory_stays_near_what_is_kept():
    def answers(n_rows):
        for row in range(n_rows):
            columns = {"x0": float(row), "x1": 0.5, "tag": f"tag {row % 5}"}
            yield Answer(f"m{row % 3}", None, cost=0.1, time=float(row), columns=columns)

    gathered(answers(10))
    tracemalloc.start()
    gathered(answers(20_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Some 13 numbers of 8 bytes and a pointer or two, held twice while they are read.
    assert peak < 20_000 * 8 * 40
