"""Further columns of a log."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skroute._logs._cells import Cells


def column(cells, n_rows=None):
    read = Cells()
    for row, cell in enumerate(cells):
        if cell is not ...:
            read.put(row, cell)
    return read.read(len(cells) if n_rows is None else n_rows)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([1, 2, 3], np.array([1, 2, 3])),
        ([1, None, 3], np.array([1, np.nan, 3])),
        ([1, 2.5, float("nan")], np.array([1, 2.5, np.nan])),
        (["1", "-2.5", "1e3"], np.array([1, -2.5, 1000])),
        (["0", "0.5", None], np.array([0, 0.5, np.nan])),
        ([True, False], np.array([True, False])),
        (["true", "False"], np.array([True, False])),
        ([True, None], np.array([True, None], dtype=object)),
        (["a", None, "b"], np.array(["a", None, "b"], dtype=object)),
        (["1", "a"], np.array(["1", "a"], dtype=object)),
        (["007", "1"], np.array(["007", "1"], dtype=object)),  # the name of something
        (["1234567890123456", "1"], np.array(["1234567890123456", "1"], dtype=object)),
        ([2**60, 1], np.array([2**60, 1], dtype=object)),
        (["", "."], np.array(["", "."], dtype=object)),
        ([1, "a"], np.array([1, "a"], dtype=object)),
        ([None, None], np.array([None, None], dtype=object)),
    ],
)
def test_a_column_is_what_its_cells_are(cells, expected):
    read = column(cells)
    assert read.dtype == expected.dtype
    assert_array_equal(read, expected)


def test_lists_are_cells():
    read = column([["a", "b"], ["c", "d"], None])
    assert read.tolist() == [["a", "b"], ["c", "d"], None]


def test_cells_of_some_rows_alone():
    assert column([..., 1, ..., 2, ...]).tolist()[1:4:2] == [1, 2]
    assert column([..., "a"], 4).tolist() == [None, "a", None, None]


def test_texts_that_come_again_are_kept_once():
    read = column(["".join(["tag", str(k % 3)]) for k in range(30)])
    assert len({id(text) for text in read}) == 3
