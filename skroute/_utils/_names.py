"""Names of models, groups and files as people read them: on one line, not too long, told apart."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LONGEST = 60
# Joiners belong to the spelling of some scripts, and to emojis: not beside what is Latin.
_JOINERS = re.compile("(?<=[^\x00-\x7f])[\u200c\u200d](?=[^\x00-\x7f])")


def printable(text: object) -> str:
    r"""Return a text with all that cannot be seen written as escapes.

    Line breaks, tabs, colours of terminals, marks that turn the direction of writing and the like.
    Different texts stay different: a backslash is doubled.

    Examples
    --------
    >>> print(printable("gpt-4\n\x1b[31m"))
    gpt-4\n\x1b[31m
    """
    text = str(text)
    if text.isprintable() and "\\" not in text:
        return text
    joined = {match.start() for match in _JOINERS.finditer(text)}
    return "".join(
        character if place in joined else _escaped(character)
        for place, character in enumerate(text)
    )


def _escaped(character: str) -> str:
    if character.isprintable() and character != "\\":
        return character
    return character.encode("unicode_escape").decode("ascii")


def shorten(text: str, most: int) -> str:
    """Return a text with its middle left out where it is longer than `most` characters."""
    if len(text) <= most:
        return text
    head = most // 2
    return f"{text[:head]}…{text[head + 1 - most :]}"


def short_labels(names: Iterable[object], most: int = _LONGEST) -> dict[str, str]:
    """Return how to show each name, by the name as a string.

    As `printable` writes it, shortened to `most` characters unless two names would then look the
    same: these are shown whole.

    Examples
    --------
    >>> short_labels(["a/large-2024-05", "a/large-2024-06", "small"], most=9)
    {'a/large-2024-05': 'a/la…4-05', 'a/large-2024-06': 'a/la…4-06', 'small': 'small'}
    """
    whole = {str(name): printable(name) for name in names}
    short = {name: shorten(text, most) for name, text in whole.items()}
    shown = list(short.values())
    return {
        name: text if text == whole[name] or shown.count(text) == 1 else whole[name]
        for name, text in short.items()
    }
