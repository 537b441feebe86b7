import pickle

import numpy as np
import pytest

from skroute.nuisance import Overlap, OverlapWarning


def test_by_hand():
    overlap = Overlap.of(
        np.array([0, 0, 1, 1]),
        np.array([0.5, 0.25, 0.001, 1.0]),
        np.ones(4),
        n_models=3,
        min_propensity=0.1,
    )
    assert overlap.effective_sample_size.tolist() == pytest.approx(
        [(2 + 4) ** 2 / (4 + 16), (10 + 1) ** 2 / (100 + 1), 0.0]
    )
    assert overlap.smallest_propensity == 0.001
    assert overlap.share_clipped == 0.25


def test_weights_count():
    action, propensity = np.array([0, 1]), np.array([0.01, 0.5])
    overlap = Overlap.of(action, propensity, np.array([0.0, 2.0]), 2, min_propensity=0.1)
    assert overlap.effective_sample_size.tolist() == [0.0, 1.0]
    assert overlap.smallest_propensity == 0.5
    assert overlap.share_clipped == 0.0


def test_the_warning_names_models_and_remedy():
    overlap = Overlap(np.array([50.0, 3.0]), 0.001, 0.2)
    with pytest.warns(OverlapWarning, match=r"models b \(3\.0\).*20% of the propensities.*Log"):
        overlap.warn_if_poor(np.array(["a", "b"]))


def test_the_warning_carries_its_facts():
    with pytest.warns(OverlapWarning) as caught:
        Overlap(np.array([50.0, 3.0]), 0.001, 0.2).warn_if_poor(np.array(["a", "b"]))
    for warning in (caught[0].message, pickle.loads(pickle.dumps(caught[0].message))):
        assert warning.policy is None
        assert (warning.models, warning.share_clipped) == ({"b": 3.0}, 0.2)
        assert warning.smallest_propensity == 0.001
        assert all(reason in str(warning) for reason in warning.reasons)


@pytest.mark.parametrize(("size", "clipped"), [(9.9, 0.0), (10.0, 0.051)])
def test_the_limits_are_ten_rows_and_five_percent(size, clipped, recwarn):
    classes = np.array(["a"])
    Overlap(np.array([10.0]), 0.1, 0.05).warn_if_poor(classes)
    assert not recwarn.list
    with pytest.warns(OverlapWarning):
        Overlap(np.array([size]), 0.1, clipped).warn_if_poor(classes)


def test_good_overlap_is_silent(recwarn):
    Overlap(np.array([50.0, 30.0]), 0.1, 0.0).warn_if_poor(np.array(["a", "b"]))
    assert not recwarn.list
