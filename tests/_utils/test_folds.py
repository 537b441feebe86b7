import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit

from skroute._utils._folds import make_folds, out_of_fold


def folds_of(cv, stratum, group=None, seed=0):
    stratum = np.asarray(stratum)
    X = np.zeros((len(stratum), 1))
    return make_folds(cv, X, stratum, group, np.random.RandomState(seed))


@given(
    n_rows=st.integers(2, 60),
    n_groups=st.integers(1, 20),
    cv=st.integers(2, 8),
    seed=st.integers(0),
)
def test_every_row_is_held_out_once_and_groups_stay_together(n_rows, n_groups, cv, seed):
    rng = np.random.default_rng(seed)
    stratum, group = rng.integers(0, 4, n_rows), rng.integers(0, n_groups, n_rows)
    folds = folds_of(cv, stratum, group)
    assert sorted(np.concatenate([held for _, held in folds])) == list(range(n_rows))
    if len(np.unique(group)) > 1:
        for train, held in folds:
            assert not set(group[train]) & set(group[held])
            assert len(train) + len(held) == n_rows


def test_strata_are_spread_evenly():
    stratum = np.repeat([0, 1, 2], [50, 10, 5])
    for _, held in folds_of(5, stratum):
        assert np.bincount(stratum[held]).tolist() == [10, 2, 1]


def test_fewer_groups_than_folds_gives_a_fold_a_group():
    assert len(folds_of(5, np.zeros(9, int), np.repeat([0, 1, 2], 3))) == 3


def test_one_group_trains_on_what_it_holds_out():
    ((train, held),) = folds_of(5, np.zeros(4, int), np.zeros(4, int))
    assert train.tolist() == held.tolist() == [0, 1, 2, 3]


def test_random_state_decides():
    stratum = np.arange(40) % 3
    first, again = folds_of(4, stratum, seed=1), folds_of(4, stratum, seed=1)
    other = folds_of(4, stratum, seed=2)
    assert all((a[1] == b[1]).all() for a, b in zip(first, again, strict=True))
    assert any(a[1].tolist() != b[1].tolist() for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("cv", [KFold(3), list(KFold(3).split(np.zeros((9, 1))))])
def test_splitters_and_splits_are_taken_as_they_are(cv):
    assert [held.tolist() for _, held in folds_of(cv, np.zeros(9, int))] == [
        [0, 1, 2],
        [3, 4, 5],
        [6, 7, 8],
    ]


def test_splitters_see_the_groups():
    group = np.array([0, 1] * 4)
    for train, held in folds_of(GroupKFold(2), np.zeros(8, int), group):
        assert not set(group[train]) & set(group[held])


def test_splits_that_are_no_partition_are_refused():
    with pytest.raises(ValueError, match="hold out every row exactly once; row"):
        folds_of(ShuffleSplit(2, random_state=0), np.zeros(10, int))


@pytest.mark.parametrize("cv", [1, 0, -3])
def test_too_few_folds_are_refused(cv):
    with pytest.raises(ValueError, match="cv must be at least 2"):
        folds_of(cv, np.zeros(4, int))


@pytest.mark.parametrize("n_jobs", [None, 1, 2])
def test_out_of_fold_keeps_the_order_of_rows(n_jobs):
    folds = [(np.array([0, 1]), np.array([2])), (np.array([2]), np.array([1, 0]))]
    values = out_of_fold(lambda train, held: 10 * train.sum() + held, folds, n_jobs=n_jobs)
    assert values.tolist() == [20, 21, 12]
