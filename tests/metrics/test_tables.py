"""Which rows of a table count, and what all metrics of a table have in common."""

import pickle
import warnings
from contextlib import nullcontext
from functools import partial

import numpy as np
import pandas as pd
import pytest
from policy_logs import CHOICE as SMALL_CHOICE
from policy_logs import METHODS, big_log, small_log, value_of
from policy_logs import QUALITY as SMALL_QUALITY

from skroute import full_feedback, logged_feedback
from skroute.baselines import BestFixedModel
from skroute.metrics import (
    GoldRowsWarning,
    PreferenceOnlyWarning,
    average_performance_gap_recovered,
    call_performance_threshold,
    cost_quality_curve,
    cross_val_policy,
    efficiency_gain_curve,
    evaluation_predictions,
    policy_difference,
    policy_value,
    policy_value_scorer,
    regret_score,
)

RNG = np.random.default_rng(0)
N = 200
X = RNG.normal(size=(N, 3))
SCORE = RNG.random(N)
CHOICE = RNG.choice(["a", "b"], N)
QUALITY = RNG.random((N, 2)) + np.array([0.0, 0.2])
COST = RNG.random((N, 2))
FULL = full_feedback(QUALITY, COST, models=["a", "b"])
MODEL = RNG.choice(["a", "b"], N)
COLUMN = (MODEL == "b").astype(int)
LOG = logged_feedback(
    MODEL,
    QUALITY[np.arange(N), COLUMN],
    cost=COST[np.arange(N), COLUMN],
    propensity=np.full(N, 0.5),
)
ROUTER = BestFixedModel().fit(X, ["a", "b"] * (N // 2))
# A metric of (X, y, choice, score), and whether it takes logs.
METRICS = {
    "policy_value": (lambda X, y, choice, score: policy_value(y, choice).value, True),
    "policy_difference": (
        lambda X, y, choice, score: policy_difference(y, choice, np.full(len(X), "a")).value,
        True,
    ),
    "cost_quality_curve": (
        lambda X, y, choice, score: cost_quality_curve(y, [choice]).quality[0],
        True,
    ),
    "regret_score": (lambda X, y, choice, score: regret_score(y, choice), False),
    "efficiency_gain": (
        lambda X, y, choice, score: efficiency_gain_curve(y, score, strong="b").mean(),
        False,
    ),
    "apgr": (
        lambda X, y, choice, score: average_performance_gap_recovered(y, score, strong="b"),
        False,
    ),
    "cpt": (
        lambda X, y, choice, score: call_performance_threshold(y, score, strong="b"),
        False,
    ),
    "scorer": (lambda X, y, choice, score: policy_value_scorer(ROUTER, X + 9.0, y), True),
    "router_score": (lambda X, y, choice, score: ROUTER.score(X + 9.0, y), True),
    "evaluation_predictions": (
        lambda X, y, choice, score: evaluation_predictions(X, y)["models"][0] == "a",
        True,
    ),
    "cross_val_policy": (
        lambda X, y, choice, score: len(cross_val_policy(BestFixedModel(), X, y)),
        True,
    ),
}
TAKES_LOGS = [name for name, (_, logs) in METRICS.items() if logs]
TAKES_FULL = [name for name in METRICS if name != "cross_val_policy"]


@pytest.mark.parametrize("name", TAKES_FULL)
def test_the_order_of_rows_does_not_matter(name):
    metric, _ = METRICS[name]
    order = np.random.default_rng(1).permutation(N)
    for y in (FULL, LOG) if name in TAKES_LOGS and "score" not in name else (FULL,):
        shuffled = metric(X[order], y[order], CHOICE[order], SCORE[order])
        assert shuffled == pytest.approx(metric(X, y, CHOICE, SCORE), abs=1e-12)


def spoiled(y, column, row, value):
    frame = pd.DataFrame({name: y[name] for name in y.dtype.names})
    frame.loc[row, column] = value
    return frame


@pytest.mark.parametrize("name", TAKES_LOGS)
@pytest.mark.parametrize(
    ("table", "message"),
    [
        (lambda: LOG[["model", "cost"]], "y lacks the column 'quality'"),
        (lambda: LOG[["quality", "cost"]], "y lacks the column 'model'"),
        (lambda: spoiled(LOG, "quality", 7, np.inf), "column 'quality', row 7: found inf"),
        (lambda: spoiled(LOG, "cost", 3, -1.0), r"column 'cost', row 3: found -1\.0"),
        (lambda: spoiled(LOG, "propensity", 3, 0.0), r"column 'propensity', row 3: found 0\.0"),
        (lambda: spoiled(LOG, "model", 9, None), "column 'model', row 9: found"),
        (lambda: LOG[:0], r"y has no rows"),
        (lambda: None, "requires y to be passed"),
    ],
)
def test_bad_tables_are_named(name, table, message):
    metric, _ = METRICS[name]
    y = table()
    rows = slice(0, N if y is None else len(y))
    with pytest.raises(ValueError, match=message):
        metric(X[rows] if len(X[rows]) else X, y, CHOICE[rows], SCORE[rows])


@pytest.mark.parametrize("name", METRICS)
def test_wrong_lengths_are_named(name):
    metric, _ = METRICS[name]
    with pytest.raises(ValueError, match=r"4 rows but y has 200|numbers of samples: \[4, 200\]"):
        metric(X[:4], FULL, CHOICE[:4], SCORE[:4])


@pytest.mark.parametrize("name", ["policy_value", "cost_quality_curve", "regret_score"])
def test_unknown_labels_are_named(name):
    metric, _ = METRICS[name]
    choice = CHOICE.astype(object)
    choice[5] = "gpt"
    with pytest.raises(ValueError, match="row 5: chooses 'gpt', which is not among the models"):
        metric(X, FULL, choice, SCORE)


def test_rows_of_weight_zero_are_as_if_absent():
    weight = [1.0, 1.0, 1.0, 0.0]
    y = small_log(weight=weight)
    y["propensity"][3] = np.nan
    result = value_of(y, SMALL_CHOICE)
    assert result.n_rows_used == 3
    absent = value_of(small_log()[:3], SMALL_CHOICE[:3])
    assert (result.value, result.standard_error) == (absent.value, absent.standard_error)


def test_gold_rows_alone_with_a_warning_where_some_are_not_gold():
    gold = np.arange(400) % 4 == 0
    y, policy, quality, _ = big_log(gold=gold)
    plain, *_ = big_log()
    y["propensity"][~gold] = np.nan
    with pytest.warns(GoldRowsWarning, match=r"300 of 400 rows.*other 100 rows") as caught:
        result = policy_value(y, policy, predicted_quality=quality)
    assert (caught[0].message.n_rows, caught[0].message.n_scored) == (400, 100)
    assert (result.n_rows, result.n_rows_used, result.n_scored) == (400, 100, 100)
    expected = value_of(plain[gold], policy[gold], predicted_quality=quality[gold])
    assert result.value == expected.value


def test_without_gold_rows_it_warns_and_uses_all():
    y, policy, *_ = big_log(gold=np.zeros(400, dtype=bool))
    with pytest.warns(PreferenceOnlyWarning, match="preference-based"):
        result = policy_value(y, policy)
    assert (result.n_scored, result.n_rows_used) == (400, 400)


def test_propensity_argument_replaces_the_column():
    y = small_log()
    even = value_of(y, SMALL_CHOICE, method="ips", propensity=np.full(4, 0.5))
    assert even.value == pytest.approx((2 + 1 + 2) / 4)
    y["propensity"] = np.nan
    assert value_of(y, SMALL_CHOICE, method="ips", propensity=[0.5] * 4).value == even.value


def test_missing_propensities_are_named_with_a_remedy():
    y = small_log()
    y["propensity"][2] = np.nan
    with pytest.raises(ValueError, match=r"'propensity', row 2: found nan \(1 of 4.*'snips'.*'dm'"):
        policy_value(y, SMALL_CHOICE)
    y = small_log(gold=[False, True, True, True])
    y["propensity"][:2] = np.nan
    with (
        pytest.raises(ValueError, match=r"row 1: found nan \(1 of 3"),
        pytest.warns(GoldRowsWarning),
    ):
        policy_value(y, SMALL_CHOICE)
    with pytest.warns(GoldRowsWarning):
        result = policy_value(y, SMALL_CHOICE, method="dm", predicted_quality=SMALL_QUALITY)
    assert np.isnan(result.effective_sample_size)
    assert result.value == pytest.approx(1.7 / 3)


def test_model_that_the_policy_never_mentions_counts_as_never_chosen():
    y, policy, quality, _ = big_log()
    two = policy[:, :2] / policy[:, :2].sum(axis=1, keepdims=True)
    padded = np.column_stack([two, np.zeros(len(y))])
    for method in METHODS:
        short = value_of(y, two, models=["x", "y"], method=method, predicted_quality=quality[:, :2])
        long = value_of(y, padded, method=method, predicted_quality=quality)
        assert short.value == pytest.approx(long.value)
        assert short.standard_error == pytest.approx(long.standard_error)


def with_gold(y, gold):
    return (
        full_feedback(QUALITY, COST, models=["a", "b"], gold=gold)
        if y is FULL
        else (
            logged_feedback(
                y["model"], y["quality"], cost=y["cost"], propensity=y["propensity"], gold=gold
            )
        )
    )


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("y", [FULL, LOG], ids=["full", "log"])
def test_without_gold_rows_all_warn_alike(name, y):
    metric, takes_logs = METRICS[name]
    if y is LOG and not takes_logs:
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        metric(X, with_gold(y, np.zeros(N, dtype=bool)), CHOICE, SCORE)
    caught = [entry for entry in caught if entry.category is PreferenceOnlyWarning]
    assert [entry.message.n_rows for entry in caught] == [N]
    assert caught[0].filename == __file__
    assert pickle.loads(pickle.dumps(caught[0].message)).n_rows == N


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("y", [FULL, LOG], ids=["full", "log"])
def test_some_gold_rows_count_alone(name, y):
    metric, takes_logs = METRICS[name]
    if (y is LOG and not takes_logs) or name in ("scorer", "router_score", "cross_val_policy"):
        return  # scorers correct for who is gold, routers say that they do not
    gold = np.arange(N) % 3 > 0
    asks = name in ("policy_value", "policy_difference", "cost_quality_curve")
    with pytest.warns(GoldRowsWarning) if asks else nullcontext():
        mixed = metric(X, with_gold(y, gold), CHOICE, SCORE)
    if name != "evaluation_predictions":
        alone = metric(X[gold], y[gold], CHOICE[gold], SCORE[gold])
        assert mixed == pytest.approx(alone, abs=1e-12)


@pytest.mark.parametrize("name", ["scorer", "router_score"])
def test_weights_that_leave_no_row_are_named(name):
    half = np.arange(N) % 2
    y = logged_feedback(LOG["model"], LOG["quality"], weight=half)
    score = ROUTER.score if name == "router_score" else partial(policy_value_scorer, ROUTER)
    with pytest.raises(ValueError, match="leave no row with a weight above 0"):
        score(X + 9.0, y, sample_weight=1 - half)
