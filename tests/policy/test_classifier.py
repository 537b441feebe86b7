"""RegretPolicyClassifier as an estimator: inputs, outputs, learning, state."""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.special import softmax
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
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


def problem(n_rows=400, seed=0, dtype=np.float64):
    """Three models, best in three directions of the plane; two features of noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 4))
    directions = np.array([[0.0, 1.0], [-1.0, -0.5], [1.0, -0.5]])
    utility = X[:, :2] @ directions.T + 0.1 * rng.normal(size=(n_rows, 3))
    return X.astype(dtype), utility.astype(dtype)


def regret(policy, X, utility):
    return np.mean(utility.max(axis=1)) - policy.score(X, utility)


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


def test_labels_are_utilities_of_one_and_zero():
    X, utility = problem()
    best = utility.argmax(axis=1)
    labels = np.array(["c", "a", "b"])[best]
    one_hot = (labels[:, None] == np.array(["a", "b", "c"])).astype(float)
    by_label = RegretPolicyClassifier().fit(X, labels)
    by_utility = RegretPolicyClassifier().fit(X, one_hot)
    assert_array_equal(by_label.classes_, ["a", "b", "c"])
    assert_allclose(by_label.coefs_[0], by_utility.coefs_[0])
    assert by_label.score(X, labels) == np.mean(by_label.predict(X) == labels) > 0.9


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_columns_name_the_models(library):
    frames = pytest.importorskip(library)
    X, utility = problem()
    y = frames.DataFrame({"b": utility[:, 0], "c": utility[:, 1], "a": utility[:, 2]})
    policy = RegretPolicyClassifier().fit(X, y)
    assert_array_equal(policy.classes_, ["a", "b", "c"])
    expected = RegretPolicyClassifier().fit(X, utility[:, [2, 0, 1]])
    assert_array_equal(policy.coefs_[0], expected.coefs_[0])
    assert_array_equal(policy.predict(X), policy.classes_[expected.predict(X)])
    # any order of columns is matched by name
    assert (
        policy.score(X, y)
        == policy.score(X, y[["c", "a", "b"]])
        == expected.score(X, utility[:, [2, 0, 1]])
    )
    with pytest.raises(ValueError, match=r"missing \['c'\]"):
        policy.score(X, y[["a", "b"]])
    one = RegretPolicyClassifier().fit(X, y[["b"]])
    assert set(one.predict(X)) == {"b"}


def test_integer_columns_keep_their_type():
    pandas = pytest.importorskip("pandas")
    X, utility = problem()
    policy = RegretPolicyClassifier().fit(X, pandas.DataFrame(utility, columns=[10, 9, "x"]))
    assert list(policy.classes_) == [10, 9, "x"]
    with pytest.raises(ValueError, match="several columns named"):
        RegretPolicyClassifier().fit(X, pandas.DataFrame(utility, columns=[1, "1", 2]))


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


def test_warm_start():
    X, utility = problem()
    policy = RegretPolicyClassifier(warm_start=True, tol=1e-5).fit(X, utility)
    first = policy.n_iter_
    policy.fit(X, utility)
    assert policy.n_iter_ < max(3, first)
    with pytest.raises(ValueError, match="warm_start=True needs the layers"):
        policy.set_params(hidden_layer_sizes=(3,)).fit(X, utility)
    policy.set_params(hidden_layer_sizes=())
    with pytest.raises(ValueError, match="2 models, but there are 3"):
        policy.fit(X, utility[:, :2])
    with pytest.raises(ValueError, match="warm_start=True needs the layers"):
        policy.fit(X[:, :2], utility)
    cold = RegretPolicyClassifier().fit(X, utility)
    cold.fit(X[:, :2], utility[:, :2])
    assert cold.coefs_[0].shape == (2, 2)


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


@pytest.mark.parametrize("hidden", [(), (8,)])
def test_partial_fit_of_a_stream(hidden):
    policy = RegretPolicyClassifier(
        hidden_layer_sizes=hidden, learning_rate=0.02, batch_size=32, random_state=0
    )
    for seed in range(15):
        policy.partial_fit(*problem(seed=seed))
    assert regret(policy, *problem(seed=99)) < 0.06
    assert policy.n_iter_ == 15


def test_partial_fit_reads_a_mapped_file_as_an_array(tmp_path):
    X, utility = problem(1000, dtype=np.float32)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    policies = []
    for source in (X, mapped):
        policy = RegretPolicyClassifier(random_state=0)
        for start in range(0, 1000, 250):
            rows = slice(start, start + 250)
            policy.partial_fit(source[rows], utility[rows])
        policies.append(policy)
    assert_array_equal(policies[0].coefs_[0], policies[1].coefs_[0])
    assert_array_equal(
        RegretPolicyClassifier().fit(mapped, utility).coefs_[0],
        RegretPolicyClassifier().fit(X, utility).coefs_[0],
    )


def test_partial_fit_with_labels():
    X, utility = problem()
    y = utility.argmax(axis=1)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        RegretPolicyClassifier().partial_fit(X, y)
    policy = RegretPolicyClassifier(random_state=0)
    policy.partial_fit(X[:5], np.zeros(5, dtype=int), classes=[2, 0, 1])
    assert_array_equal(policy.classes_, [0, 1, 2])
    policy.partial_fit(X, y)
    with pytest.raises(ValueError, match="labels that are not in classes"):
        policy.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match="differ from those of the first call"):
        policy.partial_fit(X, y, classes=[0, 1])


def test_partial_fit_goes_on_from_fit():
    X, utility = problem()
    policy = RegretPolicyClassifier(learning_rate=1e-9).fit(X, utility)
    before = policy.decision_function(X)
    policy.partial_fit(X, utility)
    assert_allclose(policy.decision_function(X), before, atol=1e-5)


def test_pickle_in_the_middle_of_a_stream():
    X, utility = problem()
    policy = RegretPolicyClassifier(hidden_layer_sizes=(5,), random_state=0)
    policy.partial_fit(X, utility)
    copy = pickle.loads(pickle.dumps(policy))
    policy.partial_fit(X, utility)
    copy.partial_fit(X, utility)
    assert_array_equal(copy.predict_proba(X), policy.predict_proba(X))


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


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "the target y is None"),
        (np.zeros((6, 0)), "y is empty"),
        (np.zeros((6, 2, 2)), "y has 3 dimensions"),
        (np.array([["a", "b"]] * 6), "must hold utilities"),
        (np.full((6, 2), 1j), "must hold utilities"),
        (np.array([[1.0, 2.0]] * 5 + [[1.0, np.nan]]), "row 5, model 1 is nan"),
        (np.array([[1.0, np.inf]] * 6), "row 0, model 1 is inf"),
        (np.zeros((5, 2)), "X has 6 rows, but y has 5"),
        (np.zeros(6, dtype=[("model", "i4"), ("quality", "f8")]), "CausalRouter"),
        (np.linspace(0, 1, 6), "[Uu]nknown label type"),
    ],
)
def test_bad_targets(y, message):
    with pytest.raises(ValueError, match=message):
        RegretPolicyClassifier().fit(np.ones((6, 2)), y)


def test_one_column_is_read_as_labels():
    with pytest.warns(DataConversionWarning):
        policy = RegretPolicyClassifier().fit(np.eye(4), np.array([[0], [1], [0], [1]]))
    assert_array_equal(policy.classes_, [0, 1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "hinge"}, "loss must be one of"),
        ({"solver": "sgd"}, "solver must be one of"),
        ({"solver": "lbfgs", "hidden_layer_sizes": (3,)}, "linear policies only"),
        ({"alpha": -1}, "alpha must be"),
        ({"alpha": np.inf}, "alpha must be"),
        ({"alpha": np.nan}, "alpha must be"),
        ({"alpha": "x"}, "alpha must be"),
        ({"tol": -1e-3}, "tol must be"),
        ({"max_iter": 0}, "max_iter must be an integer"),
        ({"max_iter": 2.5}, "max_iter must be an integer"),
        ({"learning_rate": -1.0}, "learning_rate must be"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"batch_size": "all"}, "batch_size must be"),
        ({"hidden_layer_sizes": (3, 0)}, "hidden_layer_sizes must be"),
        ({"hidden_layer_sizes": 3}, "hidden_layer_sizes must be"),
        ({"verbose": -1}, "verbose must be"),
    ],
)
def test_bad_parameters(options, message):
    X, utility = problem(20)
    with pytest.raises(ValueError, match=message):
        RegretPolicyClassifier(**options).fit(X, utility)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(3), "sample_weight has shape"),
        (-np.ones(20), "at least 0; row 0"),
        (np.full(20, np.nan), "must be finite; row 0"),
        (np.zeros(20), "zero in every row"),
    ],
)
def test_bad_weights(weight, message):
    X, utility = problem(20)
    with pytest.raises(ValueError, match=message):
        RegretPolicyClassifier().fit(X, utility, sample_weight=weight)
