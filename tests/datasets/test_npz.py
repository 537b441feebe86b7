"""Routing tables from .npz archives."""

import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skroute.datasets import load_routing_table
from skroute.feedback import read_feedback

TEXTS = ["Größe?", "", "2 + 2"]


def npz_arrays() -> dict:
    encoded = [text.encode() for text in TEXTS]
    return {
        "X": np.arange(6, dtype=np.float16).reshape(3, 2),
        "models": np.array(["z/large", "a:small"]),
        "quality": np.array([[1, 0], [0.5, 0.25], [0, 1]], dtype=np.float32),
        "cost": np.array([[2, 1], [4, 3], [6, 5]], dtype=np.float32),
        "cluster": np.array([7, 7, 2], dtype=np.int32),
        "group": np.array(["maths", "law", "maths"]),
        "query_chars": np.array([6, 0, 5], dtype=np.int32),
        "query_utf8": np.frombuffer(b"".join(encoded), dtype=np.uint8),
        "query_offsets": np.cumsum([0, *map(len, encoded)]),
    }


def write_npz(path, **changes):
    arrays = {**npz_arrays(), **changes}
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return path


def test_an_npz_table_is_read_whole(tmp_path):
    table = load_routing_table(write_npz(tmp_path / "table.npz"))
    assert table.X.dtype == np.float32
    assert_array_equal(table.X, np.arange(6).reshape(3, 2))
    assert table.models.tolist() == ["z/large", "a:small"]
    feedback = read_feedback(table.y)
    assert feedback.classes.tolist() == ["a:small", "z/large"]
    assert feedback.quality.dtype == np.float32
    assert_array_equal(feedback.quality, [[0, 1], [0.25, 0.5], [1, 0]])
    assert_array_equal(feedback.cost, [[1, 2], [3, 4], [5, 6]])
    assert table.y["group"].tolist() == [7, 7, 2]
    assert table.task.tolist() == ["maths", "law", "maths"]
    assert table.query_chars.tolist() == [6, 0, 5]
    assert table.texts == TEXTS
    assert table.texts is table.texts
    assert table.y_preference is None


def test_an_npz_table_needs_little(tmp_path):
    path = tmp_path / "table.npz"
    np.savez_compressed(path, **{key: npz_arrays()[key] for key in ("X", "models", "quality")})
    table = load_routing_table(str(path))
    assert table.texts is table.task is table.query_chars is None
    assert table.y.dtype.names == ("quality",)
    assert_array_equal(read_feedback(table.y).cost, np.zeros((3, 2)))


def test_gains_of_a_gold_and_preference_table(tmp_path):
    gold, preference = np.array([0.5, -0.25, 0.0]), np.array([1.0, 0.5, -1.0])
    path = write_npz(
        tmp_path / "pair.npz", quality=None, cost=None, gold=gold, preference=preference
    )
    table = load_routing_table(path)
    assert_array_equal(table.y["quality"]["z/large"], gold)
    assert_array_equal(table.y["quality"]["a:small"], np.zeros(3))
    assert_array_equal(table.y_preference["quality"]["z/large"], preference)
    assert table.y["gold"].all()
    assert not table.y_preference["gold"].any()
    mixed = read_feedback(np.where([True, False, True], table.y, table.y_preference))
    assert mixed.gold.tolist() == [True, False, True]
    assert_array_equal(mixed.quality[:, 1], [0.5, 0.5, 0.0])
    assert mixed.group.tolist() == [1, 1, 0]


def test_features_of_a_file_of_their_own_replace_those_of_the_table(tmp_path):
    np.save(tmp_path / "X.npy", np.ones((3, 5)))
    path = write_npz(tmp_path / "table.npz")
    table = load_routing_table(path, features=tmp_path / "X.npy")
    assert_array_equal(table.X, np.ones((3, 5), dtype=np.float32))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X": None}, "lacks the key 'X'; it has "),
        ({"models": None}, "lacks the key 'models'"),
        ({"quality": None}, r"lacks the key 'quality' \(or 'gold' and 'preference'\)"),
        ({"models": np.array(["a", "a"])}, r"models must be distinct; \['a'\]"),
        ({"models": np.array(["a", "b", "c"])}, r"quality must have shape \(n, 3\).* got \(3, 2\)"),
        ({"models": np.array("a")}, r"key 'models' must have shape \(K,\), got \(\)"),
        (
            {"quality": np.array([[0, 1], [np.nan, 0], [0, 0]])},
            "'quality:z/large', row 1: found nan",
        ),
        ({"cost": -np.ones((3, 2))}, "column 'cost:z/large', row 0: found -1.0"),
        ({"cost": np.ones((2, 2))}, "differ in length"),
        ({"cluster": np.arange(2)}, "differ in length"),
        ({"group": np.array(["a"])}, r"key 'group' must have shape \(3,\), got \(1,\)"),
        ({"query_chars": np.arange(4)}, r"key 'query_chars' must have shape \(3,\), got \(4,\)"),
        (
            {"query_offsets": np.arange(3)},
            r"key 'query_offsets' must have shape \(4,\), got \(3,\)",
        ),
        ({"X": np.ones((2, 2))}, "the features have 2 rows and the table has 3"),
        ({"X": np.ones(3)}, r"the features are not an array \(n, d\) of numbers"),
        ({"X": np.full((3, 2), np.inf)}, "the features are not an array .*infinity"),
        ({"price": np.ones(3)}, r"unknown keys \['price'\]; known are "),
        ({"models": np.array(["a", None], dtype=object)}, "key 'models' cannot be read without"),
    ],
)
def test_errors_of_an_npz_table_name_the_file_and_the_key(tmp_path, changes, message):
    path = write_npz(tmp_path / "table.npz", **changes)
    with pytest.raises(ValueError, match=re.escape(str(path)) + ": .*" + message):
        load_routing_table(path)


def test_gains_need_two_models(tmp_path):
    path = write_npz(
        tmp_path / "pair.npz",
        quality=None,
        gold=np.zeros(3),
        preference=np.zeros(3),
        models=np.array(["a", "b", "c"]),
    )
    with pytest.raises(ValueError, match="gains need two models, key 'models' has 3"):
        load_routing_table(path)
