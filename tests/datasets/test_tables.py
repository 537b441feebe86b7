"""Tables and logs from .npz, CSV and Parquet files."""

import csv
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skroute.datasets import load_routing_log, load_routing_table
from skroute.feedback import read_feedback

TEXTS = ["Größe?", "", "2 + 2"]


def npz_arrays() -> dict:
    encoded = [text.encode() for text in TEXTS]
    return {
        "X": np.arange(6, dtype=np.float16).reshape(3, 2),
        "models": np.array(["z/large", "a:small"]),
        "quality": np.array([[1, 0], [0.5, 0.25], [0, 1]], dtype=np.float32),
        "cost": np.array([[2, 1], [4, 3], [6, 5]], dtype=np.float32),
        "cluster": np.array([7, 7, 2], dtype=np.int32),
        "group": np.array(["maths", "law", "maths"]),
        "query_chars": np.array([6, 0, 5], dtype=np.int32),
        "query_utf8": np.frombuffer(b"".join(encoded), dtype=np.uint8),
        "query_offsets": np.cumsum([0, *map(len, encoded)]),
    }


def write_npz(path, **changes):
    arrays = {**npz_arrays(), **changes}
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return path


def table_columns() -> dict:
    return {
        "quality:b": [0.5, 1.0, 0.0],
        "quality:a": [0.25, 0.0, 1.0],
        "cost:a": [0.001, 0.002, 0.003],
        "cost:b": [0.01, 0.02, 0.03],
        "gold": [True, False, True],
        "group": ["g", "g", "h"],
        "weight": [1.0, 2.0, 1.0],
        "task": ["x", "y", "x"],
        "text": ['says "hi", twice', "two\nlines", "ç"],
        "x0": [1.0, 2.0, 3.0],
        "x1": [-1.0, -2.0, 1e-3],
    }


def log_columns() -> dict:
    return {
        "model": ["large", "small", "large"],
        "quality": [0.5, 1.0, 0.0],
        "cost": [0.01, 0.002, 0.0],
        "propensity": [0.5, None, 0.25],
        "gold": [True, False, True],
        "group": ["a", "b", "a"],
        "weight": [1.0, 2.0, 0.5],
        "x0": [1.0, 2.0, 3.0],
    }


def write(path, columns):
    """Write columns to a CSV or Parquet file, by the csv module, pandas or polars."""
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
    elif path.stem.startswith("polars"):
        pl.DataFrame(columns).write_parquet(path)
    else:
        try:
            import pyarrow  # noqa: F401
        except ImportError as error:  # absent, or built for another NumPy
            pytest.skip(str(error))
        pd.DataFrame(columns).to_parquet(path)
    return path


FILES = ("table.csv", "polars.parquet", "pandas.parquet")


# --- .npz -----------------------------------------------------------------------------------


def test_an_npz_table_is_read_whole(tmp_path):
    table = load_routing_table(write_npz(tmp_path / "table.npz"))
    assert table.X.dtype == np.float32
    assert_array_equal(table.X, np.arange(6).reshape(3, 2))
    assert table.models.tolist() == ["z/large", "a:small"]
    feedback = read_feedback(table.y)
    assert feedback.classes.tolist() == ["a:small", "z/large"]
    assert feedback.quality.dtype == np.float32
    assert_array_equal(feedback.quality, [[0, 1], [0.25, 0.5], [1, 0]])
    assert_array_equal(feedback.cost, [[1, 2], [3, 4], [5, 6]])
    assert table.y["group"].tolist() == [7, 7, 2]
    assert table.task.tolist() == ["maths", "law", "maths"]
    assert table.query_chars.tolist() == [6, 0, 5]
    assert table.texts == TEXTS
    assert table.texts is table.texts
    assert table.y_preference is None


def test_an_npz_table_needs_little(tmp_path):
    path = tmp_path / "table.npz"
    np.savez_compressed(path, **{key: npz_arrays()[key] for key in ("X", "models", "quality")})
    table = load_routing_table(str(path))
    assert table.texts is table.task is table.query_chars is None
    assert table.y.dtype.names == ("quality",)
    assert_array_equal(read_feedback(table.y).cost, np.zeros((3, 2)))


def test_gains_of_a_gold_and_preference_table(tmp_path):
    gold, preference = np.array([0.5, -0.25, 0.0]), np.array([1.0, 0.5, -1.0])
    path = write_npz(
        tmp_path / "pair.npz", quality=None, cost=None, gold=gold, preference=preference
    )
    table = load_routing_table(path)
    assert_array_equal(table.y["quality"]["z/large"], gold)
    assert_array_equal(table.y["quality"]["a:small"], np.zeros(3))
    assert_array_equal(table.y_preference["quality"]["z/large"], preference)
    assert table.y["gold"].all()
    assert not table.y_preference["gold"].any()
    mixed = read_feedback(np.where([True, False, True], table.y, table.y_preference))
    assert mixed.gold.tolist() == [True, False, True]
    assert_array_equal(mixed.quality[:, 1], [0.5, 0.5, 0.0])
    assert mixed.group.tolist() == [1, 1, 0]


def test_features_of_a_file_of_their_own_replace_those_of_the_table(tmp_path):
    np.save(tmp_path / "X.npy", np.ones((3, 5)))
    path = write_npz(tmp_path / "table.npz")
    table = load_routing_table(path, features=tmp_path / "X.npy")
    assert_array_equal(table.X, np.ones((3, 5), dtype=np.float32))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X": None}, "lacks the key 'X'; it has "),
        ({"models": None}, "lacks the key 'models'"),
        ({"quality": None}, r"lacks the key 'quality' \(or 'gold' and 'preference'\)"),
        ({"models": np.array(["a", "a"])}, r"models must be distinct; \['a'\]"),
        ({"models": np.array(["a", "b", "c"])}, r"quality must have shape \(n, 3\).* got \(3, 2\)"),
        ({"models": np.array("a")}, r"key 'models' must have shape \(K,\), got \(\)"),
        (
            {"quality": np.array([[0, 1], [np.nan, 0], [0, 0]])},
            "'quality:z/large', row 1: found nan",
        ),
        ({"cost": -np.ones((3, 2))}, "column 'cost:z/large', row 0: found -1.0"),
        ({"cost": np.ones((2, 2))}, "differ in length"),
        ({"cluster": np.arange(2)}, "differ in length"),
        ({"group": np.array(["a"])}, r"key 'group' must have shape \(3,\), got \(1,\)"),
        ({"query_chars": np.arange(4)}, r"key 'query_chars' must have shape \(3,\), got \(4,\)"),
        (
            {"query_offsets": np.arange(3)},
            r"key 'query_offsets' must have shape \(4,\), got \(3,\)",
        ),
        ({"X": np.ones((2, 2))}, "key 'X' has 2 rows and the table has 3"),
        ({"X": np.ones(3)}, r"key 'X' does not hold features \(n, d\)"),
        ({"X": np.full((3, 2), np.inf)}, "key 'X' does not hold features .*infinity"),
        ({"price": np.ones(3)}, r"unknown keys \['price'\]; known are "),
        ({"models": np.array(["a", None], dtype=object)}, "key 'models' cannot be read without"),
    ],
)
def test_errors_of_an_npz_table_name_the_file_and_the_key(tmp_path, changes, message):
    path = write_npz(tmp_path / "table.npz", **changes)
    with pytest.raises(ValueError, match=re.escape(str(path)) + ": .*" + message):
        load_routing_table(path)


def test_gains_need_two_models(tmp_path):
    path = write_npz(
        tmp_path / "pair.npz",
        quality=None,
        gold=np.zeros(3),
        preference=np.zeros(3),
        models=np.array(["a", "b", "c"]),
    )
    with pytest.raises(ValueError, match="gains need two models, key 'models' has 3"):
        load_routing_table(path)


def test_files_that_are_something_else_are_told(tmp_path):
    for name in ("table.npz", "table.parquet"):
        path = tmp_path / name
        path.write_text("no table")
        with pytest.raises(ValueError, match=f"{re.escape(str(path))}: is not a readable"):
            load_routing_table(path)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.npz: there is no such file"):
        load_routing_table(tmp_path / "nowhere.npz")
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        load_routing_table(tmp_path)
    (tmp_path / "table.xlsx").write_text("")
    with pytest.raises(
        ValueError, match=r"a file named \.csv or \.parquet is needed, got '\.xlsx'"
    ):
        load_routing_table(tmp_path / "table.xlsx")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="is not a CSV file in UTF-8"):
        load_routing_table(tmp_path / "bytes.csv")


# --- CSV and Parquet ------------------------------------------------------------------------


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
    with pytest.raises(
        ValueError, match=r"has no features; name them x0, x1, .* or give features="
    ):
        load_routing_table(path)


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


def test_a_model_named_like_a_number_stays_text(tmp_path):
    columns = {"model": ["007", "1e3", "007"], "quality": [0, 1, 0], "x0": [0, 1, 2]}
    _, y = load_routing_log(write(tmp_path / "log.csv", columns))
    assert y["model"].tolist() == ["007", "1e3", "007"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": None}, r"lacks the column 'model'; it has \["),
        ({"quality": None}, "lacks the column 'quality'"),
        ({"quality": [0.1, "", 0.3]}, "column 'quality', row 1: found (None|nan)"),
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
        ({"model": ["a", "", "b"]}, "column 'model', row 1: found None; a model's label"),
        ({"latency": [1, 2, 3]}, r"unknown columns \['latency'\]; known are .* and x0, x1"),
        ({"x2": [1, 2, 3]}, r"unknown columns \['x2'\]"),
        ({"x0": [1, "", 3]}, "column 'x0', row 1: found nan; a finite number"),
    ],
)
def test_errors_of_a_log_name_the_file_and_the_cell(tmp_path, changes, message):
    columns = {k: v for k, v in {**log_columns(), **changes}.items() if v is not None}
    path = write(tmp_path / "log.csv", columns)
    with pytest.raises(ValueError, match=re.escape(str(path)) + ": .*" + message):
        load_routing_log(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cost:b": None}, r"lacks the columns \['cost:b'\]; give a cost for every model or none"),
        ({"cost:c": [1, 2, 3]}, r"unknown columns \['cost:c'\]"),
        (
            {"quality:a": None, "quality:b": None},
            "has no column quality:<model>; .*load_routing_log",
        ),
        ({"quality:a": None, "cost:a": None}, r"models: \['b'\] is too few"),
        ({"quality:a": [0, "x", 1]}, "column 'quality:a', row 1: found 'x'"),
        ({"cost:a": [0, -2, 1]}, "column 'cost:a', row 1: found -2.0"),
        ({"model": ["a", "b", "c"]}, r"unknown columns \['model'\]"),
        ({"task": ["a", "", "c"]}, "column 'task', row 1: found None"),
    ],
)
def test_errors_of_a_table_of_columns_name_the_file_and_the_cell(tmp_path, changes, message):
    columns = {k: v for k, v in {**table_columns(), **changes}.items() if v is not None}
    path = write(tmp_path / "table.csv", columns)
    with pytest.raises(ValueError, match=re.escape(str(path)) + ": .*" + message):
        load_routing_table(path)


def test_a_csv_of_uneven_or_missing_rows_is_told(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("model,quality,x0\na,1,0\nb,0\n")
    with pytest.raises(ValueError, match="row 1 has 2 cells and the header has 3"):
        load_routing_log(path)
    path.write_text("model,quality,quality,x0\na,1,0,0\n")
    with pytest.raises(ValueError, match=r"columns must be distinct; \['quality'\]"):
        load_routing_log(path)
    path.write_text("")
    with pytest.raises(ValueError, match="is empty; a header"):
        load_routing_log(path)
    path.write_text("model,quality,x0\n")
    with pytest.raises(ValueError, match="no rows"):
        load_routing_log(path)


def test_features_of_a_log_have_to_fit(tmp_path):
    columns = log_columns()
    del columns["x0"]
    path, features = write(tmp_path / "log.csv", columns), tmp_path / "X.npy"
    with pytest.raises(ValueError, match=r"give a \.npy file with a row for each of the 3 rows"):
        load_routing_log(path)
    with pytest.raises(FileNotFoundError, match=r"X\.npy: there is no such file"):
        load_routing_log(path, features=features)
    np.save(features, np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"X\.npy: the array has 2 rows and the table has 3"):
        load_routing_log(path, features=features)
    np.save(features, np.array([[1.0, np.nan]] * 3))
    with pytest.raises(ValueError, match=r"X\.npy: the array does not hold features .*NaN"):
        load_routing_log(path, features=features)
    np.save(features, np.array([None, 1], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"X\.npy: is not a \.npy file of plain numbers"):
        load_routing_log(path, features=features)
    np.savez(tmp_path / "X.npz", X=np.ones((3, 2)))
    with pytest.raises(ValueError, match="holds several arrays"):
        load_routing_log(path, features=tmp_path / "X.npz")
    np.save(features, np.ones((3, 4), dtype=np.float16))
    X, _ = load_routing_log(path, features=str(features))
    assert X.dtype == np.float32
    assert X.shape == (3, 4)


def test_parquet_without_a_reader_says_what_to_install(tmp_path, monkeypatch):
    path = write(tmp_path / "polars.parquet", log_columns())
    for module in ("polars", "pandas"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(
        ImportError, match=r"needs polars, or pandas with pyarrow; .*save .* as CSV"
    ):
        load_routing_log(path)
