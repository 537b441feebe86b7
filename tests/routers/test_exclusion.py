"""An excluded model is never chosen, in no case."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from every_router import METHODS, MODELS, ROUTERS, X, Y, chosen_are_excluded, masks
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skroute import logged_feedback
from skroute.baselines import ThresholdRouter
from skroute.routers import OutcomeRouter, split_router


@pytest.mark.parametrize("exclude", ["model_2", ["model_0"], {"model_1", "model_0"}, ()])
def test_excluded_labels_are_never_chosen(router, exclude):
    named = {exclude} if isinstance(exclude, str) else set(exclude)
    labels = router.predict(X, exclude=exclude)
    assert not named & set(labels)
    kept = ~np.isin(router.predict(X), list(named))
    if not isinstance(router, ThresholdRouter):
        assert_array_equal(labels[kept], router.predict(X)[kept])


@pytest.mark.parametrize("seed", range(3))
def test_excluded_models_are_never_chosen_whatever_the_values(router, seed, monkeypatch):
    rng = np.random.default_rng(seed)
    extremes = [np.nan, np.inf, -np.inf, 1.7e308, -1.7e308, 0.0]
    values, down = rng.choice(extremes, (len(X), 3)), masks(rng)
    innermost = split_router(getattr(router, "router_", router)).router
    monkeypatch.setattr(innermost, "_decision_values", lambda *_: values)
    assert not chosen_are_excluded(router.predict(X, exclude=down), down)
    probability = router.predict_proba(X, exclude=down)
    assert (probability[down] == 0).all()
    assert_allclose(probability.sum(axis=1), 1.0)
    assert np.isfinite(router.decision_function(X)).all()
    # What is not a number is never better than what is one.
    first = np.where(np.isnan(values), -np.inf, values)
    labels = np.searchsorted(MODELS, router.predict(X))
    assert_array_equal(first[np.arange(len(X)), labels], first.max(axis=1))


@pytest.mark.parametrize(
    "name", ["causal", "budget", "BestFixedModel", "RegressAndCompare", "KNeighborsRouter"]
)
def test_utilities_that_overflow_choose_no_excluded_model(name):
    cost = 1e100 * (1.0 + Y["cost"].astype(float))
    y = logged_feedback(Y["model"], Y["quality"], cost=cost, propensity=Y["propensity"])
    router = clone(ROUTERS[name])
    router.set_params(
        **{"causal": {"knots": [0.0, 1e250]}, "budget": {"budget": 1e102}}.get(name, {})
    )
    router.fit(X, y)
    for label in MODELS:
        assert label not in router.predict(X, exclude=label, cost_sensitivity=1e250)


def test_a_share_of_nothing_for_the_strong_model_excludes_too():
    router = ThresholdRouter(0.0).fit(X, Y)
    assert router.threshold_ == np.inf
    assert set(router.predict(X)) == {router.models_[0]}
    assert set(router.predict(X, exclude=router.models_[0])) == {router.models_[1]}
    other = set(MODELS) - set(router.models_)
    assert set(router.predict(X, exclude=router.models_)) == other


@pytest.mark.parametrize("method", [*METHODS, "frontier", "cost_sensitivity_for_budget"])
@pytest.mark.parametrize("keyword", ["exclude", "include"])
def test_an_unknown_name_lists_the_nearest(fitted, method, keyword):
    arguments = {"budget": 1.0} if method == "cost_sensitivity_for_budget" else {}
    message = f"{keyword} names the unknown model 'model2'; the nearest of the 3 known .* 'model_2'"
    with pytest.raises(ValueError, match=message):
        getattr(fitted["RegressAndCompare"], method)(X, **{keyword: ["model2"]}, **arguments)


def test_bad_exclusions_are_named(router):
    for exclude in (MODELS, np.ones((len(X), 3), dtype=bool)):
        with pytest.raises(ValueError, match="every model for row 0: none is left"):
            router.predict(X, exclude=exclude)
    with pytest.raises(ValueError, match=r"boolean array of shape \(200, 3\).*got bool of shape"):
        router.predict(X, exclude=np.zeros((200, 2), dtype=bool))
    with pytest.raises(ValueError, match=r"boolean array .*got int64 of shape \(200, 3\)"):
        router.predict(X, exclude=np.zeros((200, 3), dtype=np.int64))
    with pytest.raises(ValueError, match="exclude and include both name 'model_1'"):
        router.predict(X, exclude="model_1", include=["model_1"])


def test_models_that_a_router_leaves_out_are_chosen_only_where_included(router):
    assert len(router.left_out_) == 0
    before = {method: getattr(router, method)(X) for method in METHODS}
    gone = router.predict(X)[0]
    innermost = split_router(getattr(router, "router_", router)).router
    innermost.left_out_ = [gone]
    assert gone not in router.predict(X)
    for method in METHODS:
        assert_array_equal(getattr(router, method)(X, include=gone), before[method])
        assert_array_equal(getattr(router, method)(X), getattr(router, method)(X, exclude=gone))
    with pytest.raises(ValueError, match=r"itself leaves out 1\): none is left"):
        router.predict(X, exclude=[name for name in MODELS if name != gone])
    if isinstance(router, OutcomeRouter):
        assert gone not in router.frontier(X).choice_at(router.frontier(X).low)
        assert gone in router.frontier(X, include=gone).choice_at(router.cost_sensitivity)


def test_labels_to_leave_out_are_assigned_to_any_router(router):
    gone = router.predict(X)[0]
    router.left_out_ = [gone]
    assert gone not in router.predict(X)
    assert gone in router.predict(X, include=gone)


@pytest.mark.parametrize("dtype", [np.int64, np.float16, np.float32])
def test_values_of_any_type_exclude(fitted, dtype, monkeypatch):
    router = clone(fitted["BestFixedModel"]).fit(X, Y)
    values = np.tile(np.array([1, 3, 2], dtype=dtype), (len(X), 1))
    monkeypatch.setattr(router, "_decision_values", lambda *_: values)
    assert set(router.predict(X, exclude="model_1")) == {"model_2"}


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_columns_of_a_frame_name_the_models(router, frame):
    down = masks(np.random.default_rng(0))
    shuffled = frame({MODELS[k]: down[:, k] for k in (2, 0, 1)})
    assert_array_equal(router.predict(X, exclude=shuffled), router.predict(X, exclude=down))
    with pytest.raises(ValueError, match="exclude names the unknown model 'gpt'"):
        router.predict(X, exclude=frame({"gpt": down[:, 0]}))
    with pytest.raises(ValueError, match=r"one column for each of 3 models, got \['model_2'\]"):
        router.predict(X, exclude=frame({"model_2": down[:, 0]}))


def test_frontiers_and_budgets_exclude(outcome_router):
    router = outcome_router
    down = masks(np.random.default_rng(1))
    for exclude in ("model_1", ["model_0", "model_2"], down):
        mask = down if exclude is down else np.tile(np.isin(MODELS, exclude), (len(X), 1))
        frontier = router.frontier(X, exclude=exclude)
        for state in frontier.states().tolist():
            value = frontier.within_state(state)
            labels = frontier.choice_at(value)
            assert not chosen_are_excluded(labels, mask)
            expected = router.predict(X, cost_sensitivity=value, exclude=exclude)
            assert np.mean(labels == expected) > 0.98
        cost, rows = router.predict_cost(X), np.arange(len(X))
        spent = cost[rows, np.searchsorted(MODELS, labels)].mean()
        assert frontier.mean_cost[state] == pytest.approx(spent)
        met = router.cost_sensitivity_for_budget(X, 1.0, exclude=exclude)
        assert met.cost_sensitivity == frontier.low
        assert met.share == {
            name: np.mean(frontier.choice_at(frontier.low) == name) for name in MODELS
        }
    shared = router.cost_sensitivity_for_budget(X, share={"model_1": 0.0}, exclude="model_1")
    assert shared.share["model_1"] == 0.0
