import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_logs import CHOICE, COST, METHODS, QUALITY, big_log, small_log, value_of

from skroute import full_feedback, logged_feedback
from skroute.metrics import policy_value

FIELDS = ["value", "standard_error", "low", "high", "mean_quality", "mean_cost"]


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


def test_groups_widen_the_error_by_their_correlation():
    y, policy, *_ = big_log()
    copies = np.repeat(np.arange(len(y)), 4)
    columns = {name: y[name][copies] for name in y.dtype.names if name != "model"}
    grouped = logged_feedback(y["model"][copies], **columns, group=copies)
    one, four = value_of(y, policy), value_of(grouped, policy[copies])
    assert four.value == pytest.approx(one.value)
    assert four.standard_error == pytest.approx(one.standard_error)
    assert (four.n_rows_used, four.n_clusters) == (1600, 400)


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
