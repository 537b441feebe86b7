import numpy as np
from gold_labels import logged_problem
from numpy.testing import assert_allclose

from skroute.correction._bias_models import HierarchicalBias
from skroute.correction._pseudo_outcomes import PseudoOutcomes
from skroute.correction._sources import JointSources
from skroute.feedback import read_feedback


def wide_problem():
    problem = logged_problem(600, 4, 200)
    X = np.random.default_rng(0).normal(size=(600, 150))
    return X, read_feedback(problem.y)


def halves(n_rows):
    first, second = np.arange(n_rows // 2), np.arange(n_rows // 2, n_rows)
    return [(first, second), (second, first)]


def test_sizes_of_the_features_of_both_sources():
    X, y = wide_problem()
    sources = JointSources()
    expected, _ = sources.cross_fit(X, y, halves(600))
    assert expected.shape == (600, 4, 2)
    assert sources.features_.components_.shape[1] == 128
    assert sources.features_.radial_.shape[1] == 64
    # 128 columns for all models together, and each model's intercept.
    assert len(sources.own_) == 128 // 4 + 1


def test_sizes_of_the_features_of_the_bias():
    X, y = wide_problem()
    pseudo = PseudoOutcomes(np.where(y.gold, 0.5, 0.2), np.ones(600))
    start = np.zeros((600, 4))
    model = HierarchicalBias(random_state=0)
    bias = model.cross_fit(X, y, pseudo, start, halves(600))
    assert bias.shape == (600, 4)
    assert model.features_.components_.shape[1] == 64
    assert model.features_.radial_.shape[1] == 32


def test_departures_of_zero_leave_the_difference_of_the_outcome_models():
    X, y = wide_problem()
    start = np.random.default_rng(0).normal(size=(600, 4))
    pseudo = PseudoOutcomes(start[np.arange(600), y.action], np.ones(600))
    model = HierarchicalBias(random_state=0)
    bias = model.cross_fit(X, y, pseudo, start, halves(600))
    assert_allclose(bias, start)
