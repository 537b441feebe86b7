"""Records of JSON: lines, objects one after the other, arrays, and objects that hold the list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from .._utils import short_repr
from ._answer import LeftOut
from ._source import Text

# What calls the list of records in an object that wraps it.
_LISTS = (
    *("data", "logs", "rows", "records", "items", "results", "entries", "calls", "requests"),
    *("generations", "traces", "spans", "resourceSpans"),
)
# What else a page of a list holds, where there are several pages.
_OF_A_PAGE = {
    *("object", "meta", "metadata", "pagination", "paging", "page", "limit", "total", "count"),
    *("has_more", "first_id", "last_id", "next", "previous", "cursor", "next_cursor", "links"),
    *("status", "success", "total_count", "total_pages", "hasMore", "nextCursor", "totalItems"),
}
# Characters of an object: what is longer is no record but wraps a list of them.
_LONGEST_RECORD = 1 << 24
# What the text may end with, where all that is wrong with a value is that it goes on.
_START_OF_TOKEN = re.compile(r"[-+.\w\\\s]{0,10}\Z")


class _TooLongError(Exception):
    """An object is longer than a record is."""


class _CutOffError(ValueError):
    """The text ends within a value."""


_decoder = json.JSONDecoder(parse_constant=lambda token: None if token == "NaN" else float(token))


def json_records(text: Text, left_out: LeftOut) -> Iterator[dict[str, Any]]:
    """Yield the objects of a text of JSON; `text` stands at the first of them.

    NaN, which is no JSON but written by many, is None. Infinity is a float, for whoever needs a
    number to refuse. Half a surrogate pair is the replacement character. An object that wraps a
    list of records, as a page of an API does, is not a record: those in the list are. A last line
    that is cut off is counted in `left_out`.

    Raises
    ------
    ValueError
        If something is no JSON or no object. The message names the line.
    """
    any_record = False
    while char := text.skip_blanks():
        if char == "[":
            for value in _elements(text):
                yield from _records_of(value, text, left_out)
        elif char != "{":
            raise _expected(text, "an object, {...},")
        else:
            try:
                value = _decode(text, _LONGEST_RECORD)
            except _TooLongError:
                yield from _of_long_wrapper(text, left_out)
            except _CutOffError:
                if not any_record:
                    raise
                left_out("cut off at the end of the file")
                return
            else:
                is_alone = not any_record and not text.skip_blanks()
                yield from _records_of(value, text, left_out, is_alone)
        any_record = True


def _records_of(
    value: Any, text: Text, left_out: LeftOut, is_alone: bool = False
) -> Iterator[dict[str, Any]]:
    """Yield an object, or what is in the list that it wraps; `is_alone` in its file."""
    if not isinstance(value, dict):
        raise ValueError(
            f"line {text.line(text.at)}: found {short_repr(value)}; records are objects, {{...}}"
        )
    name = _wrapped_list(value, is_alone)
    if name is None:
        yield value
        return
    for record in value.pop(name):
        yield from _records_of(record, text, left_out)
    _remark_others(list(value), left_out)


def _wrapped_list(value: dict[str, Any], is_alone: bool) -> str | None:
    """Return under which name an object wraps a list of records, None if it is one."""
    lists = [name for name, member in value.items() if isinstance(member, list)]
    lists = [name for name in lists if all(isinstance(item, dict) for item in value[name])]
    if len(lists) != 1:
        return None
    name, others = lists[0], value.keys() - lists
    if name in _LISTS and (is_alone or others <= _OF_A_PAGE):
        return name
    return name if value[name] and not others else None


def _of_long_wrapper(text: Text, left_out: LeftOut) -> Iterator[dict[str, Any]]:
    """Yield the objects of the one list of objects in the object that starts here."""
    found, others = [], []
    text.at += 1
    char = text.skip_blanks()
    while char != "}":
        if char != '"':
            raise _expected(text, "the name of a member")
        name = _decode(text)
        if text.skip_blanks() != ":":
            raise _expected(text, "':'")
        text.at += 1
        if text.skip_blanks() != "[":
            _decode(text)
            others.append(name)
        else:
            for value in _elements(text):
                if isinstance(value, dict):
                    if name not in found:
                        found.append(name)
                    if len(found) > 1:
                        raise ValueError(
                            f"line {text.line(text.at)}: holds the lists {found}; save the one "
                            "that is the log alone"
                        )
                    yield value
        char = text.skip_blanks()
        if char == ",":
            text.at += 1
            char = text.skip_blanks()
        elif char != "}":
            raise _expected(text, "',' or '}'")
    text.at += 1
    _remark_others(others, left_out)


def _remark_others(names: list[str], left_out: LeftOut) -> None:
    if names:
        left_out.remark(f"not read, as it stands beside the list of records: {', '.join(names)}")


def _elements(text: Text) -> Iterator[Any]:
    """Yield the elements of the array that starts here."""
    text.at += 1
    if text.skip_blanks() == "]":
        text.at += 1
        return
    while True:
        yield _decode(text)
        char = text.skip_blanks()
        if char not in (",", "]"):
            raise _expected(text, "',' or ']'")
        text.at += 1
        if char == "]":
            return
        text.skip_blanks()


def _decode(text: Text, longest: int | None = None) -> Any:
    """Return the value that starts here and go on to its end."""
    while True:
        try:
            value, end = _decoder.raw_decode(text.text, text.at)
        except json.JSONDecodeError as error:
            is_open = error.msg.startswith("Unterminated string")
            if not is_open and _START_OF_TOKEN.match(text.text, error.pos) is None:
                raise ValueError(f"line {text.line(error.pos)} is no JSON: {error.msg}") from None
            if longest is not None and len(text.text) - text.at > longest:
                raise _TooLongError from None
            if not text.more():
                raise _cut_off(text) from None
        except (ValueError, RecursionError) as error:
            raise ValueError(f"line {text.line(text.at)} cannot be read: {error}") from None
        else:
            start, text.at = text.at, end
            if text.text.find("\\ud", start, end) >= 0 or text.text.find("\\uD", start, end) >= 0:
                return _with_whole_characters(value)
            return value


def _cut_off(text: Text) -> _CutOffError:
    return _CutOffError(
        f"line {text.line(text.at)}: the file ends within what starts here; it is cut off, or a "
        "bracket or a quote is missing"
    )


def _expected(text: Text, what: str) -> ValueError:
    if text.at >= len(text.text):
        return _cut_off(text)
    found = text.text[text.at : text.at + 20].partition("\n")[0]
    return ValueError(f"line {text.line(text.at)}: found {found!r}; {what} is needed")


def _with_whole_characters(value: Any) -> Any:
    """Return a value with the replacement character for each half of a surrogate pair."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_with_whole_characters(item) for item in value]
    if isinstance(value, dict):
        return {
            _with_whole_characters(name): _with_whole_characters(v) for name, v in value.items()
        }
    return value
