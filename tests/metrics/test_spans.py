"""Values of policies that choose models at times at which they were not there."""

import pickle

import numpy as np
import pytest
from scipy.special import softmax

from skroute import full_feedback, logged_feedback
from skroute.baselines import BestFixedModel
from skroute.feedback import read_feedback
from skroute.metrics import (
    UnavailableModelsWarning,
    cost_quality_curve,
    differences_of_pairs,
    evaluation_predictions,
    policy_difference,
    policy_value,
    sensitivity_bounds,
    weight_diagnostics,
)
from skroute.nuisance import OverlapWarning, fill_propensity

MODELS = np.array(["a", "b", "c"])
QUALITY = np.array([0.3, 0.5, 0.8])


def make_log(n=3000, *, seed=0, comes=1000, goes=2000, recorded=False):
    """Return queries, a log in which c comes and a goes, and its propensities (n, K)."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    there = np.ones((n, 3), dtype=bool)
    there[:comes, 2], there[goes:, 0] = False, False
    propensity = softmax(np.where(there, X, -np.inf), axis=1)
    action = (propensity.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    quality = QUALITY[action] + 0.2 * np.tanh(X[:, 0]) + 0.1 * rng.normal(size=n)
    shown = propensity[np.arange(n), action]
    y = logged_feedback(
        MODELS[action], quality, propensity=shown if recorded else None, time=np.arange(n)
    )
    return X, y, propensity


def test_propensities_are_zero_where_a_model_was_not_there():
    X, y, propensity = make_log()
    feedback = read_feedback(y)
    folds = [(np.flatnonzero(np.arange(3000) % 5 != k), np.arange(k, 3000, 5)) for k in range(5)]
    found = fill_propensity(None, X, feedback, folds)
    truth = propensity[np.arange(3000), feedback.action]
    assert np.abs(found - truth).mean() < 0.07
    blind = logged_feedback(y["model"], y["quality"])
    unaware = fill_propensity(None, X, read_feedback(blind), folds)
    assert np.abs(unaware - truth).mean() > 0.15
    for rows in (slice(1000), slice(1000, 2000), slice(2000, 3000)):
        # One in expectation for each of the models that were there.
        for k in np.unique(feedback.action[rows]):
            own = feedback.action[rows] == k
            assert (own / found[rows]).mean() == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("recorded", [False, True])
def test_the_value_is_that_of_the_time_in_which_all_models_were_there(recorded):
    X, y, _ = make_log(recorded=recorded)
    known = evaluation_predictions(X, y)
    later = policy_value(y[1000:], np.full(2000, "b"), **evaluation_predictions(X[1000:], y[1000:]))
    assert later.share_unavailable == 0.0
    with pytest.warns(UnavailableModelsWarning, match=r"In 33% of the rows .*'c'.* of 3,000"):
        result = policy_value(y, np.full(3000, "c"), **known)
    assert result.share_unavailable == pytest.approx(1 / 3, abs=0.01)
    assert result.n_rows_used == pytest.approx(2000, abs=10)
    truth = 0.8 + 0.2 * np.tanh(X[1000:, 0]).mean()
    assert result.value == pytest.approx(truth, abs=0.03)
    assert result.low < truth < result.high
    assert result.mean_weight == pytest.approx(1.0, abs=0.1)


def test_a_policy_of_several_models():
    X, y, _ = make_log(recorded=True)
    choice = np.where(X[:, 0] > 0, "a", "c")
    with pytest.warns(UnavailableModelsWarning, match="'a', 'c'") as caught:
        result = policy_value(y, choice)
    warning = caught[0].message
    assert warning.models == ("a", "c")
    assert pickle.loads(pickle.dumps(warning)).n_rows == warning.n_rows == result.n_rows_used
    assert (warning.first, warning.last) == pytest.approx((1000, 2000), abs=10)
    probability = (choice[:, None] == MODELS).astype(float)
    with pytest.warns(UnavailableModelsWarning):
        again = policy_value(y, probability, models=MODELS)
    assert again.value == result.value
    with pytest.warns(UnavailableModelsWarning):
        difference = policy_difference(y, choice, None)
    assert difference.b.n_rows_used == result.n_rows_used
    assert difference.b.share_unavailable == 0.0
    assert difference.a.value == result.value
    known = evaluation_predictions(X, y)
    for function in (sensitivity_bounds, weight_diagnostics):
        with pytest.warns(UnavailableModelsWarning):
            function(y, choice, **known)
    with pytest.warns(UnavailableModelsWarning):
        cost_quality_curve(y, [choice, choice], **known)


def test_models_that_were_never_there_together():
    X, y, _ = make_log(comes=2000, goes=1000, recorded=True)
    choice = np.where(X[:, 0] > 0, "a", "c")
    with (
        pytest.warns(OverlapWarning, match=r"average 0.3\d* in place of 1"),
        pytest.warns(UnavailableModelsWarning, match="never there all together") as caught,
    ):
        result = policy_value(y, choice, **evaluation_predictions(X, y))
    assert np.isnan(caught[0].message.first)
    assert result.n_rows_used == 3000
    assert 0.6 < result.share_unavailable < 0.7


def test_all_is_as_before_where_models_were_there():
    _, y, _ = make_log(recorded=True)
    choice, columns = np.full(3000, "b"), ("model", "quality", "propensity")
    without = logged_feedback(**{name: y[name] for name in columns})
    assert policy_value(y, choice) == policy_value(without, choice)
    full = full_feedback(np.tile(QUALITY, (50, 1)), models=MODELS, time=np.arange(50))
    assert policy_value(full, np.full(50, "a")).share_unavailable == 0.0


@pytest.mark.filterwarnings("ignore::skroute.routers.GoneModelsWarning")
def test_scores_are_of_all_rows():
    X, y, _ = make_log(recorded=True)
    router = BestFixedModel().fit(X, y)
    assert set(router.predict(X)) == {"c"}
    known = evaluation_predictions(X, y)
    base = known["predicted_quality"][:, 2].mean()
    assert router.score(X, y) == pytest.approx(base, abs=0.01)


def test_pairs_of_which_one_chooses_models_that_were_not_there():
    X, y, _ = make_log(recorded=True)
    known = evaluation_predictions(X, y)
    policies = {"b": np.full(3000, "b"), "today": None, "c": np.full(3000, "c")}
    with pytest.warns(UnavailableModelsWarning):
        values = {name: policy_value(y, policy, **known) for name, policy in policies.items()}
    pairs = [("b", "today"), ("b", "c")]
    options = {"kept": ["b", "today"], "cost_sensitivity": 0.0, "confidence": 0.95}
    found = differences_of_pairs(y, policies, pairs, values, **options, **known)
    assert found["b", "today"].value == policy_difference(y, policies["b"], None, **known).value
    with pytest.warns(UnavailableModelsWarning):
        alone = policy_difference(y, policies["b"], policies["c"], **known)
    assert found["b", "c"].value == alone.value
