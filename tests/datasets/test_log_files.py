"""Logs from CSV and Parquet files."""

import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from table_files import FILES, log_columns, write

from skroute.datasets import load_routing_log
from skroute.feedback import read_feedback


@pytest.mark.parametrize("name", FILES)
def test_a_log_is_read_whole(tmp_path, name):
    X, y = load_routing_log(write(tmp_path / name, log_columns()))
    assert_array_equal(X, np.array([[1], [2], [3]], dtype=np.float32))
    feedback = read_feedback(y)
    assert feedback.classes.tolist() == ["large", "small"]
    assert feedback.action.tolist() == [0, 1, 0]
    assert_array_equal(feedback.quality, [0.5, 1.0, 0.0])
    assert_array_equal(feedback.cost, [0.01, 0.002, 0.0])
    assert_array_equal(feedback.propensity, [0.5, np.nan, 0.25])
    assert feedback.gold.tolist() == [True, False, True]
    assert feedback.group.tolist() == [0, 1, 0]
    assert_array_equal(feedback.weight, [1.0, 2.0, 0.5])
    assert_array_equal(feedback.time, [1738287000 + 3600 * hour for hour in range(3)])


@pytest.mark.parametrize(
    "cells",
    [
        ["1738287000", "1738287000.5", "-1e3"],
        ["2025-01-31T01:30Z", "2025-01-31 02:30:00.500+01:00", "1969-12-31T23:43:20+00:00"],
        ["2025-01-31 01:30", "2025-01-31T01:30:00.5", "1969-12-31 23:43:20"],
    ],
)
def test_times_of_a_csv_are_unix_seconds_or_iso_8601(tmp_path, cells):
    _, y = load_routing_log(write(tmp_path / "log.csv", {**log_columns(), "time": cells}))
    assert y["time"].tolist() == [1738287000.0, 1738287000.5, -1000.0]


def test_a_csv_may_have_a_byte_order_mark_spaces_and_flags_in_any_case(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(
        b"\xef\xbb\xbfmodel, quality,gold,x0\r\n7,1e-1,TRUE,0\r\n8, 0.2 ,0,1\r\n\r\n9,1,False,2\r\n"
    )
    X, y = load_routing_log(path)
    assert X.shape == (3, 1)
    assert y["model"].tolist() == ["7", "8", "9"]
    assert y["quality"].tolist() == [0.1, 0.2, 1.0]
    assert y["gold"].tolist() == [True, False, False]


def test_an_empty_quality_was_never_judged(tmp_path):
    columns = {
        "model": ["a", "b", "a", "b"],
        "quality": [1, "", "", 0.5],
        "gold": ["true", "", "false", "false"],
        "preference": [0.75, 0.25, "", ""],
        "x0": [0, 1, 2, 3],
    }
    feedback = read_feedback(load_routing_log(write(tmp_path / "log.csv", columns))[1])
    assert_array_equal(feedback.quality, [1, 0.25, np.nan, 0.5])
    assert feedback.gold.tolist() == [True, False, False, False]
    assert_array_equal(feedback.judge_label, [0.75, 0.25, np.nan, 0.5])


def test_a_model_named_like_a_number_stays_text(tmp_path):
    columns = {"model": ["007", "1e3", "007"], "quality": [0, 1, 0], "x0": [0, 1, 2]}
    _, y = load_routing_log(write(tmp_path / "log.csv", columns))
    assert y["model"].tolist() == ["007", "1e3", "007"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": None}, r"lacks the column 'model'; it has \["),
        ({"quality": None}, "lacks the column 'quality'"),
        (
            {"quality": [0.1, "bad", 0.3]},
            "column 'quality', row 1: found 'bad'; a number is needed",
        ),
        ({"quality": [0.1, "inf", 0.3]}, "column 'quality', row 1: found inf"),
        ({"cost": [0.1, -1, 0.3]}, "column 'cost', row 1: found -1.0; .*at least 0"),
        ({"propensity": [0.1, 0, 0.3]}, "column 'propensity', row 1: found 0.0; .*above 0"),
        ({"gold": [True, "maybe", True]}, "column 'gold', row 1: found 'maybe'"),
        ({"gold": [True, "", True]}, "column 'gold', row 1: found None"),
        ({"group": ["a", "", "b"]}, "column 'group', row 1: found None; name a group"),
        (
            {"time": ["1", "31.01.2025", "2"]},
            "column 'time', row 1: found '31.01.*; a datetime",
        ),
        ({"time": ["1", "", "2"]}, "column 'time', row 1: found (None|nan); a time is needed"),
        ({"time": ["1", "2025-01-31", "2"]}, "column 'time', row 1: found datetime.*hold numbers"),
        ({"model": ["a", "", "b"]}, "column 'model', row 1: found None; a model's label"),
        (
            {"latency": [1, 2, 3]},
            r"unknown columns \['latency'\]; known are model, .*; rename",
        ),
        ({"x2": [1, 2, 3]}, r"unknown columns \['x2'\]"),
        ({"x0": [1, "", 3]}, "column 'x0', row 1: found nan; a finite number"),
    ],
)
def test_errors_of_a_log_name_the_file_and_the_cell(tmp_path, changes, message):
    columns = {k: v for k, v in {**log_columns(), **changes}.items() if v is not None}
    path = write(tmp_path / "log.csv", columns)
    with pytest.raises(ValueError, match=re.escape(str(path)) + ": .*" + message):
        load_routing_log(path)
