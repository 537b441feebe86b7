import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skroute import CausalRouter, full_feedback, logged_feedback
from skroute.baselines import BestFixedModel, KNeighborsRouter
from skroute.datasets import make_gold_preference, make_routing_problem
from skroute.metrics import cross_val_policy, evaluation_predictions, policy_value
from skroute.metrics._evaluator import RECENT

PROBLEM = make_routing_problem(600, n_features=5, n_models=3, regime="noisy", random_state=0)
X, Y = PROBLEM.X, PROBLEM.y


class Recorder(BaseEstimator):
    """Knows which rows it has seen; chooses "seen" for them."""

    def fit(self, X, y):
        self.seen_ = {tuple(row) for row in np.asarray(X).tolist()}
        return self

    def predict(self, X):
        return np.where([tuple(row) in self.seen_ for row in np.asarray(X).tolist()], "seen", "new")


@pytest.mark.parametrize("cv", [3, KFold(4)])
def test_no_row_is_chosen_for_by_a_router_that_saw_it(cv):
    assert set(cross_val_policy(Recorder(), X, Y, cv=cv)) == {"new"}


@pytest.mark.parametrize("cv", [3, GroupKFold(3)])
def test_groups_of_the_table_stay_together(cv):
    group = np.arange(600) // 20
    y = logged_feedback(Y["model"], Y["quality"], group=group)
    assert set(cross_val_policy(Recorder(), group[:, None], y, cv=cv)) == {"new"}


def test_it_is_not_flattered():
    """One neighbour is perfect on rows it has seen, and no better than chance on others."""
    rng = np.random.default_rng(0)
    queries = rng.normal(size=(600, 5))
    y = full_feedback((rng.random((600, 2)) < 0.5).astype(float), models=["a", "b"])
    nearest = KNeighborsRouter(n_neighbors=1)
    assert policy_value(y, nearest.fit(queries, y).predict(queries)).value > 0.7
    held_out = policy_value(y, cross_val_policy(nearest, queries, y, random_state=0))
    assert held_out.value == pytest.approx(0.5, abs=0.05)


@pytest.mark.filterwarnings("ignore::skroute.routers.FixedModelWarning")
def test_every_form_of_table_and_estimator():
    frame = pd.DataFrame({name: Y[name] for name in Y.dtype.names})
    router = make_pipeline(StandardScaler(), CausalRouter(random_state=0))
    expected = cross_val_policy(router, X, Y, cv=2, random_state=0)
    assert expected.dtype == Y["model"].dtype
    for table in (frame, pl.from_pandas(frame)):
        assert_array_equal(cross_val_policy(router, X, table, cv=2, random_state=0), expected)
    assert_array_equal(cross_val_policy(router, X, Y, cv=2, random_state=0, n_jobs=2), expected)
    labels = Y["model"]
    assert len(cross_val_policy(LogisticRegression(), X, labels, random_state=0)) == len(X)
    assert len(cross_val_policy(BestFixedModel(), X, PROBLEM.y_full, random_state=0)) == len(X)


def test_it_refuses_to_judge_a_router_by_what_it_saw():
    y = logged_feedback(Y["model"], Y["quality"], group=np.zeros(600))
    with pytest.raises(ValueError, match=r"trains on rows that it holds out .* a single group"):
        cross_val_policy(BestFixedModel(), X, y)
    everything = np.arange(600)
    with pytest.raises(ValueError, match="trains on rows that it holds out"):
        cross_val_policy(BestFixedModel(), X, Y, cv=[(everything, everything)])
    with pytest.raises(ValueError, match="hold out every row exactly once; row 300"):
        cross_val_policy(BestFixedModel(), X, Y, cv=[(everything[300:], everything[:300])])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        cross_val_policy(BestFixedModel(), X[:5], Y)


@pytest.mark.parametrize("known", [True, False], ids=["recorded", "estimated"])
def test_predictions_give_the_score_with_its_error(known):
    y = Y if known else logged_feedback(Y["model"], Y["quality"], cost=Y["cost"])
    train, test = np.arange(300), np.arange(300, 600)
    router = CausalRouter(10.0, random_state=0).fit(X[train], y[train])
    predictions = evaluation_predictions(X[test], y[test], models=router.classes_)
    result = policy_value(y[test], router.predict(X[test]), cost_sensitivity=10.0, **predictions)
    assert result.value == pytest.approx(router.score(X[test], y[test]), abs=1e-12)
    assert result.method == "sndr"
    assert 0 < result.standard_error < 0.1
    if known:
        assert_array_equal(predictions["propensity"], y["propensity"][test])


def test_predictions_rest_on_gold_rows_where_there_are_any():
    problem = make_gold_preference(600, n_models=3, n_gold=200, random_state=0)
    router = BestFixedModel().fit(problem.X, problem.y["model"])
    predictions = evaluation_predictions(problem.X, problem.y, models=router.classes_)
    result = policy_value(problem.y, router.predict(problem.X), **predictions)
    assert result.value == pytest.approx(router.score(problem.X, problem.y), abs=1e-12)


def test_full_feedback_needs_no_predictions():
    predictions = evaluation_predictions(X, PROBLEM.y_full)
    assert list(predictions) == ["models"]
    policy = ["model_1"] * 600
    value = policy_value(PROBLEM.y_full, policy, **predictions).value
    assert value == pytest.approx(PROBLEM.y_full["quality"]["model_1"].mean())


def test_predictions_are_the_callers_own():
    """What is remembered between calls cannot be changed, and does not change anything."""
    first = evaluation_predictions(X, Y)
    first["predicted_quality"][:] = 0.0
    second = evaluation_predictions(X, Y)
    RECENT.clear()
    third = evaluation_predictions(X, Y)
    for name in second:
        assert_array_equal(second[name], third[name])
    assert second["predicted_quality"].any()


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        evaluation_predictions(X[:5], Y)
    with pytest.raises(ValueError, match="contains NaN"):
        evaluation_predictions(np.full((600, 2), np.nan), Y)
    with pytest.raises(ValueError, match=r"models .*\['a'\] occur twice"):
        evaluation_predictions(X, Y, models=["a", "a"])
    with pytest.raises(ValueError, match="lacks the column 'quality'"):
        evaluation_predictions(X, Y[["model", "cost"]])
