"""Rows that were never judged, and rows that carry the judge's label beside a gold one."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from feedback_tables import assert_same, full_columns, full_structured
from numpy.testing import assert_array_equal

from skroute import logged_feedback
from skroute.feedback import read_feedback, require_judged, with_quality

# Gold with and without a judge's label, a judge's alone in both columns, and nobody's.
COLUMNS = {
    "model": ["a", "b", "a", "b", "a"],
    "quality": [1.0, 0.0, 0.25, np.nan, np.nan],
    "gold": [True, True, False, True, True],
    "preference": [0.75, np.nan, np.nan, 0.5, np.nan],
}


def structured(columns):
    columns = dict(columns)
    return logged_feedback(columns.pop("model"), columns.pop("quality"), **columns)


@pytest.mark.parametrize("form", [structured, pd.DataFrame, pl.DataFrame])
def test_every_label_stands_in_one_place(form):
    feedback = read_feedback(form(COLUMNS))
    assert_array_equal(feedback.quality, [1.0, 0.0, 0.25, 0.5, np.nan])
    assert feedback.judged.tolist() == [True, True, True, True, False]
    assert feedback.gold.tolist() == [True, True, False, False, False]
    assert_array_equal(feedback.preference, [0.75, np.nan, np.nan, np.nan, np.nan])
    assert_array_equal(feedback.judge_label, [0.75, np.nan, 0.25, 0.5, np.nan])


@pytest.mark.parametrize("flag", [True, False, None, np.nan])
def test_the_flag_of_a_row_without_quality_means_nothing(flag):
    feedback = read_feedback(logged_feedback(["a", "b"], [np.nan, 1.0], gold=[flag, True]))
    assert feedback.gold.tolist() == [False, True]
    alone = logged_feedback(["a"], [np.nan], gold=[flag], preference=[0.5])
    assert read_feedback(alone).gold.tolist() == [False]
    frame = {"model": ["a", "b"], "quality": [None, 1.0], "gold": [flag, True]}
    for form in (pd.DataFrame, lambda columns: pl.DataFrame(columns, strict=False)):
        assert read_feedback(form(frame)).gold.tolist() == [False, True]


def test_two_judges_labels_of_one_row_must_agree():
    given = {"gold": [True, False, False], "preference": [0.5, 0.5, 0.75]}
    message = r"column 'preference', row 2: found 0.75; .*belongs in 'quality'"
    with pytest.raises(ValueError, match=message):
        logged_feedback(["a", "b", "a"], [0.0, 0.5, 0.5], **given)
    feedback = read_feedback(logged_feedback(["a"], [0.5], gold=[False], preference=[0.5]))
    assert (feedback.quality.tolist(), feedback.gold.tolist()) == ([0.5], [False])
    assert_array_equal(feedback.preference, [np.nan])
    # Numbers of single and of double precision are compared as the single one.
    single = np.array([0.1], np.float32)
    feedback = read_feedback(logged_feedback(["a"], single, gold=[False], preference=[0.1]))
    assert feedback.judge_label.dtype == np.float32


def test_a_log_where_all_is_judged_is_read_as_it_is():
    feedback = read_feedback(logged_feedback(["a", "b"], [0.5, 1.0], gold=[True, False]))
    assert feedback.judged.all()
    assert feedback.judged_only() is feedback
    assert_array_equal(feedback.judge_label, [np.nan, 1.0])


def test_for_what_learns_quality_rows_without_one_weigh_nothing():
    feedback = read_feedback(structured({**COLUMNS, "weight": [1, 2, 3, 4, 5]}))
    only = feedback.judged_only()
    assert_array_equal(only.weight, [1, 2, 3, 4, 0])
    assert_array_equal(only.quality, [1.0, 0.0, 0.25, 0.5, 0.0])
    rows = feedback.judged
    assert_same(only.take(rows), feedback.take(rows))
    single = read_feedback(logged_feedback(["a"], np.array([np.nan], np.float32)))
    assert single.judged_only().quality.dtype == np.float32


def test_folds_spread_models_and_judged_rows():
    feedback = read_feedback(structured(COLUMNS))
    same = np.equal.outer(feedback.stratum, feedback.stratum)
    kind = np.array([*zip(feedback.action, feedback.judged, strict=True)])
    assert_array_equal(same, (kind[:, None] == kind).all(axis=2))
    assert read_feedback(full_structured(full_columns())).stratum.tolist() == [0, 0, 0]


def test_a_table_without_quality_can_be_read_and_is_refused_for_learning():
    feedback = read_feedback(logged_feedback(["a", "b"], [np.nan, 0.5], weight=[3, 0]))
    with pytest.raises(ValueError, match="NaN in all 1 rows of positive weight: no answer"):
        require_judged(feedback)
    require_judged(read_feedback(["a", "b"]))


def test_full_feedback_is_judged_in_every_row():
    feedback = read_feedback(full_structured(full_columns()))
    assert feedback.judged.all()
    assert feedback.judged_only() is feedback
    assert_array_equal(feedback.judge_label, [[np.nan, np.nan], [np.nan, np.nan], [0.6, 0.3]])


def test_a_quality_of_full_feedback_that_is_missing_points_at_partly_scored():
    columns = full_columns()
    columns["quality:b"][1] = np.nan
    with pytest.raises(ValueError, match=r"column 'quality:b', row 1: found nan; .*partly_scored"):
        read_feedback(pd.DataFrame(columns))


@pytest.mark.parametrize("form", [structured, pd.DataFrame, pl.DataFrame])
def test_what_was_written_reads_as_what_was_to_be_written(form):
    for columns in (COLUMNS, {name: COLUMNS[name] for name in COLUMNS if name != "gold"}):
        y = form(columns)
        feedback = read_feedback(y)
        assert_same(read_feedback(with_quality(y, feedback)), feedback)
