"""The one door to logs: which format a file is of, and what is said where it is none."""

import json
import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skroute._logs import _read
from skroute._logs._answer import Answer, Label
from skroute._logs._format import Format
from skroute._logs._read import FORMATS, read_log


def answers_of(records, left_out, columns):
    for record in records:
        if record.get("failed"):
            left_out("failed calls")
        else:
            model, quality = (record.get(columns.get(name, name)) for name in ("model", "quality"))
            labels = () if quality is None else (Label("quality", quality),)
            yield Answer(model, record.get("q"), labels, record.get("cost", np.nan))


def fake(name, *keys, **options):
    return Format(name, lambda record: set(keys) <= set(record), answers_of, **options)


@pytest.fixture
def formats(monkeypatch):
    known = (fake("one", "model", "one"), fake("two", "model", "two"), fake("table", "model", "q"))
    monkeypatch.setattr(_read, "FORMATS", known)


def write(path, *records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_formats_have_names_of_their_own():
    names = [each.name for each in FORMATS]
    assert len(set(names)) == len(names)
    assert "auto" not in names


@pytest.mark.usefixtures("formats")
def test_the_format_that_recognizes_most_records_is_found(tmp_path):
    one, two = {"model": "a", "one": 1}, {"model": "a", "two": 1}
    assert read_log(write(tmp_path / "log.jsonl", one, two, two)).format == "two"
    assert read_log(write(tmp_path / "log.jsonl", two, one)).format == "one"
    assert read_log(tmp_path / "log.jsonl", "two").format == "two"


@pytest.mark.usefixtures("formats")
def test_all_records_are_read_and_not_only_those_that_tell_the_format(tmp_path):
    records = [{"model": f"m{k % 3}", "one": 1, "quality": k % 2, "cost": 0.5} for k in range(500)]
    records[7]["failed"] = True
    log = read_log(write(tmp_path / "log.jsonl", *records))
    assert len(log) == 499
    assert log.n_records == 500
    assert log.row.tolist() == [k for k in range(500) if k != 7]
    assert_array_equal(log.y["quality"], [k % 2 for k in range(500) if k != 7])
    assert log.notes[0] == "1 row left out: failed calls"


@pytest.mark.usefixtures("formats")
def test_several_files_are_one_log(tmp_path):
    paths = [write(tmp_path / f"{k}.jsonl", {"model": f"m{k}", "one": 1}) for k in range(3)]
    log = read_log([str(path) for path in paths])
    assert log.y["model"].tolist() == ["m0", "m1", "m2"]
    assert log.row.tolist() == [0, 1, 2]


@pytest.mark.usefixtures("formats")
def test_columns_are_told_to_the_format(tmp_path):
    path = write(tmp_path / "log.jsonl", {"name": "a", "stars": 5}, {"name": "b", "stars": 1})
    log = read_log(path, columns={"model": "name", "quality": "stars"})
    assert log.format == "table"
    assert log.y["model"].tolist() == ["a", "b"]
    assert log.y["quality"].tolist() == [1, 0]


def test_one_column_that_is_said_may_make_a_table_known(tmp_path):
    path = write(tmp_path / "log.jsonl", {"model": "a", "pleased": 1}, {"model": "b", "pleased": 0})
    with pytest.raises(ValueError, match="of no format that is known"):
        read_log(path)
    assert read_log(path, columns={"quality": "pleased"}).y["quality"].tolist() == [1, 0]


@pytest.mark.usefixtures("formats")
def test_a_file_of_no_format_is_told_with_its_keys(tmp_path):
    path = write(tmp_path / "log.jsonl", {"name": "a", "stars": 5}, {"other": 1})
    message = (
        f"{path}: is of no format that is known: its records have the keys ['name', 'stars', "
        "'other']. Say which of them is the model"
    )
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        read_log(path)
    assert str(caught.value).endswith("or give the format (format=): one, two, table")
    header = tmp_path / "log.csv"
    header.write_text("model,query\n")
    with pytest.raises(ValueError, match=r"log\.csv: holds no records"):
        read_log(header)
    write(path, {f"key {k}": 1 for k in range(50)})
    with pytest.raises(ValueError, match=r"'key 39'\] and 10 more\. Say"):
        read_log(path, columns={"quality": "key 1"})


@pytest.mark.usefixtures("formats")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"format": "three"},
            r"log.jsonl: format must be 'auto' or one of \['one', 'table', 'two'\]",
        ),
        ({"columns": {"qualty": "q"}}, "columns has the key 'qualty'; known .*mean 'quality'"),
        ({"columns": {"quality": 7}}, r"columns\['quality'\] must be the name of a column, got 7"),
        ({"price_per_second": -1}, "price_per_second must be a finite number .*, got -1"),
        ({"price_per_second": np.nan}, "price_per_second must be a finite number .*, got nan"),
        ({"score": "stars"}, r"log\.jsonl: score: the log has no label 'stars'"),
        ({"aliases": 5}, r"log\.jsonl: aliases must be a dict"),
        ({"prices": {"a": (1, 2)}}, r"log\.jsonl: prices, model 'a': 2 dollars per token"),
    ],
)
def test_wrong_options_are_refused(tmp_path, options, message):
    path = write(tmp_path / "log.jsonl", {"model": "a", "one": 1, "quality": 1})
    with pytest.raises(ValueError, match=message):
        read_log(path, **options)


@pytest.mark.usefixtures("formats")
def test_errors_name_the_file_once(tmp_path):
    path = write(tmp_path / "log.jsonl", {"model": "a", "one": 1}, {"model": "a", "cost": -1.0})
    with pytest.raises(ValueError, match=r"^[^:]*log\.jsonl: record 1 .*'cost'"):
        read_log(path)
    other = write(tmp_path / "other.jsonl", {"model": "a", "one": 1})
    with pytest.raises(ValueError, match=r"other\.jsonl and 1 more: record 2 .*'cost'"):
        read_log([other, path])
    path.write_text("")
    with pytest.raises(ValueError, match=r"log\.jsonl: is empty") as caught:
        read_log(path)
    assert str(caught.value).count(str(path)) == 1
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv"):
        read_log(tmp_path / "nowhere.csv")
