"""Models that a log may know by several names, and the aliases that join them.

Spellings that differ in case, in blanks or in a provider's prefix that only some rows have are most
likely one deployment. Dated versions ("gpt-4o" and "gpt-4o-2024-08-06") never count as one unless
the user says so: they have other weights, other prices and other answers, a name without a date
changes what it stands for, and a router that took them for one would learn a mean of models that
nobody can call.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from ._options import named, option, setting

Aliases = Mapping[str, str] | Literal["auto"] | None

_SPELLINGS = "names that differ in case, blanks or a provider's prefix alone"
_BLANKS = re.compile(r"\s+")
# -2024-08-06, -20241022, @20240229, -0613 and the tags that stand for whatever is newest.
_VERSION = re.compile(r"([-@:](\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|latest))+$")


def resolve_aliases(
    counts: Mapping[str, int], aliases: Aliases
) -> tuple[dict[str, str], list[str]]:
    """Return the name under which each model of a log is known, and notes on what was joined.

    `counts` are the rows of each name.
    """
    if aliases is not None and aliases != "auto" and not isinstance(aliases, Mapping):
        raise ValueError(
            f"{named('aliases')} must be a dict from a name in the log to the name to use, 'auto' "
            f"or None; got {aliases!r}"
        )
    given = {} if aliases is None or aliases == "auto" else _follow(aliases)
    notes = _unknown(given, counts)
    known = {name: given.get(name, name) for name in counts}
    if given:
        notes += _joined(known, f"as {option('aliases')} says")
    totals: dict[str, int] = defaultdict(int)
    for name, own in known.items():
        totals[own] += counts[name]
    spellings = find_spellings(totals)
    if spellings and aliases == "auto":
        known = {name: spellings.get(own, own) for name, own in known.items()}
        notes.append(
            f"{_SPELLINGS} are joined: {_with_rows(spellings, totals)}; "
            f"{setting('aliases', None)} keeps them apart"
        )
    elif spellings:
        notes.append(
            f"{_SPELLINGS} are kept apart: {_with_rows(spellings, totals)}; "
            f"{setting('aliases', 'auto')} joins them"
        )
    for name, longer in find_doubtful(set(known.values())).items():
        notes.append(
            f"{name!r} may be any of {', '.join(map(repr, longer))}, kept apart: "
            f"{setting('aliases', {name: longer[0]})}, say, joins it with one"
        )
    versions = find_versions(set(known.values()))
    if versions:
        notes.append(
            "names that may be versions of one model, kept apart since their answers and prices "
            f"may differ: {setting('aliases', versions)} joins them"
        )
    return known, notes


def find_spellings(counts: Mapping[str, int]) -> dict[str, str]:
    """Return the aliases that join spellings of one name, each with the most frequent one.

    A name without a prefix belongs to a longer one that ends in it, unless there are several such:
    then it may be either, see `find_doubtful`.
    """
    by_key: dict[str, list[str]] = defaultdict(list)
    for name in sorted(counts):
        by_key[_key(name)].append(name)
    whole = {key: key for key in by_key}
    longer_names = _longer_names(by_key)
    several = {name for longer in longer_names.values() if len(longer) > 1 for name in longer}
    for key, longer in longer_names.items():
        if len(longer) == 1 and not several & {key, *longer}:
            whole[key] = longer[0]
    groups: dict[str, list[str]] = defaultdict(list)
    for key, names in by_key.items():
        groups[whole[key]] += names
    aliases: dict[str, str] = {}
    for names in groups.values():
        best = max(names, key=lambda name: counts[name])
        aliases |= {name: best for name in names if name != best}
    return dict(sorted(aliases.items()))


def find_doubtful(names: Iterable[str]) -> dict[str, list[str]]:
    """Return the names without a prefix that several longer ones end in, with these."""
    by_key = {_key(name): name for name in sorted(names, reverse=True)}
    return {
        by_key[key]: [by_key[name] for name in longer]
        for key, longer in sorted(_longer_names(by_key).items())
        if len(longer) > 1
    }


def _longer_names(keys: Iterable[str]) -> dict[str, list[str]]:
    """Return for each key the others that are it behind a prefix, if there are any."""
    keys = sorted(keys)
    longer: dict[str, list[str]] = defaultdict(list)
    known = set(keys)
    for key in keys:
        for end in without_prefix(key):
            if end in known:
                longer[end].append(key)
    return longer


def without_prefix(name: str) -> Iterator[str]:
    """Yield a name without the prefixes of providers: "a/b/c" without one, without two."""
    while "/" in name:
        name = name.partition("/")[2]
        yield name


def find_versions(names: Iterable[str]) -> dict[str, str]:
    """Return the aliases that would join dated versions of one model.

    With the name that has no date or, where there is none, with the last one.
    """
    by_stem: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        by_stem[_VERSION.sub("", _key(name))].append(name)
    aliases: dict[str, str] = {}
    for stem, versions in by_stem.items():
        if stem and len({_key(name) for name in versions}) > 1:
            bare = [name for name in versions if _key(name) == stem]
            best = bare[0] if bare else versions[-1]
            aliases |= {name: best for name in versions if _key(name) != _key(best)}
    return dict(sorted(aliases.items()))


def _key(name: str) -> str:
    return _BLANKS.sub("-", name.strip().casefold())


def _follow(aliases: Mapping[Any, Any]) -> dict[str, str]:
    """Return the aliases with chains of them followed to their end."""
    given = {str(name): str(alias) for name, alias in aliases.items()}
    ends = {}
    for name in given:
        seen, end = [name], given[name]
        while end in given and given[end] != end:
            if end in seen:
                raise ValueError(f"aliases go round in a circle: {' -> '.join([*seen, end])}")
            seen.append(end)
            end = given[end]
        ends[name] = end
    return ends


def _with_rows(spellings: Mapping[str, str], counts: Mapping[str, int]) -> str:
    return ", ".join(
        f"{name!r} ({counts[name]:,}) with {own!r} ({counts[own]:,})"
        for name, own in spellings.items()
    )


def _unknown(given: Mapping[str, str], counts: Mapping[str, int]) -> list[str]:
    notes = []
    for name in given:
        if name not in counts:
            near = difflib.get_close_matches(name, counts, n=1)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            notes.append(f"{option('aliases')} names {name!r}, which the log does not have{meant}")
    return notes


def _joined(known: Mapping[str, str], why: str) -> list[str]:
    groups: dict[str, list[str]] = defaultdict(list)
    for name, own in known.items():
        if name != own:
            groups[own].append(repr(name))
    return [f"{', '.join(names)} joined with {own!r}: {why}" for own, names in groups.items()]
