import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier

from skroute._utils import make_folds
from skroute.nuisance import (
    cross_fit_propensity,
    default_propensity_model,
    make_propensity_model,
)


def make_log(n=3000, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5))
    logits = np.column_stack([X[:, 0], np.zeros(n), -X[:, 1]])
    truth = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    action = (truth.cumsum(axis=1) < rng.random(n)[:, None]).sum(axis=1)
    return X, action, truth


def folds_of(action, n_folds=5):
    X = np.zeros((len(action), 1))
    return make_folds(n_folds, X, action, None, np.random.RandomState(0))


@pytest.mark.parametrize(
    "model",
    [
        default_propensity_model(),
        LogisticRegression(),
        RandomForestClassifier(50, min_samples_leaf=40, random_state=0),
    ],
)
def test_near_the_truth_and_a_distribution(model):
    X, action, truth = make_log()
    estimate = cross_fit_propensity(model, X, action, np.ones(len(X)), 3, folds_of(action))
    assert_allclose(estimate.sum(axis=1), 1.0)
    assert np.abs(estimate - truth).mean() < 0.06


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_the_default_does_not_depend_on_the_scale_of_x(scale):
    X, action, _ = make_log(500)
    folds, weight = folds_of(action), np.ones(500)
    estimate = cross_fit_propensity(default_propensity_model(), scale * X, action, weight, 3, folds)
    reference = cross_fit_propensity(default_propensity_model(), X, action, weight, 3, folds)
    assert_allclose(estimate, reference, atol=1e-3)


def test_no_signal_gives_the_shares():
    rng = np.random.default_rng(0)
    X, action = rng.normal(size=(2000, 50)), (rng.random(2000) < 0.2).astype(int)
    estimate = cross_fit_propensity(
        default_propensity_model(), X, action, np.ones(2000), 2, folds_of(action)
    )
    assert np.abs(estimate[:, 1] - 0.2).mean() < 0.08
    assert estimate.min() > 0.01


def test_a_model_missing_from_training_rows_gets_its_share():
    X = np.random.default_rng(0).normal(size=(21, 2))
    action = np.array([0, 1] * 10 + [2])
    estimate = cross_fit_propensity(
        default_propensity_model(), X, action, np.ones(21), 3, folds_of(action, 3)
    )
    assert 0 < estimate[20, 2] < 0.1


def test_weights_that_the_classifier_cannot_take_are_refused():
    X, action, _ = make_log(60)
    with pytest.raises(ValueError, match="KNeighborsClassifier takes no sample_weight"):
        cross_fit_propensity(
            KNeighborsClassifier(), X, action, np.linspace(1, 2, 60), 3, folds_of(action)
        )


def test_rows_without_weight_teach_nothing():
    X, action, _ = make_log(200)
    weight = (np.arange(200) < 150).astype(float)
    spoiled = np.where(weight > 0, action, 2)
    folds = folds_of(action)
    one = cross_fit_propensity(default_propensity_model(), X, action, weight, 3, folds)
    other = cross_fit_propensity(default_propensity_model(), X, spoiled, weight, 3, folds)
    assert_allclose(one, other, atol=1e-6)


def test_the_default_penalty_is_one_row_on_the_scale_of_x():
    X, action, _ = make_log(500)
    # Five columns, each on its own scale: rows have mean squared norm 1.
    scaled = (X - X.mean(axis=0)) / X.std(axis=0) / np.sqrt(5)
    expected = LogisticRegression(C=1.0, max_iter=200, tol=1e-3).fit(scaled, action)
    found = default_propensity_model().fit(X, action)
    assert_allclose(found.predict_proba(X), expected.predict_proba(scaled), atol=1e-6)


def test_what_is_no_classifier_is_refused():
    with pytest.raises(ValueError, match="propensity_model must be a classifier"):
        make_propensity_model(Ridge())
