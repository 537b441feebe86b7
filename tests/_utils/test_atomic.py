"""Fits that fail leave no trace; fits that succeed leave only their own."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted, has_fit_parameter, validate_data

from skroute._utils import atomic_fit, atomic_update


class Mean(BaseEstimator):
    """Fails once all attributes but the last are set, if it is told to."""

    def __init__(self, warm_start=False, error=None):
        self.warm_start = warm_start
        self.error = error

    @atomic_fit
    def fit(self, X, y=None, extra=False):
        """Learn the mean."""
        return self._learn(X, extra)

    @atomic_fit
    def fit_transform(self, X, y=None):
        return self.fit(X).transform(X)

    @atomic_update
    def partial_fit(self, X, y=None):
        return self._learn(X, False)

    def _learn(self, X, extra):
        X = validate_data(self, X)
        self.n_calls_ = 1 + getattr(self, "n_calls_", 0)
        self._sum_ = X.sum(axis=0)
        if extra:
            self.extra_ = True
        if self.error is not None:
            raise self.error
        self.mean_ = self._sum_ / len(X)
        return self

    def transform(self, X):
        return X - self.mean_


ERRORS = [ValueError("bad"), KeyboardInterrupt(), SystemExit(1)]
METHODS = ["fit", "fit_transform", "partial_fit"]


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("warm_start", [False, True])
def test_a_failed_refit_changes_nothing(method, error, warm_start):
    X = [[1.0, 2.0], [3.0, 4.0]]
    mean = Mean(warm_start=warm_start).fit(X, extra=True)
    mean.error = error
    before = dict(vars(mean))
    with pytest.raises(type(error)):
        getattr(mean, method)([[1.0], [2.0]] if method != "partial_fit" else [[0.0, 0.0]])
    assert vars(mean).keys() == before.keys()
    assert all(vars(mean)[name] is value for name, value in before.items())


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("method", METHODS)
def test_a_failed_first_fit_leaves_it_unfitted(method, error):
    mean = Mean(error=error)
    with pytest.raises(type(error)):
        getattr(mean, method)([[1.0], [2.0]])
    assert vars(mean).keys() == {"warm_start", "error"}
    with pytest.raises(NotFittedError):
        check_is_fitted(mean)


def test_a_refit_forgets_what_no_longer_applies():
    mean = Mean()
    mean._setting = "kept"
    assert mean.fit([[1.0], [2.0]], extra=True) is mean
    assert mean.extra_
    assert not hasattr(mean.fit([[1.0], [2.0]]), "extra_")
    assert mean.n_calls_ == 1
    assert mean.partial_fit([[1.0], [2.0]]).n_calls_ == 2
    assert mean.set_params(warm_start=True).fit([[1.0], [2.0]]).n_calls_ == 3
    assert mean._setting == "kept"


def test_results_and_signatures_are_those_of_the_method():
    mean = Mean()
    assert mean.fit_transform(np.array([[1.0], [3.0]])).tolist() == [[-1.0], [1.0]]
    assert mean.mean_ == 2
    assert Mean.fit.__doc__ == "Learn the mean."
    assert has_fit_parameter(mean, "extra")
