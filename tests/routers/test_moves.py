"""Routers learn from earlier rows as if they were of today's level."""

import pickle

import numpy as np
import pytest
from every_router import ROUTERS
from histories import make_history
from sklearn.base import clone

from skroute import CausalRouter, logged_feedback
from skroute.baselines import BestFixedModel, RegressAndCompare, ThresholdRouter
from skroute.feedback import read_feedback
from skroute.history import at_present, find_moves
from skroute.routers import MovedModelsWarning

LAMBDA = 20.0


@pytest.mark.parametrize(
    "router", [CausalRouter(LAMBDA, random_state=0), RegressAndCompare(LAMBDA), BestFixedModel()]
)
def test_predicted_costs_are_those_of_today(router):
    X, y = make_history("price")
    with pytest.warns(MovedModelsWarning, match="cost of the model 'c' fell from .* leave out"):
        router = clone(router).fit(X, y)
    assert [(move.model, move.outcome) for move in router.moves_] == [("c", "cost")]
    late = (y["model"] == "c") & (np.arange(len(y)) >= 0.6 * len(y))
    predicted = router.predict_cost(X)
    assert predicted[late, 2].mean() == pytest.approx(y["cost"][late].mean(), rel=0.1)
    assert predicted[:, 0].mean() == pytest.approx(1.18e-4, rel=0.15)


def test_predicted_qualities_are_those_of_today():
    X, y = make_history("quality")
    with pytest.warns(MovedModelsWarning, match="quality of the model 'b' fell") as caught:
        router = CausalRouter(random_state=0).fit(X, y)
    assert pickle.loads(pickle.dumps(caught[0].message)).moves == router.moves_
    # 0.6 before and 0.3 after, by the truth of the log.
    assert router.predict_quality(X)[:, 1].mean() == pytest.approx(0.3, abs=0.06)


@pytest.mark.filterwarnings("ignore::skroute.routers.FixedModelWarning")
@pytest.mark.parametrize("name", ROUTERS)
def test_where_nothing_moved_time_changes_nothing(name):
    X, y = make_history(n=600)
    columns = {column: y[column] for column in ("model", "quality", "cost")}
    router = clone(ROUTERS[name])
    if "random_state" in router.get_params():
        router.set_params(random_state=0)
    with_time, without = router.fit(X, y), clone(router).fit(X, logged_feedback(**columns))
    assert with_time.moves_ == without.moves_ == ()
    if isinstance(router, ThresholdRouter):
        assert with_time.threshold_ == without.threshold_
    np.testing.assert_array_equal(with_time.predict(X), without.predict(X))
    np.testing.assert_array_equal(with_time.decision_function(X), without.decision_function(X))


@pytest.mark.parametrize("full", [False, True])
def test_a_table_at_present(full):
    X, y = make_history("price", full=full)
    feedback = read_feedback(y)
    moves = find_moves(X, feedback)
    present = at_present(feedback, moves)
    assert find_moves(X, present) == ()
    late = feedback.time >= moves[0].time
    np.testing.assert_array_equal(present.cost[late], feedback.cost[late])
    np.testing.assert_array_equal(present.quality, feedback.quality)
    changed = present.cost != feedback.cost
    if full:
        assert changed[~late][:, 2].all()
        assert not changed[:, :2].any()
    else:
        assert changed.sum() == ((feedback.action == 2) & ~late).sum()


def test_prior_rows_stay_as_they_are():
    X, y = make_history("price")
    columns = {name: y[name] for name in ("model", "quality", "cost", "time")}
    prior = np.arange(len(y)) < 100
    feedback = read_feedback(logged_feedback(**columns, prior=prior))
    present = at_present(feedback, find_moves(X, feedback))
    np.testing.assert_array_equal(present.cost[prior], feedback.cost[prior])
    assert (present.cost[~prior] != feedback.cost[~prior]).any()
