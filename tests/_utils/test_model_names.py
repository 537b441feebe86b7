"""Names of models as they are printed."""

from hypothesis import given
from hypothesis import strategies as st

from skroute._utils import short_names


def test_prefixes_go_where_the_rest_is_the_only_one():
    assert short_names(["meta/code-llama:34b", "gpt-4"]) == {
        "meta/code-llama:34b": "code-llama:34b",
        "gpt-4": "gpt-4",
    }


def test_models_of_two_providers_stay_two():
    names = ["openai/gpt-4o", "azure/gpt-4o", "router/openai/gpt-4o", "gpt-4o", "x/"]
    assert short_names(names) == {
        "openai/gpt-4o": "openai/gpt-4o",
        "azure/gpt-4o": "azure/gpt-4o",
        "router/openai/gpt-4o": "router/openai/gpt-4o",
        "gpt-4o": "gpt-4o",
        "x/": "x/",
    }
    assert short_names(["a/b/c", "d/b/c", "e/c"]) == {
        "a/b/c": "a/b/c",
        "d/b/c": "d/b/c",
        "e/c": "e/c",
    }


@given(st.lists(st.text("ab/", max_size=6), unique=True))
def test_short_names_are_distinct_ends_of_their_names(names):
    short = short_names(names)
    assert list(short) == names
    assert len(set(short.values())) == len(names)
    assert all(name.endswith(text) for name, text in short.items())
