"""The score of a router: the value of its choices, which nothing but choosing better raises."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from router_logs import make_log
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score

from skroute import CausalRouter, full_feedback, logged_feedback


def test_the_score_is_policy_value_not_agreement_with_the_log():
    """The log chose badly; the candidate that agrees with it scores less."""
    rng = np.random.default_rng(0)
    n = 600
    X = rng.normal(size=(n, 2))
    good = (X[:, 0] > 0).astype(int)
    action = np.where(rng.random(n) < 0.9, 1 - good, good)
    y = logged_feedback(
        np.array(["a", "b"])[action],
        (action == good).astype(float),
        propensity=np.where(action == good, 0.1, 0.9),
    )
    router = CausalRouter(random_state=0).fit(X, y)
    agreement = np.mean(router.predict(X) == y["model"])
    assert agreement < 0.2
    assert router.score(X, y) > 0.9
    copycat = CausalRouter(random_state=0).fit(X, y["model"])
    assert np.mean(copycat.predict(X) == y["model"]) > 0.8
    assert copycat.score(X, y) < 0.2


@pytest.mark.filterwarnings("ignore::skroute.routers.FixedModelWarning")
def test_an_optimistic_outcome_model_does_not_win_a_search():
    """Shrinking to a model of one's own fancy must not raise one's score."""

    class Optimist(Ridge):
        def predict(self, X):
            return np.where(np.asarray(X)[:, 0] > 0, 50.0, -50.0)

    X, y, _, quality, _cost = make_log(600)
    search = GridSearchCV(
        CausalRouter(random_state=0),
        {"outcome_model": [Optimist(), Ridge()], "shrinkage": [0.0, 1.0]},
        error_score="raise",
    ).fit(X, y)
    assert not isinstance(search.best_params_["outcome_model"], Optimist)
    assert search.best_score_ < quality.max(axis=1).mean() + 0.05


def test_the_score_does_not_move_with_settings_that_leave_choices_alone():
    X, y, _, _, _ = make_log(300)
    router = CausalRouter(random_state=0).fit(X, y)
    score = router.score(X, y)
    router.set_params(shrinkage=0.0, min_propensity=0.2, outcome_model=Ridge(), cv=2)
    assert router.score(X, y) == score


def test_the_score_estimates_the_true_value():
    X, y, _, _, _ = make_log(2000)
    X_test, y_test, _, quality, cost = make_log(4000, seed=5)
    router = CausalRouter(3.0, random_state=0).fit(X, y)
    truth = full_feedback(quality, cost, models=["a", "b", "c"])
    assert router.score(X_test, y_test) == pytest.approx(router.score(X_test, truth), abs=0.02)


def test_qualities_that_are_not_gold_hardly_move_the_score():
    X, y, _, _, _ = make_log(300)
    router = CausalRouter(random_state=0).fit(X, y)
    gold = np.arange(300) < 200
    spoiled = np.where(gold, y["quality"], 99.0)
    mixed = logged_feedback(
        y["model"], spoiled, cost=y["cost"], propensity=y["propensity"], gold=gold
    )
    assert router.score(X, mixed) == pytest.approx(router.score(X[gold], y[gold]), abs=0.03)


def test_score_takes_a_model_that_was_never_fitted_as_never_chosen():
    X, y, _, _, _ = make_log(300, n_models=2)
    router = CausalRouter(random_state=0).fit(X, y)
    X_new, y_new, _, _, _ = make_log(300, n_models=3, seed=2)
    assert np.isfinite(router.score(X_new, y_new))
    with pytest.raises(ValueError, match=r"no column for the models \['b'\]"):
        router.score(X, full_feedback(np.ones((300, 2)), models=["a", "c"]))


def test_cross_validation_of_a_table_is_not_stratified():
    X, y, _, _, _ = make_log(120)
    router = CausalRouter(random_state=0)
    assert_allclose(cross_val_score(router, X, y), cross_val_score(router, X, y, cv=KFold(5)))
