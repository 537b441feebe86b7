import numpy as np
import pandas as pd
import polars as pl
import pytest
from joblib import parallel_config
from numpy.testing import assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skroute import CausalRouter, full_feedback, logged_feedback
from skroute.baselines import BestFixedModel, KNeighborsRouter, RegressAndCompare
from skroute.datasets import make_gold_preference, make_routing_problem
from skroute.metrics import (
    cross_val_policy,
    evaluation_predictions,
    policy_difference,
    policy_value,
)
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


class BestMean(BaseEstimator):
    """Chooses the model, 0 to 2, of the best mean quality."""

    def fit(self, X, y):
        self.best_ = np.argmax([y["quality"][y["model"] == model].mean() for model in range(3)])
        return self

    def predict(self, X):
        return np.full(len(X), self.best_)


class Counter(BaseEstimator):
    """Chooses the number of rows that it was fitted on."""

    def fit(self, X, y):
        self.n_rows_ = len(X)
        return self

    def predict(self, X):
        return np.full(len(X), self.n_rows_)


@pytest.mark.parametrize(("n_blocks", "burn_in"), [(5, 1 / 3), (1, 0.5), (7, 0.2)])
def test_each_block_is_chosen_for_by_what_came_before_it(n_blocks, burn_in):
    labels = cross_val_policy(Counter(), X, Y, n_blocks=n_blocks, burn_in=burn_in, random_state=0)
    sizes = np.bincount(labels.block + 1)
    assert sizes[0] == pytest.approx(600 * burn_in, abs=1)
    assert len(sizes) == n_blocks + 1
    assert np.ptp(sizes[1:]) <= 1
    # Every router has seen the rows of all blocks before its own, and no other.
    for block in range(n_blocks):
        assert set(labels[labels.block == block].label) == {sizes[: block + 1].sum()}
    seen = cross_val_policy(Recorder(), X, Y, n_blocks=n_blocks, burn_in=burn_in, random_state=0)
    assert set(seen[seen.known].label) == {"new"}


def test_groups_stay_together():
    group = np.arange(600) // 20
    y = logged_feedback(Y["model"], Y["quality"], group=group)
    labels = cross_val_policy(Recorder(), group[:, None], y, random_state=0)
    assert set(labels[labels.known].label) == {"new"}
    assert all(len(set(labels.block[group == one])) == 1 for one in range(30))
    assert list(np.bincount(labels.block + 1)) == [200, 80, 80, 80, 80, 80]


@pytest.mark.parametrize("grouped", [False, True])
def test_rows_come_in_the_order_of_time_and_groups_at_their_first(grouped):
    time = np.random.default_rng(0).permutation(600).astype(float)
    # Each group has a row early and one late.
    group = np.where(time < 300, time, time - 300) if grouped else None
    y = logged_feedback(Y["model"], Y["quality"], time=time, group=group)
    labels = cross_val_policy(BestFixedModel(), X, y, random_state=0)
    order = np.argsort(time if group is None else group, kind="stable")
    assert (np.diff(labels.block[order]) >= 0).all()
    assert not np.array_equal(labels.block, cross_val_policy(BestFixedModel(), X, Y).block)


def test_equal_times_come_in_random_order():
    y = logged_feedback(Y["model"], Y["quality"], time=np.zeros(600))
    first, second = (
        cross_val_policy(BestFixedModel(), X, y, random_state=seed).block for seed in (0, 1)
    )
    assert not np.array_equal(first, second)
    assert_array_equal(first, cross_val_policy(BestFixedModel(), X, Y, random_state=0).block)


@pytest.mark.parametrize(
    ("sizes", "burn_in"),
    [([1, 1], 0.9), ([100, 1], 1 / 3), ([1, 100], 1 / 3), ([5, 90, 5], 0.5), ([1] * 4, 0.01)],
)
def test_few_groups_leave_a_burn_in_and_a_block(sizes, burn_in):
    group = np.repeat(np.arange(len(sizes)), sizes)
    n = len(group)
    y = logged_feedback(Y["model"][:n], Y["quality"][:n], group=group)
    for seed in range(4):
        labels = cross_val_policy(Recorder(), group[:, None], y, burn_in=burn_in, random_state=seed)
        found = np.unique(labels.block)
        assert found[0] == -1
        assert len(found) >= 2
        assert_array_equal(found, np.arange(-1, len(found) - 1))
        assert set(labels[labels.known].label) == {"new"}


def test_it_is_not_flattered():
    """One neighbour is perfect on rows it has seen, and no better than chance on others."""
    rng = np.random.default_rng(0)
    queries = rng.normal(size=(600, 5))
    y = full_feedback((rng.random((600, 2)) < 0.5).astype(float), models=["a", "b"])
    nearest = KNeighborsRouter(n_neighbors=1)
    assert policy_value(y, nearest.fit(queries, y).predict(queries)).value > 0.7
    labels = cross_val_policy(nearest, queries, y, random_state=0)
    held_out = policy_value(y[labels.known], labels[labels.known])
    assert held_out.value == pytest.approx(0.5, abs=0.05)


@pytest.mark.filterwarnings("ignore::skroute.nuisance.OverlapWarning")
def test_tests_of_gains_hold_where_no_model_is_better():
    """k-fold cross-validation finds a difference in 37 of these 200 logs."""
    found = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        model = rng.integers(3, size=200)
        y = logged_feedback(model, rng.random(200) < 0.6, propensity=np.full(200, 1 / 3))
        labels = cross_val_policy(BestMean(), np.zeros((200, 1)), y, random_state=seed)
        rows = labels.known
        gain = policy_difference(y[rows], labels[rows], None, models=[0, 1, 2])
        found += gain.p_value < 0.05
    assert 3 <= found <= 19  # 10 and three standard deviations


def test_every_form_of_table_and_estimator():
    frame = pd.DataFrame({name: Y[name] for name in Y.dtype.names})
    router = make_pipeline(StandardScaler(), RegressAndCompare())
    expected = cross_val_policy(router, X, Y, n_blocks=2, random_state=0)
    known = expected.known
    assert expected[known].label.dtype == Y["model"].dtype
    forms = [(X, frame), (X.tolist(), frame), (pd.DataFrame(X), pl.from_pandas(frame))]
    for queries, table in forms:
        found = cross_val_policy(router, queries, table, n_blocks=2, random_state=0)
        assert_array_equal(found.label, expected.label)
    with parallel_config("threading"):
        parallel = cross_val_policy(router, X, Y, n_blocks=2, random_state=0, n_jobs=2)
    assert_array_equal(parallel.label, expected.label)
    sparse = cross_val_policy(LogisticRegression(), csr_matrix(X), Y["model"], random_state=0)
    dense = cross_val_policy(LogisticRegression(), X, Y["model"], random_state=0)
    assert_array_equal(sparse.label, dense.label)
    assert len(cross_val_policy(BestFixedModel(), X, PROBLEM.y_full, random_state=0)) == len(X)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_blocks": 0}, "n_blocks must be at least 1, got 0"),
        ({"burn_in": 0.0}, r"burn_in must be a share of the rows in \(0, 1\), got 0\.0"),
        ({"burn_in": 1}, r"burn_in .* got 1"),
        ({"burn_in": np.nan}, r"burn_in .* got nan"),
    ],
)
def test_options_that_make_no_sense_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        cross_val_policy(BestFixedModel(), X, Y, **options)


def test_it_refuses_to_judge_a_router_by_what_it_saw():
    y = logged_feedback(Y["model"], Y["quality"], group=np.zeros(600))
    with pytest.raises(ValueError, match="y has a single group"):
        cross_val_policy(BestFixedModel(), X, y)
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


def test_it_says_which_router_is_fitted(capsys):
    cross_val_policy(BestFixedModel(), X, Y, n_blocks=2, verbose=1, random_state=0)
    lines = [line.partition("] ")[2] for line in capsys.readouterr().out.splitlines()]
    assert lines == ["router 1 of 2, on 200 rows", "router 2 of 2, on 400 rows", "done"]
    cross_val_policy(BestFixedModel(), X, Y, n_blocks=2, random_state=0)
    assert capsys.readouterr().out == ""
