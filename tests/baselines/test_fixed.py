"""The best fixed model: means by hand."""

import numpy as np
from numpy.testing import assert_allclose

from skroute import full_feedback, logged_feedback
from skroute.baselines import (
    BestFixedModel,
)
from skroute.datasets import make_routing_problem


def test_best_fixed_by_hand():
    X = np.zeros((4, 1))
    y = logged_feedback(
        ["a", "a", "b", "b"],
        [1.0, 0.0, 0.25, 0.75],
        cost=[1.0, 2.0, 3.0, 5.0],
        propensity=[0.5, 0.25, 0.5, 0.5],
    )
    fixed = BestFixedModel().fit(X, y)
    assert_allclose(fixed.mean_quality_, [(2 * 1 + 4 * 0) / 6, 0.5])
    assert_allclose(fixed.mean_cost_, [(2 * 1 + 4 * 2) / 6, 4.0])
    weighted = BestFixedModel().fit(X, y, sample_weight=[4.0, 1.0, 1.0, 3.0])
    assert_allclose(weighted.mean_quality_, [8 / 12, (0.25 + 3 * 0.75) / 4])


def test_best_fixed_without_propensities_is_plain_means():
    y = logged_feedback(["a", "b", "b"], [0.2, 0.4, 0.9], cost=[1.0, 2.0, 4.0])
    fixed = BestFixedModel().fit(np.zeros((3, 1)), y)
    assert_allclose(fixed.mean_quality_, [0.2, 0.65])
    assert_allclose(fixed.mean_cost_, [1.0, 3.0])


def test_best_fixed_with_some_propensities():
    y = logged_feedback(["a", "a", "b"], [1.0, 0.0, 0.5], propensity=[0.1, np.nan, np.nan])
    fixed = BestFixedModel().fit(np.zeros((3, 1)), y)
    # Of the two rows without a propensity, half show a.
    assert_allclose(fixed.mean_quality_, [10 / (10 + 2), 0.5])


def test_best_fixed_of_full_feedback_is_exact():
    quality = np.array([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]])
    fixed = BestFixedModel().fit(np.zeros((3, 1)), full_feedback(quality), sample_weight=[2, 1, 1])
    assert_allclose(fixed.mean_quality_, [1.5 / 4, 2.5 / 4])


def test_best_fixed_removes_the_bias_of_the_log():
    problem = make_routing_problem(30_000, 5, 3, logging="difficulty", strength=1.5, random_state=0)
    fixed = BestFixedModel().fit(problem.X, problem.y)
    assert_allclose(fixed.mean_quality_, problem.expected_quality.mean(axis=0), atol=0.02)


def test_a_model_without_weight_is_not_the_best():
    y = logged_feedback(["a", "b"], [0.1, 0.9], weight=[1.0, 0.0])
    fixed = BestFixedModel().fit(np.zeros((2, 1)), y)
    assert fixed.predict([[0.0]]) == ["a"]
    assert np.isnan(fixed.mean_quality_[1])
    assert fixed.predict([[0.0]], exclude="a") == ["b"]
