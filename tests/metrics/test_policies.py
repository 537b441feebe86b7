import numpy as np
import pytest

from skroute import full_feedback
from skroute.metrics import policy_value
from skroute.metrics._policies import read_policy

Y = full_feedback([[0.2, 0.9]], models=["a", "b"])


@pytest.mark.parametrize("error", [9e-5, -9e-5])
def test_probabilities_in_single_precision_may_be_off_a_little(error):
    assert policy_value(Y, [[0.5, 0.5 + error]]).value == pytest.approx(0.55, abs=1e-4)


@pytest.mark.parametrize("error", [1.1e-4, -1.1e-4])
def test_probabilities_that_are_further_off_are_named(error):
    with pytest.raises(ValueError, match="policy, row 0: the probabilities sum to"):
        policy_value(Y, np.array([[0.5, 0.5 + error]]))


@pytest.mark.parametrize("dtype", [np.str_, object])
def test_labels_are_matched_alike_whatever_array_holds_them(dtype):
    models = np.array(["large", "small"])
    labels = np.array(["small", "large", "small"], dtype=dtype)
    assert read_policy(labels, models, 3).choice.tolist() == [1, 0, 1]
    with pytest.raises(ValueError, match="row 1: chooses 'huge'"):
        read_policy(np.array(["small", "huge", "small"], dtype=dtype), models, 3)
