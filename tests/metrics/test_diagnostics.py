import numpy as np
import pytest
from numpy.testing import assert_allclose
from policy_logs import CHOICE, COST, QUALITY, big_log, small_log, value_of
from scipy.stats import genpareto

from skroute import full_feedback, logged_feedback
from skroute.metrics import PolicyLabels, policy_value, weight_diagnostics
from skroute.metrics._diagnostics import pareto_shape


@pytest.mark.parametrize("shape", [0.0, 0.3, 0.5, 0.7, 1.0, 2.0])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_shape_of_a_known_tail_is_found(shape, scale):
    rng = np.random.default_rng(0)
    found = [
        pareto_shape(genpareto.rvs(shape, scale=scale, size=10_000, random_state=rng))
        for _ in range(5)
    ]
    # Above a threshold the tail is of the same kind; 300 of it, standard error (1 + k) / sqrt(n).
    assert np.mean(found) == pytest.approx(shape, abs=3 * (1 + shape) / np.sqrt(5 * 300))


def test_weights_without_a_tail():
    assert pareto_shape(np.random.default_rng(0).random(2000)) < 0.0
    assert np.isnan(pareto_shape(np.ones(1000)))
    assert np.isnan(pareto_shape(np.repeat([0.0, 2.0, 4.0], 400)))
    # Zeros are no part of it, however many there are.
    few = np.zeros(1000)
    few[:6] = [1.0, 2.0, 3.0, 5.0, 9.0, 1000.0]
    assert pareto_shape(few) > 1.0
    assert np.isnan(pareto_shape(few[4:]))


def test_four_rows_by_hand():
    result = weight_diagnostics(small_log(), CHOICE, clips=[np.inf, 1.5], models=["a", "b"])
    weight = np.array([2.0, 0.0, 4.0, 1.25])
    assert result.effective_sample_size == pytest.approx(7.25**2 / (4 + 16 + 1.25**2))
    assert result.largest_share == pytest.approx(4 / 7.25)
    assert result.clip.tolist() == [1.5, np.inf]
    quality = np.array([1.0, 0.0, 0.5, 1.0])
    expected = [(1.5 + 0.75 + 1.25) / 4.25, weight @ quality / 7.25]
    assert_allclose(result.value, expected)
    assert_allclose(result.share_clipped, [2 / 3, 0.0])


@pytest.mark.parametrize("predictions", [True, False])
def test_weights_that_are_not_cut_give_the_value(predictions):
    y, policy, quality, cost = big_log()
    weighted = logged_feedback(
        **{name: y[name] for name in y.dtype.names},
        weight=np.random.default_rng(0).integers(0, 3, 400),
    )
    options = {"cost_sensitivity": 2.0}
    if predictions:
        options |= {"predicted_quality": quality, "predicted_cost": cost}
    for table in (y, weighted):
        value = policy_value(table, policy, **options)
        result = weight_diagnostics(table, policy, **options)
        assert result.value[-1] == pytest.approx(value.value, abs=1e-12)
        assert result.effective_sample_size == pytest.approx(value.effective_sample_size)
        assert (np.diff(result.share_clipped) <= 0).all()


def test_rows_that_are_repeated():
    weight = np.array([2, 1, 0, 3])
    options = {"models": ["a", "b"], "cost_sensitivity": 1.5, "clips": [1.5, 3.0, np.inf]}
    result, repeated = (
        weight_diagnostics(
            y, np.array(CHOICE)[rows], predicted_quality=QUALITY[rows], predicted_cost=COST[rows],
            **options,
        )
        for y, rows in (
            (small_log(weight=weight), np.arange(4)),
            (small_log()[np.repeat(np.arange(4), weight)], np.repeat(np.arange(4), weight)),
        )
    )  # fmt: skip
    assert_allclose(result.value, repeated.value)
    assert result.value[-1] == pytest.approx(
        value_of(
            small_log(weight=weight), CHOICE, models=["a", "b"], cost_sensitivity=1.5,
            predicted_quality=QUALITY, predicted_cost=COST,
        ).value
    )  # fmt: skip


def test_heavy_and_light_weights_of_a_log():
    """The propensity of "rare" is u**2 for uniform u: among rows that show it 1/p has k = 2/3."""
    rng = np.random.default_rng(0)
    p = rng.random(20_000) ** 2
    rare = rng.random(20_000) < p
    y = logged_feedback(
        np.where(rare, "rare", "usual"), rng.random(20_000), propensity=np.where(rare, p, 1 - p)
    )
    found = weight_diagnostics(y, np.full(20_000, "rare")).pareto_k
    assert found == pytest.approx(2 / 3, abs=0.25)


def test_rows_that_were_not_judged_and_rows_without_a_label():
    likely = np.array([0.5, 0.9, 0.8, 0.25])
    quality = np.array([1.0, np.nan, np.nan, 1.0])
    y = logged_feedback(["a", "b", "a", "b"], quality, propensity=[0.5, 0.5, 0.25, 0.8])
    known = {"judged_propensity": likely, "predicted_quality": QUALITY, "models": ["a", "b"]}
    result = weight_diagnostics(y, CHOICE, clips=[np.inf, 4.5], **known)
    weight = np.array([2 / 0.5, 0.0, 0.0, 1.25 / 0.25])
    assert result.largest_share == pytest.approx(5 / 9)
    direct = np.mean([0.8, 0.6, 0.4, 0.7])
    residual = np.array([0.2, 0.0, 0.0, 0.3])
    expected = [direct + (0.8 + 4.5 * 0.3) / 8.5, direct + weight @ residual / 9]
    assert_allclose(result.value, expected)
    assert result.value[-1] == pytest.approx(value_of(y, CHOICE, **known).value)
    labels = PolicyLabels(CHOICE, [0, -1, 0, 1])
    rows = labels.known
    part = weight_diagnostics(small_log()[rows], np.array(CHOICE)[rows], models=["a", "b"])
    assert_allclose(weight_diagnostics(small_log(), labels, models=["a", "b"]).value, part.value)


def test_what_has_no_weights_is_named():
    with pytest.raises(ValueError, match="y is full feedback, whose values need no importance"):
        weight_diagnostics(full_feedback(QUALITY, models=["a", "b"]), CHOICE)
    with pytest.raises(ValueError, match="policy never chooses the logged model in any of the 4"):
        weight_diagnostics(small_log(), ["b", "a", "b", "a"])
    without = logged_feedback(["a", "b"], [1.0, 0.0])
    with pytest.raises(ValueError, match=r"column 'propensity', row 0: found nan \(2 of 2 rows"):
        weight_diagnostics(without, ["a", "b"])
    for clips in ([0.0], [np.nan, 1.0], [[1.0]], -3.0):
        with pytest.raises(ValueError, match="clips must be positive numbers"):
            weight_diagnostics(small_log(), CHOICE, clips=clips)
