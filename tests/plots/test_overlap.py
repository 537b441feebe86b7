import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skroute import CausalRouter, full_feedback, logged_feedback
from skroute.plots import OverlapDisplay


def test_by_hand():
    model = ["a"] * 5 + ["b"]
    y = logged_feedback(model, np.ones(6), propensity=[0.1, 0.2, 0.3, 0.4, 0.5, 0.005])
    display = OverlapDisplay.from_predictions(y, min_propensity=0.02)
    left = [box.get_x() for box in display.boxes_]
    width = [box.get_width() for box in display.boxes_]
    assert_allclose(left, [0.2, 0.005])
    assert_allclose(width, [0.2, 0.0])
    assert_allclose(display.medians_.get_xdata(), [0.3, 0.005])
    assert_allclose(display.smallest_.get_xdata(), [0.1, 0.005])
    weight = 1 / np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    effective = weight.sum() ** 2 / (weight**2).sum()
    assert_allclose(display.overlap.effective_sample_size, [effective, 1.0])
    assert display.text_[0].get_text() == f"5 rows, {effective:.0f} effective"
    assert display.overlap.share_clipped == pytest.approx(1 / 6)


def test_a_router_equals_its_propensities(problem, router):
    display = OverlapDisplay.from_estimator(router, problem.X, problem.y)
    again = OverlapDisplay.from_predictions(problem.y)
    assert_array_equal(display.propensity, again.propensity)
    assert_array_equal(display.action, again.action)
    assert_allclose(display.overlap.effective_sample_size, again.overlap.effective_sample_size)
    for first, second in zip(display.boxes_, again.boxes_, strict=True):
        assert first.get_bbox().bounds == second.get_bbox().bounds


def test_a_pipeline_will_do(problem):
    pipeline = make_pipeline(StandardScaler(), CausalRouter(random_state=0))
    pipeline.fit(problem.X, problem.y)
    display = OverlapDisplay.from_estimator(pipeline, problem.X, problem.y)
    assert_array_equal(display.propensity, problem.y["propensity"])


def test_propensities_that_are_not_recorded_are_estimated(problem, router):
    y = logged_feedback(problem.y["model"], problem.y["quality"])
    display = OverlapDisplay.from_estimator(router, problem.X, y)
    assert np.corrcoef(display.propensity, problem.y["propensity"])[0, 1] > 0.7


def test_models_without_rows_and_unknown_ones():
    y = logged_feedback(["a", "b"], [1, 0], propensity=[0.5, 0.5])
    display = OverlapDisplay.from_predictions(y, models=["a", "c"])
    assert len(display.boxes_) == 1
    assert [text.get_text() for text in display.text_] == [
        "1 rows, 1 effective",
        "0 rows, 0 effective",
    ]
    with pytest.raises(ValueError, match="none of the models"):
        OverlapDisplay.from_predictions(y, models=["c"])


def test_what_is_refused(problem, router):
    full = full_feedback([[1, 0], [0, 1]], models=["a", "b"])
    with pytest.raises(ValueError, match="y is full feedback"):
        OverlapDisplay.from_estimator(router, problem.X, problem.y_full)
    with pytest.raises(ValueError, match="y is full feedback"):
        OverlapDisplay.from_predictions(full)
    y = logged_feedback(["a", "b"], [1, 0], propensity=[0.5, np.nan])
    with pytest.raises(ValueError, match=r"'propensity', row 1: missing \(1 of 2 rows\)"):
        OverlapDisplay.from_predictions(y)
    with pytest.raises(ValueError, match="propensity has 1 rows but y has 2"):
        OverlapDisplay.from_predictions(y, [0.5])
    with pytest.raises(ValueError, match="min_propensity must be"):
        OverlapDisplay.from_predictions(y, [0.5, 0.5], min_propensity=0.0)
