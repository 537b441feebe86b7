import numpy as np
import pytest
from numpy.testing import assert_allclose

from skroute import logged_feedback
from skroute.metrics import TrainingLogWarning, evaluation_predictions, policy_value
from skroute.plots import PolicyValueDisplay


def point(container):
    """Return value and ends of the interval that an errorbar shows."""
    line, _, (bar,) = container.lines
    (segment,) = bar.get_segments()
    return line.get_xdata()[0], segment[0, 0], segment[1, 0]


@pytest.mark.parametrize("cost_sensitivity", [None, 5.0])
def test_artists_are_the_values(router, held_out, cost_sensitivity):
    y = held_out.y
    display = PolicyValueDisplay.from_estimator(
        router, held_out.X, y, cost_sensitivity=cost_sensitivity, confidence=0.9
    )
    value = 20.0 if cost_sensitivity is None else cost_sensitivity
    known = evaluation_predictions(held_out.X, y, models=router.classes_)
    policies = {
        "today's policy": None,
        "CausalRouter": router.predict(held_out.X, cost_sensitivity=value),
        **{f"always {name}": np.full(len(y), name) for name in router.classes_},
    }
    options = {"cost_sensitivity": value, "confidence": 0.9, **known}
    again = PolicyValueDisplay.from_predictions(y, policies, reference="today's policy", **options)
    assert display.values == again.values
    for name, drawn in zip(policies, display.errorbar_, strict=True):
        result = policy_value(y, policies[name], **options)
        assert_allclose(point(drawn), [result.value, result.low, result.high])
    assert display.fixed == [f"always {name}" for name in router.classes_]
    assert_allclose(display.reference_.get_xdata(), display.values["today's policy"].value)
    assert "90% intervals" in display.ax_.get_xlabel()


def test_full_feedback_has_no_policy_of_today(router, baseline, held_out):
    both = {"a": router, "b": baseline}
    display = PolicyValueDisplay.from_estimator(both, held_out.X, held_out.y_full)
    names = ["a", "b", *(f"always {name}" for name in held_out.models)]
    assert list(display.values) == names
    assert [tick.get_text() for tick in display.ax_.get_yticklabels()] == names
    assert display.reference_ is None
    assert all(result.method == "exact" for result in display.values.values())


def test_training_rows_are_told(router, problem):
    with pytest.warns(TrainingLogWarning):
        PolicyValueDisplay.from_estimator(router, problem.X, problem.y)


def test_an_unknown_interval_is_a_point():
    y = logged_feedback(["a"], [0.5], propensity=[1.0])
    display = PolicyValueDisplay.from_predictions(y, {"log": None})
    assert np.isnan(display.values["log"].low)
    assert point(display.errorbar_[0]) == (0.5, 0.5, 0.5)


def test_the_reference_has_to_be_there():
    with pytest.raises(ValueError, match="reference='b' is not a policy"):
        PolicyValueDisplay({}, reference="b")


def test_excluded_models_are_chosen_by_nobody(router, held_out):
    display = PolicyValueDisplay.from_estimator(
        router, held_out.X, held_out.y_full, exclude=["model_0"]
    )
    assert list(display.values) == ["CausalRouter", "always model_1", "always model_2"]
    choice = router.predict(held_out.X, exclude=["model_0"])
    expected = policy_value(held_out.y_full, choice, cost_sensitivity=20.0)
    assert display.values["CausalRouter"] == expected
