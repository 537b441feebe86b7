import warnings
from dataclasses import asdict

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skroute import full_feedback, logged_feedback
from skroute.metrics import policy_value
from skroute.nuisance import OverlapWarning

METHODS = ["dm", "ips", "snips", "dr", "sndr", "switch-dr", "dros"]
FIELDS = ["value", "standard_error", "low", "high", "mean_quality", "mean_cost"]


def small_log(**columns):
    return logged_feedback(
        ["a", "b", "a", "b"],
        [1.0, 0.0, 0.5, 1.0],
        cost=[0.1, 0.2, 0.1, 0.2],
        propensity=[0.5, 0.5, 0.25, 0.8],
        **columns,
    )


# Chooses the logged model in rows 0, 2 and 3: weights 2, 0, 4, 1.25.
CHOICE = ["a", "a", "a", "b"]
QUALITY = np.array([[0.8, 0.3], [0.6, 0.2], [0.4, 0.9], [0.5, 0.7]])
COST = np.array([[0.1, 0.3], [0.1, 0.1], [0.2, 0.2], [0.1, 0.25]])


def value_of(y, policy, **options):
    """Four rows overlap poorly, which these tests are not about."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OverlapWarning)
        return policy_value(y, policy, **options)


def big_log(n=400, seed=0, **columns):
    """Three models, a row-wise policy and predictions."""
    rng = np.random.default_rng(seed)
    logging = rng.dirichlet(np.full(3, 5.0), n)
    action = (rng.random((n, 1)) > logging.cumsum(axis=1)[:, :-1]).sum(axis=1)
    y = logged_feedback(
        np.array(["x", "y", "z"])[action],
        rng.random(n),
        cost=rng.random(n) / 50,
        propensity=logging[np.arange(n), action],
        **columns,
    )
    return y, rng.dirichlet(np.ones(3), n), rng.random((n, 3)), rng.random((n, 3)) / 50


@pytest.mark.parametrize(
    ("method", "options", "expected"),
    [
        # direct .8, .6, .4, .7; w (r - q) .4, 0, .4, .375; w r 2, 0, 2, 1.25; sum of w 7.25.
        ("dm", {}, 2.5 / 4),
        ("ips", {}, 5.25 / 4),
        ("snips", {}, 5.25 / 7.25),
        ("dr", {}, (2.5 + 1.175) / 4),
        ("sndr", {}, 2.5 / 4 + 1.175 / 7.25),
        ("auto", {}, 2.5 / 4 + 1.175 / 7.25),
        ("switch-dr", {"switch_threshold": 2.0}, (2.5 + 0.775) / 4),
        ("switch-dr", {"switch_threshold": 0.0}, 2.5 / 4),
        ("switch-dr", {"switch_threshold": np.inf}, (2.5 + 1.175) / 4),
        # weights 2, 4, 1.25 times 4 / (w**2 + 4) are 1, .8, 5 / 5.5625.
        ("dros", {"shrinkage": 4.0}, (2.5 + 0.2 + 0.08 + 0.3 * 5 / 5.5625) / 4),
        ("dros", {"shrinkage": np.inf}, (2.5 + 1.175) / 4),
    ],
)
def test_worked_by_hand(method, options, expected):
    result = value_of(small_log(), CHOICE, method=method, predicted_quality=QUALITY, **options)
    assert result.value == pytest.approx(expected, abs=1e-14)
    assert result.mean_quality == result.value
    assert result.largest_weight == 4.0
    assert result.mean_weight == pytest.approx(7.25 / 4)
    assert result.effective_sample_size == pytest.approx(7.25**2 / (4 + 16 + 1.5625))
    assert (result.n_rows, result.n_rows_used, result.n_clusters) == (4, 4, 4)


def test_standard_errors_by_hand():
    y = small_log()
    ips = value_of(y, CHOICE, method="ips")
    terms = np.array([2.0, 0.0, 2.0, 1.25])
    assert ips.standard_error == pytest.approx(terms.std(ddof=1) / 2)
    assert ips.high - ips.value == pytest.approx(1.959963984540054 * ips.standard_error)
    snips = value_of(y, CHOICE, method="snips")
    weight, reward = np.array([2.0, 0, 4, 1.25]), np.array([1.0, 0, 0.5, 1])
    share = weight / 7.25
    residual = share * (reward - 5.25 / 7.25) / np.sqrt(1 - share)
    assert snips.standard_error == pytest.approx(np.sqrt(np.sum(residual**2)))


def test_utility_is_quality_minus_cost():
    y = small_log()
    for method in METHODS[:5]:
        options = {"method": method, "predicted_quality": QUALITY, "predicted_cost": COST}
        result = value_of(y, CHOICE, cost_sensitivity=3.0, **options)
        assert result.value == pytest.approx(result.mean_quality - 3 * result.mean_cost)
        assert result.mean_quality == pytest.approx(value_of(y, CHOICE, **options).value)


def test_cost_is_nan_where_it_cannot_be_estimated():
    y = small_log()
    assert np.isnan(value_of(y, CHOICE, predicted_quality=QUALITY).mean_cost)
    assert value_of(y, CHOICE).mean_cost == pytest.approx((0.2 + 0.4 + 0.25) / 7.25)
    free = logged_feedback(["a", "b"], [1.0, 0.0], propensity=[0.5, 0.5])
    result = value_of(free, ["a", "a"], predicted_quality=QUALITY[:2], cost_sensitivity=5.0)
    assert result.mean_cost == 0


def test_full_feedback_is_exact():
    y = full_feedback([[0.2, 0.9], [0.7, 0.8]], [[0.0, 0.1], [0.0, 0.1]], models=["s", "l"])
    result = policy_value(y, ["l", "s"], cost_sensitivity=2.0)
    assert result.value == pytest.approx((0.7 + 0.7) / 2)
    assert (result.method, result.mean_cost) == ("exact", 0.05)
    by_share = policy_value(y, [[0.5, 0.5], [0.0, 1.0]], models=["s", "l"], method="exact")
    assert by_share.value == pytest.approx((0.55 + 0.8) / 2)
    assert by_share.standard_error == pytest.approx(0.25 / np.sqrt(2) / np.sqrt(2))


def test_default_order_of_models_is_by_string():
    y = full_feedback([[0.2, 0.9]], models=["b", "a"])
    assert policy_value(y, [[1.0, 0.0]]).value == 0.9
    assert policy_value(y, [[1.0, 0.0]], models=["b", "a"]).value == 0.2


def test_none_is_the_policy_that_wrote_the_log():
    result = policy_value(small_log(), None, cost_sensitivity=1.0)
    assert result.method == "logged"
    assert result.value == pytest.approx(np.mean([0.9, -0.2, 0.4, 0.8]))
    no_propensity = logged_feedback(["a", "b"], [1.0, 0.0])
    assert policy_value(no_propensity, None).value == 0.5


def test_labels_equal_their_probabilities():
    y, _, quality, cost = big_log()
    choice = np.random.default_rng(1).integers(0, 3, len(y))
    for method in METHODS:
        options = {
            "method": method,
            "predicted_quality": quality,
            "predicted_cost": cost,
            "cost_sensitivity": 2.0,
        }
        labels = value_of(y, np.array(["x", "y", "z"])[choice], **options)
        one_hot = value_of(y, np.eye(3)[choice], **options)
        for field in FIELDS:
            assert getattr(labels, field) == pytest.approx(getattr(one_hot, field), abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("interval", ["normal", "bootstrap", "bernstein"])
def test_order_of_rows_and_of_models_does_not_matter(method, interval):
    y, policy, quality, cost = big_log(group=np.arange(400) // 3)
    order = np.random.default_rng(2).permutation(len(y))
    columns = [2, 0, 1]
    options = {"method": method, "interval": interval, "cost_sensitivity": 3.0}
    first = value_of(y, policy, predicted_quality=quality, predicted_cost=cost, **options)
    second = value_of(
        y[order],
        policy[order][:, columns],
        predicted_quality=quality[order][:, columns],
        predicted_cost=cost[order][:, columns],
        models=["z", "x", "y"],
        **options,
    )
    for field in FIELDS:
        assert getattr(second, field) == pytest.approx(getattr(first, field), abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_integer_weights_equal_repetition(method):
    rng = np.random.default_rng(3)
    times = rng.integers(0, 4, 400)
    y, policy, quality, _ = big_log()
    weighted, *_ = big_log(weight=times)
    repeated = np.repeat(np.arange(400), times)
    fixed = {"dros": {"shrinkage": 2.0}, "switch-dr": {"switch_threshold": 1.5}}.get(method, {})
    one = value_of(weighted, policy, method=method, predicted_quality=quality, **fixed)
    other = value_of(
        y[repeated], policy[repeated], method=method, predicted_quality=quality[repeated], **fixed
    )
    assert one.value == pytest.approx(other.value)
    assert one.mean_weight == pytest.approx(other.mean_weight)
    assert one.n_rows_used == np.count_nonzero(times)


def test_equal_weights_change_nothing():
    y, policy, quality, _ = big_log()
    weighted, *_ = big_log(weight=np.full(400, 2.5))
    for method in METHODS:
        options = {"method": method, "predicted_quality": quality}
        one, other = value_of(y, policy, **options), value_of(weighted, policy, **options)
        for field in ["value", "standard_error", "effective_sample_size"]:
            assert getattr(one, field) == pytest.approx(getattr(other, field))


def test_rows_of_weight_zero_are_as_if_absent():
    weight = [1.0, 1.0, 1.0, 0.0]
    y = small_log(weight=weight)
    y["propensity"][3] = np.nan
    result = value_of(y, CHOICE)
    assert result.n_rows_used == 3
    absent = value_of(small_log()[:3], CHOICE[:3])
    assert (result.value, result.standard_error) == (absent.value, absent.standard_error)


def test_groups_widen_the_error_by_their_correlation():
    y, policy, *_ = big_log()
    copies = np.repeat(np.arange(len(y)), 4)
    columns = {name: y[name][copies] for name in y.dtype.names if name != "model"}
    grouped = logged_feedback(y["model"][copies], **columns, group=copies)
    one, four = value_of(y, policy), value_of(grouped, policy[copies])
    assert four.value == pytest.approx(one.value)
    assert four.standard_error == pytest.approx(one.standard_error)
    assert (four.n_rows_used, four.n_clusters) == (1600, 400)


def test_gold_rows_only_where_some_are_not_gold():
    gold = np.arange(400) % 4 == 0
    y, policy, quality, _ = big_log(gold=gold)
    plain, *_ = big_log()
    y["propensity"][~gold] = np.nan
    result = value_of(y, policy, predicted_quality=quality)
    assert (result.gold_only, result.n_rows, result.n_rows_used) == (True, 400, 100)
    expected = value_of(plain[gold], policy[gold], predicted_quality=quality[gold])
    assert result.value == expected.value
    assert not expected.gold_only


def test_without_gold_rows_it_warns_and_uses_all():
    y, policy, *_ = big_log(gold=np.zeros(400, dtype=bool))
    with pytest.warns(UserWarning, match="preference-based"):
        result = policy_value(y, policy)
    assert (result.gold_only, result.n_rows_used) == (False, 400)


def test_model_that_the_policy_never_mentions_counts_as_never_chosen():
    y, policy, quality, _ = big_log()
    two = policy[:, :2] / policy[:, :2].sum(axis=1, keepdims=True)
    padded = np.column_stack([two, np.zeros(len(y))])
    for method in METHODS:
        short = value_of(y, two, models=["x", "y"], method=method, predicted_quality=quality[:, :2])
        long = value_of(y, padded, method=method, predicted_quality=quality)
        assert short.value == pytest.approx(long.value)
        assert short.standard_error == pytest.approx(long.standard_error)


def test_propensity_argument_replaces_the_column():
    y = small_log()
    even = value_of(y, CHOICE, method="ips", propensity=np.full(4, 0.5))
    assert even.value == pytest.approx((2 + 1 + 2) / 4)
    y["propensity"] = np.nan
    assert value_of(y, CHOICE, method="ips", propensity=[0.5] * 4).value == even.value


def test_missing_propensities_are_named_with_a_remedy():
    y = small_log()
    y["propensity"][2] = np.nan
    with pytest.raises(ValueError, match=r"'propensity', row 2: found nan \(1 of 4.*'snips'.*'dm'"):
        policy_value(y, CHOICE)
    y = small_log(gold=[False, True, True, True])
    y["propensity"][:2] = np.nan
    with pytest.raises(ValueError, match=r"row 1: found nan \(1 of 3"):
        policy_value(y, CHOICE)
    result = policy_value(y, CHOICE, method="dm", predicted_quality=QUALITY)
    assert np.isnan(result.effective_sample_size)
    assert result.value == pytest.approx(1.7 / 3)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_equal_arrays(frame):
    y, policy, quality, cost = big_log()
    expected = value_of(y, policy, predicted_quality=quality, predicted_cost=cost)
    table = frame({name: y[name] for name in y.dtype.names})
    names = ["x", "y", "z"]
    matrices = (frame(dict(zip(names, m.T, strict=True))) for m in (policy, quality, cost))
    policy, quality, cost = matrices
    result = value_of(table, policy, predicted_quality=quality, predicted_cost=cost)
    assert result.value == pytest.approx(expected.value)


def test_float32_and_read_only_arrays():
    y, policy, quality, _ = big_log()
    expected = value_of(y, policy, predicted_quality=quality).value
    single = [array.astype(np.float32) for array in (policy, quality)]
    for array in (y, *single):
        array.flags.writeable = False
    result = value_of(y, single[0], predicted_quality=single[1])
    assert result.value == pytest.approx(expected, rel=1e-5)
    assert isinstance(result.value, float)


def test_integer_labels_match_by_string():
    y = logged_feedback([10, 9, 10, 9], [1.0, 0.0, 0.5, 1.0], propensity=[0.5] * 4)
    assert value_of(y, [10, 10, 10, 10]).value == 0.75
    assert value_of(y, ["10", "10", "10", "10"]).value == 0.75


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


def test_picked_parameters_are_recorded():
    y, policy, quality, _ = big_log()
    dros = value_of(y, policy, method="dros", predicted_quality=quality)
    fixed = value_of(y, policy, method="dros", predicted_quality=quality, shrinkage=dros.shrinkage)
    assert dros.shrinkage > 0
    assert dros.switch_threshold is None
    np.testing.assert_equal(asdict(fixed), asdict(dros))  # its mean cost is NaN
    switch = value_of(y, policy, method="switch-dr", predicted_quality=quality)
    assert switch.switch_threshold > 0
    assert switch.shrinkage is None


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 2),
            st.floats(-5, 5),
            st.floats(0.01, 1.0),
            st.integers(0, 2),
            st.floats(0, 3),
        ),
        min_size=1,
        max_size=30,
    ),
    method=st.sampled_from(METHODS),
)
def test_any_log_gives_a_value_or_an_error(rows, method):
    action, quality, propensity, choice, weight = map(np.array, zip(*rows, strict=True))
    if not weight.any():
        weight = weight + 1
    y = logged_feedback(action, quality, propensity=propensity, weight=weight)
    predicted = np.tile([0.1, 0.2, 0.3], (len(rows), 1))
    options = {"method": method, "models": [0, 1, 2], "predicted_quality": predicted}
    agrees = (action == choice) & (weight > 0)
    if method in ("ips", "snips") and not agrees.any():
        with pytest.raises(ValueError, match="never chooses"):
            value_of(y, choice, **options)
        return
    result = value_of(y, choice, **options)
    assert np.isfinite(result.value)
    assert np.isnan(result.standard_error) or result.low <= result.value <= result.high
    assert 0 <= result.effective_sample_size <= len(rows) + 1e-9
    if method == "snips":
        assert quality[agrees].min() - 1e-9 <= result.value <= quality[agrees].max() + 1e-9
