"""Values where not every row has a gold quality: known truth, and what helps."""

import numpy as np
import pytest
from scipy.special import expit

from skroute import CausalRouter, full_feedback, logged_feedback
from skroute.metrics import GoldRowsWarning, evaluation_predictions, policy_value

N = 3000
TRUTH = 0.6


def hard_rows_are_gold(seed=0, *, blank=False, both=False, n=N, shift=-1.0):
    """A log of two models drawn evenly, whose gold labels are bought where queries are hard."""
    rng = np.random.default_rng(seed)
    X, action = rng.normal(size=(n, 3)), rng.integers(2, size=n)
    expected = np.column_stack([0.6 + 0.15 * X[:, 0], 0.55 - 0.1 * X[:, 0]])[np.arange(n), action]
    quality = expected + 0.1 * rng.normal(size=n)
    gold = rng.random(n) < expit(shift - X[:, 0])
    said = quality + 0.1 + 0.1 * np.tanh(X[:, 1])
    y = logged_feedback(
        np.array(["a", "b"])[action],
        np.where(gold, quality, np.nan if blank else said),
        propensity=np.full(n, 0.5),
        gold=gold,
        preference=np.where(gold, said, np.nan) if both else None,
        cost=np.where(action == 1, 0.02, 0.01),
    )
    return X, y, gold


def value(X, y, policy="a", **options):
    chosen = None if policy is None else np.full(len(X), policy)
    return policy_value(y, chosen, **evaluation_predictions(X, y), **options)


@pytest.mark.parametrize("blank", [True, False])
def test_gold_of_hard_queries_values_all_queries(blank):
    X, y, gold = hard_rows_are_gold(blank=blank)
    with pytest.warns(GoldRowsWarning):
        alone = policy_value(y, np.full(N, "a"))
    assert alone.value < TRUTH - 0.05
    result = value(X, y)
    assert result.value == pytest.approx(TRUTH, abs=4 * result.standard_error)
    assert result.standard_error < 0.02
    assert (result.n_rows_used, result.n_scored) == (N, gold.sum())
    assert result.mean_cost == pytest.approx(0.01, rel=1e-3)
    today = value(X, y, None)
    assert today.value == pytest.approx(0.575, abs=4 * today.standard_error)


def test_routers_are_scored_by_the_same_value():
    X, y, _ = hard_rows_are_gold(n=1000)
    best = np.where(X[:, 0] > 0, "a", "b")
    router = CausalRouter(random_state=0).fit(X, logged_feedback(y["model"], y["model"] == best))
    choice = router.predict(X)
    expected = policy_value(y, choice, **evaluation_predictions(X, y)).value
    assert router.score(X, y) == pytest.approx(expected, abs=1e-12)


def test_the_judge_of_all_rows_helps():
    X, y, _ = hard_rows_are_gold(both=True)
    known = evaluation_predictions(X, y)
    assert known["predicted_preference"].shape == (N, 2)
    helped = policy_value(y, np.full(N, "a"), **known)
    known.pop("predicted_preference")
    plain = policy_value(y, np.full(N, "a"), **known)
    assert helped.value == pytest.approx(TRUTH, abs=4 * helped.standard_error)
    assert helped.standard_error < 0.7 * plain.standard_error


def test_a_judge_who_says_nothing_does_no_harm():
    X, y, gold = hard_rows_are_gold(both=True)
    rng = np.random.default_rng(1)
    y["preference"] = np.where(gold, rng.normal(size=N), np.nan)
    y["quality"] = np.where(gold, y["quality"], rng.normal(size=N))
    known = evaluation_predictions(X, y)
    helped = policy_value(y, np.full(N, "a"), **known)
    known.pop("predicted_preference")
    plain = policy_value(y, np.full(N, "a"), **known)
    assert helped.standard_error == pytest.approx(plain.standard_error, rel=0.05)


def test_full_feedback_with_gold_on_hard_queries():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 3))
    quality = np.column_stack([0.6 + 0.15 * X[:, 0], 0.5 + 0 * X[:, 0]])
    quality += 0.1 * rng.normal(size=(N, 2))
    gold = rng.random(N) < expit(-1.0 - 1.5 * X[:, 0])
    said = np.where(gold[:, None], quality, quality + 0.2)
    y = full_feedback(said, np.tile([0.01, 0.02], (N, 1)), models=["a", "b"], gold=gold)
    known = evaluation_predictions(X, y)
    assert set(known) == {"models", "predicted_quality", "judged_propensity"}
    result = policy_value(y, np.full(N, "a"), **known)
    assert result.value == pytest.approx(TRUTH, abs=4 * result.standard_error)
    assert result.mean_cost == pytest.approx(0.01)
    assert result.method == "sndr"


def test_worked_by_hand():
    y = logged_feedback(["a", "a", "b"], [1.0, np.nan, 0.5], propensity=[0.5, 0.5, 0.5])
    options = {"judged_propensity": [0.5, 0.25, 1.0], "method": "ips"}
    with pytest.warns(UserWarning, match="effective rows"):
        result = policy_value(y, ["a", "a", "a"], **options)
    assert result.value == pytest.approx((1 / (0.5 * 0.5)) / 3)
    both = np.array([[0.5, 0.9], [0.25, 0.9], [0.9, 1.0]])
    with pytest.warns(UserWarning, match="effective rows"):
        matrix = policy_value(y, ["a"] * 3, method="ips", judged_propensity=both)
    assert matrix.value == result.value


def test_a_judged_propensity_of_1_changes_nothing():
    X, y, _ = hard_rows_are_gold()
    y["gold"] = True
    known = evaluation_predictions(X, y)
    assert "judged_propensity" not in known
    plain = policy_value(y, np.full(N, "a"), cost_sensitivity=3.0, **known)
    ones = policy_value(
        y, np.full(N, "a"), cost_sensitivity=3.0, judged_propensity=np.ones(N), **known
    )
    assert ones.value == pytest.approx(plain.value, abs=1e-12)
    assert ones.standard_error == pytest.approx(plain.standard_error, rel=1e-6)
    assert ones.degrees_of_freedom == pytest.approx(plain.degrees_of_freedom, rel=0.2)


def test_nothing_judged_is_an_error():
    _, y, _ = hard_rows_are_gold(n=50)
    y["quality"], y["gold"] = np.nan, True
    with pytest.raises(ValueError, match="nothing was judged"):
        policy_value(y, np.full(50, "a"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros(50), "'judged_propensity', row 0: found 0.0"),
        (np.ones(49), "judged_propensity has 49 rows but y has 50"),
        (np.ones((50, 3)), r"judged_propensity must have shape \(n, 2\)"),
    ],
)
def test_bad_probabilities_are_named(values, message):
    _, y, _ = hard_rows_are_gold(n=50)
    with pytest.raises(ValueError, match=message):
        policy_value(y, np.full(50, "a"), judged_propensity=values)
