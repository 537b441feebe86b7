"""Policies fitted again: warm starts, streams, and fits that fail."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from policy_problem import problem, regret
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from skroute.policy import RegretPolicyClassifier
from skroute.policy._surrogates import LOSSES


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


SOLVERS = [{}, {"solver": "adam", "max_iter": 20}, {"hidden_layer_sizes": (5,), "max_iter": 20}]


def interrupt(monkeypatch, after):
    """Raise KeyboardInterrupt at the evaluation of the loss number `after`."""
    loss, calls = LOSSES["softmax"], []

    def interrupted(*args, **kwargs):
        calls.append(None)
        if len(calls) == after:
            raise KeyboardInterrupt
        return loss.function(*args, **kwargs)

    monkeypatch.setitem(LOSSES, "softmax", loss._replace(function=interrupted))


def states(policy):
    """What the policy is and does, in bytes."""
    return {name: pickle.dumps(value) for name, value in vars(policy).items()}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("options", SOLVERS)
@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_an_interrupted_refit_leaves_the_policy_as_it_was(options, warm_start, method, monkeypatch):
    X, utility = problem()
    policy = RegretPolicyClassifier(warm_start=warm_start, random_state=0, **options)
    policy.fit(X, utility).partial_fit(X, utility)
    before, expected = states(policy), policy.predict_proba(X)
    interrupt(monkeypatch, after=3)
    with pytest.raises(KeyboardInterrupt):
        getattr(policy, method)(*problem(seed=1))
    assert states(policy) == before
    assert_array_equal(policy.predict_proba(X), expected)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_failed_refit_leaves_the_policy_as_it_was(method):
    frames = pytest.importorskip("pandas")
    X, utility = problem()
    policy = RegretPolicyClassifier(random_state=0).fit(frames.DataFrame(X), utility)
    before = states(policy)
    for features, target in ((X[:, :2], utility[:9]), (X, np.full_like(utility, np.nan))):
        with pytest.raises(ValueError, match=r"X has|y contains NaN"):
            getattr(policy, method)(features, target)
        assert states(policy) == before


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_failed_first_fit_leaves_the_policy_unfitted(method, monkeypatch):
    X, utility = problem()
    policy = RegretPolicyClassifier()
    with pytest.raises(ValueError, match="y contains NaN"):
        getattr(policy, method)(X, np.full_like(utility, np.nan))
    interrupt(monkeypatch, after=1)
    with pytest.raises(KeyboardInterrupt):
        getattr(policy, method)(X, utility)
    assert vars(policy) == policy.get_params()
    with pytest.raises(NotFittedError):
        policy.predict(X)
    with pytest.raises(NotFittedError):
        check_is_fitted(policy)


def test_a_refit_forgets_the_stream_before():
    X, utility = problem()
    once = RegretPolicyClassifier(random_state=0).fit(X, utility)
    again = RegretPolicyClassifier(random_state=0).partial_fit(*problem(seed=1)).fit(X, utility)
    assert states(again) == states(once)
    # after a warm start too, partial_fit goes on from the fit, not from the stream
    warm = RegretPolicyClassifier(random_state=0, warm_start=True).fit(X, utility)
    scale = warm.partial_fit(100 * X, utility).fit(X, utility).partial_fit(X, utility)
    assert_allclose(
        scale._trainer_.scaling.scale, once.partial_fit(X, utility)._trainer_.scaling.scale
    )
