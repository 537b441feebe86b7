"""Names of models that may be one, and the aliases that join them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skroute._logs._names import (
    find_doubtful,
    find_spellings,
    find_versions,
    resolve_aliases,
    without_prefix,
)

NAMES = st.lists(
    st.builds(
        lambda prefix, name: prefix + name,
        st.sampled_from(["", "openai/", "azure/", "router/openai/", " "]),
        st.sampled_from(["gpt-4o", "GPT-4o", "gpt 4o", "gpt-4o-2024-08-06", "llama", "Llama"]),
    ),
    min_size=1,
    unique=True,
)


def counts(*names):
    return {name: 10 - k for k, name in enumerate(names)}


@pytest.mark.parametrize(
    ("names", "aliases"),
    [
        (["gpt-4o", "GPT-4o"], {"GPT-4o": "gpt-4o"}),
        (["GPT-4o", "gpt-4o"], {"gpt-4o": "GPT-4o"}),
        (["gpt-4o", " gpt-4o ", "gpt 4o"], {" gpt-4o ": "gpt-4o", "gpt 4o": "gpt-4o"}),
        (["openai/gpt-4o", "gpt-4o"], {"gpt-4o": "openai/gpt-4o"}),
        (["gpt-4o", "OpenAI/gpt-4o"], {"OpenAI/gpt-4o": "gpt-4o"}),
        (["openai/gpt-4o", "azure/gpt-4o"], {}),
        (["openai/gpt-4o", "azure/gpt-4o", "gpt-4o"], {}),
        (["router/openai/gpt-4o", "openai/gpt-4o"], {"openai/gpt-4o": "router/openai/gpt-4o"}),
        (["gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-mini"], {}),
        (["a/", "b/", "/"], {}),
    ],
)
def test_spellings_of_one_name(names, aliases):
    assert find_spellings(counts(*names)) == aliases


def test_a_name_that_several_longer_ones_end_in_is_doubtful():
    names = ["openai/gpt-4o", "azure/gpt-4o", "gpt-4o"]
    assert find_doubtful(names) == {"gpt-4o": ["azure/gpt-4o", "openai/gpt-4o"]}
    assert find_doubtful(names[1:]) == {}


@pytest.mark.parametrize(
    ("names", "aliases"),
    [
        (["gpt-4o", "gpt-4o-2024-08-06"], {"gpt-4o-2024-08-06": "gpt-4o"}),
        (
            ["claude-3-5-sonnet-20240620", "claude-3-5-sonnet-20241022"],
            {"claude-3-5-sonnet-20240620": "claude-3-5-sonnet-20241022"},
        ),
        (["gpt-4", "gpt-4-0613"], {"gpt-4-0613": "gpt-4"}),
        (["llama3:latest", "llama3", "llama3:8b"], {"llama3:latest": "llama3"}),
        (["claude-3@20240229", "claude-3"], {"claude-3@20240229": "claude-3"}),
        (["gpt-4o", "gpt-4o-mini", "gpt-4.1"], {}),
        (["gpt-4o", "GPT-4o"], {}),  # spellings
    ],
)
def test_versions_of_one_model(names, aliases):
    assert find_versions(names) == aliases


def test_nothing_is_joined_unasked_but_noted():
    known, notes = resolve_aliases(counts("gpt-4o", "GPT-4o", "gpt-4o-2024-08-06"), None)
    assert known == {name: name for name in ("gpt-4o", "GPT-4o", "gpt-4o-2024-08-06")}
    assert notes == [
        "names that differ in case, blanks or a provider's prefix alone are kept apart: 'GPT-4o' "
        "(9) with 'gpt-4o' (10); aliases='auto' joins them",
        "names that may be versions of one model, kept apart since their answers and prices may "
        "differ: aliases={'gpt-4o-2024-08-06': 'GPT-4o'} joins them",
    ]


def test_auto_joins_spellings_and_never_versions():
    known, notes = resolve_aliases(counts("gpt-4o", "GPT-4o", "gpt-4o-2024-08-06"), "auto")
    assert known == {
        "gpt-4o": "gpt-4o",
        "GPT-4o": "gpt-4o",
        "gpt-4o-2024-08-06": "gpt-4o-2024-08-06",
    }
    assert notes[0] == (
        "names that differ in case, blanks or a provider's prefix alone are joined: 'GPT-4o' (9) "
        "with 'gpt-4o' (10); aliases=None keeps them apart"
    )
    assert notes[1].startswith("names that may be versions of one model")


def test_given_aliases_join_anything():
    aliases = {"a": "b", "b": "c", "gpt4": "c"}
    known, notes = resolve_aliases(counts("a", "b", "d", "gpt-4"), aliases)
    assert known == {"a": "c", "b": "c", "d": "d", "gpt-4": "gpt-4"}
    assert notes == [
        "aliases= names 'gpt4', which the log does not have; did you mean 'gpt-4'?",
        "'a', 'b' joined with 'c': as aliases= says",
    ]


def test_doubtful_names_are_noted():
    _, notes = resolve_aliases(counts("x/a", "y/a", "a"), "auto")
    assert notes == [
        "'a' may be any of 'x/a', 'y/a', kept apart: aliases={'a': 'x/a'}, say, joins it with one"
    ]


def test_wrong_aliases_are_refused():
    with pytest.raises(ValueError, match="aliases go round in a circle: a -> b -> a"):
        resolve_aliases(counts("a"), {"a": "b", "b": "a"})
    with pytest.raises(ValueError, match=r"aliases must be a dict .*; got 'all'"):
        resolve_aliases(counts("a"), "all")


def test_prefixes_go_one_by_one():
    assert list(without_prefix("a/b/c")) == ["b/c", "c"]
    assert list(without_prefix("c")) == []


@given(NAMES, st.randoms())
def test_joining_twice_is_joining_once(names, random):
    rows = {name: random.randint(1, 3) for name in names}
    known, _ = resolve_aliases(rows, "auto")
    assert set(known) == set(names)
    joined = {
        own: sum(rows[name] for name in names if known[name] == own) for own in known.values()
    }
    again, _ = resolve_aliases(joined, "auto")
    assert all(name == own for name, own in again.items())
    for name, own in known.items():
        short, long = sorted((name, own), key=len)
        short, long = (each.strip().casefold().replace(" ", "-") for each in (short, long))
        assert long == short or long.endswith(f"/{short}") or short.endswith(f"/{long}")
