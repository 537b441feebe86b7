"""Logs of routers that serve, as files: broken ends, embeddings of several versions, mappings."""

import gzip
import json

import numpy as np
import pytest

from skroute._logs._answer import LeftOut
from skroute._logs._requests import decode_embedding, encode_embedding, request_log_records
from skroute.datasets import read_log


def request(place, **changed):
    record = {
        "skroute": "request",
        "request_id": f"r{place}",
        "time": 1.7e9 + place,
        "model": ["small", "large"][place % 2],
        "propensity": 0.5,
        "cost": 0.01,
        "embedding": encode_embedding(np.float32([place, 1.0])),
        "embedding_version": "e1",
        **changed,
    }
    return {name: value for name, value in record.items() if value is not None}


def quality(place, **changed):
    return {
        "skroute": "quality",
        "request_id": f"r{place}",
        "time": 1.7e9,
        "quality": 1.0,
        "gold": True,
        "source": "annotation",
        **changed,
    }


def write(path, *records, end=b""):
    lines = [json.dumps(record, separators=(",", ":")).encode() + b"\n" for record in records]
    path.write_bytes(b"".join(lines) + end)
    return path


def test_embeddings_are_kept_exactly():
    row = np.random.default_rng(0).normal(size=50).astype(np.float32)
    np.testing.assert_array_equal(decode_embedding(encode_embedding(row)), row)


@pytest.mark.parametrize("text", ["?", "AAA=", 5, "AADAfw=="])
def test_what_is_no_embedding_is_an_error_that_names_the_record(tmp_path, text):
    path = write(tmp_path / "requests-1.jsonl", request(0), request(1, embedding=text))
    with pytest.raises(ValueError, match=r"requests-1\.jsonl: record 1 .*embedding must be"):
        read_log(path)


@pytest.mark.parametrize(
    "end",
    [
        b'{"skroute":"request","request_id":"r2","mod',
        b'{"skroute":"request","request_id":"r2"\xff\xfe\x00garbage}\n',
        b"\x81garbage\n",
        b"5\n",
        b"{",
    ],
)
def test_a_broken_last_line_is_left_out_with_a_note(tmp_path, end):
    log = read_log(write(tmp_path / "requests-1.jsonl", request(0), request(1), end=end))
    assert len(log) == 2
    assert log.notes[0] == "1 row left out: cut off or broken at the end of the file"


def test_blocks_of_nothing_at_the_end_are_no_line(tmp_path):
    log = read_log(write(tmp_path / "requests-1.jsonl", request(0), request(1), end=b"\0" * 600))
    assert len(log) == 2
    assert not any("cut off" in note for note in log.notes)


def test_a_last_line_without_its_newline_counts(tmp_path):
    end = json.dumps(request(2)).encode()
    assert len(read_log(write(tmp_path / "requests-1.jsonl", request(0), end=end))) == 2


def test_a_line_that_is_written_while_it_is_read_is_left_out():
    first, second, third = (json.dumps(request(place)).encode() + b"\n" for place in range(3))
    # A file's end is where its writer is by now; what is read after it is the other half.
    found, left_out = iter([first, second[:40], second[40:], third]), LeftOut()
    assert list(request_log_records(found, left_out)) == [request(0)]
    assert left_out.notes() == ["1 row left out: cut off or broken at the end of the file"]


def test_a_broken_line_before_others_is_an_error_that_names_it(tmp_path):
    path = write(tmp_path / "requests-1.jsonl", request(0), end=b"{broken\n")
    path.write_bytes(path.read_bytes() + json.dumps(request(1)).encode())
    with pytest.raises(ValueError, match=r"requests-1\.jsonl: line 2: found no JSON object"):
        read_log(path)


@pytest.mark.parametrize("end", [b'{"skrou', b'{"skroute":"request","req'])
def test_a_file_that_is_a_cut_line_alone_takes_no_other_file_with_it(tmp_path, end):
    write(tmp_path / "requests-1.jsonl", request(0))
    write(tmp_path / "requests-2.jsonl", end=end)
    log = read_log(tmp_path)
    assert len(log) == 1
    assert "1 row left out: cut off or broken at the end of the file" in log.notes


def test_a_folder_is_the_files_of_a_log_in_it(tmp_path):
    write(tmp_path / "qualities-1.jsonl", quality(1))
    write(tmp_path / "requests-1.jsonl", request(0))
    packed = write(tmp_path / "second", request(1)).read_bytes()
    (tmp_path / "second").unlink()
    (tmp_path / "requests-2.jsonl.gz").write_bytes(gzip.compress(packed))
    (tmp_path / "notes.txt").write_text("not read")
    (tmp_path / ".requests-3.jsonl").write_text("not read")
    (tmp_path / "more.jsonl").mkdir()
    log = read_log(tmp_path)
    np.testing.assert_array_equal(log.y["quality"], [np.nan, 1.0])


def test_a_folder_without_a_log_is_an_error_that_names_it(tmp_path):
    with pytest.raises(ValueError, match="the folder has no file that ends in"):
        read_log(tmp_path)


def test_a_request_that_is_logged_twice_counts_once(tmp_path):
    log = read_log(write(tmp_path / "requests-1.jsonl", request(0), request(0), request(1)))
    assert len(log) == 2


def test_rows_that_other_steps_embedded_are_left_out_with_a_note(tmp_path):
    records = [request(0, embedding_version="e0"), *map(request, range(1, 5))]
    records += [request(5, embedding=None, embedding_version=None)]
    log = read_log(write(tmp_path / "requests-1.jsonl", *records, quality(0)))
    np.testing.assert_array_equal(log.features[:, 0], [1, 2, 3, 4])
    said = " ".join(log.notes)
    assert "1 row left out: embedded by other steps than the newest rows" in said
    assert "1 row left out: no embedding and no text to make one of" in said
    # It is in the log all the same.
    assert "not in the log" not in said


def test_where_all_have_text_none_is_left_out_for_its_embedding(tmp_path):
    records = [request(0, query="Why?", embedding_version="e0"), request(1, query="How?")]
    log = read_log(write(tmp_path / "requests-1.jsonl", *records))
    assert log.queries.tolist() == ["Why?", "How?"]
    assert log.features is None
    assert "embeddings are not of one version, and not kept: texts are there" in log.notes


def test_columns_lead_to_what_the_log_has_elsewhere(tmp_path):
    records = [request(place, stars=place + 1) for place in range(5)]
    log = read_log(write(tmp_path / "log.jsonl", *records), columns={"quality": "stars"})
    assert log.y["quality"].tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
