"""Names of models, groups and files as people read them: on one line, not too long, told apart."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

_LONGEST = 60
# Joiners belong to the spelling of some scripts, and to emojis: not beside what is Latin.
_JOINERS = re.compile("(?<=[^\x00-\x7f])[\u200c\u200d](?=[^\x00-\x7f])")


def printable(text: object) -> str:
    r"""Return a text with all that cannot be seen written as escapes.

    Line breaks, tabs, colours of terminals, marks that turn the direction of writing and the like.
    What is printable stays as it is.

    Examples
    --------
    >>> print(printable("gpt-4\n\x1b[31m"))
    gpt-4\n\x1b[31m
    """
    text = str(text)
    if text.isprintable():
        return text
    joined = {match.start() for match in _JOINERS.finditer(text)}
    return "".join(
        character if place in joined else _escaped(character)
        for place, character in enumerate(text)
    )


def _escaped(character: str) -> str:
    if character.isprintable():
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
    same: these are shown whole. Two names that are escaped alike get their backslashes doubled.

    Examples
    --------
    >>> short_labels(["a/large-2024-05", "a/large-2024-06", "small"], most=9)
    {'a/large-2024-05': 'a/la…4-05', 'a/large-2024-06': 'a/la…4-06', 'small': 'small'}
    """
    whole = {str(name): printable(name) for name in names}
    if len(set(whole.values())) < len(whole):
        whole = {name: printable(name.replace("\\", r"\\")) for name in whole}
    short = {name: shorten(text, most) for name, text in whole.items()}
    shown = list(short.values())
    return {
        name: text if text == whole[name] or shown.count(text) == 1 else whole[name]
        for name, text in short.items()
    }


def short_names(names: Iterable[object]) -> dict[str, str]:
    """Return each name without the prefixes of providers, as far as it stays the only one.

    Examples
    --------
    >>> short_names(["meta/llama-3", "openai/gpt-4o", "azure/gpt-4o"])
    {'meta/llama-3': 'llama-3', 'openai/gpt-4o': 'openai/gpt-4o', 'azure/gpt-4o': 'azure/gpt-4o'}
    """
    parts = {str(name): str(name).split("/") for name in names}
    short: dict[str, str] = {}
    length = 1
    while len(short) < len(parts):
        shown = defaultdict(list)
        for name, own in parts.items():
            shown["/".join(own[-length:])].append(name)
        for text, owners in shown.items():
            whole = len(parts[owners[0]]) <= length
            if len(owners) == 1 and owners[0] not in short and (text or whole):
                short[owners[0]] = text
        length += 1
    return {name: short[name] for name in parts}


def listed(names: Iterable[object], most: int | None = None) -> str:
    """Return the first names of some in a row, as `short_labels` shows them.

    Examples
    --------
    >>> listed(["small", "large", "huge"], most=2)
    'small, large and 1 more'
    """
    shown = list(short_labels(names).values())
    more = "" if most is None or len(shown) <= most else f" and {len(shown) - most} more"
    return ", ".join(shown[:most]) + more
