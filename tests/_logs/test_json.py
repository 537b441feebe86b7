"""Records of JSON in all the ways that it is written to files."""

import io
import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skroute._logs import LeftOut
from skroute._logs._json import json_records
from skroute._logs._source import Text

ROWS = [
    {"model": "a", "n": 1, "messages": [{"role": "user", "content": "x\n]}"}]},
    {"model": "b", "tags": [], "nested": {"deep": [1, None, True]}},
]


def records(text, left_out=None):
    text = text.encode() if isinstance(text, str) else text
    return list(json_records(Text(io.BytesIO(text)), left_out or LeftOut()))


def lines(rows, **options):
    return "".join(json.dumps(row, **options) + "\n" for row in rows)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
# A record of just a list of objects is a page of them.
rows = st.lists(
    st.dictionaries(st.text(), values, max_size=4).map(lambda row: {"model": "a", "n": 0} | row),
    min_size=1,
    max_size=5,
)


@given(rows, st.booleans(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_any_records_are_read_as_they_were_written(rows, ascii, encoding):
    for text in (
        lines(rows, ensure_ascii=ascii),
        "".join(json.dumps(row, ensure_ascii=ascii) for row in rows),
        lines(rows, ensure_ascii=ascii, indent=2),
        json.dumps(rows, ensure_ascii=ascii),
        json.dumps(rows, ensure_ascii=ascii, indent=1),
        json.dumps({"data": rows}, ensure_ascii=ascii),
    ):
        assert records(text.encode(encoding)) == rows


def test_blank_lines_and_joined_files_do_no_harm():
    text = "\ufeff\n" + lines(ROWS) + "\r\n\0\0\n \ufeff" + lines(ROWS) + json.dumps(ROWS)
    assert records(text) == ROWS * 3
    assert records("[]") == records("[ ]\n[]") == []


def test_nan_is_nothing_and_infinity_a_float():
    assert records('{"a": NaN, "b": Infinity, "c": [-Infinity]}') == [
        {"a": None, "b": math.inf, "c": [-math.inf]}
    ]


def test_half_a_surrogate_pair_becomes_the_replacement_character():
    text = r'{"a": "cut \ud83d", "\uDE00": ["\ud83d\ude00"], "b": "\\ud83d"}'
    assert records(text) == [{"a": "cut \ufffd", "\ufffd": ["\U0001f600"], "b": "\\ud83d"}]


@pytest.mark.parametrize(
    ("text", "remarks"),
    [
        ({"data": ROWS, "meta": {"page": 1}}, ["meta"]),
        ({"project": "x", "exported": 7, "logs": ROWS}, ["project, exported"]),
        ({"resourceSpans": ROWS}, []),
        ({"whatever": ROWS}, []),
        ({"object": "list", "data": ROWS, "errors": ["x"]}, ["object, errors"]),
    ],
)
def test_an_object_that_wraps_a_list_is_no_record(text, remarks):
    left_out = LeftOut()
    assert records(json.dumps(text), left_out) == ROWS
    assert [note.rpartition(": ")[2] for note in left_out.notes()] == remarks


def test_pages_of_a_list_one_after_the_other_are_unwrapped():
    page = {"data": ROWS, "meta": {"page": 1}}
    assert records(lines([page, page])) == ROWS * 2
    assert records(lines([{"resourceSpans": ROWS}] * 2)) == ROWS * 2
    assert records(lines([page, {"data": [], "meta": {"page": 2}}])) == ROWS


@pytest.mark.parametrize(
    "record",
    [
        {"model": "a", "results": [{"x": 1}]},
        {"model": "a", "data": [1, 2]},
        {"id": "t", "observations": ROWS, "scores": ROWS},
    ],
)
def test_records_that_hold_lists_stay_records(record):
    assert records(lines([record, record])) == [record, record]


def test_one_record_with_two_lists_stays_one():
    trace = {"id": "t", "observations": ROWS, "scores": ROWS}
    assert records(json.dumps(trace, indent=1)) == [trace]


def test_a_long_object_that_wraps_a_list_is_not_held(monkeypatch):
    monkeypatch.setattr("skroute._logs._json._LONGEST_RECORD", 1 << 20)
    rows = [{"model": "a", "text": "x" * 1000, "n": n} for n in range(5000)]
    left_out = LeftOut()
    before = {"meta": {"a": [1]}, "names": ["x", "y"], "none": []}
    text = json.dumps({**before, "rows": rows, "end": 5}, indent=1)
    assert records(text, left_out) == rows
    assert left_out.notes() == ["not read, as it stands beside the list of records: meta, end"]
    with pytest.raises(ValueError, match=r"line \d+: holds the lists \['rows', 'more'\]; save"):
        records(json.dumps({"rows": rows, "more": rows}, indent=1))
    text = '{"rows": ' + json.dumps(rows)
    for end, wrong in (
        (";}", "',' or '}' is needed"),
        (", 1: 2}", "found '1: 2}'; the name of a"),
        (', "a" 2}', "':' is needed"),
        ("", "the file ends within what starts"),
    ):
        with pytest.raises(ValueError, match=wrong):
            records(text + end)


def test_a_last_line_that_is_cut_off_is_counted():
    whole = lines(ROWS)
    last = json.dumps(ROWS[0], ensure_ascii=False)
    for length in range(1, len(last)):
        left_out = LeftOut()
        assert records(whole + last[:length], left_out) == ROWS
        assert left_out.notes() == ["1 row left out: cut off at the end of the file"]
    for token in ('{"a": tru', '{"a": -', '{"a": 1.', '{"a": "\\u12', '{"a": "\\', '{"a": 1,\n'):
        assert records(whole + token) == ROWS
    with pytest.raises(ValueError, match="line 1: the file ends within what starts here; it is"):
        records(last[:-1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (lines(ROWS) + '{"a": 1, "b}\n' + lines(ROWS), "line 3 is no JSON: Invalid control char"),
        (lines(ROWS) + '{"a": nope}\n' + lines(ROWS), "line 3 is no JSON: Expecting value"),
        (lines(ROWS) + '{"a": 1,\n{"b": 2}\n' + lines(ROWS), "line 4 is no JSON: Expecting prop"),
        (lines(ROWS) + '{"a": b}', "line 3 is no JSON: Expecting value"),
        (lines(ROWS) + "[1]\n", "line 3: found 1; records are objects, {...}"),
        (lines(ROWS) + "[[]]\n", "line 3: found []; records are objects, {...}"),
        (lines(ROWS) + "17\n", "line 3: found '17'; an object, {...}, is needed"),
        ("no\n", "line 1: found 'no'; an object, {...}, is needed"),
        ('[{"a": 1}\n{"a": 2}]', "line 2: found '{\"a\": 2}]'; ',' or ']' is needed"),
        ('[{"a": 1},\n', "line 2: the file ends within what starts here; it is cut off, or"),
        ('[{"a": 1}\n', "line 2: the file ends within"),
        ('[{"a": 1}, {"a"', "line 1: the file ends within"),
        ("[{}, ]", "line 1 is no JSON: Expecting value"),
        (lines(ROWS) + f'{{"a": {"9" * 5000}}}\n', "line 3 cannot be read: Exceeds the limit"),
        (lines(ROWS) + f'{{"a": {"[" * 99_999}\n', "line 3 cannot be read: maximum recursion"),
    ],
    ids=str,
)
def test_errors_name_the_line(text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        records(text)


def test_an_error_far_from_the_end_is_told_at_once():
    text = Text(io.BytesIO((lines(ROWS) + '{"a": 1, "b}\n' + lines(ROWS) * 100_000).encode()))
    with pytest.raises(ValueError, match="line 3 is no JSON"):
        list(json_records(text, LeftOut()))
    assert not text.ended
