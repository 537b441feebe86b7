"""Routers that learn from logs in which most answers were never judged."""

import pickle

import numpy as np
import pytest
from every_router import METHODS, ROUTERS, X, Y
from numpy.testing import assert_allclose, assert_array_equal
from router_logs import make_log, regret
from sklearn.base import clone
from sklearn.dummy import DummyRegressor

from skroute import (
    CausalRouter,
    DRBiasCorrector,
    RegretPolicyClassifier,
    logged_feedback,
    partly_scored,
)
from skroute.feedback import read_feedback
from skroute.routers import FixedModelWarning, UnjudgedModelsWarning
from skroute.routers._policy import outcome_scores


def unjudged(y, rows):
    """Return the log with no quality in some rows."""
    y = y.copy()
    y["quality"][rows] = np.nan
    return y


FEWER = unjudged(Y, np.random.default_rng(0).random(len(Y)) < 0.5)


@pytest.mark.parametrize("name", ROUTERS)
def test_no_nan_reaches_what_a_router_answers(name):
    router = clone(ROUTERS[name]).fit(X, FEWER)
    for method in METHODS:
        found = getattr(router, method)(X)
        assert found.dtype.kind in "UO" or np.isfinite(found).all()
    if hasattr(router, "predict_quality"):
        assert np.isfinite(router.predict_quality(X)).all()
        assert np.isfinite(router.predict_cost(X)).all()


@pytest.mark.parametrize("name", ROUTERS)
def test_a_log_without_any_quality_is_refused(name):
    with pytest.raises(ValueError, match="NaN in all 200 rows of positive weight"):
        clone(ROUTERS[name]).fit(X, unjudged(Y, slice(None)))
    weight = np.where(np.isnan(FEWER["quality"]), 1.0, 0.0)
    with pytest.raises(ValueError, match="'quality' is NaN in all"):
        clone(ROUTERS[name]).fit(X, FEWER, sample_weight=weight)


@pytest.mark.parametrize("name", ["causal", "KNeighborsRouter", "BestFixedModel"])
def test_a_model_that_was_never_judged_is_named(name):
    never = unjudged(Y, Y["model"] == "model_1")
    with pytest.warns(UnjudgedModelsWarning, match=r"answer of the models \['model_1'\]") as caught:
        router = clone(ROUTERS[name]).fit(X, never)
    assert caught[0].filename == __file__
    assert pickle.loads(pickle.dumps(caught[0].message)).models == ("model_1",)
    assert np.isfinite(router.decision_function(X)).all()


@pytest.mark.parametrize("name", ["RegressAndCompare", "KNeighborsRouter", "BestFixedModel"])
def test_baselines_learn_quality_from_judged_rows_and_cost_from_all(name):
    judged = ~np.isnan(FEWER["quality"])
    router, alone, whole = (
        clone(ROUTERS[name]).fit(X[rows], y[rows])
        for y, rows in ((FEWER, slice(None)), (Y, judged), (Y, slice(None)))
    )
    assert_allclose(router.predict_cost(X), whole.predict_cost(X))
    if name == "RegressAndCompare":  # its penalties have the scale of all queries
        assert_allclose(router.predict_quality(X), alone.predict_quality(X), atol=0.02)
    elif name == "KNeighborsRouter":
        assert_allclose(router.predict_quality(X), alone.predict_quality(X))
    else:
        weight = judged / Y["propensity"]
        for k, label in enumerate(router.classes_):
            mine = Y["model"] == label
            expected = np.average(Y["quality"][mine], weights=weight[mine])
            assert router.mean_quality_[k] == pytest.approx(expected)


def test_the_quality_of_rows_that_were_not_judged_does_not_matter_for_cost():
    one = CausalRouter(random_state=0, cv=[*halves(len(X))])
    assert_array_equal(
        clone(one).fit(X, FEWER).predict_cost(X), clone(one).fit(X, Y).predict_cost(X)
    )


def halves(n):
    odd = np.arange(n) % 2 == 1
    return [(np.flatnonzero(rows), np.flatnonzero(~rows)) for rows in (odd, ~odd)]


@pytest.mark.parametrize("policy", [None, RegretPolicyClassifier(hidden_layer_sizes=())])
def test_integer_weights_equal_repetition(policy):
    rng = np.random.default_rng(0)
    X, y, *_ = make_log(300)
    y, weight = unjudged(y, rng.random(300) < 0.5), rng.integers(0, 4, 300)
    rows = np.repeat(np.arange(300), weight)
    fold = np.arange(300) % 2

    def predicted(X_fit, y, fold, sample_weight=None):
        cv = [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(2)]
        router = CausalRouter(5.0, policy=policy, cv=cv, random_state=0)
        return router.fit(X_fit, y, sample_weight).decision_function(X)

    one = predicted(X, y, fold, weight)
    other = predicted(X[rows], y[rows], fold[rows])
    assert_allclose(one, other, atol=1e-3)


def test_scores_of_a_policy_by_hand():
    table = read_feedback(unjudged(Y[:3], [1]))
    quality, cost = np.full((3, 3), 0.5), np.full((3, 3), 0.01)
    inverse, inverse_judged = np.array([2.0, 3.0, 4.0]), np.array([1.0, 5.0, 2.0])
    of_quality, of_cost = outcome_scores(table, quality, cost, inverse, inverse_judged, np.inf)
    for i in range(3):
        k = table.action[i]
        expected = 0.5
        if i != 1:
            expected += inverse[i] * inverse_judged[i] * (Y["quality"][i] - 0.5)
        assert of_quality[i, k] == pytest.approx(expected)
        assert of_cost[i, k] == pytest.approx(0.01 + inverse[i] * (Y["cost"][i] - 0.01))
        assert (np.delete(of_quality[i], k) == 0.5).all()


def test_a_router_that_stays_with_one_model_counts_the_rows_that_were_judged():
    rng = np.random.default_rng(0)
    X, y, *_ = make_log(300)
    y["quality"] = 0.5 + 0.1 * rng.normal(size=300)
    y = unjudged(y, slice(80, None))
    with pytest.warns(FixedModelWarning, match="what 80 rows say"):
        CausalRouter(1.0, random_state=0).fit(X, y)


def test_labels_of_the_judge_are_corrected_and_the_rest_stays_unjudged():
    X, y, _, quality, cost = make_log(600)
    rng = np.random.default_rng(0)
    table = read_feedback(y)
    gold = rng.random(600) < 0.3
    shown = np.where(gold, y["quality"], y["quality"] + 0.3 * (table.action == 0))
    shown[::3] = np.nan
    labelled = logged_feedback(
        y["model"], shown, cost=y["cost"], propensity=y["propensity"], gold=gold
    )
    for correction in (DRBiasCorrector(random_state=0), "upstream"):
        router = CausalRouter(bias_correction=correction, random_state=0)
        columns = X
        if correction == "upstream":
            corrector = DRBiasCorrector(random_state=0)
            columns = corrector.fit_transform(X, labelled)
            router.fit(columns, labelled)
        else:
            router.fit(columns, labelled)
        assert regret(router, columns, quality, cost) < 0.03
        assert_allclose(
            router.predict_quality(columns).mean(axis=0), quality.mean(axis=0), atol=0.06
        )


def test_half_the_scores_of_a_table_are_nearly_worth_all():
    X, _, _, quality, cost = make_log(500)
    rng = np.random.default_rng(0)
    seen = np.where(rng.random(quality.shape) < 0.5, quality, np.nan)
    seen[:, 0] = np.where(np.isnan(seen).all(axis=1), quality[:, 0], seen[:, 0])
    scored = partly_scored(
        X, seen + 0.1 * rng.normal(size=seen.shape), cost, models=["a", "b", "c"]
    )
    router = CausalRouter(random_state=0).fit(scored.X, scored.y)
    assert regret(router, X, quality, cost) < 0.02


def test_who_was_judged_may_depend_on_query_and_model():
    """Judged by query and model, as many labels as at random leave no more regret than twice."""
    found = []
    for seed in range(2):
        X, y, _, quality, cost = make_log(1500, seed=seed)
        rng = np.random.default_rng(seed)
        action = read_feedback(y).action
        chance = 0.3 * np.array([0.3, 1.0, 1.7])[action] * (1 + 0.8 * np.tanh(2 * X[:, 0]))
        chosen = rng.random(1500) < chance
        random = rng.permutation(1500) < chosen.sum()
        found.append(
            [
                regret(CausalRouter(random_state=0).fit(X, unjudged(y, ~rows)), X, quality, cost)
                for rows in (chosen, random)
            ]
        )
    chosen, random = np.mean(found, axis=0)
    assert chosen < 2 * random + 0.005
    assert chosen < 0.03


def test_levels_make_up_for_who_was_judged():
    """Hard queries, half of all, are judged five times as often as easy ones."""
    rng = np.random.default_rng(0)
    n = 3000
    action, hard = rng.integers(0, 3, n), rng.random(n) < 0.5
    quality = np.where(hard, 0.2, 0.8) + 0.05 * rng.normal(size=n) + 0.1 * action
    quality[rng.random(n) > np.where(hard, 0.5, 0.1)] = np.nan
    X, y = np.column_stack([hard, rng.normal(size=n)]), logged_feedback(action, quality)
    router = CausalRouter(outcome_model=DummyRegressor(), shrinkage=np.inf, random_state=0)
    found = router.fit(X, y).predict_quality(X[:1])
    # By plain means of judged rows it would be 0.3 and so on.
    assert_allclose(found, [[0.5, 0.6, 0.7]], atol=0.05)
