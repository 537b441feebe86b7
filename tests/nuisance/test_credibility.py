import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import softmax

from skroute.feedback import full_feedback, read_feedback
from skroute.nuisance._credibility import credibility

QUALITY = np.random.default_rng(0).normal(size=(50, 3))
PREDICTIONS = [np.random.default_rng(seed).normal(size=(50, 3)) for seed in (1, 2, 3)]


def table_of(quality, **columns):
    return read_feedback(full_feedback(quality, **columns))


def test_shares_follow_from_the_worth_of_choices_and_its_error():
    worth = [QUALITY[np.arange(50), values.argmax(axis=1)] for values in PREDICTIONS]
    z = [0.0]
    for other in worth[1:]:
        gain = other - worth[0]
        z.append(gain.mean() / (gain.std() / np.sqrt(50)))
    found = credibility(table_of(QUALITY), PREDICTIONS)
    assert_allclose(found, softmax(1.7 * np.array(z)))


def test_the_better_choice_counts_though_its_squared_error_is_larger():
    quality = np.random.default_rng(4).random((200, 2))
    far, near = 5 * (quality - 0.5), np.full((200, 2), [0.51, 0.5])
    assert credibility(table_of(quality), [near, far])[1] > 0.99


@pytest.mark.parametrize("grouped", [False, True])
def test_copies_of_a_row_are_a_weight_or_no_more_evidence(grouped):
    weight = np.random.default_rng(5).integers(1, 4, 50)
    rows = np.repeat(np.arange(50), weight)
    copied = table_of(QUALITY[rows], group=rows if grouped else None)
    weighted = table_of(QUALITY, weight=weight, group=np.arange(50) if grouped else None)
    found = credibility(copied, [values[rows] for values in PREDICTIONS])
    assert_allclose(found, credibility(weighted, PREDICTIONS))
    five = [np.repeat(values, 5, axis=0) for values in (QUALITY, *PREDICTIONS)]
    group = np.repeat(np.arange(50), 5)
    again = credibility(table_of(five[0], group=group if grouped else None), five[1:])
    alone = credibility(table_of(QUALITY), PREDICTIONS)
    assert np.allclose(again, alone) == grouped


def test_predictions_that_choose_alike_share_alike():
    same = [PREDICTIONS[0], 2 * PREDICTIONS[0], PREDICTIONS[0] + 1]
    assert_allclose(credibility(table_of(QUALITY), same), 1 / 3)
