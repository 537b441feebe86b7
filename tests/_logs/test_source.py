"""Bytes and text of files."""

import gzip
import io
import re

import pytest

from skroute._logs import check_exists, errors_naming
from skroute._logs._source import Text, open_unpacked

LINES = "a,b\nç,\U0001f600\n"


def read(data):
    text = Text(io.BytesIO(data))
    found = ""
    while True:
        found += text.text[text.at :]
        text.at = len(text.text)
        if not text.more():
            return found


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_text_is_decoded_by_its_mark_or_its_zeros(encoding):
    assert read(LINES.encode(encoding)) == LINES


def test_long_text_is_handed_out_whole_and_piece_by_piece():
    long = "ç\U0001f600 word\n" * 400_000
    assert read(long.encode()) == long
    text = Text(io.BytesIO(long.encode()))
    assert len(text.text) < len(long)
    text.at = text.text.rindex("\n") + 1
    lines = text.text.count("\n")
    assert text.more()
    assert text.line(0) == lines + 1
    assert text.line(text.text.index("\n") + 1) == lines + 2


def test_bytes_that_are_no_text_are_told_with_line_and_byte():
    for start in (b"", b"\xef\xbb\xbf"):
        with pytest.raises(
            ValueError,
            match=rf"line 2, byte {len(start) + 5:,}: found 0xe9, which is no UTF-8 \(.*\); save",
        ):
            read(start + b"a\nbcd" + "é,x".encode("latin-1"))
    far = b"x" * 99 + b"\n"
    with pytest.raises(ValueError, match="line 30001, byte 3,000,000: found 0xff, which is"):
        read(far * 30_000 + b"\xff")
    with pytest.raises(ValueError, match="line 2, byte 6: found 0x61, which is no UTF-16-LE"):
        read("a\n".encode("utf-16") + b"a")


def test_blanks_are_skipped_across_what_is_read_at_once():
    text = Text(io.BytesIO(b"\0\n \xef\xbb\xbf" * 700_000 + b"x"))
    assert text.skip_blanks() == "x"
    assert text.line(text.at) == 700_001
    assert Text(io.BytesIO(b" \n")).skip_blanks() == ""


@pytest.mark.parametrize("name", ["log.csv", "log.csv.gz"])
def test_gzip_is_told_by_content(tmp_path, name):
    path = tmp_path / name
    for data in (LINES.encode(), gzip.compress(LINES.encode())):
        path.write_bytes(data)
        with open_unpacked(path) as file:
            assert file.read() == LINES.encode()


def test_a_broken_gzip_file_is_told(tmp_path):
    path = tmp_path / "log.csv.gz"
    data = gzip.compress(bytes(range(256)) * 99)
    for broken in (data[:-20], data[:30] + b"\xff\xff\xff" + data[33:], b"\x1f\x8b no"):
        path.write_bytes(broken)
        with (
            pytest.raises(ValueError, match=r"is a broken gzip file \(.*\); pack or copy it"),
            open_unpacked(path) as file,
        ):
            Text(file)


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"\x28\xb5\x2f\xfd", "is packed by zstd; unpack it first"),
        (b"PK\x03\x04", "is a zip file or a spreadsheet; unpack it, or save it as CSV first"),
    ],
)
def test_other_packing_is_named(tmp_path, start, what):
    path = tmp_path / "log.csv"
    path.write_bytes(start + b"x" * 9)
    with pytest.raises(ValueError, match=re.escape(what)), open_unpacked(path):
        pass


def test_errors_name_the_file(tmp_path):
    with pytest.raises(ValueError, match=r"log\.csv: is bad"), errors_naming("log.csv"):
        raise ValueError("is bad")
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        check_exists(tmp_path)
