"""What a policy is fitted on: labels, utilities, tables, weights."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from policy_problem import problem
from sklearn.exceptions import DataConversionWarning

from skroute.policy import RegretPolicyClassifier


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
    ("weight", "message"),
    [
        (np.ones(3), "sample_weight must have shape"),
        (-np.ones(20), "at least 0; row 0 has"),
        (np.full(20, np.nan), "must be finite and at least 0; row 0 has"),
        (np.zeros(20), "zero in every row"),
    ],
)
def test_bad_weights(weight, message):
    X, utility = problem(20)
    with pytest.raises(ValueError, match=message):
        RegretPolicyClassifier().fit(X, utility, sample_weight=weight)


def test_integer_columns_keep_their_type():
    pandas = pytest.importorskip("pandas")
    X, utility = problem()
    policy = RegretPolicyClassifier().fit(X, pandas.DataFrame(utility, columns=[10, 9, "x"]))
    assert list(policy.classes_) == [10, 9, "x"]
    with pytest.raises(ValueError, match="several columns named"):
        RegretPolicyClassifier().fit(X, pandas.DataFrame(utility, columns=[1, "1", 2]))


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
