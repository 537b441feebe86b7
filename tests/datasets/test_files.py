"""Files that cannot be read, and features in files of their own."""

import gzip
import json
import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from table_files import table_columns, write

from skroute.datasets import load_routing_table, read_log


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
    (tmp_path / "table.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(ValueError, match=r"table\.xlsx: is a zip file or a spreadsheet; .* as CSV"):
        load_routing_table(tmp_path / "table.xlsx")
    (tmp_path / "bytes.csv").write_bytes(b"quality:a\n\xff\x00")
    with pytest.raises(ValueError, match=r"bytes\.csv: line 2, byte 10: found 0xff, which is no"):
        load_routing_table(tmp_path / "bytes.csv")


def test_a_csv_of_uneven_or_missing_rows_is_told(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("quality:a,quality:b,x0\n1,1,0\n0,0\n")
    with pytest.raises(ValueError, match="line 3 has 2 cells and the header has 3"):
        load_routing_table(path)
    path.write_text("quality:a,quality:a,quality:b,x0\n1,1,0,0\n")
    with pytest.raises(ValueError, match=r"columns must be distinct; \['quality:a'\]"):
        load_routing_table(path)
    path.write_text("")
    with pytest.raises(ValueError, match="is empty; a header"):
        load_routing_table(path)
    path.write_text("quality:a,quality:b,x0\n")
    with pytest.raises(ValueError, match="no rows"):
        load_routing_table(path)


def test_tables_are_read_from_text_of_any_kind(tmp_path):
    expected = load_routing_table(write(tmp_path / "table.csv", table_columns()))
    rows = [
        dict(zip(table_columns(), row, strict=True))
        for row in zip(*table_columns().values(), strict=True)
    ]
    paths = [tmp_path / name for name in ("lines.jsonl", "table.csv.gz", "utf16.txt")]
    paths[0].write_text("".join(json.dumps(row) + "\n" for row in rows))
    paths[1].write_bytes(gzip.compress((tmp_path / "table.csv").read_bytes()))
    paths[2].write_bytes((tmp_path / "table.csv").read_bytes().decode().encode("utf-16"))
    for path in paths:
        table = load_routing_table(path)
        assert_array_equal(table.X, expected.X)
        assert_array_equal(table.y, expected.y)
        assert table.texts == expected.texts


def test_a_member_that_records_lack_is_an_empty_cell(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text(
        '{"model": "a", "x0": 1}\n{"model": "b", "quality": 1, "x0": 2}\n{"model": "a", "x0": 3}'
    )
    assert_array_equal(read_log(path).y["quality"], [np.nan, 1, np.nan])


def test_features_have_to_fit(tmp_path):
    columns = {name: values for name, values in table_columns().items() if name[0] != "x"}
    path, features = write(tmp_path / "table.csv", columns), tmp_path / "X.npy"
    with pytest.raises(ValueError, match=r"features=, a \.npy file with a row for each of the 3"):
        load_routing_table(path)
    with pytest.raises(FileNotFoundError, match=r"X\.npy: there is no such file"):
        load_routing_table(path, features=features)
    np.save(features, np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"X\.npy: the features have 2 rows and the table has 3"):
        load_routing_table(path, features=features)
    np.save(features, np.array([[1.0, np.nan]] * 3))
    with pytest.raises(ValueError, match=r"X\.npy: the features are not an array .*NaN"):
        load_routing_table(path, features=features)
    np.save(features, np.array([None, 1], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"X\.npy: is not a \.npy file of plain numbers"):
        load_routing_table(path, features=features)
    np.savez(tmp_path / "X.npz", X=np.ones((3, 2)))
    with pytest.raises(ValueError, match="holds several arrays"):
        load_routing_table(path, features=tmp_path / "X.npz")
    np.save(features, np.ones((3, 4), dtype=np.float16))
    X = load_routing_table(path, features=str(features)).X
    assert X.dtype == np.float32
    assert X.shape == (3, 4)


def test_parquet_without_a_reader_says_what_to_install(tmp_path, monkeypatch):
    path = write(tmp_path / "polars.parquet", table_columns())
    for module in ("polars", "pandas"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(
        ImportError, match=r"needs polars, or pandas with pyarrow; .*save .* as CSV"
    ):
        load_routing_table(path)
