"""Shares of a strong and a weak model."""

import numpy as np
import pytest

from skroute import full_feedback
from skroute.baselines import (
    ThresholdRouter,
)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_the_strong_model_gets_its_share(problem, fresh, share):
    router = ThresholdRouter(share).fit(problem.X, problem.y)
    assert router.models_ == ("model_0", "model_2")
    labels = router.predict(problem.X)
    assert set(labels) <= {"model_0", "model_2"}
    assert abs(np.mean(labels == "model_2") - share) <= 1 / len(labels)
    labels = router.calibrate(fresh.X).predict(fresh.X)
    assert abs(np.mean(labels == "model_2") - share) <= 1 / len(labels)


def test_the_share_goes_to_where_the_strong_model_gains_most(problem, fresh):
    router = ThresholdRouter(0.3).fit(problem.X, problem.y_full)
    labels = router.predict(fresh.X)
    gain = fresh.expected_quality[:, 2] - fresh.expected_quality[:, 0]
    assert gain[labels == "model_2"].mean() > gain[labels == "model_0"].mean() + 0.1


def test_weighted_shares_and_ties():
    X = np.arange(10.0)[:, None]
    quality = np.column_stack([np.zeros(10), np.repeat([0.0, 1.0, 2.0], [4, 3, 3])])

    class Exact:
        """Predicts what it was fitted on."""

        def get_params(self, deep=False):
            return {}

        def fit(self, X, y, sample_weight=None):
            self.y = y
            return self

        def predict(self, X):
            return self.y[np.asarray(X)[:, 0].astype(int)]

    y = full_feedback(quality, models=["weak", "strong"])
    pair = ("weak", "strong")

    def share(wanted, weight=None):
        router = ThresholdRouter(wanted, models=pair, regressor=Exact())
        return np.mean(router.fit(X, y, sample_weight=weight).predict(X) == "strong")

    # Equal gains stay together, and the share is not exceeded.
    assert [share(s) for s in (0.0, 0.2, 0.3, 0.5, 0.6, 0.99, 1.0)] == [0, 0, 0.3, 0.3, 0.6, 0.6, 1]
    # Weight 7 of 14 on the three best rows.
    heavy = np.repeat([1.0, 7 / 3], [7, 3])
    assert share(0.49, heavy) == 0
    assert share(0.5, heavy) == 0.3


def test_a_gain_that_is_no_number_is_no_gain():
    class FailsLater:
        def get_params(self, deep=True):
            return {}

        def fit(self, X, y):
            return self

        def predict(self, X):
            return np.full(len(X), np.nan if len(X) == 1 else 0.5)

    quality = np.random.default_rng(0).random((10, 3))
    y = full_feedback(quality, models=["other", "strong", "weak"])
    router = ThresholdRouter(models=("weak", "strong"), regressor=FailsLater())
    router.fit(np.zeros((10, 1)), y)
    assert router.predict([[0.0]]) == ["weak"]
    assert router.predict([[0.0]], exclude="weak") == ["strong"]
    assert router.predict([[0.0]], exclude=["weak", "strong"]) == ["other"]


def test_threshold_models_by_name_and_bad_arguments(problem):
    router = ThresholdRouter(0.5, models=("model_1", "model_0")).fit(problem.X, problem.y)
    assert router.models_ == ("model_1", "model_0")
    for models in (("model_1", "gpt"), ("model_1", "model_1"), ("model_1",)):
        with pytest.raises(ValueError, match=r"two labels \(weak, strong\) out of .*got "):
            ThresholdRouter(models=models).fit(problem.X, problem.y)
    with pytest.raises(ValueError, match=r"strong_share must be in \[0, 1\], got 1.5"):
        ThresholdRouter(1.5).fit(problem.X, problem.y)
    with pytest.raises(ValueError, match="takes no cost_sensitivity: strong_share sets the trade"):
        router.predict(problem.X, cost_sensitivity=1.0)
