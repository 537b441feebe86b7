"""The methods of a checked table."""

from dataclasses import replace

import numpy as np
import pytest
from feedback_tables import (
    MODELS,
    QUALITY,
    as_structured,
    assert_same,
    full_columns,
    full_structured,
    logged_columns,
)
from numpy.testing import assert_array_equal

from skroute import full_feedback, logged_feedback
from skroute.feedback import read_feedback


def test_utility_is_affine_in_the_cost_sensitivity():
    feedback = read_feedback(full_structured(full_columns()))
    assert_array_equal(feedback.utility(0.5), feedback.quality - 0.5 * feedback.cost)
    assert read_feedback(logged_feedback(MODELS, QUALITY)).utility(9.0).tolist() == QUALITY


def test_reweighting_multiplies():
    feedback = read_feedback(as_structured(logged_columns()))
    assert feedback.reweighted(None) is feedback
    double = feedback.reweighted(np.array([2.0, 3, 4, 5]))
    assert double.weight.tolist() == [2.0, 6.0, 0.0, 2.5]
    assert_same(replace(double, weight=feedback.weight), feedback)


def test_alignment_of_a_log_marks_models_that_were_not_fitted():
    feedback = read_feedback(logged_feedback([3, 1, 2, 3], QUALITY, time=QUALITY))
    aligned = feedback.aligned(np.array(["2", "3", "4"]))
    assert aligned.action.tolist() == [1, -1, 0, 1]
    assert aligned.classes.tolist() == ["2", "3", "4"]
    kept = replace(aligned, classes=feedback.classes, action=feedback.action)
    assert_same(kept, feedback)
    # What was aligned may be aligned again: models that were unknown stay so.
    assert aligned.aligned(np.array(["3", "4"])).action.tolist() == [0, -1, -1, 0]


def test_alignment_of_full_feedback_reorders_by_name_and_drops_the_rest():
    quality = np.arange(6.0).reshape(2, 3)
    feedback = read_feedback(full_feedback(quality, models=["a", "b", "c"], time=[5, 6]))
    aligned = feedback.aligned(np.array(["c", "a"]))
    assert_array_equal(aligned.quality, [[2.0, 0.0], [5.0, 3.0]])
    assert_array_equal(aligned.time, feedback.time)
    with pytest.raises(
        ValueError, match=r"no column for the models \['z'\]; it has \['a', 'b', 'c'\]"
    ):
        feedback.aligned(np.array(["a", "z"]))
