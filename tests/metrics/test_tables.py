"""What the metrics of a table have in common: no order of rows, and bad tables are named."""

import numpy as np
import pandas as pd
import pytest

from skroute import full_feedback, logged_feedback
from skroute.baselines import BestFixedModel
from skroute.metrics import (
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
    "evaluation_predictions": (
        lambda X, y, choice, score: evaluation_predictions(X, y)["models"][0] == "a",
        True,
    ),
    "cross_val_policy": (
        lambda X, y, choice, score: cross_val_policy(BestFixedModel(), X, y).shape[0],
        True,
    ),
}
TAKES_LOGS = [name for name, (_, logs) in METRICS.items() if logs]
TAKES_FULL = [name for name in METRICS if name != "cross_val_policy"]


@pytest.mark.parametrize("name", TAKES_FULL)
def test_the_order_of_rows_does_not_matter(name):
    metric, _ = METRICS[name]
    order = np.random.default_rng(1).permutation(N)
    for y in (FULL, LOG) if name in TAKES_LOGS and name != "scorer" else (FULL,):
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
        (lambda: spoiled(LOG, "quality", 7, np.nan), "column 'quality', row 7: found nan"),
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
