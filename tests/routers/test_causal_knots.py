"""One router for a range of cost sensitivities: knots, budgets, one policy over all."""

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from router_logs import make_log, regret
from scipy.special import softmax
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from skroute import CausalRouter, RegretPolicyClassifier
from skroute.policy import IntervalPolicy


def test_only_the_fitted_cost_sensitivity_is_served():
    X, y, _, _, _ = make_log()
    router = CausalRouter(2.0, random_state=0).fit(X, y)
    assert_array_equal(router.predict(X, cost_sensitivity=2.0), router.predict(X))
    same = np.full(len(X), 2.0)
    assert_array_equal(router.predict(X, cost_sensitivity=same), router.predict(X))
    for wrong in (3.0, np.linspace(0, 2, len(X))):
        with pytest.raises(ValueError, match="knots"):
            router.predict(X, cost_sensitivity=wrong)


def test_one_fit_serves_every_cost_sensitivity_as_a_fit_of_its_own_would():
    X, y, _, _, _ = make_log(300)
    joint = CausalRouter(1.0, knots=[0.0, 20.0], random_state=0).fit(X, y)
    assert_array_equal(joint.predict(X), joint.predict(X, cost_sensitivity=1.0))
    for value in (0.0, 0.7, 5.0, 20.0):
        own = CausalRouter(value, random_state=0).fit(X, y)
        assert_array_equal(joint.predict(X, cost_sensitivity=value), own.predict(X))
    per_row = np.linspace(0.0, 20.0, len(X))
    mixed = joint.predict(X, cost_sensitivity=per_row)
    for row in (0, 150, 299):
        one = joint.predict(X[row : row + 1], cost_sensitivity=per_row[row])
        assert mixed[row] == one[0]
    with pytest.raises(ValueError, match=r"cost_sensitivity=25 \(row 0\) is not served"):
        joint.predict(X, cost_sensitivity=25.0)
    with pytest.raises(ValueError, match=r"\(row 7\) is not served"):
        joint.predict(X, cost_sensitivity=np.where(np.arange(300) == 7, 21.0, 1.0))


def test_predicted_cost_never_rises_with_cost_sensitivity():
    X, y, _, _, _ = make_log(300)
    router = CausalRouter(knots="auto", random_state=0).fit(X, y)
    assert router.knots_[0] == 0.0
    cost, rows = router.predict_cost(X), np.arange(300)
    spent = []
    for value in np.linspace(0.0, router.knots_[-1], 40):
        chosen = np.searchsorted(router.classes_, router.predict(X, cost_sensitivity=value))
        spent.append(cost[rows, chosen].mean())
    assert (np.diff(spent) <= 1e-12).all()
    # Beyond the last knot nothing is left to save.
    cheapest = router.predict(X, cost_sensitivity=1e9)
    assert_array_equal(np.searchsorted(router.classes_, cheapest), cost.argmin(axis=1))
    dearest = router.frontier(X)
    assert dearest.high == np.inf
    assert dearest.mean_cost[-1] == pytest.approx(cost.min(axis=1).mean())


def test_budgets_and_shares_are_met():
    X, y, _, _, _ = make_log(400)
    router = CausalRouter(knots="auto", random_state=0).fit(X, y)
    cost, rows = router.predict_cost(X), np.arange(400)
    budget = 0.5 * (cost.min(axis=1).mean() + cost.max(axis=1).mean())
    met = router.cost_sensitivity_for_budget(X, budget)
    labels = router.predict(X, cost_sensitivity=met.cost_sensitivity)
    chosen = np.searchsorted(router.classes_, labels)
    assert cost[rows, chosen].mean() == pytest.approx(met.mean_cost)
    assert budget - cost.max() / 400 < met.mean_cost <= budget
    assert met.share["c"] == np.mean(labels == "c")
    shared = router.cost_sensitivity_for_budget(X, share={"c": 0.1})
    assert shared.share["c"] <= 0.1
    with pytest.raises(ValueError, match="either budget or share"):
        router.cost_sensitivity_for_budget(X)
    with pytest.raises(ValueError, match="no cost sensitivity"):
        router.cost_sensitivity_for_budget(X, 1e-9)


def joint_policy(X, y, knots="auto", cost_sensitivity=0.0, **options):
    policy = RegretPolicyClassifier(**options)
    return CausalRouter(cost_sensitivity, knots=knots, policy=policy, random_state=0).fit(X, y)


@pytest.mark.parametrize("loss", ["softmax", "classification"])
def test_one_policy_over_knots_is_as_good_as_fits_of_their_own(loss):
    X, y, _, _, _ = make_log(1000)
    X_test, _, _, quality, cost = make_log(2000, seed=1)
    joint, own, fixed = [], [], []
    router = joint_policy(X, y, [0.0, 2.0, 5.0, 10.0, 20.0], loss=loss)
    assert isinstance(router.policy_, IntervalPolicy)
    for value in np.linspace(0.0, 20.0, 9):
        one = joint_policy(X, y, None, value, loss=loss)
        own.append(regret(one, X_test, quality, cost, value))
        labels = router.predict(X_test, cost_sensitivity=value)
        utility = quality - value * cost
        chosen = utility[np.arange(2000), np.searchsorted(router.classes_, labels)]
        joint.append(np.mean(utility.max(axis=1) - chosen))
        fixed.append((utility.max(axis=1)[:, None] - utility).mean(axis=0).min())
    assert np.mean(joint) < 1.03 * np.mean(own)
    assert (np.array(joint) < 0.5 * np.array(fixed)).all()


def test_a_policy_over_knots_serves_scalars_rows_and_none():
    X, y, _, _, _ = make_log(300)
    router = joint_policy(X, y, [0.0, 1.0, 5.0, 20.0], 3.0)
    values = np.random.default_rng(0).choice([0.0, 0.5, 1.0, 3.0, 20.0], 300)
    decision = router.decision_function(X, cost_sensitivity=values)
    probability = router.predict_proba(X, cost_sensitivity=values)
    assert_allclose(probability, softmax(decision, axis=1))
    assert_array_equal(
        router.predict(X, cost_sensitivity=values), router.classes_[decision.argmax(axis=1)]
    )
    for value in np.unique(values):
        rows = values == value
        alone = router.decision_function(X, cost_sensitivity=value)
        assert_allclose(decision[rows], alone[rows], atol=1e-12)
    assert_array_equal(router.predict(X), router.predict(X, cost_sensitivity=3.0))
    assert "a" not in router.predict(X, cost_sensitivity=values, exclude="a")
    clipped = np.clip([-1.0, 30.0], router.knots_[0], router.knots_[-1])
    assert router.predict(X[:2], cost_sensitivity=clipped).shape == (2,)
    with pytest.raises(ValueError, match=r"\(row 1\) is not served.*np\.clip"):
        router.predict(X[:2], cost_sensitivity=[1.0, 30.0])


def test_a_policy_over_knots_is_an_estimator_like_any_other(tmp_path):
    X, y, _, _, _ = make_log(200)
    router = joint_policy(X, y, hidden_layer_sizes=(5,), learning_rate=0.02)
    assert_array_equal(clone(router).fit(X, y).decision_function(X), router.decision_function(X))
    joblib.dump(router, tmp_path / "router.joblib")
    loaded = joblib.load(tmp_path / "router.joblib")
    assert_array_equal(loaded.decision_function(X), router.decision_function(X))
    linear = clone(router).set_params(knots=[0.0, 4.0], policy__hidden_layer_sizes=()).fit(X, y)
    assert linear.knots_.tolist() == [0.0, 4.0]
    assert len(linear.policy_.coefs) == 1
    single = joint_policy(X.astype(np.float32), y)
    assert single.decision_function(X.astype(np.float32)).dtype == np.float32


def test_weights_equal_repetition_for_a_policy_over_knots():
    X, y, _, _, _ = make_log(150)
    weight = np.random.RandomState(0).randint(0, 3, len(X))
    rows, fold = np.repeat(np.arange(len(X)), weight), np.arange(len(X)) % 3

    def splits(fold):
        return [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(3)]

    options = {"knots": "auto", "policy": RegretPolicyClassifier(tol=1e-7), "random_state": 0}
    weighted = CausalRouter(cv=splits(fold), **options).fit(X, y, sample_weight=weight)
    repeated = CausalRouter(cv=splits(fold[rows]), **options).fit(X[rows], y[rows])
    assert_allclose(weighted.knots_, repeated.knots_, rtol=1e-4)
    values = np.linspace(0.0, min(weighted.knots_[-1], repeated.knots_[-1]), len(X))
    labels = [router.predict(X, cost_sensitivity=values) for router in (weighted, repeated)]
    assert np.mean(labels[0] == labels[1]) > 0.98


def test_the_frontier_of_a_policy_says_what_it_predicts():
    X, y, _, _, _ = make_log(300)
    router = joint_policy(X, y)
    frontier, cost, rows = router.frontier(X), router.predict_cost(X), np.arange(300)
    assert (frontier.low, frontier.high) == (0.0, router.knots_[-1])
    edges = np.r_[frontier.low, frontier.cost_sensitivity, frontier.high]
    for state in np.linspace(0, len(edges) - 2, 25).astype(int):
        value = (edges[state] + edges[state + 1]) / 2
        labels = router.predict(X, cost_sensitivity=value)
        assert np.mean(frontier.choice_at(value) == labels) > 0.99
        spent = cost[rows, np.searchsorted(router.classes_, labels)].mean()
        assert frontier.mean_cost[state] == pytest.approx(spent, rel=1e-3)
    alone = joint_policy(X, y, None, 2.0).frontier(X)
    assert (alone.low, alone.high, len(alone.row)) == (2.0, 2.0, 0)


@pytest.mark.parametrize("policy", [None, RegretPolicyClassifier()])
def test_budgets_hold_on_queries_to_come(policy):
    """Cost sensitivities are chosen on one half; what is spent on the other half is tested."""
    X, y, _, _, _ = make_log(800)
    X_new, _, _, _, true_cost = make_log(1200, seed=3)
    router = CausalRouter(knots="auto", policy=policy, random_state=0).fit(X, y)
    half, other = X_new[:600], X_new[600:]
    cost, frontier = router.predict_cost(half), router.frontier(half)
    low = max(cost.mean(axis=0).min(), frontier.mean_cost.min())
    for budget in np.linspace(low, cost.mean(axis=0).max(), 9):
        met = router.cost_sensitivity_for_budget(half, budget)
        assert met.mean_cost <= budget
        paid = []
        for queries, outcome in ((half, cost), (other, router.predict_cost(other))):
            labels = router.predict(queries, cost_sensitivity=met.cost_sensitivity)
            paid.append(outcome[np.arange(600), np.searchsorted(router.classes_, labels)])
        truly = true_cost[600:][np.arange(600), np.searchsorted(router.classes_, labels)]
        assert paid[0].mean() == pytest.approx(met.mean_cost)
        # Nine tests: four standard errors are a chance of one in two thousand.
        error = np.sqrt(np.var(paid[0]) / 600 + np.var(paid[1]) / 600)
        assert abs(paid[1].mean() - met.mean_cost) < 4 * error + 1e-12
        assert truly.mean() == pytest.approx(paid[1].mean(), rel=0.05)


def test_mean_cost_hardly_rises_where_a_policy_chooses():
    X, y, _, _, _ = make_log(1500)
    X_new, _, _, _, _ = make_log(1000, seed=4)
    for policy, most in ((None, 1e-12), (RegretPolicyClassifier(), 0.01)):
        router = CausalRouter(knots="auto", policy=policy, random_state=0).fit(X, y)
        spent = router.frontier(X_new).mean_cost
        assert (spent - np.minimum.accumulate(spent)).max() <= most * np.ptp(spent)


def test_a_policy_without_random_state_takes_that_of_the_router():
    X, y, _, _, _ = make_log(120)
    policy = RegretPolicyClassifier(hidden_layer_sizes=(4,), learning_rate=0.02)
    for knots in (None, [0.0, 5.0]):
        fits = [CausalRouter(knots=knots, policy=policy, random_state=r).fit(X, y) for r in (0, 0)]
        assert_array_equal(*(router.decision_function(X) for router in fits))
    assert policy.random_state is None


def test_knots_need_a_policy_that_can_do_it():
    X, y, _, _, _ = make_log(100)
    policy = make_pipeline(PCA(2), RegretPolicyClassifier())
    with pytest.raises(ValueError, match="knots need a policy that is trained for all of them"):
        CausalRouter(knots=[0.0, 1.0], policy=policy).fit(X, y)
