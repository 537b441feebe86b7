import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skroute.correction._pseudo_outcomes import doubly_robust_outcome, residual_outcome


def test_doubly_robust_formula_by_hand():
    # Gold row: 0.5 - 0.2 + (1 - 0.25) / (0.25 * 0.75) * (0.9 - 0.5) = 0.3 + 4 * 0.4.
    # Preference row: 0.3 - 0.25 / 0.1875 * (0.8 - 0.2) = 0.3 - 0.8.
    pseudo, weight = doubly_robust_outcome(
        np.array([0.9, 0.8]), np.array([True, False]), 0.2 + np.zeros(2), 0.5 + np.zeros(2), 0.25
    )
    assert_allclose(pseudo, [1.9, -0.5])
    assert_array_equal(weight, [1, 1])


def test_residual_formula_by_hand():
    # m = 0.25 * 0.5 + 0.75 * 0.2 = 0.275.
    pseudo, weight = residual_outcome(
        np.array([0.9, 0.8]), np.array([True, False]), 0.2 + np.zeros(2), 0.5 + np.zeros(2), 0.25
    )
    assert_allclose(pseudo, [0.625 / 0.75, 0.525 / -0.25])
    assert_allclose(weight, [0.75**2, 0.25**2])


@pytest.mark.parametrize("formula", [doubly_robust_outcome, residual_outcome])
def test_pseudo_outcomes_of_the_truth_are_the_bias(formula):
    mu0, mu1 = np.array([0.1, 0.4, 0.6]), np.array([0.5, 0.2, 0.6])
    treated = np.array([True, False, True])
    pseudo, _ = formula(np.where(treated, mu1, mu0), treated, mu0, mu1, np.array([0.1, 0.5, 0.9]))
    assert_allclose(pseudo, mu1 - mu0)
