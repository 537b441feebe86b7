from dataclasses import asdict, replace

import numpy as np
import pytest
from policy_logs import CHOICE, METHODS, QUALITY, big_log, small_log, value_of

from skroute import logged_feedback
from skroute.metrics import policy_difference
from skroute.metrics._estimators import ESTIMATORS
from skroute.metrics._terms import Terms
from skroute.nuisance import OverlapWarning


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
    assert ips.degrees_of_freedom == pytest.approx(3.0)
    assert ips.high - ips.value == pytest.approx(3.182446305284263 * ips.standard_error)
    snips = value_of(y, CHOICE, method="snips")
    weight, reward = np.array([2.0, 0, 4, 1.25]), np.array([1.0, 0, 0.5, 1])
    without = (5.25 - weight * reward) / (7.25 - weight)
    jackknife = 3 / 4 * np.sum((without - without.mean()) ** 2)
    assert snips.standard_error == pytest.approx(np.sqrt(jackknife))
    # All variance is that of the ratio: as many clusters as the weights are worth.
    assert snips.degrees_of_freedom == pytest.approx(7.25**2 / np.sum(weight**2) - 1)


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


def test_the_pick_of_a_parameter_by_value():
    y, policy, quality, _ = big_log()
    result = value_of(y, policy, method="dros", predicted_quality=quality)
    assert result.shrinkage == pytest.approx(212.357686362217)


@pytest.mark.parametrize(("second", "known"), [(1e-11, True), (1e-13, False)])
def test_a_row_with_all_the_weight_leaves_no_error(second, known):
    y = logged_feedback(["a"] * 2, [0.0, 1.0], propensity=[1.0] * 2, weight=[1.0, second])
    assert np.isfinite(value_of(y, ["a"] * 2).standard_error) == known


def test_every_estimator_is_in_the_list_once():
    assert list(ESTIMATORS) == METHODS
    assert len({estimator.title for estimator in ESTIMATORS.values()}) == len(METHODS)


def test_a_further_estimator_is_one_entry(monkeypatch):
    """It may take the parameter of another, and needs no more anywhere."""
    entry = replace(ESTIMATORS["dros"], title="twice", terms=lambda w, o: Terms(2 * w * o.reward))
    monkeypatch.setitem(ESTIMATORS, "twice", entry)
    options = {"predicted_quality": QUALITY, "method": "twice", "shrinkage": np.inf}
    result = value_of(small_log(), CHOICE, **options)
    assert result.value == pytest.approx(2 * 5.25 / 4)
    assert (result.method, result.shrinkage) == ("twice", np.inf)
    with pytest.warns(OverlapWarning):
        difference = policy_difference(small_log(), CHOICE, None, **options)
    assert difference.a.value == result.value
