"""Labels of models."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from feedback_tables import QUALITY, assert_same
from numpy.testing import assert_array_equal

from skroute import logged_feedback
from skroute.feedback import index_of, numbered_models, read_feedback


def test_labels_read_as_full_feedback():
    feedback = read_feedback(["cat", "dog", "cat"])
    assert feedback.classes.tolist() == ["cat", "dog"]
    assert_array_equal(feedback.quality, [[1, 0], [0, 1], [1, 0]])
    assert_array_equal(feedback.cost, np.zeros((3, 2)))
    for same in (
        np.array([["cat"], ["dog"], ["cat"]]),
        pd.Series(["cat", "dog", "cat"]),
        pl.Series(["cat", "dog", "cat"]),
    ):
        assert_same(read_feedback(same), feedback)


@pytest.mark.parametrize(
    ("labels", "classes", "kind"),
    [
        ([10, 9, 2, 10], [10, 2, 9], "i"),
        (["b", "a", "B", "a"], ["B", "a", "b"], "U"),
        ([True, False, True, False], [False, True], "b"),
        (np.array([3.0, 20.0, 3.0, 1.0]), [1.0, 20.0, 3.0], "f"),
        (["a", 1, "c", 1], [1, "a", "c"], "O"),
    ],
)
def test_labels_keep_their_type_and_are_sorted_by_their_string(labels, classes, kind):
    feedback = read_feedback(logged_feedback(labels, QUALITY))
    assert feedback.classes.tolist() == classes
    assert feedback.classes.dtype.kind == kind
    assert feedback.classes[feedback.action].tolist() == list(labels)


def test_integer_labels_in_object_columns_are_integers_again():
    for column in (pd.array([10, 9], dtype="Int64"), np.array([10, 9], dtype=object)):
        classes = read_feedback(pd.DataFrame({"model": column, "quality": [0.0, 1.0]})).classes
        assert classes.tolist() == [10, 9]
        assert classes.dtype.kind == "i"


def test_labels_of_two_types_that_read_the_same_are_refused():
    with pytest.raises(ValueError, match=r"models \['1'\] occur as labels of different types"):
        logged_feedback([1, "1", "2", "2"], QUALITY)


def test_codes_in_the_place_of_y_are_refused():
    for codes in (np.arange(40), np.random.default_rng(0).permutation(500), np.ones((9, 3), int)):
        with pytest.raises(ValueError, match="cross_val_predict"):
            read_feedback(codes)
    # A handful of distinct labels, and few of many, are labels.
    assert read_feedback(np.arange(29)).n_models == 29
    assert read_feedback(np.arange(400) % 300).n_models == 300


def test_labels_are_matched_by_their_string():
    assert index_of([10, 9, "10"], ["10", 2, "9"]).tolist() == [0, 2, 0]
    with pytest.raises(ValueError, match=r"unknown models \['3'\]; known: \['1', '2'\]"):
        index_of([1, 3], [1, 2])


def test_numbered_models_sort_as_they_count():
    names = numbered_models(101)
    assert names == sorted(names)
    assert (names[0], names[100]) == ("model_000", "model_100")
    assert numbered_models(0) == []
