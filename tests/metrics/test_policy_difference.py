import warnings

import numpy as np
import pytest

from skroute import full_feedback, logged_feedback
from skroute.metrics import differences_of_pairs, policy_difference, policy_value
from skroute.nuisance import OverlapWarning

METHODS = ["dm", "ips", "snips", "dr", "sndr", "switch-dr", "dros"]


def log(n=600, seed=0, **columns):
    rng = np.random.default_rng(seed)
    large = rng.random(n) < 0.5
    y = logged_feedback(
        np.where(large, "large", "small"),
        rng.random(n) + 0.2 * large,
        cost=np.where(large, 0.02, 0.001),
        propensity=np.full(n, 0.5),
        **columns,
    )
    return y, rng.random((n, 2)), np.tile([0.02, 0.001], (n, 1)), rng.random(n) < 0.3


def test_worked_by_hand():
    y = full_feedback([[0.0, 1.0], [0.5, 1.0]], [[0, 0.1], [0, 0.1]], models=["s", "l"])
    result = policy_difference(y, ["l", "l"], ["s", "l"], cost_sensitivity=2.0)
    assert result.value == pytest.approx(0.4)
    assert result.quality_difference == pytest.approx(0.5)
    assert result.cost_difference == pytest.approx(0.05)
    assert result.standard_error == pytest.approx(0.4)
    # A t-value of 1 at one degree of freedom.
    assert (result.degrees_of_freedom, result.p_value) == (1.0, pytest.approx(0.5))
    assert result.dollars_per_thousand_queries[0] == pytest.approx(200.0)
    assert result.a.value == pytest.approx(0.8)
    assert result.b.value == pytest.approx(0.4)


@pytest.mark.parametrize("method", ["ips", "snips", "dr", "sndr"])
def test_quality_and_cost_have_intervals_of_their_own(method):
    """Those of the utility where nothing costs, and where nothing but cost counts."""
    y, quality, cost, hard = log()
    a, b = np.where(hard, "large", "small"), np.full(len(y), "large")
    options = {
        "method": method,
        "predicted_quality": quality,
        "predicted_cost": cost + hard[:, None],
    }
    result = policy_difference(y, a, b, cost_sensitivity=4.0, **options)
    alone = policy_difference(y, a, b, **options)
    own = result.quality_difference, result.quality_low, result.quality_high
    assert own == pytest.approx((alone.value, alone.low, alone.high))
    free = y.copy()
    free["quality"] = 0.0
    options["predicted_quality"] = np.zeros_like(quality)
    paid = policy_difference(free, a, b, cost_sensitivity=1.0, **options)
    own = result.cost_difference, result.cost_low, result.cost_high
    assert own == pytest.approx((-paid.value, -paid.high, -paid.low))
    assert result.cost_low < result.cost_difference < result.cost_high


def test_costs_without_predictions_are_not_known():
    y, quality, _, hard = log()
    a, b = np.where(hard, "large", "small"), np.full(len(y), "large")
    result = policy_difference(y, a, b, method="dr", predicted_quality=quality)
    assert np.isnan([result.cost_difference, result.cost_low, result.cost_high]).all()


@pytest.mark.parametrize("method", METHODS)
def test_agrees_with_the_two_values(method):
    y, quality, cost, hard = log()
    a, b = np.where(hard, "large", "small"), np.full(len(y), "large")
    options = {
        "method": method,
        "predicted_quality": quality,
        "predicted_cost": cost,
        "cost_sensitivity": 4.0,
    }
    result = policy_difference(y, a, b, **options)
    assert result.a == policy_value(y, a, **options)
    assert result.b == policy_value(y, b, **options)
    assert result.value == result.a.value - result.b.value
    assert result.low < result.value < result.high
    reverse = policy_difference(y, b, a, **options)
    assert reverse.value == -result.value
    assert reverse.p_value == pytest.approx(result.p_value)
    assert reverse.low == pytest.approx(-result.high)


@pytest.mark.parametrize("interval", ["normal", "bootstrap", "bernstein"])
@pytest.mark.parametrize("method", METHODS)
def test_equal_policies_do_not_differ(method, interval):
    y, quality, _, hard = log()
    policy = np.where(hard, "large", "small")
    result = policy_difference(
        y, policy, policy, method=method, predicted_quality=quality, interval=interval
    )
    assert (result.value, result.standard_error, result.p_value) == (0.0, 0.0, 1.0)
    assert (result.low, result.high) == (0.0, 0.0)


def test_pairing_narrows_the_interval():
    y, _, _, hard = log()
    a = np.where(hard, "large", "small")
    b = a.copy()
    b[:30] = np.where(b[:30] == "large", "small", "large")
    result = policy_difference(y, a, b)
    assert result.standard_error < 0.5 * np.hypot(result.a.standard_error, result.b.standard_error)


def test_paired_error_of_plain_means():
    y, _, _, hard = log()
    a, b = np.where(hard, "large", "small"), np.full(len(y), "small")
    terms = ((y["model"] == a) * 2.0 - (y["model"] == b) * 2.0) * y["quality"]
    result = policy_difference(y, a, b, method="ips")
    assert result.standard_error == pytest.approx(terms.std(ddof=1) / np.sqrt(len(y)))


@pytest.mark.parametrize("method", ["ips", "snips", "dr", "sndr"])
def test_bootstrap_and_normal_intervals_are_near(method):
    y, quality, _, hard = log(group=np.arange(600) // 2)
    a, b = np.where(hard, "large", "small"), np.full(600, "large")
    options = {"method": method, "predicted_quality": quality}
    normal = policy_difference(y, a, b, **options)
    bootstrap = policy_difference(y, a, b, interval="bootstrap", **options)
    bernstein = policy_difference(y, a, b, interval="bernstein", **options)
    assert bootstrap.low == pytest.approx(normal.low, abs=0.15 * normal.standard_error)
    assert bootstrap.high == pytest.approx(normal.high, abs=0.15 * normal.standard_error)
    again = policy_difference(y, a, b, interval="bootstrap", **options)
    assert (again.low, again.high) == (bootstrap.low, bootstrap.high)
    assert bernstein.low < normal.low
    assert bernstein.high > normal.high


def test_against_the_policy_that_wrote_the_log():
    y, _, _, hard = log()
    a = np.where(hard, "large", "small")
    result = policy_difference(y, a, None)
    assert result.b.value == pytest.approx(y["quality"].mean())
    assert result.value == pytest.approx(policy_value(y, a).value - y["quality"].mean())


def test_order_of_rows_does_not_matter():
    y, quality, _, hard = log()
    a, b = np.where(hard, "large", "small"), np.full(len(y), "large")
    order = np.random.default_rng(1).permutation(len(y))
    for interval in ["normal", "bootstrap", "bernstein"]:
        one = policy_difference(y, a, b, predicted_quality=quality, interval=interval)
        other = policy_difference(
            y[order], a[order], b[order], predicted_quality=quality[order], interval=interval
        )
        for field in ["value", "standard_error", "low", "high", "p_value"]:
            assert getattr(other, field) == pytest.approx(getattr(one, field), abs=1e-12)


def test_dollars_need_a_cost_sensitivity():
    y, _, _, hard = log()
    result = policy_difference(y, np.where(hard, "large", "small"), None)
    assert np.isnan(result.dollars_per_thousand_queries).all()


def test_messages_name_the_policy():
    y, *_ = log()
    with pytest.raises(ValueError, match="policy_a has 1 rows"):
        policy_difference(y, ["large"], None)
    with pytest.raises(ValueError, match="policy_b, row 0: chooses 'medium'"):
        policy_difference(y, None, np.full(len(y), "medium"))
    with pytest.raises(ValueError, match="confidence must be between 0 and 1"):
        policy_difference(y, None, None, confidence=1.0)
    rare = np.where(y["model"] == "large", "small", "large")
    rare[:5] = y["model"][:5]
    with pytest.warns(OverlapWarning, match="says little about policy_b"):
        policy_difference(y, None, rare)


def test_one_row_has_no_error():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OverlapWarning)
        result = policy_difference(log()[0][:1], None, log()[0]["model"][:1])
    assert np.isnan([result.standard_error, result.p_value, result.low]).all()


def test_intervals_at_another_confidence():
    y, quality, cost, hard = log()
    a, b = np.where(hard, "large", "small"), np.full(len(y), "large")
    known = {"predicted_quality": quality, "predicted_cost": cost, "cost_sensitivity": 4.0}
    result = policy_difference(y, a, b, **known)
    assert result.interval(0.95) == pytest.approx((result.low, result.high))
    wide = policy_difference(y, a, b, confidence=0.99, **known)
    assert result.interval(0.99) == pytest.approx((wide.low, wide.high))
    with pytest.raises(ValueError, match="confidence must be between 0 and 1"):
        result.interval(1.0)


def test_pairs_at_once_are_those_one_by_one():
    y, quality, cost, hard = log()
    policies = {
        "today": None,
        "router": np.where(hard, "large", "small"),
        "large": np.full(len(y), "large"),
        "small": np.full(len(y), "small"),
    }
    known = {"predicted_quality": quality, "predicted_cost": cost, "cost_sensitivity": 4.0}
    values = {name: policy_value(y, labels, **known) for name, labels in policies.items()}
    pairs = [("router", "today"), ("large", "today"), ("router", "large"), ("router", "small")]
    kept = ["today", "router"]
    found = differences_of_pairs(y, policies, pairs, values, kept=kept, confidence=0.95, **known)
    assert set(found) == set(pairs)
    for a, b in pairs:
        assert found[a, b] == policy_difference(y, policies[a], policies[b], **known)
