"""Labels of any scale, read as qualities."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skroute._logs._ratings import read_ratings

STEPS = st.integers(0, 20).map(lambda steps: steps / 2)
NUMBERS = st.one_of(
    st.lists(st.integers(-1, 1).map(float), min_size=1),
    st.lists(st.integers(0, 10).map(float), min_size=1),
    st.lists(STEPS, min_size=1),
    st.lists(st.floats(0, 1), min_size=1),
    st.lists(st.floats(0, 100), min_size=1),
    st.lists(st.floats(-1e6, 1e6), min_size=1),
)


@pytest.mark.parametrize(
    ("values", "quality", "words"),
    [
        (["up", "down", "UP "], [1, 0, 1], "words and truth values as 0 and 1"),
        (["👍", "👎", "👍🏽"], [1, 0, 1], "words and truth values as 0 and 1"),
        (["Thumbs up", "thumbs_down", "thumbs-up"], [1, 0, 1], "words and"),
        (["good", "bad", "neutral"], [1, 0, 0.5], "words and truth values as 0 and 1"),
        (["True", "false", True, np.bool_(False)], [1, 0, 1, 0], "words and truth values"),
        (["+1", "-1"], [1, 0], "-1 to 1 read as 0 to 1"),
        ([-1, 0, 1, 1], [0, 0.5, 1, 1], "-1 to 1 read as 0 to 1"),
        ([1, 2, 3, 4, 5], [0, 0.25, 0.5, 0.75, 1], "1 to 5 read as 0 to 1"),
        (["1", " 5 ", "4"], [0, 1, 0.75], "1 to 5 read as 0 to 1"),
        ([1, 4.5], [0, 0.875], "1 to 5 read as 0 to 1, found were 1 to 4.5"),
        ([4], [0.75], "1 to 5 read as 0 to 1, found were 4 alone"),
        ([0, 1, 2, 3, 4], [0, 0.25, 0.5, 0.75, 1], "0 to 4 read as 0 to 1"),
        ([0, 3, 5], [0, 0.6, 1], "0 to 5 read as 0 to 1"),
        ([0, 3], [0, 0.6], "0 to 5 read as 0 to 1, found were 0 to 3"),
        ([1, 7, 10], [0, 2 / 3, 1], "1 to 10 read as 0 to 1"),
        ([0, 7], [0, 0.7], "0 to 10 read as 0 to 1, found were 0 to 7"),
        ([0, 55.5, 100], [0, 0.555, 1], "0 to 100 read as 0 to 1"),
        (["80%", "100 %", "0%"], [0.8, 1, 0], "words and truth values as 0 and 1"),
        ([0, 1, 1], [0, 1, 1], "numbers in [0, 1], kept"),
        ([0.2, 0.9], [0.2, 0.9], "numbers in [0, 1], kept"),
        ([1, 1], [1, 1], "numbers in [0, 1], kept, all of them 1, whatever their scale is"),
        ([-0.3, 2.5], [-0.3, 2.5], "-0.3 to 2.5, on no scale that is known, kept as they are"),
        ([3.7, 4.2], [3.7, 4.2], "3.7 to 4.2, on no scale that is known, kept as they are"),
        ([5, 300], [5, 300], "5 to 300, on no scale that is known, kept as they are"),
        ([True, 4], [1, 0.75], "words and truth values as 0 and 1; 1 to 5 read as 0 to 1, found"),
    ],
)
def test_each_scale_by_hand(values, quality, words):
    ratings = read_ratings("rating", values)
    assert_allclose(ratings.quality, quality)
    assert ratings.words.startswith(words) or ratings.words == words


def test_what_cannot_be_read_is_told():
    ratings = read_ratings("rating", ["A", 5, None, [1], "B", "inf", "120%"])
    assert_array_equal(np.isnan(ratings.quality), [True, False, True, True, True, True, True])
    assert ratings.quality[1] == 1
    assert ratings.words.endswith("; 6 cannot be read and count as never judged, such as 'A'")


def test_letters_are_no_grades():
    assert np.isnan(read_ratings("winner", ["A", "B", "C"]).quality).all()


def test_a_scale_that_is_given_goes_before_what_the_values_look_like():
    ratings = read_ratings("rating", [1, 4, 7], (1, 7))
    assert_allclose(ratings.quality, [0, 0.5, 1])
    assert ratings.words == "1 to 7 read as 0 to 1, as score= says"
    assert_allclose(read_ratings("error", [0, 0.25, 1], (1, 0)).quality, [1, 0.75, 0])
    assert_allclose(read_ratings("error", ["yes", False, "no"], (1, 0)).quality, [0, 1, 1])
    # Words are no numbers of another scale.
    assert_allclose(read_ratings("rating", ["good", 4], (1, 7)).quality, [1, 0.5])


@pytest.mark.parametrize(
    ("values", "scale", "message"),
    [
        ([1, 9], (1, 7), "label 'rating': found 9, which is beyond the worst and the best"),
        ([1], (1, 1), "score: the scale of 'rating' must be two different numbers, .*got (1, 1)"),
        ([1], (1, "many"), "score: the scale of 'rating' must be two different numbers"),
        ([1], (1, 2, 3), "must be two different numbers"),
        ([1], 7, "must be two different numbers"),
    ],
)
def test_wrong_scales_are_refused(values, scale, message):
    pattern = re.escape(message).replace(r"\.\*", ".*")
    with pytest.raises(ValueError, match=pattern):
        read_ratings("rating", values, scale)


def test_what_is_kept_says_so():
    assert read_ratings("rating", [0.2, 1]).kept
    assert read_ratings("rating", [-3.5, 1]).kept
    assert not read_ratings("rating", [1, 5]).kept
    assert not read_ratings("rating", [True, False]).kept
    assert not read_ratings("rating", [0.5, "so so"]).kept


@given(NUMBERS)
def test_numbers_keep_their_order_and_stay_or_lie_in_0_to_1(numbers):
    quality = read_ratings("rating", numbers).quality
    order = np.argsort(numbers, kind="stable")
    assert (np.diff(quality[order]) >= 0).all()
    different = np.diff(np.array(numbers)[order]) > 1e-9
    assert (np.diff(quality[order])[different] > 0).all()
    inside = (quality >= 0).all() and (quality <= 1).all()
    assert inside or np.array_equal(quality, numbers)


@given(NUMBERS)
def test_what_was_read_is_read_as_it_is(numbers):
    quality = read_ratings("rating", numbers).quality
    if (quality >= 0).all() and (quality <= 1).all():
        assert_array_equal(read_ratings("rating", quality).quality, quality)


@given(st.lists(st.sampled_from(["up", "👎", "yes", True, False, "neutral", "30%"]), min_size=1))
def test_words_lie_in_0_to_1_whatever_stands_beside_them(values):
    alone = read_ratings("rating", values).quality
    beside = read_ratings("rating", [*values, 3, 5]).quality[:-2]
    assert ((alone >= 0) & (alone <= 1)).all()
    assert_array_equal(alone, beside)
