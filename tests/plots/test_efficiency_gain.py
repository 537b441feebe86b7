import pytest
from numpy.testing import assert_allclose

from skroute.metrics import TrainingLogWarning, efficiency_gain_curve
from skroute.plots import EfficiencyGainDisplay


def test_artists_are_the_curves(router, baseline, held_out):
    pair = {"strong": "model_2", "weak": "model_0"}
    both = {"a": router, "b": baseline}
    display = EfficiencyGainDisplay.from_estimator(both, held_out.X, held_out.y_full, **pair)
    utility = {
        name: fitted.predict_quality(held_out.X) - 20.0 * fitted.predict_cost(held_out.X)
        for name, fitted in both.items()
    }
    scores = {name: value[:, 2] - value[:, 0] for name, value in utility.items()}
    again = EfficiencyGainDisplay.from_predictions(held_out.y_full, scores, **pair)
    for k, name in enumerate(both):
        curve = efficiency_gain_curve(held_out.y_full, scores[name], **pair)
        for line in (display.lines_[k], again.lines_[k]):
            assert_allclose(line.get_xdata(), curve.share)
            assert_allclose(line.get_ydata(), curve.gain, atol=1e-12)
        assert f"{curve.mean():.3f}" in display.lines_[k].get_label()
    assert display.ax_.get_xlabel() == "share of queries for model_2"


def test_what_is_told_and_refused(problem, router, held_out):
    pair = {"strong": "model_2", "weak": "model_0"}
    with pytest.raises(ValueError, match="y is logged feedback"):
        EfficiencyGainDisplay.from_estimator(router, held_out.X, held_out.y, **pair)
    with pytest.raises(ValueError, match="strong='x' is not a model of the estimator"):
        EfficiencyGainDisplay.from_estimator(
            router, held_out.X, held_out.y_full, strong="x", weak="y"
        )
    with pytest.warns(TrainingLogWarning):
        EfficiencyGainDisplay.from_estimator(router, problem.X, problem.y_full, **pair)
