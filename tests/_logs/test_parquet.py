"""Records of Parquet files, by either of the libraries that read them."""

import gzip
import sys
from datetime import UTC, datetime, timedelta

import pandas as pd
import polars as pl
import pytest

from skroute._logs import LeftOut, is_parquet, read_records

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

TIME = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
ROWS = [
    {
        "model": "a",
        "n": 1,
        "time": TIME,
        "took": timedelta(seconds=2),
        "usage": {"in": 3},
        "messages": [{"role": "user"}],
        "costs": {"total": 0.5},
    },
    dict.fromkeys(["model", "n", "time", "took", "usage", "messages", "costs"]),
]
TYPES = {
    "model": pa.dictionary(pa.int32(), pa.string()),
    "n": pa.int64(),
    "time": pa.timestamp("ns", "UTC"),
    "took": pa.duration("ns"),
    "usage": pa.struct([("in", pa.int64())]),
    "messages": pa.list_(pa.struct([("role", pa.string())])),
    "costs": pa.map_(pa.string(), pa.float64()),
}


def pairs(value):
    return list(value.items()) if isinstance(value, dict) else value


@pytest.fixture(params=["pyarrow", "polars"])
def library(request, monkeypatch):
    if request.param == "polars":
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    return request.param


@pytest.fixture
def path(tmp_path):
    columns = {
        name: pa.array([pairs(row[name]) if name == "costs" else row[name] for row in ROWS], type_)
        for name, type_ in TYPES.items()
    }
    parquet.write_table(pa.table(columns), tmp_path / "log.parquet")
    return tmp_path / "log.parquet"


def test_values_are_those_of_python(path, library):
    assert list(read_records(path)) == ROWS
    packed = path.with_name("log.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert is_parquet(packed)
    assert list(read_records(packed)) == ROWS


def test_times_finer_than_those_of_python_lose_the_rest(tmp_path, library):
    times = pa.array([1_700_000_000_123_456_789], pa.timestamp("ns"))
    parquet.write_table(pa.table({"time": times}), tmp_path / "log")
    (record,) = read_records(tmp_path / "log")
    assert type(record["time"]) is datetime
    assert record["time"] == datetime(2023, 11, 14, 22, 13, 20, 123456)


def test_many_rows_of_several_groups_keep_their_order(tmp_path, library):
    table = pl.DataFrame({"n": range(20_000)})
    table.write_parquet(tmp_path / "log.parquet", row_group_size=3000)
    assert [r["n"] for r in read_records(tmp_path / "log.parquet")] == list(range(20_000))
    table[:0].write_parquet(tmp_path / "log.parquet")
    assert list(read_records(tmp_path / "log.parquet")) == []


def test_groups_that_were_read_are_not_kept(tmp_path):
    table = pl.DataFrame({"query": [f"{n} word " * 50 for n in range(20_000)]})
    table.write_parquet(tmp_path / "log", row_group_size=1000, compression="uncompressed")
    before, most = pa.total_allocated_bytes(), 0
    for n, _ in enumerate(read_records(tmp_path / "log")):
        if n % 1000 == 500:
            most = max(most, pa.total_allocated_bytes() - before)
    assert 0 < most < 0.3 * table.estimated_size()


def test_an_index_without_a_name_is_left_out_and_noted(tmp_path, library):
    frame = pd.DataFrame({"n": [1, 2, 3]}, index=[5, 7, 9])
    if library == "pyarrow":
        frame.to_parquet(tmp_path / "log.parquet")
    else:
        frame = frame.reset_index().rename(columns={"index": "__index_level_0__"})
        pl.DataFrame(frame.to_dict("list")).write_parquet(tmp_path / "log.parquet")
    left_out = LeftOut()
    assert list(read_records(tmp_path / "log.parquet", left_out)) == [{"n": n} for n in (1, 2, 3)]
    assert left_out.notes() == ["the index of a DataFrame, which has no name, was left out"]


def test_broken_files_are_told(path, library):
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ValueError, match=r"log\.parquet: is not a readable Parquet file \("):
        list(read_records(path))
    path.write_text("model,n\na,1\n")
    with pytest.raises(ValueError, match=r"is not a readable Parquet file \(it does not start"):
        list(read_records(path))


def test_columns_of_one_name_are_told(path):
    columns = [pa.array([1]), pa.array([2])]
    parquet.write_table(pa.Table.from_arrays(columns, names=["a", "a"]), path)
    with pytest.raises(ValueError, match=r"columns must be distinct; \['a'\] occur twice"):
        list(read_records(path))


def test_without_a_library_it_says_what_to_install(path, monkeypatch):
    for module in ("pyarrow", "polars"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        ImportError, match=r"log\.parquet: reading Parquet needs pyarrow or polars; install"
    ):
        list(read_records(path))
