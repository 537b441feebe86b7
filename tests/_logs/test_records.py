"""Records of files of any kind, one or several."""

import csv
import gzip
import json
import tracemalloc

import polars as pl
import pytest

from skroute._logs import LeftOut, read_records

ROWS = [{"model": "a", "query": "Why, oh; why?"}, {"model": "b", "query": 'Say "hi".\n'}]


def as_csv(path, rows, **grammar):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], **grammar)
        writer.writeheader()
        writer.writerows(rows)


WRITERS = {
    "csv": as_csv,
    "tsv": lambda path, rows: as_csv(path, rows, delimiter="\t"),
    "lines": lambda path, rows: path.write_text("\n".join(map(json.dumps, rows))),
    "array": lambda path, rows: path.write_text(json.dumps(rows, indent=2)),
    "parquet": lambda path, rows: pl.DataFrame(rows).write_parquet(path),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", ["log", "log.csv", "log.txt"])
@pytest.mark.parametrize("kind", WRITERS)
def test_the_content_tells_what_a_file_is(tmp_path, kind, name, packed):
    path = tmp_path / name
    WRITERS[kind](path, ROWS)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    assert list(read_records(path)) == ROWS


def test_a_name_of_json_tells_what_the_content_does_not(tmp_path):
    for name in ("log.json", "log.jsonl.gz", "log.2026-01-31.ndjson"):
        path = tmp_path / name
        path.write_text("model,query\na,b\n")
        with pytest.raises(ValueError, match=r"line 1: found 'model,query'; an object, \{\.\.\.\}"):
            list(read_records(path))


def test_several_files_of_several_kinds_are_one_log(tmp_path):
    paths = []
    for kind, write in WRITERS.items():
        paths.append(str(tmp_path / kind))
        write(tmp_path / kind, ROWS)
    (tmp_path / "today").touch()
    left_out = LeftOut()
    assert list(read_records([*paths, tmp_path / "today"], left_out)) == ROWS * len(paths)
    assert left_out.notes() == [f"{tmp_path / 'today'} is empty"]


def test_errors_name_the_file(tmp_path):
    for name, text in (("one.csv", "a,b\n1,2\n"), ("two.csv", "a,b\n1\n2,3\n"), ("none.csv", " ")):
        (tmp_path / name).write_text(text)
    records = read_records([tmp_path / "one.csv", tmp_path / "two.csv"])
    assert next(records) == {"a": "1", "b": "2"}
    with pytest.raises(ValueError, match=r"two\.csv: line 2 has 1 cells and the header has 2"):
        next(records)
    with pytest.raises(ValueError, match=r"none\.csv: is empty; a header or records are needed"):
        list(read_records(tmp_path / "none.csv"))
    with pytest.raises(FileNotFoundError, match=r"three\.csv: there is no such file"):
        read_records([tmp_path / "one.csv", tmp_path / "three.csv"])
    with pytest.raises(ValueError, match="no files are given; name one or several"):
        read_records([])


@pytest.mark.parametrize("kind", ["csv", "lines", "array", "wrapped", "parquet"])
def test_a_large_file_is_not_held_in_memory(tmp_path, kind, monkeypatch):
    monkeypatch.setattr("skroute._logs._json._LONGEST_RECORD", 1 << 20)
    path = tmp_path / "log"
    rows = [{"model": "a", "query": f'"word" {n}, ' * 40, "n": n} for n in range(40_000)]
    if kind == "wrapped":
        path.write_text(json.dumps({"data": rows}))
    elif kind == "parquet":
        pl.DataFrame(rows).write_parquet(path, row_group_size=2000, compression="uncompressed")
    else:
        WRITERS[kind](path, rows)
    del rows
    assert path.stat().st_size > 18e6
    tracemalloc.start()
    count = sum(1 for _ in read_records(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 40_000
    assert peak < 9e6
