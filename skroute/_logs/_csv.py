"""Records of CSV files, whatever separates their cells and however they write quotes."""

from __future__ import annotations

from collections.abc import Iterator

from .._utils import check_distinct, short_repr
from ._answer import LeftOut
from ._csv_rows import QuoteError, UnfinishedRowError, find_grammar, find_quoting, split_row
from ._source import Text

# Characters of a row: what is longer was meant to end before.
_LONGEST_ROW = 1 << 26
_INDEX_LEFT_OUT = "the first column, which has no name and numbers the rows, was left out"


def csv_records(text: Text, left_out: LeftOut) -> Iterator[dict[str, str | None]]:
    """Yield the rows below the header by the names in it; an empty cell is None.

    Blank lines are skipped. Left out, and counted or noted in `left_out`: the header again, where
    files were joined; a last row that is cut off; a first column without a name that numbers the
    rows, as the index of a DataFrame does.

    Raises
    ------
    ValueError
        If a column with values has no name or two have one, a row has more or fewer cells than the
        header, or a quote is not closed. The message names the line and the remedy.
    """
    text.skip_blanks()
    # A header that starts with a tab has a column without a name.
    text.at = len(text.text[: text.at].rstrip(" \t"))
    rows = _rows(text)
    _, header = next(rows, (0, []))
    names = _check_header(header)
    unnamed = [i for i, name in enumerate(names) if not name]
    width = len(names)
    for start, cells in rows:
        if len(cells) != width:
            if len(cells) == 1 and not cells[0].strip(" \t\0"):
                continue
            if len(cells) < width and _is_cut_off(text):
                left_out("cut off at the end of the file")
                continue
            raise ValueError(
                f"line {text.line(start)} has {len(cells)} cells and the header has {width}; give "
                "every row one cell a column, in quotes where it holds a separator or a line break"
            )
        if cells == header:
            left_out("the header, repeated among the rows")
            continue
        if unnamed:
            _check_unnamed(unnamed, cells, text, start)
            if unnamed[0] == 0 and cells[0]:
                left_out.remark(_INDEX_LEFT_OUT)
        elif width == 1 and not cells[0]:
            continue
        yield {name: cell or None for name, cell in zip(names, cells, strict=True) if name}


def _rows(text: Text) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with its start, which holds until the next row is asked for."""
    grammar, text.at = find_grammar(text.text, text.at, text.ended)
    text.line_end = grammar.line_end
    header: list[str] = []
    settled = needs_more = False
    while text.at < len(text.text) or not text.ended:
        if needs_more:
            text.more()
        needs_more = True
        if header and not settled and text.text.find('\\"', text.at) >= 0:
            found = find_quoting(text.text, text.at, text.ended, grammar, len(header))
            grammar, settled = found or grammar, found is not None
        try:
            while text.at < len(text.text):
                cells, end = split_row(text.text, text.at, text.ended, grammar)
                start, text.at = text.at, end
                yield start, cells
                if not header:
                    # Now it can be found out how quotes are written.
                    header, needs_more = cells, False
                    break
        except QuoteError as bad:
            raise _quote_error(text, header, bad) from None
        except UnfinishedRowError as unfinished:
            if len(text.text) - text.at > _LONGEST_ROW:
                opened = text.at if unfinished.opened is None else unfinished.opened
                raise _quote_error(text, header, QuoteError(None, opened, None)) from None


def _quote_error(text: Text, header: list[str], bad: QuoteError) -> ValueError:
    cell = "a cell" if bad.cell is None else f"cell {bad.cell + 1}"
    if bad.cell is not None and bad.cell < len(header):
        cell += f", {header[bad.cell]!r},"
    if bad.at is None:
        wrong = "is never closed"
    else:
        found = text.text[bad.at : bad.at + 20].partition(text.line_end)[0]
        wrong = f"is closed before {found!r} on line {text.line(bad.at)}, where no cell ends"
    return ValueError(
        f"line {text.line(bad.opened)}: the quote that opens {cell} {wrong}; close every quote, "
        'and double those within a cell ("")'
    )


def _is_cut_off(text: Text) -> bool:
    """Tell whether the row read last ends the file without an end of line."""
    at_end = text.ended and text.at >= len(text.text)
    return at_end and not text.text.endswith(text.line_end)


def _check_header(header: list[str]) -> list[str]:
    names = [name.strip() for name in header]
    if "\0" in "".join(names):
        raise ValueError("holds NUL bytes, so it is no text; save it as CSV in UTF-8")
    check_distinct([name for name in names if name], "columns")
    return names


def _check_unnamed(unnamed: list[int], cells: list[str], text: Text, start: int) -> None:
    """Raise where a column without a name holds more than the number of the row."""
    for i in unnamed:
        if cells[i].strip() and not (i == 0 and cells[i].isdecimal()):
            raise ValueError(
                f"line {text.line(start)}: column {i + 1} has no name and holds "
                f"{short_repr(cells[i])}; name it in the header"
            )
