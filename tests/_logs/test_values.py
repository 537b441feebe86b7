"""Values of records: numbers, truth values, times and what is nested, out of text as well."""

import math
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skroute._logs._values import (
    UNKNOWN,
    decode,
    is_nothing,
    leaves,
    look_up,
    mapping,
    number,
    seconds,
    sequence,
    text,
    truth,
)

NOTHING = [
    None,
    math.nan,
    np.float32("nan"),
    Decimal("nan"),
    "",
    "  ",
    "None",
    "null",
    "NaN",
    r"\N",
]
NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize("value", NOTHING)
def test_there_is_nothing(value):
    assert is_nothing(value)
    assert math.isnan(number(value, "cost"))
    assert math.isnan(seconds(value, "startTime"))
    assert truth(value, "cache_hit") is None
    assert text(value) is None
    assert mapping(value) == {}
    assert sequence(value) == []


@pytest.mark.parametrize("value", [0, 0.5, "0.5", False, [None], {"": None}, "no"])
def test_there_is_something(value):
    assert not is_nothing(value)


def test_numbers():
    assert number(3, "cost") == 3.0
    assert number(" 1e-7 ", "cost") == 1e-7
    assert number(Decimal("0.25"), "cost") == 0.25
    assert number(np.float32(0.5), "cost") == 0.5
    for value in ("cheap", "$3", True, math.inf, "inf", 10**400, [3], {"a": 3}, b"3"):
        with pytest.raises(ValueError, match="cost must be a finite number, got"):
            number(value, "cost")


def test_truth_values():
    for value in (True, 1, 1.0, "true", "True", " t ", "1", "yes", np.True_):
        assert truth(value, "cache_hit") is True
    for value in (False, 0, 0.0, "false", "False", "f", "0", "no"):
        assert truth(value, "cache_hit") is False
    for value in (2, "perhaps", [True], {"a": True}):
        with pytest.raises(ValueError, match="cache_hit must be true or false, got"):
            truth(value, "cache_hit")


@pytest.mark.parametrize(
    "value",
    [
        NOON,
        int(NOON),
        str(NOON),
        NOON * 1e3,
        str(int(NOON) * 10**6),
        int(NOON) * 10**9,
        "2026-01-31T12:00:00Z",
        "2026-01-31 12:00:00",
        "2026-01-31 12:00:00.000000",
        "2026-01-31 12:00:00 UTC",
        "2026-01-31 13:00:00+01:00",
        "2026-01-31 12:00:00+00",
        datetime(2026, 1, 31, 12, 0),
        datetime(2026, 1, 31, 12, 0, tzinfo=UTC),
    ],
)
def test_times(value):
    assert seconds(value, "startTime") == NOON


@pytest.mark.parametrize("value", ["noon", True, [1], {"a": 1}, "31.1.2026", 1e30, math.inf])
def test_what_is_no_time(value):
    with pytest.raises(ValueError, match="startTime must be Unix seconds or ISO 8601, got"):
        seconds(value, "startTime")


def test_scalars_as_text():
    assert text(" gpt ") == "gpt"
    assert text(7) == "7"
    for value in ([], ["gpt"], {}, {"name": "gpt"}, b"gpt"):
        assert text(value) is None


def test_objects_and_lists_out_of_text():
    assert mapping('{"a": {"b": null}}') == {"a": {"b": None}}
    assert mapping("{'a': None, 'b': True}") == {"a": None, "b": True}
    assert sequence('["a", "b"]') == ["a", "b"]
    assert sequence("['a', 'b']") == ["a", "b"]
    assert sequence("[\"it's\", 'b']") == ["it's", "b"]
    for value in ("{", "{a}", "[not a list]", "{'a': open('b')}", "plain", 3):
        assert mapping(value) == {}
        assert sequence(value) == []
    assert decode("{'a': ") is UNKNOWN


def test_paths():
    record = {
        "a": {"b": {"c": 1}},
        "a.b": {"d": 2},
        "text": '{"rating": 5}',
        "none": {"at": None},
    }
    assert look_up(record, "a.b.c") == 1
    assert look_up(record, "a.b.d") == 2
    assert look_up(record, "text.rating") == 5
    assert look_up(record, "none.at") is None
    for path in ("b", "a.c", "a.b.c.d", "text.score", "", ".", "a."):
        assert look_up(record, path) is UNKNOWN


def test_leaves():
    record = {
        "user": "u",
        "empty": "",
        "none": None,
        "tags": ["a", 1],
        "turns": [{"role": "user"}],
        "deep": {"x": 1, "skipped": {"y": 2}, "z": {"w": False}},
        "price": Decimal("0.5"),
    }
    assert dict(leaves(record, {"deep.skipped"})) == {
        "user": "u",
        "tags": "a, 1",
        "deep.x": 1,
        "deep.z.w": False,
        "price": 0.5,
    }


def test_leaves_at_any_depth():
    record: dict = {}
    for _ in range(5000):
        record = {"a": record, "b": 1}
    assert sum(1 for _ in leaves(record)) == 5000


@given(st.text())
def test_any_text_is_decoded_or_unknown(value):
    decode(value)
    decode("{" + value + "}")
    decode("['" + value + "]")
