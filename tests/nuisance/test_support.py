"""Logs that explored and logs that did not."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skroute import logged_feedback
from skroute.feedback import read_feedback
from skroute.nuisance import NoExplorationWarning, OverlapWarning, Support


def table(action, propensity=None, weight=None, group=None):
    labels = np.array(["a", "b", "c", "d", "e"])[action]
    zero = np.zeros(len(action))
    columns = {"propensity": propensity, "weight": weight, "group": group}
    return read_feedback(logged_feedback(labels, zero, **columns))


def queries(n_rows, n_features=8, seed=0):
    return np.random.default_rng(seed).normal(size=(n_rows, n_features))


RULES = {
    "threshold": lambda X: X[:, 0] > 0,
    "skewed threshold": lambda X: X[:, 0] > 1,
    "product": lambda X: X[:, 0] * X[:, 1] > 0,
    "centroid": lambda X: np.linalg.norm(X[:, None] - X[None, :4], axis=2).argmin(axis=1),
    "tree": lambda X: 2 * (X[:, 0] > 0) + np.where(X[:, 0] > 0, X[:, 1] > 0, X[:, 2] > 0),
    "product of two and a third": lambda X: (X[:, 0] * X[:, 1] > 0) * (1 + (X[:, 2] > 0)),
    "linear": lambda X: X[:, :5].argmax(axis=1),
}


@pytest.mark.parametrize("rule", RULES)
def test_rules_are_certain_and_rules_that_explore_are_not(rule):
    X = queries(1000)
    action = RULES[rule](X).astype(int)
    assert Support.of(table(action), X).share_certain > 0.4
    rng = np.random.default_rng(1)
    drawn = rng.integers(action.max() + 1, size=len(X))
    explored = np.where(rng.random(len(X)) < 0.05, drawn, action)
    support = Support.of(table(explored), X)
    assert support.share_certain < 0.1
    assert not support.poor


def test_a_rule_on_one_column_beside_an_embedding():
    X = np.column_stack([queries(1000, 200), np.random.default_rng(1).normal(size=1000)])
    assert Support.of(table((X[:, -1] > 0).astype(int)), X).share_certain > 0.9


def test_shares_by_hand():
    support = Support.of(table(np.array([0, 0, 1, 1]), np.array([0.5, 0.25, 1.0, 0.8])))
    share = np.array([6.0, 2.25]) / 4
    assert_allclose(support.share_by_model, share)
    assert support.models_tried == pytest.approx(share.sum())
    square, largest = np.array([4.0 + 16, 1 + 1.25**2]) / 4, np.array([4, 1.25])
    assert_allclose(support.standard_error**2, (square - share**2) / 4 + (largest / 4) ** 2)
    assert np.isnan(support.share_certain)


def test_rows_without_a_propensity_count_for_every_model():
    support = Support.of(table(np.array([0, 1, 0, 0]), np.array([1.0, np.nan, np.nan, np.nan])))
    assert_allclose(support.share_by_model, [1.0, 0.75])
    assert support.models_tried == pytest.approx(1.75)
    unknown = Support.of(table(np.array([0, 1])))
    assert np.isnan(unknown.share_by_model).all()
    assert not unknown.poor


def test_weights_of_shares_are_rows():
    rng = np.random.default_rng(0)
    action, propensity = rng.integers(3, size=50), rng.uniform(0.1, 1, 50)
    weight = rng.integers(0, 4, 50)
    rows = np.repeat(np.arange(50), weight)
    weighted = Support.of(table(action, propensity, weight))
    repeated = Support.of(table(action[rows], propensity[rows]))
    assert_allclose(weighted.share_by_model, repeated.share_by_model)
    assert_allclose(weighted.standard_error, repeated.standard_error)
    assert weighted.tried_error == pytest.approx(repeated.tried_error)


def test_traffic_without_exploration_tries_one_model():
    action = np.arange(40) % 2
    support = Support.of(table(action, np.ones(40)))
    assert support.models_tried == 1.0
    with pytest.warns(
        NoExplorationWarning, match=r"tried 1\.00 models.*choose at random"
    ) as caught:
        support.warn_if_poor(np.array(["a", "b"]))
    for warning in (caught[0].message, pickle.loads(pickle.dumps(caught[0].message))):
        assert isinstance(warning, OverlapWarning)
        assert warning.models_tried == 1.0
        assert all(reason in str(warning) for reason in warning.reasons)
    assert caught[0].filename == __file__


def test_a_model_that_few_queries_had_a_chance_of():
    action = np.r_[np.zeros(300, int), np.ones(300, int), np.full(60, 2)]
    support = Support.of(table(action, np.full(660, 0.45)))
    assert support.unsupported.tolist() == [False, False, True]
    with pytest.warns(
        NoExplorationWarning, match=r"few queries had a chance of c \(20%\)"
    ) as caught:
        support.warn_if_poor(np.array(["a", "b", "c"]))
    assert list(caught[0].message.models) == ["c"]


def test_rare_exploration_is_not_taken_for_none(recwarn):
    rng = np.random.default_rng(0)
    for _ in range(50):
        explored = rng.random(500) < 0.01
        support = Support.of(table(explored.astype(int), np.where(explored, 0.01, 0.99)))
        assert explored.any()
        assert not support.poor
        support.warn_if_poor(np.array(["a", "b"]))
    assert not recwarn.list


def test_few_rows_one_group_and_one_model():
    X = queries(300)
    action = (X[:, 0] > 0).astype(int)
    assert Support.of(table(action), X).share_certain > 0.5
    assert np.isnan(Support.of(table(action[:299]), X[:299]).share_certain)
    assert np.isnan(Support.of(table(action, group=np.zeros(300)), X).share_certain)
    only = table(np.zeros(300, int))
    assert Support.of(only, X).share_certain == 0.0
    aligned = Support.of(only.aligned(np.array(["a", "b"])), X)
    assert aligned.share_certain == 1.0
    assert aligned.poor


def test_groups_stay_together():
    X = np.repeat(queries(200), 5, axis=0)
    action = np.repeat(np.random.default_rng(1).integers(2, size=200), 5)
    assert Support.of(table(action), X).share_certain > 0.9
    grouped = table(action, group=np.repeat(np.arange(200), 5))
    assert Support.of(grouped, X).share_certain == 0.0


def test_the_order_of_the_rows_does_not_matter():
    """Neither for folds, nor for the sample, nor among queries that are alike."""
    alike = np.round(queries(4000), 1)[:, :2]
    for n_rows, X, explored in ((1200, queries(1200), 0.014), (4000, alike, 0.022)):
        rng = np.random.default_rng(1)
        action = np.where(rng.random(n_rows) < explored, 2, (X[:, 0] * X[:, 1] > 0) + 0)
        first = Support.of(table(action), X)
        assert 0.3 < first.share_certain < 1, n_rows
        for order in (rng.permutation(n_rows), np.argsort(action), np.argsort(-action)):
            assert Support.of(table(action[order]), X[order]).share_certain == first.share_certain


def test_the_sample_is_fixed():
    X = queries(4000)
    feedback = table((X[:, 0] + X[:, 1] ** 2 > 1).astype(int))
    share = Support.of(feedback, X).share_certain
    assert share == Support.of(feedback, X).share_certain
    assert 0.5 < share < 1


def test_equally_confident_choices_are_counted_together():
    """Among queries that are alike choices by chance are not certain, in any order."""
    X = np.zeros((600, 2))
    action = np.r_[np.zeros(570, int), np.ones(30, int)]
    assert Support.of(table(action), X).share_certain == 0.0
