import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skroute import full_feedback, gain_feedback, logged_feedback
from skroute.metrics import (
    average_performance_gap_recovered,
    call_performance_threshold,
    efficiency_gain_curve,
)

METRICS = [
    average_performance_gap_recovered,
    call_performance_threshold,
    lambda *args, **options: efficiency_gain_curve(*args, **options).mean(),
]
# Gains of the strong model by descending score: 1, 1, 0, -1, 1.
QUALITY = np.array([[0.0, 1.0], [0.0, 1.0], [0.5, 0.5], [1.0, 0.0], [0.0, 1.0]])
SCORE = np.array([5.0, 4.0, 3.0, 2.0, 1.0])


def table(**columns):
    return full_feedback(QUALITY, models=["weak", "strong"], **columns)


def test_apgr_by_hand():
    # Recovered at shares 0, .2, ..., 1: 0, .5, 1, 1, .5, 1.
    got = average_performance_gap_recovered(table(), SCORE, strong="strong")
    assert got == pytest.approx(0.2 * (0.5 + 1 + 1 + 0.5 + 0.5))


def test_cpt_by_hand():
    y = table()
    for recovered, share in [(0.25, 0.1), (0.5, 0.2), (0.75, 0.3), (1.0, 0.4)]:
        got = call_performance_threshold(y, SCORE, strong="strong", recovered=recovered)
        assert got == pytest.approx(share)


def test_efficiency_gain_by_hand():
    curve = efficiency_gain_curve(table(), SCORE, strong="strong")
    np.testing.assert_allclose(curve.share, [0, 0.2, 0.4, 0.6, 0.8, 1])
    np.testing.assert_allclose(curve.gain, [0, 0.12, 0.24, 0.16, -0.12, 0], atol=1e-15)
    assert curve.mean(0.2, 0.8) == pytest.approx((0.18 + 0.2 + 0.02) / 3)
    assert curve.mean() == curve.mean(0.2, 0.8)


def test_efficiency_gain_equals_a_sum_over_rows():
    rng = np.random.default_rng(0)
    gain, score = rng.normal(size=(2, 200))
    curve = efficiency_gain_curve(gain_feedback(gain), score, strong="primary")
    share = np.arange(1, 201) / 200
    expected = np.cumsum(gain[np.argsort(-score)]) / 200 - share * gain.mean()
    np.testing.assert_allclose(curve.share[1:], share)
    np.testing.assert_allclose(curve.gain[1:], expected, atol=1e-12)


def test_a_score_that_says_nothing_is_random_routing():
    y, flat = table(), np.zeros(5)
    assert average_performance_gap_recovered(y, flat, strong="strong") == pytest.approx(0.5)
    assert call_performance_threshold(y, flat, strong="strong", recovered=0.3) == 0.3
    np.testing.assert_array_equal(efficiency_gain_curve(y, flat, strong="strong").gain, [0, 0])


@given(
    gain=arrays(np.float64, 8, elements=st.integers(-4, 4)),
    score=arrays(np.float64, 8, elements=st.integers(0, 3)),
    order=st.permutations(range(8)),
    weight=arrays(np.int64, 8, elements=st.integers(1, 3)),
)
def test_order_weights_and_scale(gain, score, order, weight):
    gain = np.abs(gain) + gain / 2 + 0.1
    order, repeated = np.array(order), np.repeat(np.arange(8), weight)
    for metric in METRICS:
        value = metric(gain_feedback(gain), score, strong="primary")
        shuffled = metric(gain_feedback(gain[order]), score[order], strong="primary")
        assert shuffled == pytest.approx(value, abs=1e-9)
        scaled = metric(gain_feedback(gain), 7 * score - 3, strong="primary")
        assert scaled == value
        weighted = metric(gain_feedback(gain, weight=weight), score, strong="primary")
        copies = metric(gain_feedback(gain[repeated]), score[repeated], strong="primary")
        assert weighted == pytest.approx(copies, abs=1e-9)


def test_gold_rows_only_where_some_are_not_gold():
    gold = np.array([True, True, False, True, True])
    one = efficiency_gain_curve(table(gold=gold), SCORE, strong="strong")
    other = efficiency_gain_curve(table()[gold], SCORE[gold], strong="strong")
    np.testing.assert_array_equal(one.gain, other.gain)


def test_two_of_three_models():
    quality = np.column_stack([QUALITY, np.full(5, 0.7)])
    y = full_feedback(quality, models=["weak", "strong", "other"])
    options = {"strong": "strong", "weak": "weak"}
    got = average_performance_gap_recovered(y, SCORE, **options)
    assert got == average_performance_gap_recovered(table(), SCORE, strong="strong")


@pytest.mark.parametrize("metric", METRICS)
def test_wrong_input_is_named(metric):
    three = full_feedback(np.eye(3), models=["a", "b", "c"])
    with pytest.raises(ValueError, match="weak must name a model, since y has 3"):
        metric(three, [1, 2, 3], strong="a")
    with pytest.raises(ValueError, match="strong='best' is not a model of y"):
        metric(table(), SCORE, strong="best")
    with pytest.raises(ValueError, match="weak='worst' is not a model of y"):
        metric(table(), SCORE, strong="strong", weak="worst")
    with pytest.raises(ValueError, match="the same model"):
        metric(table(), SCORE, strong="strong", weak="strong")
    with pytest.raises(ValueError, match="y is logged feedback"):
        metric(logged_feedback(["a", "b"], [0, 1]), [1, 2], strong="a")
    with pytest.raises(ValueError, match="score has 2 rows but y has 5"):
        metric(table(), [1, 2], strong="strong")
    with pytest.raises(ValueError, match="'score', row 1: found nan"):
        metric(table(), [1, np.nan, 1, 1, 1], strong="strong")


def test_no_gap_to_recover():
    for metric in METRICS[:2]:
        with pytest.raises(ValueError, match="strong='weak' is no better than weak='strong'"):
            metric(table(), SCORE, strong="weak")
    with pytest.raises(ValueError, match="recovered must be above 0"):
        call_performance_threshold(table(), SCORE, strong="strong", recovered=0.0)
    with pytest.raises(ValueError, match="low and high must be"):
        efficiency_gain_curve(table(), SCORE, strong="strong").mean(0.8, 0.2)


def test_a_share_that_rounding_misses_counts_as_reached():
    """Three of six gains are half of the gap, then the curve is flat; .4995 is not half of it."""
    gains = [1.0] * 3 + [0.0] * 5 + [1.0] * 3
    score = -np.arange(11.0)
    reached = call_performance_threshold(gain_feedback(gains), score, strong="primary")
    assert reached == pytest.approx(3 / 11)
    almost = gain_feedback([0.4995, 0.0, 0.0, 0.5005])
    assert call_performance_threshold(almost, score[:4], strong="primary") > 0.75
