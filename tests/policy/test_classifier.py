"""RegretPolicyClassifier as an estimator: inputs, outputs, learning, state."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from policy_problem import problem, regret
from scipy import sparse
from scipy.special import softmax
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.utils.estimator_checks import parametrize_with_checks

from skroute.policy import RegretPolicyClassifier


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [
        RegretPolicyClassifier(),
        RegretPolicyClassifier(loss="classification"),
        RegretPolicyClassifier(hidden_layer_sizes=(8,)),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("loss", ["softmax", "classification"])
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_learns_a_linear_policy(loss, solver, dtype):
    X, utility = problem(dtype=dtype)
    options = {} if solver == "lbfgs" else {"learning_rate": 0.02, "random_state": 0}
    policy = RegretPolicyClassifier(loss, solver=solver, **options).fit(X, utility)
    X_test, utility_test = problem(seed=1)
    assert regret(policy, X_test, utility_test) < 0.06
    assert_array_equal(policy.classes_, [0, 1, 2])
    assert policy.coefs_[0].dtype == dtype
    assert policy.decision_function(X).dtype == dtype


@pytest.mark.parametrize("loss", ["softmax", "classification"])
def test_hidden_layers_learn_what_a_linear_policy_cannot(loss):
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(1500, 2))
    product = X[:, 0] * X[:, 1]
    utility = np.column_stack([product, -product])
    options = {"random_state": 0, "learning_rate": 0.01, "alpha": 1e-5}
    train, test = slice(0, 1000), slice(1000, None)
    mlp = RegretPolicyClassifier(loss, hidden_layer_sizes=(16,), **options)
    mlp.fit(X[train], utility[train])
    linear = RegretPolicyClassifier(loss, alpha=1e-5).fit(X[train], utility[train])
    assert regret(mlp, X[test], utility[test]) < 0.02
    assert regret(linear, X[test], utility[test]) > 0.1


def test_more_than_ten_integer_labels_keep_the_order_scikit_learn_expects():
    """cross_val_predict puts columns in numerical order; classes_ must not disagree."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(12), 20)
    X = np.eye(12)[y] + 0.05 * rng.normal(size=(240, 12))
    policy = RegretPolicyClassifier()
    assert_array_equal(clone(policy).fit(X, y).classes_, np.arange(12))
    probability = cross_val_predict(policy, X, y, method="predict_proba", cv=3)
    assert np.mean(probability.argmax(axis=1) == y) > 0.95


def test_outputs_agree():
    X, utility = problem()
    policy = RegretPolicyClassifier().fit(X, utility)
    logits = policy.decision_function(X)
    assert_allclose(logits, X @ policy.coefs_[0] + policy.intercepts_[0])
    assert_allclose(policy.predict_proba(X), softmax(logits, axis=1))
    assert_array_equal(policy.predict(X), logits.argmax(axis=1))
    binary = RegretPolicyClassifier().fit(X, utility[:, :2])
    margin = binary.decision_function(X)
    assert margin.shape == (400,)
    assert_array_equal(binary.predict(X), (margin > 0).astype(int))
    assert_allclose(binary.predict_proba(X)[:, 1], 1 / (1 + np.exp(-margin)))


def test_score_is_the_weighted_mean_utility():
    X, utility = problem()
    policy = RegretPolicyClassifier().fit(X, utility)
    chosen = utility[np.arange(400), policy.predict(X)]
    weight = np.random.default_rng(0).random(400)
    assert policy.score(X, utility) == chosen.mean()
    assert_allclose(policy.score(X, utility, weight), np.average(chosen, weights=weight))


def test_sparse():
    X, utility = problem()
    X[np.abs(X) < 0.3] = 0
    policies = [
        RegretPolicyClassifier(random_state=0).fit(storage(X), utility)
        for storage in (sparse.csr_array, sparse.csc_array, sparse.coo_matrix)
    ]
    for policy in policies:
        assert_allclose(policy.coefs_[0], policies[0].coefs_[0])
        assert_allclose(policy.predict_proba(sparse.csr_array(X)), policy.predict_proba(X))
    assert regret(policies[0], X, utility) < 0.1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mlp = RegretPolicyClassifier(hidden_layer_sizes=(8,), random_state=0, learning_rate=0.01)
        mlp.fit(sparse.csr_array(X), utility)
    assert regret(mlp, sparse.csr_array(X), utility) < 0.1


@pytest.mark.parametrize("hidden", [(), (6,)])
def test_integer_weights_equal_repetition(hidden):
    X, utility = problem(24)
    weight = np.random.default_rng(0).integers(0, 3, size=24)
    times = np.repeat(np.arange(24), weight)
    policy = RegretPolicyClassifier(
        hidden_layer_sizes=hidden, batch_size=500, random_state=0, max_iter=1000, tol=1e-4
    )
    weighted = clone(policy).fit(X, utility, sample_weight=weight)
    repeated = clone(policy).fit(X[times], utility[times])
    assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-5)


def test_x_is_not_copied_nor_changed():
    X, utility = problem()
    before = X.copy()
    X.setflags(write=False)
    utility.setflags(write=False)
    RegretPolicyClassifier().fit(X, utility).partial_fit(X, utility)
    assert_array_equal(X, before)


def test_convergence_warning_says_what_to_do():
    X, utility = problem()
    with pytest.warns(ConvergenceWarning, match="Increase max_iter"):
        policy = RegretPolicyClassifier(max_iter=1, tol=0).fit(X, utility)
    assert policy.n_iter_ == 1
    with pytest.warns(ConvergenceWarning, match="1 passes of Adam"):
        RegretPolicyClassifier(max_iter=1, hidden_layer_sizes=(3,)).fit(X, utility)


def test_verbose(capsys):
    X, utility = problem()
    RegretPolicyClassifier(verbose=1, tol=1e-9).fit(X, utility)
    assert "iteration 10: loss" in capsys.readouterr().out
    with pytest.warns(ConvergenceWarning):
        RegretPolicyClassifier(verbose=2, solver="adam", max_iter=2).fit(X, utility)
    assert "epoch 2: training loss" in capsys.readouterr().out
    RegretPolicyClassifier().fit(X, utility)
    assert capsys.readouterr().out == ""


def test_grid_search_on_utilities():
    X, utility = problem()
    search = GridSearchCV(RegretPolicyClassifier(), {"alpha": [1e-4, 10.0]}, cv=3)
    search.fit(X, utility)
    assert search.best_params_ == {"alpha": 1e-4}
    assert_allclose(search.best_estimator_.score(X, utility), search.score(X, utility))


def test_strong_penalty_gives_the_best_fixed_model():
    X, utility = problem()
    utility[:, 1] += 0.2
    policy = RegretPolicyClassifier(alpha=100.0).fit(X, utility)
    assert set(policy.predict(X)) == {1}


def test_one_row_and_constant_features():
    policy = RegretPolicyClassifier().fit([[1.0, 2.0]], [[0.0, 1.0, 0.5]])
    assert_array_equal(policy.predict([[5.0, 5.0]]), [1])
    policy = RegretPolicyClassifier().fit(np.ones((9, 2)), np.tile([0.0, 3.0], (9, 1)))
    assert_array_equal(policy.predict(np.zeros((2, 2))), [1, 1])
    policy = RegretPolicyClassifier().fit(np.ones((9, 2)), np.zeros((9, 3)))  # nothing to choose
    assert_allclose(policy.predict_proba(np.ones((1, 2))), 1 / 3)


def test_negative_and_large_utilities():
    X, utility = problem()
    plain = RegretPolicyClassifier().fit(X, utility)
    moved = RegretPolicyClassifier().fit(X, 1e6 * (utility - 50))
    assert np.mean(plain.predict(X) == moved.predict(X)) > 0.99


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_parameters_may_be_integers(solver):
    X, utility = problem()
    options = {"solver": solver, "random_state": 0, "max_iter": 30, "tol": 1, "learning_rate": 1}
    integer = RegretPolicyClassifier(alpha=1, **options).fit(X, utility)
    number = RegretPolicyClassifier(alpha=1.0, **options).fit(X, utility)
    assert_array_equal(integer.coefs_[0], number.coefs_[0])
