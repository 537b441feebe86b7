"""Rows of cells in text: one row at a time, and the grammar that a file is written in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

_DELIMITERS = ",;\t|"
_NAMED_DELIMITER = re.compile(r'\ufeff?"?sep=(.)"?(?=[\r\n])')
_LINE_END = re.compile("\r?\n|\r")
# From behind the quote that opens a cell to the one that closes it, by whether a backslash stands
# before those between them.
_REST_OF_QUOTED = {
    False: re.compile(r'[^"]*+(?:""[^"]*+)*+"'),
    True: re.compile(r'(?:[^"\\]++|\\.)*+"', re.DOTALL),
}
_ESCAPED = re.compile(r'\\(["\\])')


@dataclass(frozen=True)
class Grammar:
    """How a file separates cells and rows, and how it writes a quote within a cell in quotes.

    Attributes
    ----------
    delimiter : str
    line_end : str
        "\\n", which covers "\\r\\n", or "\\r".
    backslash : bool
        Whether a backslash stands before the quote (and before a backslash); else it is doubled.
    strict : bool
        Whether a cell that is not in quotes may not hold a quote as it is.
    """

    delimiter: str
    line_end: str = "\n"
    backslash: bool = False
    strict: bool = False


class UnfinishedRowError(Exception):
    """The text ends before the row does; `opened` is where a quote is open, else None."""

    def __init__(self, opened: int | None = None) -> None:
        super().__init__(opened)
        self.opened = opened


class QuoteError(Exception):
    """A quote that was opened at `opened`, in a cell, is not closed: `at` is what is wrong."""

    def __init__(self, cell: int | None, opened: int, at: int | None) -> None:
        super().__init__(cell, opened, at)
        self.cell, self.opened, self.at = cell, opened, at


def split_row(text: str, at: int, ended: bool, grammar: Grammar) -> tuple[list[str], int]:
    """Return the cells of the row that starts at `at`, and where the next row starts.

    `ended` tells whether the text goes on no further.
    """
    end = text.find(grammar.line_end, at)
    if end < 0:
        if not ended and text.find('"', at) < 0:
            raise UnfinishedRowError
        end = len(text)
    if text.find('"', at, end) >= 0:
        return _split_quoted(text, at, ended, grammar)
    return _split_bare(_without_return(text[at:end], grammar), grammar), end + 1


def _split_quoted(text: str, at: int, ended: bool, grammar: Grammar) -> tuple[list[str], int]:
    delimiter, line_end = grammar.delimiter, grammar.line_end
    before_quoted = delimiter + '"'
    cells: list[str] = []
    end = -1
    while True:
        if text.startswith('"', at):
            close = _closing_quote(text, at, ended, grammar.backslash)
            if close is None:
                raise QuoteError(len(cells), at, None)
            cell = text[at + 1 : close]
            cells.append(_unescape(cell) if grammar.backslash else cell.replace('""', '"'))
            opened, at = at, close + 1
            if text.startswith(delimiter, at):
                at += 1
                continue
            if line_end == "\n" and text.startswith("\r", at):
                at += 1
            if text.startswith(line_end, at):
                return cells, at + 1
            if at < len(text):
                raise QuoteError(len(cells) - 1, opened, at)
            if ended:
                return cells, at
            raise UnfinishedRowError
        if end < at:
            end = text.find(line_end, at)
            if end < 0:
                if not ended:
                    raise UnfinishedRowError
                end = len(text)
        stop = text.find(before_quoted, at, end)
        bare = text[at:stop] if stop >= 0 else _without_return(text[at:end], grammar)
        if grammar.strict and '"' in (_ESCAPED.sub("", bare) if grammar.backslash else bare):
            raise QuoteError(len(cells), at, at)
        cells += _split_bare(bare, grammar)
        if stop < 0:
            return cells, end + 1
        at = stop + 1


def _split_bare(text: str, grammar: Grammar) -> list[str]:
    cells = text.split(grammar.delimiter)
    return [_unescape(cell) for cell in cells] if grammar.backslash else cells


def _closing_quote(text: str, opened: int, ended: bool, backslash: bool) -> int | None:
    """Return where the quote opened at `opened` is closed; None: nowhere in the whole text."""
    found = _REST_OF_QUOTED[backslash].match(text, opened + 1)
    if not ended and (found is None or found.end() == len(text)):
        raise UnfinishedRowError(opened)
    return None if found is None else found.end() - 1


def _without_return(line: str, grammar: Grammar) -> str:
    return line[:-1] if grammar.line_end == "\n" and line.endswith("\r") else line


def _unescape(cell: str) -> str:
    return _ESCAPED.sub(r"\1", cell) if "\\" in cell else cell


def find_grammar(text: str, at: int, ended: bool) -> tuple[Grammar, int]:
    """Return the grammar of a file that starts at `at`, and where its header starts.

    The delimiter is what splits the header into most cells, of those that split the first row into
    as many; a line ``sep=;`` before the header goes before that.
    """
    first = _LINE_END.search(text, at)
    end = len(text) if first is None else first.start()
    line_end = "\r" if first is not None and first[0] == "\r" else "\n"
    named = _NAMED_DELIMITER.match(text, at)
    if named is not None:
        return Grammar(named[1], line_end), text.find(line_end, at) + 1
    widths = {}
    for delimiter in _DELIMITERS:
        grammar = Grammar(delimiter, line_end)
        rows = [len(cells) for cells in islice(_good_rows(text, at, ended, grammar), 2)]
        # Where a quote is wrong the error is to come of the likeliest delimiter too.
        width = rows[0] if rows else 1 + text[at:end].count(delimiter)
        widths[delimiter] = (len(rows) > 0 and rows[0] > 1 and rows[-1] == rows[0], width)
    return Grammar(max(widths, key=widths.__getitem__), line_end), at


def find_quoting(text: str, at: int, ended: bool, grammar: Grammar, width: int) -> Grammar | None:
    """Return the grammar with the way to write quotes by which more rows are sound, None: neither.

    Sound are rows of `width` cells with every quote in its place. Cells that are not in quotes may
    then hold none but after a backslash: that is how writers that use it do without the others.
    """
    sound = {}
    for backslash in (False, True):
        way = replace(grammar, backslash=backslash, strict=True)
        sound[backslash] = _count_sound(text, at, ended, way, width)
    if sound[True] == sound[False]:
        return None
    return replace(grammar, backslash=sound[True] > sound[False])


def _count_sound(text: str, at: int, ended: bool, grammar: Grammar, width: int) -> int:
    count = 0
    for cells in _good_rows(text, at, ended, grammar):
        if len(cells) != width and cells != [""]:
            break
        count += 1
    return count


def _good_rows(text: str, at: int, ended: bool, grammar: Grammar) -> Iterator[list[str]]:
    """Yield the rows up to the first that is not finished or has a quote in the wrong place."""
    while at < len(text):
        try:
            cells, at = split_row(text, at, ended, grammar)
        except (UnfinishedRowError, QuoteError):
            return
        yield cells
