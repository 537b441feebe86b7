"""Names are shown on one line, not too long, and never two alike."""

from hypothesis import given
from hypothesis import strategies as st

from skroute._utils import listed, printable, short_labels, short_names, shorten


def test_what_can_be_seen_stays_as_it_is():
    for name in ("gpt-4o mini", "模型", "Größe µ", "🙂", "org/model:v1", ""):
        assert printable(name) == name
    assert printable(7) == "7"


def test_what_cannot_be_seen_is_escaped():
    assert printable("a\nb\tc\r") == r"a\nb\tc\r"
    assert printable("\x1b[31mred\x1b[0m") == r"\x1b[31mred\x1b[0m"
    assert printable("a\u202eb\u200b\ufeff\u2028") == r"a\u202eb\u200b\ufeff\u2028"
    assert printable("\udc80") == r"\udc80"
    assert printable(r"C:\models") == r"C:\models"


def test_joiners_stay_where_scripts_need_them():
    persian, family = "می\u200cخواهم", "👩\u200d👧"
    assert printable(persian) == persian
    assert printable(family) == family
    assert printable("gpt\u200d") == r"gpt\u200d"


@given(st.text())
def test_twice_is_once(text):
    assert printable(printable(text)) == printable(text)


@given(st.text(max_size=40).map(printable))
def test_it_is_one_line(text):
    assert len(text.splitlines()) <= 1
    assert "\x1b" not in text


def test_shortening_leaves_both_ends():
    assert shorten("abcdefghij", 10) == "abcdefghij"
    assert shorten("abcdefghijk", 10) == "abcde…hijk"
    assert len(shorten("abcdefghijkl", 7)) == 7


def test_labels_that_would_look_alike_are_whole():
    one, other = "a" * 40 + "1" + "b" * 40, "a" * 40 + "2" + "b" * 40
    shown = short_labels([one, other, "c" * 90, 5])
    assert shown[one] == one
    assert shown[other] == other
    assert len(shown["c" * 90]) == 60
    assert shown["5"] == "5"


@given(st.lists(st.text("ab\n\\…", min_size=1, max_size=12), unique=True))
def test_all_labels_are_told_apart(names):
    shown = short_labels(names, most=5)
    assert list(shown) == names
    assert len(set(shown.values())) == len(names)


def test_a_name_that_looks_like_a_shortened_one():
    assert short_labels(["abcdefg", "ab…fg"], most=5) == {"abcdefg": "abcdefg", "ab…fg": "ab…fg"}


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


def test_names_that_are_escaped_alike():
    assert short_labels(["a\n", r"a\n"]) == {"a\n": r"a\n", r"a\n": r"a\\n"}


def test_lists_of_names():
    assert listed(["a", "b\n", 3]) == r"a, b\n, 3"
    assert listed("abcd", most=2) == "a, b and 2 more"
    assert listed("ab", most=2) == "a, b"
