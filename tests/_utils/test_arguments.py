"""Arguments that several estimators take."""

import numpy as np
import pytest

from skroute._utils import check_cost_sensitivity, check_sample_weight, resolve_cost_sensitivity


def test_a_cost_sensitivity_is_a_number():
    assert check_cost_sensitivity("2") == 2.0
    assert check_cost_sensitivity(np.float32(0.5)) == 0.5
    for value in (-1e-9, np.nan, np.inf, None, "much", [1.0, 2.0]):
        with pytest.raises(ValueError, match="finite number of at least 0, got"):
            check_cost_sensitivity(value)


def test_a_cost_sensitivity_may_be_one_a_row():
    assert resolve_cost_sensitivity(None, 3.0, 5) == 3.0
    assert resolve_cost_sensitivity(0, 3.0, 5) == 0.0
    assert resolve_cost_sensitivity([1, 2], 3.0, 2).tolist() == [[1.0], [2.0]]
    with pytest.raises(ValueError, match=r"must be a number or have shape \(3,\), got \(2,\)"):
        resolve_cost_sensitivity([1, 2], 3.0, 3)
    with pytest.raises(ValueError, match=r"at least 0; row 1 has -2\.0"):
        resolve_cost_sensitivity([1, -2], 3.0, 2)


def test_sample_weights_are_one_a_row():
    assert check_sample_weight(None, 3) is None
    assert check_sample_weight(2, 3).tolist() == [2.0, 2.0, 2.0]
    assert check_sample_weight([0, 1], 2).dtype == np.float64
    for weight, message in (
        ([1, 2, 3], r"must have shape \(2,\), got \(3,\)"),
        ([1, -1], "at least 0; row 1 has"),
        ([np.nan, 1], "row 0 has"),
        ([0, 0], "zero in every row"),
    ):
        with pytest.raises(ValueError, match=message):
            check_sample_weight(weight, 2)
