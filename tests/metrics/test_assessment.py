import pickle

import numpy as np
import pandas as pd
import pytest
from policy_logs import CHOICE, COST, QUALITY, big_log, small_log, value_of

from skroute import full_feedback, logged_feedback
from skroute.metrics import policy_value
from skroute.nuisance import OverlapWarning


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"policy": ["a", "a", "a"]}, "policy has 3 rows but y has 4"),
        ({"policy": ["a", "a", "a", "c"]}, "policy, row 3: chooses 'c'.*models="),
        ({"policy": np.ones((4, 3)) / 3}, "policy has 3 columns but there are 2 models"),
        ({"policy": np.full((4, 2), 0.4)}, "policy, row 0: the probabilities sum to 0.8"),
        ({"policy": [[2.0, -1.0]] * 4}, "'policy:b', row 0: found -1.0"),
        ({"policy": [[np.nan, 1.0]] * 4}, "'policy:a', row 0: found nan"),
        ({"policy": np.ones((4, 2, 1))}, r"shape \(n,\) or probabilities"),
        ({"policy": [0.5, 0.5, 1.0, 1.0]}, "'policy', row 0: found 0.5"),
        ({"method": "best"}, "method must be one of.*'best'"),
        ({"method": "exact"}, "'exact' is for full feedback"),
        ({"method": "dr"}, "'dr' needs predicted_quality"),
        ({"predicted_cost": COST}, "predicted_cost is given without predicted_quality"),
        (
            {"predicted_quality": QUALITY, "cost_sensitivity": 1.0},
            "without predicted_cost.*cost_sensitivity=1",
        ),
        ({"predicted_quality": QUALITY[:, :1]}, r"predicted_quality must have shape \(n, 2\)"),
        ({"predicted_quality": QUALITY[:3]}, "predicted_quality has 3 rows but y has 4"),
        (
            {"predicted_quality": QUALITY, "predicted_cost": COST[:2]},
            "predicted_cost has 2 rows but y has 4",
        ),
        (
            {"predicted_quality": pd.DataFrame(QUALITY, columns=["b", "a"])},
            r"predicted_quality: its columns are \['b', 'a'\]",
        ),
        ({"predicted_quality": np.where(QUALITY > 0.8, np.inf, 0)}, "'predicted_quality:b', row 2"),
        ({"propensity": [0.5, 0.0, 0.5, 0.5]}, "'propensity', row 1: found 0.0"),
        ({"propensity": [0.5, 1.5, 0.5, 0.5]}, "'propensity', row 1: found 1.5"),
        ({"propensity": [0.5, np.nan, 0.5, 0.5]}, "'propensity', row 1: found nan"),
        ({"propensity": [0.5]}, "propensity has 1 rows but y has 4"),
        ({"models": ["a", "a"]}, r"models must be distinct; \['a'\]"),
        ({"models": []}, "models must be a non-empty"),
        ({"shrinkage": 1.0}, "shrinkage=1.0 has no meaning for method 'auto'"),
        (
            {"shrinkage": 0.0, "method": "dros", "predicted_quality": QUALITY},
            "shrinkage must be a positive number",
        ),
        (
            {"switch_threshold": -1, "method": "switch-dr", "predicted_quality": QUALITY},
            "switch_threshold must be a number of at least 0",
        ),
        ({"interval": "wide"}, "interval must be one of.*'wide'"),
        ({"confidence": 95}, "confidence must be between 0 and 1, got 95"),
        ({"confidence": "high"}, "confidence must be between 0 and 1"),
        ({"cost_sensitivity": -1.0}, "cost_sensitivity must be"),
    ],
)
def test_wrong_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        value_of(small_log(), **{"policy": CHOICE, **arguments})


def test_full_feedback_refuses_what_only_a_log_has():
    y = full_feedback([[0.2, 0.9]], models=["a", "b"])
    with pytest.raises(ValueError, match="'snips' is for logged feedback"):
        policy_value(y, ["a"], method="snips")
    with pytest.raises(ValueError, match=r"policy is None.*full feedback"):
        policy_value(y, None)
    with pytest.raises(ValueError, match=r"y has no column for the models \['c'\]"):
        policy_value(y, ["a"], models=["a", "c"])


def test_policy_that_never_agrees_with_the_log():
    y, _, quality, _ = big_log()
    other = np.where(y["model"] == "x", "y", "x")
    for method in ["ips", "snips"]:
        with pytest.raises(ValueError, match="never chooses the logged model in any of the 400"):
            policy_value(y, other, method=method)
    with pytest.warns(OverlapWarning, match=r"0\.0 effective rows"):
        result = policy_value(y, other, predicted_quality=quality)
    direct = policy_value(y, other, method="dm", predicted_quality=quality)
    assert result.value == direct.value
    assert np.isnan([result.standard_error, result.low, result.high]).all()


@pytest.mark.parametrize("interval", ["normal", "bootstrap", "bernstein"])
def test_one_agreeing_row_gives_no_error(interval):
    y, _, quality, _ = big_log()
    policy = np.where(y["model"] == "x", "y", "x")
    policy[7] = y["model"][7]
    for method in ["snips", "sndr"]:
        with pytest.warns(OverlapWarning, match=r"1\.0 effective rows"):
            result = policy_value(
                y, policy, method=method, predicted_quality=quality, interval=interval
            )
        assert np.isfinite(result.value)
        assert np.isnan([result.standard_error, result.low, result.high]).all()


@pytest.mark.parametrize("interval", ["normal", "bootstrap", "bernstein"])
def test_one_row(interval):
    result = value_of(small_log()[:1], ["a"], interval=interval)
    assert result.value == 1.0
    assert np.isnan([result.standard_error, result.low, result.high]).all()


def test_one_model():
    y = logged_feedback(["a"] * 3, [0.0, 0.5, 1.0], propensity=[1.0] * 3)
    result = value_of(y, ["a"] * 3)
    assert (result.value, result.mean_weight) == (0.5, 1.0)


def test_a_negative_mean_cost_is_told():
    rng = np.random.default_rng(0)
    dear = rng.random(400) < 0.5
    cost = np.where(dear, 0.01, 0.0)
    model = np.where(dear, "dear", "cheap")
    y = logged_feedback(model, np.ones(400), cost=cost, propensity=np.full(400, 0.5))
    predicted = np.ones((400, 2)), np.column_stack([np.full(400, 0.001), np.full(400, 0.03)])
    arguments = dict(zip(("predicted_quality", "predicted_cost"), predicted, strict=True))
    with pytest.warns(OverlapWarning, match="mean cost comes to -.* dollars"):
        found = policy_value(y, np.full(400, "cheap"), **arguments, method="dr")
    assert found.mean_cost < 0
    policy_value(y, np.full(400, "dear"), **arguments, method="dr")


def test_empty_table():
    with pytest.raises(ValueError, match="y has no rows"):
        policy_value(small_log()[:0], [])


def test_warns_where_a_few_rows_decide():
    rng = np.random.default_rng(0)
    n = 2000
    propensity = np.full(n, 0.5)
    propensity[0] = 0.007
    y = logged_feedback(rng.choice(["a", "b"], n), rng.random(n), propensity=propensity)
    with pytest.warns(OverlapWarning, match="of all weight"):
        policy_value(y, np.full(n, y["model"][0]))
    y["propensity"] = 0.25
    with pytest.warns(OverlapWarning, match=r"weights average .* in place of 1"):
        policy_value(y, np.full(n, "a"))
    y["propensity"] = 0.5
    policy_value(y, np.full(n, "a"))


def always_a(n, **columns):
    """A log of model a alone, which is what the policy chooses: every importance weight is 1."""
    return logged_feedback(["a"] * n, np.arange(n) / n, propensity=np.ones(n), **columns), ["a"] * n


def chosen_by_half(n_agreeing, n=400):
    """A log that chose a with chance 0.5: the importance weights average 2 n_agreeing / n."""
    model = np.where(np.arange(n) < n_agreeing, "a", "b")
    y = logged_feedback(model, np.arange(n) / n, propensity=np.full(n, 0.5))
    return y, np.full(n, "a")


def nearly_all(short):
    """Importance weights of 1 - short, without any error."""
    y, _ = always_a(100)
    return y, np.tile([1.0 - short, short], (100, 1))


@pytest.mark.parametrize(
    ("silent", "poor", "reason", "fact"),
    [
        (always_a(30), always_a(29), "rests on 29.0 effective rows", "effective_sample_size"),
        (
            always_a(100, weight=[5.1] + [1.0] * 99),
            always_a(100, weight=[5.3] + [1.0] * 99),
            "one row carries 5%",
            "largest_share",
        ),
        # Three standard errors are 0.1486 and 0.1485.
        (chosen_by_half(229), chosen_by_half(230), "average 1.15", "mean_weight"),
        (nearly_all(9e-7), nearly_all(1.1e-6), "average 1 in place", "mean_weight"),
    ],
)
def test_the_limits_of_poor_overlap(silent, poor, reason, fact):
    # Warnings are errors here.
    policy_value(*silent, models=["a", "b"])
    with pytest.warns(OverlapWarning, match=reason) as caught:
        policy_value(*poor, models=["a", "b"])
    warning = pickle.loads(pickle.dumps(caught[0].message))
    assert warning.policy == "policy"
    assert len(warning.reasons) == 1
    expected = {
        "effective_sample_size": 29.0,
        "largest_share": 5.3 / 104.3,
        "mean_weight": 1.15 if "1.15" in reason else 1 - 1.1e-6,
    }
    assert getattr(warning, fact) == pytest.approx(expected[fact], abs=1e-9)
    assert caught[0].filename == __file__
