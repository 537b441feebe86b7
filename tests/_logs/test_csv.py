"""Records of CSV files."""

import csv
import io
import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from skroute._logs import LeftOut, read_records
from skroute._logs._csv import csv_records
from skroute._logs._source import Text


def records(text, left_out=None):
    text = text.encode() if isinstance(text, str) else text
    return list(csv_records(Text(io.BytesIO(text)), left_out or LeftOut()))


def written(rows, **grammar):
    file = io.StringIO(newline="")
    csv.writer(file, **grammar).writerows(rows)
    return file.getvalue()


cells = st.text(st.characters(exclude_categories=["Cs"]))
awkward = st.text(st.sampled_from("a1 ,;|\t\"\\\n\r'{"))
tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(cells | awkward, min_size=width, max_size=width), min_size=1, max_size=6
    )
)
NAMES = ["query", "model", "quality", "cost"]


def expected(rows):
    names = NAMES[: len(rows[0])]
    return [{n: c or None for n, c in zip(names, row, strict=True)} for row in rows]


def may_be_read_back(rows):
    """Rows that no reader takes for blank lines or headers."""
    width = len(rows[0])
    blank = [width == 1 and not row[0] for row in rows]
    return not any(blank) and NAMES[:width] not in rows


@given(
    tables,
    st.sampled_from(",;\t|"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
)
@example([["a\\", 'b"']], ",", csv.QUOTE_ALL)
@example([["\\", ",\\"]], ",", csv.QUOTE_ALL)
def test_any_text_is_read_as_it_was_written(rows, delimiter, quoting):
    assume(may_be_read_back(rows) and (len(rows[0]) > 1 or delimiter == ","))
    text = written(
        [NAMES[: len(rows[0])], *rows],
        delimiter=delimiter,
        quoting=quoting,
    )
    assert records(text) == expected(rows)


@given(tables, st.sampled_from(",;\t|"), st.sampled_from(["utf-8-sig", "utf-16", "utf-32"]))
def test_any_text_is_read_in_any_encoding_with_a_mark(rows, delimiter, encoding):
    assume(may_be_read_back(rows) and len(rows[0]) > 1)
    text = written([NAMES[: len(rows[0])], *rows], delimiter=delimiter)
    assert records(text.encode(encoding)) == expected(rows)


@given(tables, st.sampled_from(",;\t|"), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
@example([['say "hi"', "x"]], ",", csv.QUOTE_MINIMAL)
@example([['say "hi", twice', "x"], ["\\", "C:\\dir\\"]], ",", csv.QUOTE_ALL)
def test_quotes_after_backslashes_are_found_out(rows, delimiter, quoting):
    # A quote that ends no cell tells how quotes are written: a first row that has no other reading.
    rows = [['"hi", I said', *["x"] * (len(rows[0]) - 1)], *rows]
    assume(may_be_read_back(rows) and len(rows[0]) > 1)
    text = written(
        [NAMES[: len(rows[0])], *rows],
        delimiter=delimiter,
        quoting=quoting,
        doublequote=False,
        escapechar="\\",
    )
    assert records(text) == expected(rows)


def test_quotes_after_backslashes_far_down_are_found_out(tmp_path):
    path = tmp_path / "log.csv"
    with path.open("w") as file:
        file.write("model,query\n")
        file.writelines(f'small,"{"word " * 100}{i}"\n' for i in range(6000))
        file.write('large,"say \\"hi\\", or \\\\"\n' * 10)
    assert path.stat().st_size > 1 << 21
    last = list(read_records(path))[5999:]
    assert [record["query"] for record in last[1:]] == ['say "hi", or \\'] * 10
    assert last[0]["query"].endswith(" 5999")


@given(tables, st.sampled_from("\r\n"))
def test_lines_may_end_by_either_character_or_both(rows, line_end):
    # The csv module does not put the other character in quotes by itself.
    assume(may_be_read_back(rows) and len(rows[0]) > 1)
    text = written([NAMES[: len(rows[0])], *rows], quoting=csv.QUOTE_ALL, lineterminator=line_end)
    assert records(text) == expected(rows)
    assert records("a,b\n1,2\r\n3,4\n") == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


def test_backslashes_in_a_file_that_doubles_its_quotes_stay():
    text = 'model,query\na,"C:\\dir\\"\nb,"\\d ""x"" \\\\"\nc,"\\"\nd,\\frac\n'
    queries = ["C:\\dir\\", '\\d "x" \\\\', "\\", "\\frac"]
    assert [record["query"] for record in records(text)] == queries


def test_quotes_within_cells_that_are_not_in_quotes_are_text():
    text = 'size,json\n5" pipe,{"a": "say \\"hi\\""}\n'
    assert records(text) == [{"size": '5" pipe', "json": '{"a": "say \\"hi\\""}'}]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a;b;c\n1,5;2,5;3\n", ["a", "b", "c"]),
        ("a\tb\n1, 2, 3\tx;y\n", ["a", "b"]),
        ("a|b\n1,2|3\n", ["a", "b"]),
        ("query, that is,model\nx,y,z\n", ["query", "that is", "model"]),
        ("query (one, two or, three);model\nx;y\n", ["query (one, two or, three)", "model"]),
        ('"a,b,c";"d"\n1;2\n', ["a,b,c", "d"]),
        ("query\nYes; or no\n", ["query"]),
        ("a,b\n1,2", ["a", "b"]),
        ("sep=;\r\na,b;c\r\n1;2\r\n", ["a,b", "c"]),
        ("\n\n a , b \n1,2\n", ["a", "b"]),
    ],
)
def test_the_header_tells_what_separates_cells(text, names):
    assert [list(row) for row in records(text)] == [names]


def test_empty_cells_are_none_and_blank_lines_nothing():
    text = '\r\na,b\r\n\r\n1,\r\n"",""\r\n  \r\n,2\r\n\0\0\r\n'
    assert records(text) == [
        {"a": "1", "b": None},
        {"a": None, "b": None},
        {"a": None, "b": "2"},
    ]
    assert records("a\n\n1\n \n\n") == [{"a": "1"}, {"a": " "}]
    assert records("a,b\n") == []


def test_a_cell_may_be_longer_than_the_csv_module_takes():
    limit = csv.field_size_limit()
    long = "a,\n" * limit
    assert records(f'a,b\n1,"{long}"\n')[0]["b"] == long
    assert csv.field_size_limit() == limit


def test_nul_bytes_in_cells_are_kept_and_in_the_header_told():
    assert records("a,b\n1\0,2\n") == [{"a": "1\0", "b": "2"}]
    with pytest.raises(ValueError, match="holds NUL bytes, so it is no text; save"):
        records("a\0,b\n1,2\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'a,b\n1,"x\n2,y\n3,z\n',
            "line 2: the quote that opens cell 2, 'b', is never closed; close every quote, and "
            'double those within a cell ("")',
        ),
        (
            'a,b\n"1\n","x\n2,"y"\n3,z\n',
            "line 3: the quote that opens cell 2, 'b', is closed before 'y\"' on line 4, where no",
        ),
        (
            'a,b\n1,"x" y\n',
            "line 2: the quote that opens cell 2, 'b', is closed before ' y' on lin",
        ),
        ('a,b\n1,2,3,"x\n', "line 2: the quote that opens cell 4 is never closed"),
        ('a,"b\n1,2\n', "line 1: the quote that opens cell 2 is never closed"),
        ("a,b\n1,2\n\n1,2,3\n4,5\n", "line 4 has 3 cells and the header has 2; give every row"),
        ('a,b\n"1\n2",2\n1\n', "line 4 has 1 cells and the header has 2"),
        ("a,b\r1,2\r1\r1,2", "line 3 has 1 cells and the header has 2"),
        ("a,b,a\n1,2,3\n", "columns must be distinct; ['a'] occur twice"),
        (
            ",a\n0,x\n1,y\nz,y\n",
            "line 4: column 1 has no name and holds 'z'; name it in the header",
        ),
        (
            "a,,b\n0,,x\n0,1,x\n",
            "line 3: column 2 has no name and holds '1'; name it in the header",
        ),
    ],
)
def test_errors_name_the_line(text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        records(text)


def test_a_quote_that_swallows_the_file_is_an_error_before_memory_is_full(monkeypatch):
    monkeypatch.setattr("skroute._logs._csv._LONGEST_ROW", 1 << 21)
    text = 'a,b\n1,"x\n' + "2,y\n" * 2_000_000
    with pytest.raises(ValueError, match="line 2: the quote that opens a cell is never closed"):
        records(text)


def test_a_last_row_that_is_cut_off_is_counted():
    left_out = LeftOut()
    assert records("a,b\n1,2\n3", left_out) == [{"a": "1", "b": "2"}]
    assert left_out.notes() == ["1 row left out: cut off at the end of the file"]
    assert records("a,b\n1,2\n3,4") == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


def test_the_header_among_the_rows_is_counted():
    left_out = LeftOut()
    assert len(records("a,b\n1,2\na,b\n3,4\n", left_out)) == 2
    assert left_out.notes() == ["1 row left out: the header, repeated among the rows"]


@pytest.mark.parametrize("separator", [",", "\t"])
def test_the_index_of_a_data_frame_is_left_out_and_noted(separator):
    left_out = LeftOut()
    text = ",a\n0,x\n1,y\n7,z\n".replace(",", separator)
    assert records(text, left_out) == [{"a": "x"}, {"a": "y"}, {"a": "z"}]
    assert left_out.notes() == [
        "the first column, which has no name and numbers the rows, was left out"
    ]


def test_columns_without_names_and_values_are_nothing():
    left_out = LeftOut()
    assert records("a,b,\n1,2,\n", left_out) == [{"a": "1", "b": "2"}]
    assert left_out.notes() == []
