import numpy as np
import pytest

from skroute._utils._folds import make_folds
from skroute.feedback import logged_feedback, read_feedback
from skroute.nuisance import Evidence


def test_slope_by_hand_and_by_group():
    rng = np.random.default_rng(0)
    action, quality = rng.integers(2, size=40), rng.normal(size=40)
    table = read_feedback(logged_feedback(action, quality))
    folds = make_folds(2, np.zeros((40, 1)), action, None, np.random.RandomState(0))
    direction = rng.normal(size=(40, 2))
    assert Evidence(table, folds, 0 * quality).slope(np.zeros((40, 2)), direction) == (0.0, 0.0)
    found, error = Evidence(table, folds).slope(np.zeros((40, 2)), direction)
    x, z = direction[np.arange(40), action].copy(), quality.copy()
    for _, held in folds:
        for k in range(2):
            cell = held[action[held] == k]
            x[cell] -= x[cell].mean()
            z[cell] -= z[cell].mean()
    slope = x @ z / (x @ x)
    assert found == pytest.approx(slope)
    assert error == pytest.approx(np.sqrt(((x * (z - slope * x)) ** 2).sum()) / (x @ x))
    # Copies of a row in its group are no more evidence.
    rows = np.repeat(np.arange(40), 5)
    grouped = read_feedback(logged_feedback(action[rows], quality[rows], group=rows))
    copied = [tuple(np.flatnonzero(np.isin(rows, part)) for part in fold) for fold in folds]
    again = Evidence(grouped, copied).slope(np.zeros((200, 2)), direction[rows])
    assert again == pytest.approx((found, error))
