"""The one interface of all routers."""

import inspect
import pickle
import sys

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skroute.baselines
import skroute.routers
from skroute import CausalRouter, FixedBudgetRouter, RegretPolicyClassifier, logged_feedback
from skroute.baselines import KNeighborsRouter, RandomRouter, RegressAndCompare, ThresholdRouter
from skroute.datasets import make_routing_problem
from skroute.metrics import policy_value
from skroute.routers import BaseRouter, OutcomeRouter, split_router

PROBLEM = make_routing_problem(200, n_features=4, n_models=3, random_state=0)
X, Y, MODELS = PROBLEM.X, PROBLEM.y, PROBLEM.models.tolist()
METHODS = ("predict", "predict_proba", "decision_function")
ROUTERS = {
    "causal": CausalRouter(random_state=0),
    "knots": CausalRouter(knots="auto", random_state=0),
    "policy": CausalRouter(5.0, policy=RegretPolicyClassifier(), random_state=0),
    "policy over knots": CausalRouter(
        knots=[0.0, 5.0], policy=RegretPolicyClassifier(), random_state=0
    ),
    "budget": FixedBudgetRouter(RegressAndCompare(), budget=0.01),
    "budget of a pipeline": FixedBudgetRouter(
        make_pipeline(StandardScaler(), RegressAndCompare()), budget=0.01
    ),
    "threshold of nothing": ThresholdRouter(0.0),
    **{name: getattr(skroute.baselines, name)() for name in skroute.baselines.__all__},
}
HOMES = (skroute.routers, skroute.baselines)
OUTCOMES = [name for name, router in ROUTERS.items() if isinstance(router, OutcomeRouter)]


@pytest.fixture(scope="module")
def fitted():
    return {name: clone(router).fit(X, Y) for name, router in ROUTERS.items()}


@pytest.fixture(params=ROUTERS)
def router(request, fitted):
    """Return a copy of a fitted router, which a test may change."""
    return pickle.loads(pickle.dumps(fitted[request.param]))


@pytest.fixture(params=OUTCOMES)
def outcome_router(request, fitted):
    return pickle.loads(pickle.dumps(fitted[request.param]))


def masks(rng, n_rows=200):
    """Return a table of excluded models that leaves at least one in every row."""
    down = rng.random((n_rows, 3)) < 0.5
    down[np.arange(n_rows), rng.integers(0, 3, n_rows)] = False
    return down


def chosen_are_excluded(labels, down):
    return down[np.arange(len(labels)), np.searchsorted(MODELS, labels)].any()


def test_all_routers_are_here():
    public = [getattr(home, name) for home in HOMES for name in home.__all__]
    concrete = {
        kind
        for kind in public
        if isinstance(kind, type) and issubclass(kind, BaseRouter) and not inspect.isabstract(kind)
    }
    assert concrete == {type(router) for router in ROUTERS.values()}


@pytest.mark.parametrize("kind", sorted({type(r) for r in ROUTERS.values()}, key=str))
def test_one_signature(kind):
    for name in METHODS:
        parameters = inspect.signature(getattr(kind, name)).parameters
        assert list(parameters) == ["self", "X", "cost_sensitivity", "exclude", "include"]


def test_choices_values_and_probabilities_agree(router):
    down = masks(np.random.default_rng(0))
    for exclude in (None, "model_0", down):
        labels, probability, value = (getattr(router, m)(X, exclude=exclude) for m in METHODS)
        assert value.shape == probability.shape == (len(X), 3)
        assert_array_equal(router.classes_[value.argmax(axis=1)], labels)
        assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-6)
        if not isinstance(router, RandomRouter):
            assert_array_equal(probability.argmax(axis=1), value.argmax(axis=1))
    assert_array_equal(value == -np.inf, down)
    assert (probability[down] == 0).all()


def test_probabilities_of_routers_that_decide_without_chance(fitted):
    for name in ("BestFixedModel", "RegressAndCompare", "KNeighborsRouter", "ThresholdRouter"):
        probability = fitted[name].predict_proba(X)
        assert_array_equal(np.unique(probability), [0.0, 1.0])
        by_label = policy_value(PROBLEM.y_full, fitted[name].predict(X)).value
        assert policy_value(PROBLEM.y_full, probability).value == pytest.approx(by_label)


def test_probabilities_of_chance_are_shares_over_keys(fitted):
    assert_array_equal(fitted["RandomRouter"].predict_proba(X), np.full((len(X), 3), 1 / 3))
    rest = fitted["RandomRouter"].predict_proba(X, exclude=["model_1"])
    assert_array_equal(rest, np.tile([0.5, 0.0, 0.5], (len(X), 1)))
    draws = [RandomRouter(random_state=seed).fit(X, Y).predict(X[:1])[0] for seed in range(300)]
    assert_allclose([draws.count(label) / 300 for label in MODELS], 1 / 3, atol=0.1)


# --- exclude and include --------------------------------------------------------------------


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


# --- in pipelines ---------------------------------------------------------------------------


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["knots", "budget", "RegressAndCompare", "RandomRouter"])
def test_keywords_pass_through_pipelines(name, method, routing):
    with sklearn.config_context(enable_metadata_routing=routing):
        pipeline = make_pipeline(StandardScaler(), clone(ROUTERS[name])).fit(X, Y)
        keywords = {"exclude": "model_0", "include": "model_1", "cost_sensitivity": 2.0}
        if method == "decision_function" and not routing:
            keywords = {}  # a pipeline takes none there
        found = getattr(pipeline, method)(X, **keywords)
    expected = getattr(pipeline[-1], method)(pipeline[0].transform(X), **keywords)
    assert_array_equal(found, expected)


# --- state ----------------------------------------------------------------------------------


class Interrupted(RegressorMixin, BaseEstimator):
    """Is interrupted while it is fitted."""

    def fit(self, X, y):
        raise KeyboardInterrupt

    def predict(self, X):
        return np.zeros(len(X))


def other_log():
    y = Y.copy()
    y["model"] = np.char.replace(y["model"], "model", "other")
    return y


def state_of(router):
    return {name: id(value) for name, value in vars(router).items()}


def interrupting(router):
    """Return parameters by which the next fit is interrupted late, or None."""
    for name in ("outcome_model", "regressor", "router__regressor"):
        if name in router.get_params():
            return {name: Interrupted()}
    return None


def test_a_refit_that_is_interrupted_changes_nothing(router, monkeypatch):
    changed = interrupting(router)
    if changed is None:
        monkeypatch.setattr("skroute.routers._reading.TrainingQueries", None)
    else:
        router.set_params(**changed)
    before, labels = state_of(router), router.predict(X)
    with pytest.raises((KeyboardInterrupt, AttributeError)):
        router.fit(X[:, :3], other_log())
    assert state_of(router) == before
    assert_array_equal(router.predict(X), labels)


def test_a_first_fit_that_fails_leaves_a_router_unfitted(router, monkeypatch):
    router = clone(router)
    before = state_of(router)
    monkeypatch.setattr("skroute.routers._reading.TrainingQueries", None)
    with pytest.raises(AttributeError):
        router.fit(X, Y)
    assert state_of(router) == before
    for method in (*METHODS, "query_features"):
        with pytest.raises(NotFittedError):
            getattr(router, method)(X)
    with pytest.raises(NotFittedError):
        router.score(X, Y)


def test_a_budget_that_fails_leaves_the_fitted_router():
    router = FixedBudgetRouter(RegressAndCompare(), budget=0.01).fit(X, Y)
    router.set_params(budget=-1.0)
    before, labels = state_of(router), router.predict(X)
    with pytest.raises(ValueError, match="no cost sensitivity"):
        router.fit(X, other_log())
    assert state_of(router) == before
    assert_array_equal(router.predict(X), labels)


def test_a_calibration_that_fails_leaves_the_threshold():
    router = ThresholdRouter().fit(X, Y)
    before = state_of(router)
    with pytest.raises(ValueError, match="NaN"):
        router.calibrate(np.full((3, 4), np.nan))
    assert state_of(router) == before


def test_a_refit_removes_what_no_longer_applies():
    router = CausalRouter(random_state=0).fit(pd.DataFrame(X, columns=list("abcd")), Y)
    assert router.overlap_.share_clipped == 0.0
    router.fit(X, PROBLEM.y_full)
    assert not hasattr(router, "overlap_")
    assert not hasattr(router, "feature_names_in_")
    router.fit(X, Y)
    assert router.overlap_.share_clipped == 0.0


@pytest.mark.parametrize("name", ROUTERS)
def test_a_saved_router_does_not_grow_with_the_log(name):
    def saved(n_rows):
        problem = make_routing_problem(n_rows, n_features=4, n_models=3, random_state=1)
        router = clone(ROUTERS[name])
        if isinstance(router, KNeighborsRouter):
            router.set_params(max_reference=100)
        return len(pickle.dumps(router.fit(problem.X, problem.y)))

    assert saved(6000) <= saved(3000) + 100


# --- X is checked once ----------------------------------------------------------------------


@pytest.fixture
def checks(monkeypatch):
    """Count the checks of X that skroute asks of scikit-learn."""
    counted = []
    for module in [m for name, m in sys.modules.items() if name.startswith("skroute")]:
        for name in ("check_array", "validate_data", "check_X_y"):
            if (check := vars(module).get(name)) is not None:

                def counting(*args, check=check, **kwargs):
                    counted.append(check.__name__)
                    return check(*args, **kwargs)

                monkeypatch.setattr(module, name, counting)
    return counted


@pytest.mark.parametrize(
    "name", ["causal", "policy over knots", "BestFixedModel", "RegressAndCompare", "RandomRouter"]
)
def test_queries_are_checked_once_for_each_call(name, checks):
    table = pd.DataFrame(X, columns=list("abcd"))
    router = clone(ROUTERS[name]).fit(table, Y)
    assert checks.count("validate_data") == 1
    calls = [*METHODS, "query_features"]
    if name in OUTCOMES:
        calls += ["predict_quality", "predict_cost", "frontier"]
    for method in calls:
        checks.clear()
        getattr(router, method)(table)
        assert checks == ["validate_data"], method
    checks.clear()
    router.score(table, Y)
    assert checks == ["validate_data"]


# --- words ----------------------------------------------------------------------------------


def test_query_features_leave_out_what_is_no_query():
    biased = np.hstack([X, np.ones((len(X), 3))])
    plain = CausalRouter(outcome_model=Ridge()).fit(X, Y)
    upstream = CausalRouter(outcome_model=Ridge(), bias_correction="upstream").fit(biased, Y)
    assert_array_equal(plain.query_features(X), X)
    assert_array_equal(upstream.query_features(biased), X)
    assert upstream.training_queries_.share_seen(X) == 1.0


def test_what_methods_return_has_a_public_address(fitted):
    budget, causal = fitted["budget"].budget_, fitted["causal"]
    returned = (budget, causal.frontier(X), causal.calibration_, causal.overlap_)
    for value in (*returned, causal.training_queries_, split_router(causal)):
        homes = [skroute.routers, skroute.nuisance, skroute.metrics]
        public = [getattr(home, name) for home in homes for name in home.__all__]
        assert type(value) in public
        assert type(value).__doc__
