import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skroute.metrics import PolicyLabels
from skroute.metrics._policies import read_policy

LABELS = PolicyLabels(np.array(["b", "a", "b", "a"]), [-1, 0, 1, 1])
MODELS = np.array(["a", "b"])


def test_what_it_says_of_rows():
    assert len(LABELS) == 4
    assert_array_equal(LABELS.known, [False, True, True, True])
    assert list(LABELS) == LABELS.label.tolist() == [None, "a", "b", "a"]
    assert repr(LABELS) == "PolicyLabels(3 of 4 rows, 2 blocks)"
    again = pickle.loads(pickle.dumps(LABELS))
    assert_array_equal(again.label, LABELS.label)


@pytest.mark.parametrize(
    "rows", [[2, 0], slice(1, 3), np.array([False, True, False, True]), np.array([], dtype=int)]
)
def test_rows_are_taken_with_their_blocks(rows):
    taken = LABELS[rows]
    assert_array_equal(taken.label.tolist(), LABELS.label[rows].tolist())
    assert_array_equal(taken.block, LABELS.block[rows])


def test_an_array_where_every_row_carries_a_label():
    numbers = PolicyLabels([1, 2], [0, 0])
    assert np.asarray(numbers).dtype.kind == "i"
    assert np.asarray(numbers, dtype=float).tolist() == [1.0, 2.0]
    assert LABELS[LABELS.known].label.dtype == "<U1"
    with pytest.raises(ValueError, match=r"row 0 carries no label \(1 of 4 rows\).*labels\.known"):
        np.asarray(LABELS)


def test_label_and_block_belong_together():
    with pytest.raises(ValueError, match=r"of one length, got the shapes \(2,\) and \(1,\)"):
        PolicyLabels(["a", "b"], [0])


def test_a_policy_knows_of_which_rows_it_says_something():
    policy = read_policy(LABELS, MODELS, 4)
    assert_array_equal(policy.known, LABELS.known)
    taken = policy.take(LABELS.known)
    assert taken.known is None
    assert_array_equal(taken.choice, [0, 1, 0])
    assert_array_equal(taken.of(np.array([0, 0, -1])), [1.0, 0.0, 0.0])
    assert_array_equal(policy.take(slice(0, 2)).known, [False, True])
    assert read_policy(LABELS[1:], MODELS, 3).known is None


def test_nothing_is_made_up_for_rows_without_a_label():
    policy = read_policy(LABELS, MODELS, 4)
    for use in (lambda: policy.of(np.zeros(4, int)), lambda: policy.average(np.zeros((4, 2)))):
        with pytest.raises(ValueError, match=r"no label in row 0 \(1 of 4 rows\)"):
            use()
    with pytest.raises(ValueError, match="policy carries no label in any of its 1 rows"):
        read_policy(LABELS[:1], MODELS, 1)
    # The row without a label holds a model that is not known here, which is nobody's concern.
    stray = PolicyLabels(["z", "a"], [-1, 0])
    assert_array_equal(read_policy(stray, MODELS, 2).known, [False, True])


def test_errors_name_the_row():
    with pytest.raises(ValueError, match="policy has 4 rows but y has 5"):
        read_policy(LABELS, MODELS, 5)
    with pytest.raises(ValueError, match="policy, row 2: chooses 'b'"):
        read_policy(LABELS, MODELS[:1], 4)
