"""Routing tables from CSV and Parquet files."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from table_files import FILES, table_columns, write

from skroute.datasets import load_routing_table
from skroute.feedback import read_feedback


@pytest.mark.parametrize("name", FILES)
def test_a_table_of_columns_is_read_whole(tmp_path, name):
    table = load_routing_table(write(tmp_path / name, table_columns()))
    assert table.X.dtype == np.float32
    assert_allclose(table.X, [[1, -1], [2, -2], [3, 1e-3]])
    assert table.models.tolist() == ["b", "a"]
    feedback = read_feedback(table.y)
    assert_array_equal(feedback.quality, [[0.25, 0.5], [0.0, 1.0], [1.0, 0.0]])
    assert_array_equal(feedback.cost, [[0.001, 0.01], [0.002, 0.02], [0.003, 0.03]])
    assert feedback.gold.tolist() == [True, False, True]
    assert table.y["group"].tolist() == ["g", "g", "h"]
    assert_array_equal(feedback.weight, [1.0, 2.0, 1.0])
    assert_array_equal(feedback.time, [1.5, 0.0, 3e9])
    assert table.task.tolist() == ["x", "y", "x"]
    assert table.texts == table_columns()["text"]


@pytest.mark.parametrize("name", FILES)
def test_a_table_without_costs_takes_features_from_a_file(tmp_path, name):
    np.save(tmp_path / "X.npy", np.ones((3, 2)))
    columns = {key: table_columns()[key] for key in ("quality:a", "quality:b")}
    path = write(tmp_path / name, columns)
    table = load_routing_table(path, features=tmp_path / "X.npy")
    assert table.X.shape == (3, 2)
    assert table.y.dtype.names == ("quality",)
    with pytest.raises(ValueError, match=r"has no features; give columns x0, .* or features=, a"):
        load_routing_table(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cost:b": None}, r"lacks the columns \['cost:b'\]; give a cost for every model or none"),
        ({"cost:c": [1, 2, 3]}, r"unknown columns \['cost:c'\]"),
        (
            {"quality:a": None, "quality:b": None},
            "has no column quality:<model>; .*read_log",
        ),
        ({"quality:a": None, "cost:a": None}, r"models: \['b'\] is too few"),
        ({"quality:a": [0, "x", 1]}, "column 'quality:a', row 1: found 'x'"),
        ({"cost:a": [0, -2, 1]}, "column 'cost:a', row 1: found -2.0"),
        ({"model": ["a", "b", "c"]}, r"unknown columns \['model'\]"),
        ({"x3": [1, 2, 3]}, r"unknown columns \['x3'\]; known are quality:b, .*, x0, x1, ...;"),
        ({"task": ["a", "", "c"]}, "column 'task', row 1: found None"),
    ],
)
def test_errors_of_a_table_of_columns_name_the_file_and_the_cell(tmp_path, changes, message):
    columns = {k: v for k, v in {**table_columns(), **changes}.items() if v is not None}
    path = write(tmp_path / "table.csv", columns)
    with pytest.raises(ValueError, match=re.escape(str(path)) + ": .*" + message):
        load_routing_table(path)
