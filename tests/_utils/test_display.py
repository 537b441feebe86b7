"""Results are printed on a few lines, whatever they hold."""

from dataclasses import dataclass, make_dataclass
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA

from skroute._utils import ShortRepr, describe


@dataclass(frozen=True, repr=False)
class Result(ShortRepr):
    one: Any
    two: Any = None
    _hidden: Any = 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.123456, "0.1235"),
        (np.float32(2e-8), "2e-08"),
        (20.0, "20.0"),
        (-123456.7, "-123457.0"),
        (float("nan"), "nan"),
        (np.int64(123456), "123456"),
        (True, "True"),
        ("a\x1b\n", "'a\\x1b\\n'"),
        (np.str_("small"), "'small'"),
        ([0.5, "a"], "[0.5, 'a']"),
        (range(3), "range(...)"),
        (tuple(range(9)), "(0, 1, 2, 3, ... 5 more)"),
        ({"a": np.zeros(99)}, "{'a': <float64 (99,)>}"),
        (dict.fromkeys("abcdef"), "{'a': None, 'b': None, 'c': None, 'd': None, ... 2 more}"),
        (np.zeros((7, 2), dtype=np.float32), "<float32 (7, 2)>"),
        (np.array(["small", "large"]), "['small', 'large']"),
        (np.array(["x" * 30] * 3), "<str (3,)>"),
        (np.array(2), "2"),
        (np.zeros(3, dtype=[("model", "U9"), ("cost", float)]), "<3 rows of model, cost>"),
        (PCA(), "PCA(...)"),
        (np.median, "median"),
        (Result(1), "Result(...)"),
    ],
)
def test_values(value, text):
    assert repr(Result(value)) == f"Result(one={text})"


def test_frames_are_described():
    pandas = pytest.importorskip("pandas")
    assert repr(Result(pandas.DataFrame({"a": [1, 2]}))) == "Result(one=<DataFrame (2, 1)>)"


def test_long_texts_are_cut_and_escaped():
    text = repr(Result("ab\n" * 900))
    assert "\n" not in text
    assert len(text) < 70


def test_what_is_not_set_is_left_out():
    assert repr(Result(None, 2)) == "Result(two=2)"
    assert repr(Result(None)) == "Result()"


@dataclass(repr=False)
class Wide(ShortRepr):
    first: str
    second: str
    third: Any


def test_lines_are_broken_between_fields():
    lines = repr(Wide("a" * 39, "b" * 39, 1)).split("\n")
    assert lines == [f"Wide(first='{'a' * 39}',", f"    second='{'b' * 39}', third=1)"]


def test_what_does_not_fit_is_left_out():
    names = [f"field_{k}" for k in range(30)]
    text = repr(make_dataclass("Many", names, bases=(ShortRepr,), repr=False)(*["y" * 39] * 30))
    assert len(text) < 400
    assert text.endswith(f"field_5='{'y' * 39}', ...)")


def test_some_items_stand_for_many():
    text = repr(Result({"x" * 40 + str(i): "y" * 60 for i in range(9)}))
    assert text == f"Result(one={{'{'x' * 20}…{'x' * 18}0': '{'y' * 20}…{'y' * 19}', ... 8 more}})"


class Parameters(ShortRepr):
    def __init__(self, one, *, two=None):
        self.one, self.two, self.fitted_ = one, two, 1


def test_other_objects_show_their_parameters():
    assert describe(Parameters(1, two=(0.5, 1))) == "Parameters(one=1, two=(0.5, 1))"
