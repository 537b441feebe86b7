import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skroute import CausalRouter, FixedBudgetRouter, full_feedback
from skroute.baselines import RandomRouter
from skroute.metrics import (
    TrainingLogWarning,
    cost_quality_curve,
    evaluation_predictions,
    policy_value,
)
from skroute.nuisance import OverlapWarning
from skroute.plots import CostQualityDisplay

TABLE = full_feedback([[0.25, 1.0], [0.5, 0.5]], [[0, 2], [0, 2]], models=["small", "large"])
POLICIES = [["small", "small"], ["large", "small"], ["large", "large"]]


def test_by_hand():
    display = CostQualityDisplay.from_predictions(TABLE, {"mine": POLICIES}, budget=1.5)
    assert_allclose(display.lines_[0].get_xdata(), [0, 1000, 2000])
    assert_allclose(display.lines_[0].get_ydata(), [0.375, 0.75, 0.75])
    # Fixed models in the order of their strings: large, small.
    assert_allclose(display.fixed_.get_xdata(), [2000, 0])
    assert_allclose(display.fixed_.get_ydata(), [0.75, 0.375])
    assert [text.get_text() for text in display.text_] == ["large", "small"]
    assert display.budget_.get_xdata()[0] == pytest.approx(1500)
    assert display.ax_.get_ylabel() == "mean quality"


def test_predictions_are_those_of_the_frontier(router, held_out):
    display = CostQualityDisplay.from_estimator(router, held_out.X)
    frontier = router.frontier(held_out.X)
    assert_allclose(display.lines_[0].get_xdata(), 1000 * frontier.mean_cost)
    assert_allclose(display.lines_[0].get_ydata(), frontier.mean_quality)
    assert_allclose(display.fixed_.get_ydata(), router.predict_quality(held_out.X).mean(axis=0))
    chosen = router.predict(held_out.X)[:, None] == router.classes_
    cost = router.predict_cost(held_out.X)[chosen].mean()
    assert_allclose(display.chosen_[0].get_xdata(), 1000 * cost)
    assert display.ax_.get_ylabel() == "predicted mean quality"


@pytest.mark.parametrize("kind", [None, "y_full"])
def test_excluded_models_are_chosen_by_nobody(router, held_out, kind):
    y = None if kind is None else held_out.y_full
    display = CostQualityDisplay.from_estimator(router, held_out.X, y, exclude="model_2")
    assert {text.get_text() for text in display.text_} == {"model_0", "model_1"}
    dearest = router.predict_cost(held_out.X)[:, :2].max(axis=1).mean()
    if kind is None:
        assert display.curves["CausalRouter"].cost.max() <= dearest
    else:
        labels = router.predict(held_out.X, exclude="model_2")
        cost = policy_value(y, labels).mean_cost
        assert_allclose(display.chosen["CausalRouter"].cost, cost)


def test_the_budget_is_met_by_the_mark(router, held_out):
    frontier = router.frontier(held_out.X)
    budget = float(np.mean(frontier.mean_cost[[0, -1]]))
    display = CostQualityDisplay.from_estimator(router, held_out.X, budget=budget)
    assert display.chosen["CausalRouter"].cost[0] == frontier.within_budget(budget).mean_cost
    with pytest.raises(ValueError, match="no cost sensitivity"):
        CostQualityDisplay.from_estimator(router, held_out.X, budget=1e-9)


@pytest.mark.filterwarnings("ignore::skroute.nuisance.OverlapWarning")
@pytest.mark.parametrize("kind", ["y", "y_full"])
def test_estimators_equal_their_predictions(router, baseline, held_out, kind):
    y = getattr(held_out, kind)
    both = {"a": router, "b": baseline}
    display = CostQualityDisplay.from_estimator(both, held_out.X, y, n_points=5)
    known = evaluation_predictions(held_out.X, y, models=router.classes_)
    for name, fitted in both.items():
        frontier = fitted.frontier(held_out.X)
        least, most = frontier.cost_sensitivity[[0, -1]]
        # Before the first change and after the last one, whatever is in between.
        low = frontier.choice_at((frontier.low + least) / 2 if least > 0 else least)
        high = frontier.choice_at(min(2 * most, frontier.high))
        ends = cost_quality_curve(y, [low, high], **known)
        curve = display.curves[name]
        assert 2 <= len(curve.cost) <= 5
        assert_allclose(curve.quality[[0, -1]], ends.quality)
        assert_allclose(curve.cost[[0, -1]], ends.cost)
        here = policy_value(y, fitted.predict(held_out.X), **known)
        assert_allclose(display.chosen[name].quality[0], here.mean_quality)
        assert_allclose(display.chosen_[list(both).index(name)].get_ydata(), here.mean_quality)


def test_points_rest_on_choices_of_the_router(router, held_out):
    """Every point of a curve on full feedback lies within what choosing can reach."""
    display = CostQualityDisplay.from_estimator(router, held_out.X, held_out.y_full)
    curve = display.curves["CausalRouter"]
    assert (np.diff(curve.cost) < 0).all()
    best = np.max([held_out.y_full["quality"][m] for m in held_out.models], axis=0).mean()
    assert curve.quality.max() <= best


def test_pipelines_searches_and_budgets(problem, held_out):
    X, y = problem.X, problem.y
    scaled = StandardScaler().fit(X)
    alone = CausalRouter(knots="auto", random_state=0).fit(scaled.transform(X), y)
    pipeline = make_pipeline(StandardScaler(), CausalRouter(knots="auto", random_state=0)).fit(X, y)
    expected = CostQualityDisplay.from_estimator(alone, scaled.transform(held_out.X))
    found = CostQualityDisplay.from_estimator(pipeline, held_out.X)
    assert_allclose(found.lines_[0].get_ydata(), expected.lines_[0].get_ydata())
    search = GridSearchCV(pipeline, {"causalrouter__shrinkage": ["auto"]}, cv=2).fit(X, y)
    found = CostQualityDisplay.from_estimator(search, held_out.X)
    assert_allclose(found.lines_[0].get_ydata(), expected.lines_[0].get_ydata())
    budget = float(np.median(alone.frontier(scaled.transform(X)).mean_cost))
    fixed = FixedBudgetRouter(pipeline[-1], budget=budget).fit(scaled.transform(X), y)
    found = CostQualityDisplay.from_estimator(fixed, scaled.transform(X))
    assert found.chosen["FixedBudgetRouter"].cost[0] == pytest.approx(fixed.budget_.mean_cost)


def test_training_rows_and_poor_overlap_are_told(problem, router):
    with pytest.warns(TrainingLogWarning):
        CostQualityDisplay.from_estimator(router, problem.X, problem.y_full, n_points=2)
    policies = [np.repeat(problem.models[:1], 40), np.repeat(problem.models[2:], 40)]
    with pytest.warns(OverlapWarning, match=r"about \d+ of the points") as caught:
        CostQualityDisplay.from_predictions(problem.y[:40], {"a": policies})
    assert len(caught) == 1


def test_what_is_refused(problem, router, held_out):
    random = RandomRouter(random_state=0).fit(problem.X, problem.y)
    with pytest.raises(ValueError, match="RandomRouter has no frontier"):
        CostQualityDisplay.from_estimator(random, held_out.X)
    with pytest.raises(ValueError, match="n_points must be at least 2"):
        CostQualityDisplay.from_estimator(router, held_out.X, held_out.y, n_points=1)
    with pytest.raises(ValueError, match="empty dict"):
        CostQualityDisplay.from_estimator({}, held_out.X)
    with pytest.raises(ValueError, match="has no classes_"):
        CostQualityDisplay.from_estimator(StandardScaler().fit(problem.X), held_out.X)
    rows = problem.y["model"] != problem.models[0]
    fewer = CausalRouter(random_state=0).fit(problem.X[rows], problem.y[rows])
    with pytest.raises(ValueError, match="Draw them apart"):
        CostQualityDisplay.from_estimator({"a": router, "b": fewer}, held_out.X)


def test_one_cost_sensitivity_is_a_point(problem, held_out):
    router = CausalRouter(20.0, random_state=0).fit(problem.X, problem.y)
    display = CostQualityDisplay.from_estimator(router, held_out.X, held_out.y_full)
    assert len(display.curves["CausalRouter"].cost) == 1


def test_labels_keep_apart():
    """Of points close to each other no two labels overlap, and none leaves the axes."""
    rng = np.random.default_rng(0)
    names = [f"model number {k}" for k in range(11)]
    quality = 0.5 + 0.1 * rng.random((1, 11))
    y = full_feedback(quality, 0.001 + 0.001 * rng.random((1, 11)), models=names)
    display = CostQualityDisplay.from_predictions(y, {"a": [names[:1]]})
    display.figure_.draw_without_rendering()
    boxes = [text.get_window_extent() for text in display.text_]
    frame = display.ax_.get_window_extent()
    for i, box in enumerate(boxes):
        assert frame.x0 <= box.x0
        assert box.x1 <= frame.x1
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])
