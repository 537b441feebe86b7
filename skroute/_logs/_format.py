"""What a format of logs is: how it is recognized, and how its records become answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ._answer import Answer, LeftOut

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Format:
    """A format that `read_log` knows.

    Attributes
    ----------
    name : str
        As `read_log` takes it.
    recognizes : callable
        ``recognizes(record)`` tells whether a record, one of the first of a file, is of this
        format.
    answers : callable
        ``answers(records, left_out, columns)`` yields the answers of all records, and counts those
        that are no evidence. `columns` says where the user finds what, by the names of `Answer`
        ("quality" for the label), as in ``{"quality": "metadata.rating"}``; it goes before what the
        format finds by itself.
    full : bool
        Whether every query was put to every model: one answer for each of them, `group` the query.
    """

    name: str
    recognizes: Callable[[Record], bool]
    answers: Callable[[Iterable[Record], LeftOut, Mapping[str, str]], Iterator[Answer]]
    full: bool = False
