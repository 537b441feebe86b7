import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skroute import full_feedback, logged_feedback
from skroute.metrics import PreferenceOnlyWarning, policy_value, regret_score

QUALITY = np.array([[0.2, 0.9, 0.5], [0.8, 0.1, 0.8], [0.3, 0.3, 0.3]])
COST = np.array([[0.0, 0.2, 0.1]] * 3)


def table(**columns):
    return full_feedback(QUALITY, COST, models=["s", "l", "m"], **columns)


def test_worked_by_hand():
    assert regret_score(table(), ["s", "l", "m"]) == pytest.approx((0.7 + 0.7 + 0.0) / 3)
    # Utilities at 5: [.2, -.1, 0], [.8, -.9, .3], [.3, -.7, -.2].
    got = regret_score(table(), ["l", "m", "s"], cost_sensitivity=5.0)
    assert got == pytest.approx((0.3 + 0.5 + 0.0) / 3)
    shares = [[0.5, 0.5, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    assert regret_score(table(), shares, models=["s", "l", "m"]) == pytest.approx(0.35 / 3)


def test_best_model_has_none():
    assert regret_score(table(), ["l", "s", "m"]) == 0.0


def test_utilities_equal_the_table():
    policy = ["s", "l", "m"]
    expected = regret_score(table(), policy, cost_sensitivity=2.0)
    utility = QUALITY - 2.0 * COST
    assert regret_score(utility, policy, models=["s", "l", "m"]) == pytest.approx(expected)
    frame = pd.DataFrame(utility, columns=["s", "l", "m"])
    assert regret_score(frame, policy) == pytest.approx(expected)
    assert regret_score(utility, [0, 1, 2]) == pytest.approx(expected)


def test_labels_make_it_the_error_rate():
    assert regret_score(["cat", "dog", "dog", "cat"], ["cat", "dog", "cat", "cat"]) == 0.25


def test_weights_and_gold():
    policy = ["s", "l", "m"]
    assert regret_score(table(weight=[1, 0, 3]), policy) == pytest.approx(0.7 / 4)
    assert regret_score(table(), policy, sample_weight=[1, 0, 3]) == pytest.approx(0.7 / 4)
    assert regret_score(table(gold=[True, False, True]), policy) == pytest.approx(0.35)
    with pytest.warns(PreferenceOnlyWarning):
        only = regret_score(table(gold=[True, False, True]), policy, sample_weight=[0, 1, 0])
    assert only == regret_score(table(), policy, sample_weight=[0, 1, 0])


def test_only_the_models_named_compete():
    assert regret_score(table(), ["s", "s", "m"], models=["s", "m"]) == pytest.approx(0.1)


def test_wrong_input_is_named():
    logged = logged_feedback(["s", "l"], [0.2, 0.9])
    with pytest.raises(ValueError, match="y is logged feedback, which does not show the best"):
        regret_score(logged, ["s", "l"])
    with pytest.raises(ValueError, match="has no meaning for an array of utilities"):
        regret_score(QUALITY, [0, 1, 2], cost_sensitivity=1.0)
    with pytest.raises(ValueError, match="'y:1', row 0: found nan"):
        regret_score([[0.0, np.nan]], [0])
    with pytest.raises(ValueError, match="policy, row 1: chooses 'x'"):
        regret_score(table(), ["s", "x", "s"])
    with pytest.raises(ValueError, match=r"y has shape \(0, 2\)"):
        regret_score(np.zeros((0, 2)), [])
    with pytest.raises(ValueError, match="sample_weight must have shape"):
        regret_score(table(), ["s", "s", "s"], sample_weight=[1, 2])


@given(
    utility=arrays(np.float64, (6, 3), elements=st.floats(-10, 10)),
    choice=arrays(np.int64, 6, elements=st.integers(0, 2)),
    order=st.permutations(range(6)),
)
def test_is_the_gap_to_the_best_value(utility, choice, order):
    regret = regret_score(utility, choice)
    assert regret >= 0
    y = full_feedback(utility, models=[0, 1, 2])
    best = policy_value(y, utility.argmax(axis=1)).value
    assert regret == pytest.approx(best - policy_value(y, choice).value, abs=1e-9)
    order = np.array(order)
    assert regret_score(utility[order], choice[order]) == pytest.approx(regret, abs=1e-12)
