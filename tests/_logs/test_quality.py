"""Which labels are the quality, and whose word counts."""

import numpy as np
import pytest
from log_answers import gathered
from numpy.testing import assert_array_equal

from skroute._logs._answer import Answer, Label
from skroute._logs._quality import judge


def judged(*labels, **options):
    """Judge rows that hold these labels, a tuple (name, value) or (name, value, gold) each."""
    answers = [Answer("a", labels=tuple(Label(*label) for label in row)) for row in labels]
    return judge(gathered(answers).labels, len(answers), **options)


def test_rows_that_nobody_judged_have_no_quality():
    read = judged([("thumb", "up")], [], [("thumb", "down")])
    assert_array_equal(read.quality, [1, np.nan, 0])
    assert read.gold.tolist() == [True, False, True]
    assert np.isnan(read.preference).all()
    assert read.columns["label:thumb"].tolist() == ["up", None, "down"]
    assert read.notes == [
        "thumb: words and truth values as 0 and 1 (2 labels)",
        "2 labels of unknown origin: counted as gold",
    ]


def test_a_log_without_labels_says_so():
    read = judged([], [])
    assert np.isnan(read.quality).all()
    assert read.notes == ["no answer was judged: only costs can be learned from this log"]


def test_labels_of_which_none_can_be_read_are_told_and_kept():
    read = judged([("quality", "A")], [("quality", "B")])
    assert np.isnan(read.quality).all()
    assert read.notes == [
        "quality: 2 cannot be read and count as never judged, such as 'A' (2 labels)",
        "no answer was judged: only costs can be learned from this log",
    ]
    assert read.columns["label:quality"].tolist() == ["A", "B"]


def test_people_go_before_judges():
    read = judged(
        [("r", 5, True), ("r", 1, False)],
        [("r", 3, False)],
        [("r", 2, True)],
        [],
    )
    assert_array_equal(read.quality, [1, 0.5, 0.25, np.nan])
    assert read.gold.tolist() == [True, False, True, False]
    assert_array_equal(read.preference, [0, np.nan, np.nan, np.nan])
    assert read.notes == ["r: 1 to 5 read as 0 to 1 (4 labels)"]


def test_one_scale_whoever_gave_the_label():
    # Alone, the judge's labels would look like numbers in [0, 1].
    read = judged([("r", 5, True)], [("r", 1, False)], [("r", 1, False)])
    assert_array_equal(read.quality, [1, 0, 0])


def test_the_mean_of_several_labels_of_one_kind():
    read = judged(
        [("r", 1, True), ("r", 0, True), ("r", 0.25, False)],
        [("r", 1, False), ("r", 0.5, False)],
    )
    assert_array_equal(read.quality, [0.5, 0.75])
    assert_array_equal(read.preference, [0.25, np.nan])
    assert read.notes == [
        "r: numbers in [0, 1], kept (5 labels)",
        "1 row with several gold labels: the mean is taken",
        "1 row with several judge's labels: the mean is taken",
    ]


def test_labels_that_are_kept_are_no_column():
    assert judged([("r", 0.5)], [("r", 1)]).columns == {}
    read = judged([("r", 2), ("r", 5)], [("r", 1)])
    assert read.columns["label:r"].tolist() == [[2, 5], 1]


def test_the_most_frequent_label_is_the_quality_and_others_are_named():
    rows = [("a", 1), ("b", 0)], [("b", 1), ("c", "x")], [("c", "y")], [("c", "pay")]
    read = judged(*rows)
    assert_array_equal(read.quality, [0, 1, np.nan, np.nan])
    assert (
        "'b' is the quality; other labels, score= takes one of them: 'a' (1), 'c' (3)" in read.notes
    )
    assert read.columns["label:a"].tolist()[0] == 1
    assert_array_equal(judged(*rows, score="a").quality, [1, np.nan, np.nan, np.nan])
    assert_array_equal(judged(*rows, columns={"quality": "a"}).quality, [1, np.nan, np.nan, np.nan])
    # What `columns` names may be a column and no label.
    assert_array_equal(judged(*rows, columns={"quality": "d"}).quality, [0, 1, np.nan, np.nan])


def test_labels_that_are_named_quality_and_preference_are_just_that():
    read = judged([("a", 0), ("quality", 1), ("preference", 0.5, False)], [("a", 0)])
    assert_array_equal(read.quality, [1, np.nan])
    assert_array_equal(read.preference, [0.5, np.nan])


def test_a_scale_may_be_given():
    read = judged([("r", 1)], [("r", 4)], score={"r": (1, 7)})
    assert_array_equal(read.quality, [0, 0.5])
    assert read.notes[0] == "r: 1 to 7 read as 0 to 1, as score= says (2 labels)"


@pytest.mark.parametrize("name", ["hallucination", "Toxicity", "error_rate", "refused"])
def test_what_is_better_when_low_is_quality_only_by_order(name):
    read = judged([(name, True)], [(name, False)])
    assert np.isnan(read.quality).all()
    assert (
        f"'{name}' seems to be better when it is low: score={{'{name}': (1, 0)}} reads it so"
        in (read.notes)
    )
    assert_array_equal(judged([(name, True)], [(name, 0)], score={name: (1, 0)}).quality, [0, 1])
    assert_array_equal(judged([(name, True), ("ok", "yes")]).quality, [1])


@pytest.mark.parametrize("name", ["harmlessness", "non_toxic", "no hallucination", "error-free"])
def test_the_absence_of_what_is_bad_is_good(name):
    assert_array_equal(judged([(name, True)]).quality, [1])


def test_a_judge_may_have_a_label_of_another_name():
    columns = {"quality": "human", "preference": "model"}
    read = judged([("human", 1), ("model", 5)], [("model", 2)], [("human", 0)], columns=columns)
    assert_array_equal(read.quality, [1, 0.25, 0])
    assert read.gold.tolist() == [True, False, True]
    assert_array_equal(read.preference, [1, np.nan, np.nan])
    assert "the judge's labels are model: 1 to 5 read as 0 to 1, found were 2 to 5 (2 labels)" in (
        read.notes
    )
    assert not any("other labels" in note for note in read.notes)


@pytest.mark.parametrize(
    ("score", "message"),
    [
        (
            "rating",
            r"the log has no label 'rating'; it has \['ratings'\]. Did you mean 'ratings'\?",
        ),
        ({"a": (1, 2), "b": (1, 2)}, "score must name one label, .*; got 2 names"),
        (5, "score must be the name of a label or .*; got 5"),
    ],
)
def test_scores_that_are_not_there_are_refused(score, message):
    with pytest.raises(ValueError, match=message):
        judged([("ratings", 1)], score=score)
    with pytest.raises(ValueError, match="it has none"):
        judged([], score="rating")
