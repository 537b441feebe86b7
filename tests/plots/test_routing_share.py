import numpy as np
import pytest
from numpy.testing import assert_allclose

from skroute.baselines import RandomRouter
from skroute.plots import RoutingShareDisplay


def shares_at(display, value):
    return display.share[np.searchsorted(display.cost_sensitivity, value)]


def test_shares_are_those_of_the_choices(router, held_out):
    display = RoutingShareDisplay.from_estimator(router, held_out.X)
    assert_allclose(display.share.sum(axis=1), 1.0)
    for value in np.linspace(0.0, router.knots_[-1], 7):
        labels = router.predict(held_out.X, cost_sensitivity=value)
        expected = [(labels == name).mean() for name in router.classes_]
        assert_allclose(shares_at(display, value), expected)
    assert display.chosen_.get_xdata()[0] == 20.0


def test_estimators_equal_their_predictions(router, held_out):
    display = RoutingShareDisplay.from_estimator(router, held_out.X)
    frontier = router.frontier(held_out.X)
    predicted = router.predict_quality(held_out.X), router.predict_cost(held_out.X)
    again = RoutingShareDisplay.from_predictions(
        *router.calibration_.cautious(*predicted),
        models=router.classes_,
        low=frontier.low,
        high=frontier.high,
        chosen=20.0,
    )
    assert_allclose(display.cost_sensitivity, again.cost_sensitivity)
    assert_allclose(display.share, again.share)
    for first, second in zip(display.bands_, again.bands_, strict=True):
        assert_allclose(first.get_paths()[0].vertices, second.get_paths()[0].vertices)


def test_bands_are_the_shares():
    quality = np.array([[0.5, 0.9], [0.5, 0.6], [0.5, 0.6]])
    cost = np.tile([0.0, 0.1], (3, 1))
    display = RoutingShareDisplay.from_predictions(quality, cost, models=["small", "large"])
    # Two queries change at once, at a cost sensitivity of 1.
    assert_allclose(display.cost_sensitivity, [1, 4])
    assert_allclose(display.share, [[0, 1], [2 / 3, 1 / 3], [1, 0]])
    corners = display.bands_[1].get_paths()[0].vertices
    lower = corners[corners[:, 1] < 1]
    assert set(np.round(lower[:, 1], 6)) == {0, 0.666667}
    assert display.bands_[0].get_label() == "small"


def test_nothing_ever_changes():
    quality, cost = np.array([[0.5, 0.9]]), np.ones((1, 2))
    display = RoutingShareDisplay.from_predictions(quality, cost)
    assert len(display.cost_sensitivity) == 0
    assert_allclose(display.share, [[0, 1]])
    assert display.ax_.get_xlim() == (0, 1)
    display = RoutingShareDisplay.from_predictions(quality, cost, low=2.0, high=2.0, chosen=2.0)
    assert display.chosen_.get_xdata()[0] == 2.0


def test_what_is_refused(problem):
    random = RandomRouter(random_state=0).fit(problem.X, problem.y)
    with pytest.raises(ValueError, match="has no frontier"):
        RoutingShareDisplay.from_estimator(random, problem.X)
    with pytest.raises(ValueError, match=r"same shape \(n, K\)"):
        RoutingShareDisplay.from_predictions([[1, 2]], [[1, 2, 3]])
    with pytest.raises(ValueError, match="a row and 3 columns"):
        RoutingShareDisplay.from_predictions([[1, 2]], [[1, 2]], models=["a", "b", "c"])
    with pytest.raises(ValueError, match="a row and 2 columns"):
        RoutingShareDisplay.from_predictions(np.empty((0, 2)), np.empty((0, 2)))
    with pytest.raises(ValueError, match="high must be at least low=2"):
        RoutingShareDisplay.from_predictions([[1, 2]], [[1, 2]], low=2, high=1)


def test_excluded_models_get_no_share(router, held_out):
    display = RoutingShareDisplay.from_estimator(router, held_out.X, exclude="model_1")
    assert (display.share[:, 1] == 0.0).all()
    labels = router.predict(held_out.X, exclude="model_1")
    assert_allclose(shares_at(display, 20.0)[2], (labels == "model_2").mean())
